"""What enterprises send. All organisations, persons and numbers here cannot exist."""

import copy
from uuid import UUID

import pytest

from identifiers.codes import checks
from identifiers.codes.divisions import Divisions
from identifiers.codes.industries import SHIPPED
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.enterprises.ledger import Attachment
from identifiers.enterprises.particulars import Registers
from identifiers.labels import Allotment, Range
from identifiers.names import Prefix
from registry.business.admissions import Admissions, Submitted
from registry.business.approvals import Terms
from registry.business.asking import By
from registry.business.personal import Sealer
from storage.memory import MemoryBusiness, MemoryStore
from tests.contracts.units import AUDIT

ROOT = Prefix.parse("88.300")
RESERVED = (Range(1, 6),)
REGISTERS = Registers(places=Divisions(), trades=SHIPPED)
_SITE = {"deploy_mode": 2, "cloud_provider": "示例云"}
_BASIC = {
    "org_name": "示例煤业有限公司",
    "org_nature": 2,
    "org_address": "示例路 1 号",
    "org_cert_type": 1,
    "legal_name": "张某某",
    "legal_cert_type": 1,
    "legal_cert_no": "990000180001010017",
    "industry_category": "B",
    "industry_division": "06",
    "contact_name": "李某",
    "contact_mobile": "10012345678",
    "contact_cert_type": 2,
    "contact_cert_no": "E0",
    "contact_email": "contact@coal.example",
    "province_code": "990000",
    "city_code": "990100",
}


PICTURES = ("org_cert_image", "legal_cert_front", "legal_cert_back")


def picture(number, at):
    """Return the number of a picture of an organisation; there are some for each of a few."""
    return UUID(int=number * 100 + at)


def attachment(number, at, **more):
    told = {"owner": "node", "media": "image/png", "size": 3, "uploaded_at": 1_770_000_000} | more
    sha256 = f"{number}-{at}".encode()
    return Attachment(id=picture(number, at), sha256=sha256, **told)


def particulars(number=1, **basic):
    """Return the particulars of one of several organisations."""
    files = {name: str(picture(number, at)) for at, name in enumerate(PICTURES, 1)}
    body = f"91990000PDY{number:05}"
    body += checks.organisation_code(body[8:])
    own = {"org_cert_no": body + checks.credit_code(body)}
    return {
        "basic": copy.deepcopy(_BASIC) | own | files | basic,
        "management": {
            "build_mode": 1,
            "operate_mode": 1,
            "registration_system_site": _SITE,
            "registration_data_site": _SITE,
            "registration_backup_site": _SITE,
            "resolver_site": _SITE,
        },
    }


def submitted(number=1, wanted="", enterprise=0, **basic):
    told = particulars(number, **basic)
    return Submitted(particulars=told, wanted=wanted, enterprise=enterprise)


def by(actor="somebody", at=1_770_000_000_000, enterprise=0):
    return By(actor=actor, at=at, request_id="r-1", chance=bytes(12), enterprise=enterprise)


@pytest.fixture
async def store():
    made = MemoryStore()
    root = PrefixEntry(prefix=ROOT, kind=PrefixKind.SECONDARY, enterprise=0)
    await made.home_prefix(root, AUDIT)
    return made


@pytest.fixture
async def business(store):
    made = MemoryBusiness(store)
    for number in (1, 2):
        for at in (1, 2, 3, 9):
            await made.documents.keep(attachment(number, at), b"sealed", AUDIT)
    store.audited.clear()
    return made


@pytest.fixture
def admit(business, store):
    """Return the commands of a node that decides alone, or not."""

    def make(*, local=True, reserved=RESERVED):
        store.rules[str(ROOT)] = Allotment(reserved=reserved)
        terms = Terms(registers=REGISTERS, local=local)
        return Admissions(business, Sealer(bytes(32)), terms)

    return make
