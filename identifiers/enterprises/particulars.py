"""What an enterprise tells of itself (企业主体数据), and what must hang together in it."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, Final

import msgspec

from identifiers.codes.divisions import Divisions, within
from identifiers.codes.industries import Classification, Industry
from identifiers.codes.organisations import is_credit_code, is_resident_number
from identifiers.enterprises.fields import Document, read
from identifiers.enterprises.tables import FIELDS, SITES, TRADE
from identifiers.faults import Fault, Faults, Invalid

_CREDIT_CODE: Final = 1
_RESIDENT: Final = 1
_ENTRUSTED: Final = 2
_LOCAL: Final = 1


class Registers(msgspec.Struct, frozen=True, kw_only=True):
    """What codes are looked up in."""

    places: Divisions
    trades: Classification


class Particulars(msgspec.Struct, frozen=True):
    """The three parts of the tables, valid in themselves (`FIELDS`)."""

    document: Document

    @classmethod
    def read(cls, found: object, registers: Registers) -> "Particulars":
        """Read what was sent, as JSON has it. Raises `Invalid` with every fault."""
        document, faults = judged(found, registers)
        if faults:
            raise Invalid(faults)
        return cls(document)

    def get(self, part: str, name: str) -> Any:
        """Return a field of a part, None where nothing was told."""
        return self.document.get(part, {}).get(name)


def judged(found: object, registers: Registers) -> tuple[Document, Faults]:
    """Return what can be read of particulars, and every fault; what is at fault does not count."""
    faults = Faults()
    document = read(found, FIELDS, "", faults, registers.places)
    # What hangs together is judged of what is well-formed: one mistake is told once.
    wrong = {fault.pointer for fault in faults}
    faults.extend(f for f in _across(document, registers) if f.pointer not in wrong)
    return document, faults


def _across(document: Document, registers: Registers) -> Iterator[Fault]:
    basic, management = document.get("basic", {}), document.get("management", {})
    yield from _numbers(basic)
    yield from _places(basic, "/basic")
    yield from _trade(basic, registers.trades)
    if basic.get("established_on", "") > basic.get("valid_until", "9999-12-31"):
        yield Fault("field.before", "/basic/valid_until", {"other": "established_on"})
    for mode in ("build", "operate", "realname_check"):
        if management.get(f"{mode}_mode") == _ENTRUSTED and f"{mode}_agent" not in management:
            yield Fault("required", f"/management/{mode}_agent")
    for name in SITES.values():
        yield from _place_of(management.get(name, {}), f"/management/{name}")
    for at, trade in enumerate(document.get("service", {}).get("service_industries", ())):
        if len(trade) == len(TRADE):
            yield from registers.trades.faults(
                msgspec.convert(dict(trade), Industry), f"/service/service_industries/{at}"
            )


def _numbers(basic: Document) -> Iterator[Fault]:
    number = basic.get("org_cert_no", "")
    if basic.get("org_cert_type") == _CREDIT_CODE and number and not is_credit_code(number):
        yield Fault("enterprise.credit_code", "/basic/org_cert_no")
    for who in ("legal", "contact"):
        number = basic.get(f"{who}_cert_no", "")
        resident = basic.get(f"{who}_cert_type") == _RESIDENT
        if resident and number and not is_resident_number(number):
            yield Fault("person.resident_number", f"/basic/{who}_cert_no")


def _places(within_it: Document, pointer: str) -> Iterator[Fault]:
    levels = [(name, within_it.get(name)) for name in ("province_code", "city_code", "county_code")]
    for (above_name, above), (name, code) in pairwise(levels):
        if code and above and not within(code, above):
            yield Fault("field.within", f"{pointer}/{name}", {"code": code, "other": above_name})


def _place_of(site: Document, pointer: str) -> Iterator[Fault]:
    mode = site.get("deploy_mode")
    if mode is None:
        return
    needed: Iterable[str] = ("cloud_provider",)
    if mode == _LOCAL:
        needed = ("province_code", "city_code", "county_code", "address")
    yield from (Fault("required", f"{pointer}/{name}") for name in needed if name not in site)
    yield from _places(site, pointer)


def _trade(basic: Document, trades: Classification) -> Iterator[Fault]:
    category, division = basic.get("industry_category"), basic.get("industry_division")
    if category and division:
        yield from trades.division_faults(category, division, "/basic/industry_")
