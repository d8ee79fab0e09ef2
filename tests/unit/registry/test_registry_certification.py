"""The node's key and certificate in the record of a secondary prefix."""

from uuid import UUID

import pytest
from msgspec.structs import replace

from identifiers.keys.public import parse_public_key
from identifiers.keys.signers import Sm2Signer
from identifiers.names import Prefix
from identifiers.principals import HandleIdentity, Operator
from identifiers.records import Record, State
from identifiers.trust.claims import decode_certificate
from identifiers.trust.jws import parse
from identifiers.trust.permissions import Over, Permission
from identifiers.trust.signing import certificate_value, issue, sign_values, signature_value
from identifiers.trust.verification import Terms, Verdict, Wanted, begin, resume
from identifiers.wire.handle.values import decode_values, encode_values
from registry.administration import Administration, Ordered
from registry.allotment import Unallotted
from registry.appointment import IndexTaken
from registry.certification import CERTIFICATE_INDEX, Certified, certified, self_issued
from registry.signatures import KEY_INDEX
from tests.contracts.units import put
from tests.unit.registry.world import NOW, PEPPER, value

ROOT, NAME = Prefix.parse("88.300"), "0.NA/88.300"
SIGNER, OTHER = Sm2Signer(77, bytes), Sm2Signer(78, bytes)
NODE = HandleIdentity(NAME, KEY_INDEX)
ORDERED = Ordered(operator=Operator("root"), at=NOW * 1000, request_id="r")


def record(*values, state=State.ACTIVE):
    return Record(
        key=NAME, name=NAME, version=4, state=state, values=encode_values(values), changed_at=1
    )


def make(stored, signer=SIGNER, now=NOW):
    return certified(stored, self_issued(ROOT, signer, now), signer.public, now)


def certificates(record):
    return [v for v in decode_values(record.values) if v.type == "HS_CERT"]


def test_the_first_certificate():
    made = make(None)
    assert (made.key, made.version, made.state) == (NAME, 1, State.ACTIVE)
    key, certificate = decode_values(made.values)
    assert (key.index, key.type, key.data) == (KEY_INDEX, "HS_PUBKEY", SIGNER.public)
    assert certificate.index == CERTIFICATE_INDEX
    claims = decode_certificate(parse(certificate.data).payload)
    assert claims.subject == claims.issuer == NODE
    assert make(made) is None


def test_what_else_is_there_stays():
    stored = record(value(1), value(CERTIFICATE_INDEX))
    made = make(stored)
    assert made.version == 5
    assert [v.index for v in decode_values(made.values)] == [1, 490, KEY_INDEX, 491]
    assert make(record(state=State.DELETED)).version == 5


def test_another_kind_of_value_in_the_way():
    assert make(record(value(KEY_INDEX))) == IndexTaken("URL")


def issued(now=NOW, signer=SIGNER, **changed):
    claims = decode_certificate(parse(self_issued(ROOT, signer, now)).payload)
    above = replace(claims, issuer=HandleIdentity("0.0/0.0", 300), **changed)
    return replace(certificate_value(issue(above, OTHER), 495), timestamp=NOW)


def test_a_certificate_from_above_is_kept():
    above = issued()
    assert certificates(make(record(above))) == [above]


@pytest.mark.parametrize(
    "old", [issued(NOW, expires=NOW), issued(NOW, not_before=NOW + 1), issued(NOW, OTHER)]
)
def test_one_that_is_not_in_force_or_for_an_old_key_is_replaced(old):
    (made,) = certificates(make(record(old)))
    assert made.index == 495
    claims = decode_certificate(parse(made.data).payload)
    assert (claims.issuer, claims.key) == (NODE, parse_public_key(SIGNER.public))


def test_certificates_of_others_and_rubbish_stay():
    other = issued(subject=HandleIdentity("0.NA/88.300.1", 300))
    rubbish = replace(certificate_value(b"rubbish", 496), timestamp=NOW)
    made = certificates(make(record(other, rubbish)))
    assert made[:2] == [other, rubbish]
    assert len(made) == 3


def test_a_new_key_takes_the_place_of_the_old_one():
    made = make(make(None), OTHER, NOW + 1)
    key, certificate = decode_values(made.values)
    assert key.data == OTHER.public
    claims = decode_certificate(parse(certificate.data).payload)
    assert claims.key == parse_public_key(OTHER.public)


@pytest.mark.parametrize("name", ["88.300/A", "88.300.1/A", "88.300.1.2/A", "0.NA/88.300.1"])
def test_what_the_node_signs_is_trusted_by_whoever_trusts_it(name):
    stored = make(None)
    token = sign_values(name, (value(1),), SIGNER, NODE, now=NOW, until=NOW + 9)
    values = (value(1), signature_value(token))
    known = Terms(now=NOW, roots={NODE: parse_public_key(SIGNER.public)})
    assert begin(name, values, known).verdict is Verdict.TRUSTED
    root = HandleIdentity("0.0/0.0", 300)
    above = Terms(now=NOW, roots={root: parse_public_key(OTHER.public)})
    step = begin(name, values, above)
    assert isinstance(step, Wanted)
    assert resume(step, decode_values(stored.values)).verdict is Verdict.UNTRUSTED
    assert resume(step, [issued()]).verdict is Verdict.TRUSTED
    narrow = (Permission(Over.THIS_HANDLE, "88.300.9/A"),)
    assert resume(step, [issued(permissions=narrow)]).verdict is Verdict.UNTRUSTED


async def test_an_operator_has_a_prefix_signed(store):
    office = Administration(store, PEPPER)
    prefix = Prefix.parse("88.300.1")
    change = UUID(int=1)
    answer = await office.vouch(prefix, SIGNER, change, ORDERED)
    assert answer == Certified(NODE, SIGNER.public)
    assert (await store.directory()).exact("88.300.1").signed
    assert certificates(store.records[NAME])
    assert [entry.action for entry in store.audited] == ["node.certify", "prefix.sign"]
    assert await office.vouch(prefix, SIGNER, change, ORDERED) == answer
    assert [entry.action for entry in store.audited][2:] == ["prefix.sign"]
    assert await office.vouch_no_more(prefix, ORDERED)
    assert not (await store.directory()).exact("88.300.1").signed


async def test_only_allotted_prefixes_are_signed(store):
    office = Administration(store, PEPPER)
    change = UUID(int=1)
    for prefix in ("88.301", "88.300.99"):
        answer = await office.vouch(Prefix.parse(prefix), SIGNER, change, ORDERED)
        assert answer == Unallotted()
    assert not await office.vouch_no_more(Prefix.parse("88.300.99"), ORDERED)


async def test_a_value_in_the_way_is_told(store):
    await put(store, NAME, encode_values((value(KEY_INDEX),)))
    change = UUID(int=2)
    answer = await Administration(store, PEPPER).vouch(ROOT, SIGNER, change, ORDERED)
    assert answer == IndexTaken("URL")
    assert not (await store.directory()).exact("88.300").signed
