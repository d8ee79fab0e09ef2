"""Identities whose keys other nodes hold: proved by those, and by nothing else."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from identifiers.elsewhere import Trouble
from identifiers.keys.responses import answer_with_key, answer_with_secret
from identifiers.keys.signers import RsaSigner
from identifiers.principals import HandleIdentity
from identifiers.values import Value
from identifiers.wire.cursor import octets, text
from identifiers.wire.handle import bodies
from registry.elsewhere import KEPT, QUIET, Elsewhere
from registry.identities import Identities
from registry.prefixes import Prefixes
from registry.proofs import Proof, Reason, Refused
from tests.unit.registry.remote import SITES, FarNode, delegate
from tests.unit.registry.world import NOW, SEALS

SECRET = b"password123"
NONCE, DIGEST = b"n" * 16, b"d" * 32
FAR = "88.300.10/ME"
"""Its prefix is delegated."""
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEY = RsaSigner(PRIVATE)
OTHER = RsaSigner(rsa.generate_private_key(public_exponent=65537, key_size=2048))
WRONG = Refused(Reason.WRONG)


class Clock:
    now = 50.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def far():
    node = FarNode()
    node.put(f"300:{FAR}", "HS_SECKEY", SECRET)
    node.put(f"301:{FAR}", "HS_PUBKEY", KEY.public)
    return node


@pytest.fixture
async def route(store):
    async def route(*sites):
        await delegate(store, "88.300.10", *sites)

    await route(*SITES)
    return route


@pytest.fixture
def known(store, far, clock, route):
    assert callable(route)
    always = Prefixes(store, clock=iter(range(0, 10_000_000, 10)).__next__)
    elsewhere = Elsewhere(far, clock=clock, epoch=lambda: NOW)
    return Identities(store, always, SEALS, elsewhere=elsewhere)


def by_secret(secret=SECRET, handle=FAR, index=300):
    signed = answer_with_secret(secret, NONCE, DIGEST, b"s" * 16)
    return bodies.Answer("HS_SECKEY", handle, index, signed)


def by_key(signer=KEY, handle=FAR, index=301, kind="HS_PUBKEY"):
    return bodies.Answer(kind, handle, index, answer_with_key(signer, NONCE, DIGEST, handle))


def spki(private):
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


async def prove(known, answer):
    return await known.verify_answer(answer, NONCE, DIGEST)


async def test_a_public_key_is_fetched_once(known, far):
    for _ in range(3):
        assert await prove(known, by_key()) == HandleIdentity(FAR, 301)
    assert far.asked == [("keys", f"301:{FAR}")]


async def test_a_secret_key_is_never_fetched(known, far):
    for _ in range(2):
        assert await prove(known, by_secret()) == HandleIdentity(FAR, 300)
    assert far.asked == [("verify", f"300:{FAR}")] * 2


async def test_index_0_is_any_public_key(known):
    assert await prove(known, by_key(index=0)) == HandleIdentity(FAR, 301)
    assert await prove(known, by_secret(index=0)) == WRONG


@pytest.mark.parametrize(
    "given",
    [
        by_secret(b"another"),
        by_key(OTHER),
        by_key(index=300),
        by_secret(index=301),
        by_key(index=7),
        by_secret(index=7),
        by_secret(handle="88.300.10/NOBODY"),
    ],
)
async def test_what_proves_nothing_is_told_alike(known, far, given):
    assert await prove(known, given) == WRONG
    assert len(far.asked) == 1


@pytest.mark.parametrize(
    "given",
    [
        by_key(kind="HS_SECKEY"),
        by_key(kind="URL"),
        bodies.Answer("HS_SECKEY", FAR, 300, b"\x22\0\0"),
        bodies.Answer("HS_PUBKEY", FAR, 301, text("SHA-1") + octets(b"s" * 256)),
        bodies.Answer("HS_PUBKEY", FAR, 301, b""),
    ],
)
async def test_nobody_is_asked_before_there_is_an_answer(known, far, given):
    assert await prove(known, given) == WRONG
    assert far.asked == []


async def test_a_key_that_was_replaced_is_looked_at_anew(known, far, clock):
    assert await prove(known, by_key()) == HandleIdentity(FAR, 301)
    far.put(f"301:{FAR}", "HS_PUBKEY", OTHER.public)
    assert await prove(known, by_key(OTHER)) == WRONG
    clock.now += QUIET
    assert await prove(known, by_key(OTHER)) == HandleIdentity(FAR, 301)
    assert await prove(known, by_key()) == WRONG
    assert len(far.asked) == 2


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (Trouble.SILENT, Reason.SILENT),
        (Trouble.BUSY, Reason.BUSY),
        (Trouble.UNPROVED, Reason.UNPROVED),
        (Trouble.KEYLESS, Reason.KEYLESS),
        (Trouble.OUT_OF_BOUNDS, Reason.OUT_OF_BOUNDS),
        (Trouble.NOWHERE, Reason.ELSEWHERE),
    ],
)
async def test_why_another_node_says_nothing_is_told(known, far, trouble, reason):
    far.trouble = trouble
    assert await prove(known, by_key()) == Refused(reason)
    assert await prove(known, by_secret()) == Refused(reason)
    assert await known.check_secret(HandleIdentity(FAR, 300), SECRET) == Refused(reason)
    assert await known.check_key(HandleIdentity(FAR, 301), spki(PRIVATE)) == Refused(reason)
    assert reason.was_wrong == (reason is Reason.ELSEWHERE)


async def test_a_password_is_proved_without_being_told(known, far):
    me = HandleIdentity(FAR, 300)
    assert await known.check_secret(me, SECRET) == me
    assert await known.check_secret(me, b"another") == WRONG
    hashed = hashlib.sha1(SECRET, usedforsecurity=False).hexdigest().encode()
    far.put(f"300:{FAR}", "HS_SECKEY", hashed)
    assert await known.check_secret(me, SECRET) == WRONG


async def test_a_certificates_key_is_compared_with_that_of_its_holder(known):
    me = HandleIdentity(FAR, 301)
    assert await known.check_key(me, spki(PRIVATE)) == me
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert await known.check_key(me, spki(other)) == WRONG


async def test_a_key_that_cannot_be_used_proves_nobody(known, far):
    far.put(f"301:{FAR}", "HS_PUBKEY", b"no key")
    assert await prove(known, by_key()) == WRONG
    assert await known.check_key(HandleIdentity(FAR, 301), spki(PRIVATE)) == WRONG


async def test_for_others_nobody_else_is_asked(known, far):
    """Nodes that ask one another for the same key would never come to an end."""
    given = by_key()
    verdict = await known.verify(HandleIdentity(FAR, 301), given.signed, NONCE, DIGEST)
    assert verdict == Refused(Reason.ELSEWHERE)
    assert await known.key_value(HandleIdentity(FAR, 301)) is None
    assert far.asked == []


async def test_names_are_asked_about_as_they_count_here(store, known, far):
    """Else `bob` there could be taken for `BOB` here, who is somebody else."""
    await delegate(store, "88.300.2", *SITES)
    for spelling in ("bob", "BOB"):
        signed = by_key(handle=f"88.300.2/{spelling}", index=1)
        assert await prove(known, signed) == WRONG
        assert await prove(known, by_secret(handle=f"88.300.2/{spelling}", index=2)) == WRONG
    assert {name for _, name in far.asked} == {"1:88.300.2/BOB", "2:88.300.2/BOB"}


async def test_a_name_that_fits_in_no_message_is_asked_of_nobody(known, far):
    for name in ("x" * 3000, "汉" * 700):
        answer = by_key(handle=f"88.300.10/{name}")
        assert await prove(known, answer) == Refused(Reason.ELSEWHERE)
    assert far.asked == []


@pytest.mark.parametrize("given", [by_key(), by_secret()])
async def test_who_was_proved_stands_for_a_while(known, far, clock, given):
    assert await known.proof(HandleIdentity(FAR, given.index)) is None
    who = await prove(known, given)
    proof = await known.proof(who)
    far.trouble = Trouble.SILENT
    clock.now += KEPT - 1
    assert await known.stands(proof)
    clock.now += 1
    assert not await known.stands(proof)
    assert await known.proof(who) is None


async def test_another_route_ends_what_was_proved(known, route, store):
    who = await prove(known, by_key())
    proof = await known.proof(who)
    await route(Value(index=1, type="HS_SITE", data=b"another node"))
    assert not await known.stands(proof)
    assert await known.proof(who) is None
    await route(*SITES)
    assert await known.stands(proof)
    await route()
    assert not await known.stands(proof)
    assert await known.stands(Proof(who, b"key")) is False
    assert store.records


@pytest.mark.parametrize("answer", [by_key(), by_secret()])
async def test_who_has_lost_the_prefix_meanwhile_is_not_believed(known, far, route, answer):
    far._ready = lambda *_: route()
    assert await prove(known, answer) == WRONG


async def test_without_elsewhere_nobody_is_asked(store, route):
    assert callable(route)
    known = Identities(store, Prefixes(store), SEALS)
    assert await prove(known, by_key()) == Refused(Reason.ELSEWHERE)
    assert await known.proof(HandleIdentity(FAR, 301)) is None
