import asyncio
import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from identifiers.changes import Delegated, Touched, Writes
from identifiers.errors import StoreUnavailable
from identifiers.keys.public import Policy
from identifiers.keys.responses import answer_with_secret
from identifiers.names import Prefix
from identifiers.principals import HandleIdentity
from identifiers.records import Record, State
from identifiers.values import Value
from identifiers.wire.cursor import octets, text
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import ResponseCode
from identifiers.wire.handle.data import RsaKey, encode_public_key
from identifiers.wire.handle.values import encode_values
from registry import identities
from registry.handle.operations import code_of
from registry.identities import Identities
from registry.prefixes import Prefixes
from registry.proofs import Reason, Refused
from registry.seals import KEY_OCTETS, Seals
from tests.unit.registry.world import NOW

SECRET = b"password123"
HASHED = hashlib.sha1(b"hunter2", usedforsecurity=False).hexdigest().encode()
NONCE, DIGEST = b"n" * 16, b"d" * 32
SALT = b"s" * 16
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048)
    .public_key()
    .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
)
ADMIN = "0.NA/88.300.1"


SEALS = Seals(b"k" * KEY_OCTETS)


def sealed(key, index, secret, seals=SEALS):
    (value,) = seals.sealed(key, (Value(index=index, type="HS_SECKEY", data=secret),))
    assert secret == b"" or secret not in value.data
    return value


def public_key():
    numbers = PRIVATE.public_key().public_numbers()
    return encode_public_key(RsaKey(numbers.e, numbers.n))


def answer(secret=SECRET, handle=ADMIN, index=300, kind="HS_SECKEY"):
    return bodies.Answer(kind, handle, index, answer_with_secret(secret, NONCE, DIGEST, SALT))


def signed_answer(index=301, kind="HS_PUBKEY"):
    signature = PRIVATE.sign(NONCE + DIGEST, padding.PKCS1v15(), hashes.SHA256())
    return bodies.Answer(kind, ADMIN, index, text("SHA-256") + octets(signature))


@pytest.fixture
def keep(store):
    def keep(name, *values, state=State.ACTIVE):
        store.records[name] = Record(
            key=name,
            name=name,
            version=1,
            state=state,
            values=encode_values(values),
            changed_at=NOW,
        )

    keep(
        ADMIN,
        Value(index=1, type="URL", data=SECRET),
        sealed(ADMIN, 300, SECRET),
        Value(index=301, type="hs_pubkey", data=public_key()),
        sealed(ADMIN, 302, HASHED),
        sealed(ADMIN, 303, b""),
    )
    return keep


@pytest.fixture
def known(store, keep):
    assert callable(keep)
    return Identities(store, Prefixes(store), SEALS)


async def test_a_secret_key_is_proved(known):
    assert await known.verify_answer(answer(), NONCE, DIGEST) == HandleIdentity(ADMIN, 300)


async def test_a_public_key_is_proved(known):
    proved = await known.verify_answer(signed_answer(), NONCE, DIGEST)
    assert proved == HandleIdentity(ADMIN, 301)


@pytest.mark.parametrize(
    ("given", "nonce"),
    [
        (answer(b"password124"), NONCE),
        (answer(), b"m" * 16),
        (answer(index=302), NONCE),
        (answer(index=299), NONCE),
        (answer(index=1), NONCE),
        (answer(b"", index=303), NONCE),
        (answer(kind="HS_PUBKEY"), NONCE),
        (answer(index=301), NONCE),
        (answer(kind="URL", index=1), NONCE),
        (signed_answer(index=300), NONCE),
        (signed_answer(kind="HS_SECKEY"), NONCE),
        (signed_answer(), b"m" * 16),
        (bodies.Answer("HS_SECKEY", ADMIN, 300, b"\x22\0\0"), NONCE),
        (answer(handle="88.300.1/none"), NONCE),
        # An answer that any 32 zero octets prove, where there is no key at all.
        (answer(bytes(32), handle="88.300.1/none"), NONCE),
    ],
)
async def test_what_proves_nothing_is_told_alike(known, given, nonce):
    assert await known.verify_answer(given, nonce, DIGEST) == Refused(Reason.WRONG)


async def test_index_0_is_any_key_of_the_handle(known):
    assert await known.verify_answer(answer(index=0), NONCE, DIGEST) == HandleIdentity(ADMIN, 300)
    proved = await known.verify_answer(signed_answer(index=0), NONCE, DIGEST)
    assert proved == HandleIdentity(ADMIN, 301)


async def test_the_work_for_index_0_is_bounded(keep, known):
    keep("88.300.1/M", *(sealed("88.300.1/M", n, b"other") for n in range(1, 9)))
    assert isinstance(
        await known.check_secret(HandleIdentity("88.300.1/M", 0), b"other"), HandleIdentity
    )
    last = (*(sealed("88.300.1/M", n, b"other") for n in range(1, 9)),)
    keep("88.300.1/M", *last, sealed("88.300.1/M", 9, SECRET))
    assert await known.check_secret(HandleIdentity("88.300.1/M", 0), SECRET) == Refused(
        Reason.WRONG
    )


async def test_keys_that_were_left_behind_prove_nobody(keep, store):
    """A name under a delegated prefix lives elsewhere; the record of the prefix lives here."""
    for name in ("88.300.1/U", "0.NA/88.300.1.2", "0.NA/88.300.1"):
        keep(name, sealed(name, 300, SECRET))
    delegated = Delegated(Prefix.parse("88.300.1"), away=True)
    await store.write(Touched(), lambda _: (Writes(delegated=(delegated,)), None))
    known = Identities(store, Prefixes(store), SEALS)
    for name in ("88.300.1/U", "0.NA/88.300.1.2"):
        claimed = HandleIdentity(name, 300)
        assert isinstance(await known.check_secret(claimed, SECRET), Refused)
        assert await known.proof(claimed) is None
        assert await known.verify_answer(answer(handle=name), NONCE, DIGEST) == Refused(
            Reason.ELSEWHERE
        )
    assert isinstance(
        await known.check_secret(HandleIdentity("0.NA/88.300.1", 300), SECRET), HandleIdentity
    )


async def test_of_a_delegated_prefix_is_told_where_its_keys_count(known, store):
    """Whether there is a key, and which, is not: the text goes by the name alone."""
    delegated = Delegated(Prefix.parse("88.300.1"), away=True)
    await store.write(Touched(), lambda _: (Writes(delegated=(delegated,)), None))
    stays = Refused(Reason.STAYS)
    assert stays.reason.was_wrong
    assert code_of(stays) == ResponseCode.AUTHENTICATION_FAILED
    for index in (0, 300, 301, 999):
        claimed, wrong = HandleIdentity(ADMIN, index), answer(b"password124", index=index)
        assert await known.check_secret(claimed, b"password124") == stays
        assert await known.check_key(claimed, b"") == Refused(Reason.WRONG)
        assert await known.check_key(claimed, OTHER_KEY) == stays
        assert await known.verify_answer(wrong, NONCE, DIGEST) == stays
        # Whoever asks for somebody else is told yes or no.
        assert await known.verify(claimed, wrong.signed, NONCE, DIGEST) == Refused(Reason.WRONG)
    assert await known.verify_answer(answer(), NONCE, DIGEST) == HandleIdentity(ADMIN, 300)


@pytest.mark.parametrize("handle", ["99.1/A", "0.NA/99.1", "88.300.7/A", "no handle"])
async def test_keys_elsewhere_are_said_to_be_elsewhere(known, handle):
    assert await known.verify_answer(answer(handle=handle), NONCE, DIGEST) == Refused(
        Reason.ELSEWHERE
    )
    assert await known.key_value(HandleIdentity(handle, 300)) is None
    assert await known.check_secret(HandleIdentity(handle, 300), SECRET) == Refused(Reason.WRONG)


async def test_names_are_compared_as_the_prefix_says(keep, known):
    keep("88.300.2/BOB", sealed("88.300.2/BOB", 300, SECRET))
    keep("88.300.1/bob", sealed("88.300.1/bob", 300, SECRET))
    proved = await known.verify_answer(answer(handle="88.300.2/Bob"), NONCE, DIGEST)
    assert proved == HandleIdentity("88.300.2/BOB", 300)
    assert await known.verify_answer(answer(handle="0.na/88.300.1"), NONCE, DIGEST) == (
        HandleIdentity(ADMIN, 300)
    )
    assert await known.verify_answer(answer(handle="88.300.1/Bob"), NONCE, DIGEST) == Refused(
        Reason.WRONG
    )


@pytest.mark.parametrize("state", [State.RESERVED, State.SUSPENDED, State.REVOKED, State.DELETED])
async def test_keys_of_records_that_are_not_active_prove_nothing(keep, known, state):
    keep("88.300.1/U", sealed("88.300.1/U", 300, SECRET), state=state)
    assert await known.check_secret(HandleIdentity("88.300.1/U", 300), SECRET) == Refused(
        Reason.WRONG
    )
    keep("88.300.1/U", sealed("88.300.1/U", 300, SECRET))
    assert isinstance(
        await known.check_secret(HandleIdentity("88.300.1/U", 300), SECRET), HandleIdentity
    )


async def test_a_secret_is_checked(known):
    identity = HandleIdentity("0.na/88.300.1", 300)
    assert await known.check_secret(identity, SECRET) == HandleIdentity(ADMIN, 300)
    hashed = HandleIdentity(ADMIN, 302)
    assert await known.check_secret(hashed, b"hunter2") == hashed
    for index, secret in ((300, b"password124"), (300, b""), (301, public_key()), (303, b"")):
        assert await known.check_secret(HandleIdentity(ADMIN, index), secret) == Refused(
            Reason.WRONG
        )


async def test_a_stored_hash_is_no_password(store, known):
    hashed = HandleIdentity(ADMIN, 302)
    assert await known.check_secret(hashed, HASHED) == Refused(Reason.WRONG)
    old = Identities(store, Prefixes(store), SEALS, Policy(legacy=True))
    assert await old.check_secret(hashed, HASHED) == hashed


async def test_any_kind_of_key_verifies_for_others(known):
    for given in (answer(), signed_answer()):
        identity = HandleIdentity(ADMIN, given.index)
        assert await known.verify(identity, given.signed, NONCE, DIGEST) == identity


async def test_a_key_value_is_found(known):
    assert (await known.key_value(HandleIdentity(ADMIN, 301))).data == public_key()
    assert (await known.key_value(HandleIdentity(ADMIN, 0))).index == 300
    for index in (1, 2):
        assert await known.key_value(HandleIdentity(ADMIN, index)) is None


async def test_a_secret_that_cannot_be_opened_proves_nobody(keep, known):
    of_another_node = sealed("88.300.1/U", 300, SECRET, Seals(b"o" * KEY_OCTETS))
    keep("88.300.1/U", of_another_node)
    assert await known.check_secret(HandleIdentity("88.300.1/U", 300), SECRET) == Refused(
        Reason.WRONG
    )
    refused = await known.verify_answer(answer(handle="88.300.1/U"), NONCE, DIGEST)
    assert refused == Refused(Reason.WRONG)


async def test_too_many_answers_at_once_are_told_so(known, monkeypatch):
    monkeypatch.setattr(identities, "MOST_WAITING", 2)
    told = await asyncio.gather(*(known.verify_answer(answer(), NONCE, DIGEST) for _ in range(4)))
    assert told.count(Refused(Reason.BUSY)) == 2
    assert told.count(HandleIdentity(ADMIN, 300)) == 2
    assert await known.verify_answer(answer(), NONCE, DIGEST) == HandleIdentity(ADMIN, 300)


async def test_without_a_store_nobody_is_known(store, known):
    store.down = True
    with pytest.raises(StoreUnavailable):
        await known.verify_answer(answer(), NONCE, DIGEST)
