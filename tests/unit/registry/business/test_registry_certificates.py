"""Enterprise certificates: issued, replaced, shown in the record of the prefix, revoked."""

import json
from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from identifiers.changes import ChangeKind, Touched, Writes, Written
from identifiers.enterprises.certificates import (
    Draft,
    Validity,
    certificate,
    key_of,
    validity,
)
from identifiers.enterprises.ledger import Outcome
from identifiers.enterprises.review import Approval, Reviewer
from identifiers.keys.public import parse_public_key
from identifiers.keys.signers import RsaSigner
from identifiers.names import Prefix
from identifiers.principals import HandleIdentity, Operator
from identifiers.standings import EnterpriseState
from identifiers.trust.claims import decode_certificate
from identifiers.trust.jws import parse, verify_token
from identifiers.trust.signing import sign_values, signature_value
from identifiers.trust.verification import Terms, Verdict, Wanted, begin, resume
from identifiers.values import Value
from identifiers.wire.handle.values import decode_values, encode_values
from registry.administration import Administration, Ordered
from registry.answers import Faulty
from registry.appointment import Appointment
from registry.business.certificates import (
    Certificates,
    Checked,
    InForce,
    NoCertificate,
    NotActive,
    NotVerified,
    Wish,
)
from registry.business.members import Enterprises, Finding
from registry.business.refusals import NoMember
from registry.seals import Seals
from tests.unit.registry.business.conftest import by as by_somebody
from tests.unit.registry.business.conftest import submitted

SIGNER = RsaSigner(rsa.generate_private_key(public_exponent=65537, key_size=2048))
THEIRS = RsaSigner(rsa.generate_private_key(public_exponent=65537, key_size=2048))
PREFIX, RECORD = "88.300.7", "0.NA/88.300.7"
DAY = 86400
NOW = 1_770_000_000
PASSED = Finding(outcome=Outcome.PASSED, method="papers")


def by(number=1, *, at=NOW):
    made = by_somebody("admin", at * 1000)
    return msgspec.structs.replace(made, chance=bytes([number]) * 12)


@pytest.fixture
def certificates(business, store):
    return Certificates(business, store, SIGNER)


@pytest.fixture
def enterprises(business):
    return Enterprises(business, local=True)


@pytest.fixture
async def number(admit, enterprises):
    """An enterprise that was taken in and verified."""
    node = admit()
    await node.apply(UUID(int=1), submitted(), by())
    number = (await node.decide(UUID(int=1), Approval(Reviewer.NODE), by())).enterprise
    await enterprises.verify(number, PASSED, by())
    return number


@pytest.fixture
async def keyed(number, store):
    """The same with a key of its own in the record of its prefix."""
    wanted = Appointment(prefix=Prefix.parse(PREFIX), public_key=THEIRS.public)
    ordered = Ordered(operator=Operator("t"), at=NOW * 1000, request_id="r")
    seals = Seals(bytes(32))
    await Administration(store, b"").appoint(wanted, seals, UUID(int=9), ordered)
    return number


async def values_of(store, name=RECORD):
    record = await store.record(name)
    return {v.index: v for v in decode_values(record.values)} if record is not None else {}


async def test_who_has_a_key_has_it_certified_in_the_record_of_the_prefix(
    keyed, certificates, store
):
    made = await certificates.issue(Wish(enterprise=keyed, days=10), by())
    assert (made.prefix, made.index, made.expires_at) == (PREFIX, 400, NOW + 10 * DAY)
    assert made.serial == "0101010101010101"
    held = (await values_of(store))[400]
    assert (held.type, held.data) == ("HS_CERT", made.token)
    token = parse(made.token)
    assert verify_token(token, parse_public_key(SIGNER.public))
    claims = decode_certificate(token.payload)
    assert claims.key == parse_public_key(THEIRS.public)
    assert claims.subject == HandleIdentity(RECORD, 300)
    assert claims.issuer == HandleIdentity("0.NA/88.300", 390)
    assert claims.organisation == "示例煤业有限公司"
    assert dict(claims.extensions)["filing"] == "88.300-2026-000001"
    above = await values_of(store, "0.NA/88.300")
    assert above[390].data == SIGNER.public
    assert above[490].type == "HS_CERT"
    assert await certificates.check(made.serial, NOW) == Checked(made, Validity.VALID)


async def test_what_the_enterprise_signs_is_trusted_up_to_the_node(keyed, certificates, store):
    await certificates.issue(Wish(enterprise=keyed, days=10), by())
    name, value = f"{PREFIX}/A", Value(index=1, type="URL", data=b"https://coal.example")
    owner, node = HandleIdentity(RECORD, 300), HandleIdentity("0.NA/88.300", 390)
    signed = sign_values(name, [value], THEIRS, owner, now=NOW, until=NOW + DAY)
    roots = {node: parse_public_key(SIGNER.public)}
    step = begin(name, [value, signature_value(signed)], Terms(now=NOW + 1, roots=roots))
    while isinstance(step, Wanted):
        step = resume(step, list((await values_of(store, step.handle)).values()))
    assert step.verdict is Verdict.TRUSTED
    assert step.verified == (1,)


async def test_who_has_none_is_certified_all_the_same(number, certificates, store):
    made = await certificates.issue(Wish(enterprise=number), by())
    assert made.index == 0
    assert await store.record(RECORD) is None
    assert (await values_of(store, "0.NA/88.300"))[390].data == SIGNER.public
    token = parse(made.token)
    assert verify_token(token, parse_public_key(SIGNER.public))
    said = json.loads(token.payload)
    assert (said["sub"], said["org"], said["sn"]) == (RECORD, made.name, made.serial)
    assert (await certificates.revoke(made.serial, "key lost", by())).revoked_at == NOW


async def test_a_certificate_ends_by_time_by_revocation_and_with_its_enterprise(
    keyed, certificates, enterprises, store
):
    made = await certificates.issue(Wish(enterprise=keyed, days=1), by())
    serial = made.serial

    async def now(at=NOW):
        return (await certificates.check(serial, at)).validity

    assert await now(NOW + DAY - 1) is Validity.VALID
    assert await now(NOW + DAY) is Validity.EXPIRED
    await enterprises.suspend(keyed, "x", by())
    assert await now() is Validity.SUSPENDED
    assert await certificates.issue(Wish(enterprise=keyed), by()) == NotActive(
        EnterpriseState.SUSPENDED
    )
    await enterprises.resume(keyed, by())
    assert await now() is Validity.VALID
    faulty = await certificates.revoke(serial, "", by())
    assert [f.pointer for f in faulty.faults] == ["/reason"]
    revoked = await certificates.revoke(serial, "密钥泄露", by())
    assert await certificates.revoke(serial, "again", by()) == revoked
    assert await now() is Validity.REVOKED
    assert 400 not in await values_of(store)
    assert await certificates.check("FF", NOW) == NoCertificate()
    assert await certificates.revoke("FF", "x", by()) == NoCertificate()


async def test_who_is_closed_is_certified_no_more(keyed, certificates, enterprises):
    made = await certificates.issue(Wish(enterprise=keyed), by())
    await enterprises.close(keyed, "注销", by())
    checked = await certificates.check(made.serial, NOW)
    assert checked.validity is Validity.REVOKED
    assert checked.certificate.revoked_at == NOW
    unrevoked = msgspec.structs.replace(made, revoked_at=0)
    assert validity(unrevoked, EnterpriseState.CLOSED, NOW) is Validity.REVOKED
    assert validity(unrevoked, None, NOW) is Validity.VALID


async def test_one_certificate_holds_at_a_time_and_can_be_replaced(keyed, certificates, store):
    first = await certificates.issue(Wish(enterprise=keyed), by(1))
    assert await certificates.issue(Wish(enterprise=keyed), by(2)) == InForce(first.serial)
    second = await certificates.issue(Wish(enterprise=keyed, replaces=first.serial), by(3))
    assert second.index == first.index
    assert (await values_of(store))[400].data == second.token
    old = (await certificates.check(first.serial, NOW)).certificate
    assert old.reason == f"replaced by {second.serial}"
    unknown = await certificates.issue(Wish(enterprise=keyed, replaces="FF"), by(4))
    assert unknown == NoCertificate()
    assert await certificates.issued(keyed, "", 9) == [old, second]
    late = by(5, at=second.expires_at)
    third = await certificates.issue(Wish(enterprise=keyed), late)
    assert third.index == 400
    assert (await certificates.check(second.serial, late.now)).validity is Validity.EXPIRED


async def test_a_command_that_was_cut_is_finished_by_its_repetition(keyed, certificates, store):
    made = await certificates.issue(Wish(enterprise=keyed), by())
    record = await store.record(RECORD)
    kept = [v for v in decode_values(record.values) if v.index != 400]
    await put_back(store, record, kept)
    assert await certificates.issue(Wish(enterprise=keyed), by(2)) == InForce(made.serial)
    assert (await values_of(store))[400].data == made.token
    other = Value(index=400, type="URL", data=b"x")
    await put_back(store, await store.record(RECORD), [*kept, other])
    await certificates.issue(Wish(enterprise=keyed), by(2))
    assert (await values_of(store))[400].type == "URL"
    await certificates.revoke(made.serial, "x", by())
    assert (await values_of(store))[400].type == "URL"


async def put_back(store, record, values):
    changed = msgspec.structs.replace(
        record, version=record.version + 1, values=encode_values(tuple(values))
    )
    written = Written(UUID(int=record.version), ChangeKind.UPDATED, changed)
    await store.write(Touched(keys=(RECORD,)), lambda _: (Writes(records=(written,)), None))


async def test_who_is_not_verified_or_not_there_is_not_certified(number, certificates, enterprises):
    assert await certificates.issue(Wish(enterprise=99), by()) == NoMember()
    days = await certificates.issue(Wish(enterprise=number, days=0), by())
    assert [f.pointer for f in days.faults] == ["/days"]
    foreign = await certificates.issue(Wish(enterprise=number, prefix="88.300.8"), by())
    assert isinstance(foreign, Faulty)
    assert [f.code for f in foreign.faults] == ["certificate.prefix"]
    failed = Finding(outcome=Outcome.FAILED, method="visit")
    await enterprises.verify(number, failed, by())
    wish = Wish(enterprise=number, prefix=PREFIX)
    assert await certificates.issue(wish, by()) == NotVerified()


def test_only_keys_that_a_certificate_can_hold_are_certified():
    broken = Value(index=300, type="HS_PUBKEY", data=b"\0")
    good = Value(index=301, type="HS_PUBKEY", data=THEIRS.public)
    url = Value(index=1, type="URL", data=b"x")
    assert key_of((good, broken, url)) == (301, parse_public_key(THEIRS.public))
    assert key_of((broken, url)) is None


async def test_a_certificate_says_until_when(number, business):
    draft = Draft(
        serial="A",
        member=await business.member(number),
        prefix=Prefix.parse(PREFIX),
        issuer=HandleIdentity("0.NA/88.300", 390),
        now=NOW,
        days=2,
    )
    made = certificate(draft, None, SIGNER, "admin")
    assert json.loads(parse(made.token).payload)["exp"] == made.expires_at == NOW + 2 * DAY
