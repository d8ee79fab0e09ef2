"""Answers that the server has signed, and answers that it has not."""

from contextlib import AsyncExitStack

import pytest
from msgspec.structs import replace

from identifiers.keys.credentials import with_signature
from identifiers.keys.public import Policy
from identifiers.wire.handle import bodies, message
from identifiers.wire.handle.codes import OpFlag
from identifiers.wire.handle.values import encode_values
from idnode import Garbled, NotAllowed, SecretKey, Unaskable, Untrusted
from idnode.transport import Transport
from tests.unit.idnode.authority import (
    BY_RSA,
    BY_SECRET,
    OWNER,
    RSA,
    SITE_KEY,
    SM2,
    Authority,
    url,
)


@pytest.fixture
async def authority():
    async with AsyncExitStack() as stack:
        found = Authority()
        await found.start(stack)
        yield found


@pytest.mark.parametrize("transport", list(Transport))
async def test_a_signed_answer_is_taken(authority, transport):
    async with authority.client() as client:
        found = await client.resolve("88.300.1/A", certified=True, transport=transport)
        assert (found.found, found.certified) == (True, True)
        nobody = await client.resolve("88.300.1/nobody", certified=True, transport=transport)
        assert (nobody.code, nobody.certified) == (100, True)
        assert not (await client.resolve("88.300.1/A", transport=transport)).certified


async def test_a_server_may_sign_with_sm2(authority):
    authority.twist = signed_anew(SM2)
    async with authority.client(key=SM2.public) as client:
        assert (await client.resolve("88.300.1/A", certified=True)).certified


def verdict(client, *, secret=BY_SECRET, index=300, nonce=b"n" * 16, digest=b"d" * 32):
    signed = secret.answer(nonce, digest, lambda size: b"s" * size)
    return client.verify_answer(OWNER, index, signed, nonce, digest)


async def test_a_server_is_asked_whether_somebody_elses_challenge_was_answered(authority):
    async with authority.client() as client:
        assert await verdict(client)
        assert await verdict(client, secret=BY_RSA, index=301)
        assert not await verdict(client, secret=SecretKey(OWNER, 300, b"wrong"))
        assert not await verdict(client, index=299)


async def test_what_was_signed_may_be_parted_anywhere(authority):
    async with authority.client() as client:
        for nonce, digest in ((b"n" * 16, b"d" * 20), (b"n" * 30, b"d" * 7), (b"", b"d" * 16)):
            assert await verdict(client, nonce=nonce, digest=digest)
        with pytest.raises(Unaskable, match="shorter"):
            await verdict(client, nonce=b"n" * 8, digest=b"d" * 7)


async def test_a_server_without_the_key_gives_no_verdict(authority):
    async with authority.client() as client:
        with pytest.raises(NotAllowed, match="not on this node"):
            await client.verify_answer("99.1/A", 300, b"\x22", b"n" * 16, b"d" * 32)


def agreeing(told):
    return replace(told, body=bodies.Verified(1))


async def test_a_verdict_that_the_server_has_not_signed_is_none(authority):
    async with authority.client() as client:
        for twist in (changed(agreeing), signed_anew(RSA, body=bodies.Verified(1))):
            authority.twist = twist
            with pytest.raises(Untrusted, match="not by the server's key"):
                await verdict(client, secret=SecretKey(OWNER, 300, b"wrong"))


async def test_a_verdict_that_is_none_is_garbled(authority):
    authority.twist = signed_anew(SITE_KEY, body=bodies.Named("no verdict"))
    async with authority.client() as client:
        with pytest.raises(Garbled):
            await verdict(client)


def signed_anew(signer, **changes):
    def twist(_, reply):
        told = replace(message.decode(reply), credential=None, **changes)
        return message.encode(with_signature(told, signer))

    return twist


def changed(change):
    def twist(_, reply):
        return message.encode(change(message.decode(reply)))

    return twist


def other_values(told):
    values = encode_values((url("https://evil.example"),))
    return replace(told, body=replace(told.body, values=values))


def without_digest(told):
    flags = told.header.flags & ~OpFlag.REQUEST_DIGEST
    return replace(told, digest=None, header=replace(told.header, flags=flags))


FORGED = {
    "not signed": (changed(lambda told: replace(told, credential=None)), "without HS_SIGNED"),
    "other values": (changed(other_values), "not by the server's key"),
    "another's key": (signed_anew(RSA), "not by the server's key"),
    "another request": (signed_anew(SITE_KEY, digest=bodies.Digest(3, bytes(32))), "another"),
    "a weak digest": (signed_anew(SITE_KEY, digest=bodies.Digest(2, bytes(20))), "out of date"),
    "an old version": (signed_anew(SITE_KEY, version=(2, 4)), "another|before 2.7"),
    "no digest": (
        lambda _, reply: message.encode(
            with_signature(
                without_digest(replace(message.decode(reply), credential=None)), SITE_KEY
            )
        ),
        "without the digest",
    ),
    "out of date": (
        lambda _, reply: message.encode(
            with_signature(
                replace(
                    (told := message.decode(reply)),
                    credential=None,
                    header=replace(told.header, expiration=1),
                ),
                SITE_KEY,
            )
        ),
        "out of date",
    ),
}


@pytest.mark.parametrize("how", FORGED)
async def test_a_forged_answer_is_believed_in_nothing(authority, how):
    authority.twist, words = FORGED[how]
    async with authority.client() as client:
        with pytest.raises(Untrusted, match=words):
            await client.resolve("88.300.1/A", certified=True, transport=Transport.TCP)


async def test_old_versions_are_taken_by_a_lenient_policy(authority):
    def old(_, reply):
        told = replace(message.decode(reply), credential=None, version=(2, 4), digest=None)
        flags = told.header.flags & ~OpFlag.REQUEST_DIGEST
        told = replace(told, header=replace(told.header, flags=flags))
        return message.encode(with_signature(told, SITE_KEY))

    authority.twist = old
    async with authority.client(policy=Policy(legacy=True)) as client:
        with pytest.raises(Untrusted, match="without the digest"):
            await client.resolve("88.300.1/A", certified=True, transport=Transport.TCP)


async def test_the_key_may_be_that_of_the_site_record(authority):
    async with authority.client(key=b"", site=authority.site) as client:
        assert (await client.resolve("88.300.1/A", certified=True)).certified


async def test_the_server_s_key_must_be_known(authority):
    async with authority.client(key=b"") as client:
        with pytest.raises(Untrusted, match="give it"):
            await client.resolve("88.300.1/A", certified=True)
    async with authority.client(key=b"no key") as client:
        with pytest.raises(Untrusted, match="cannot be verified"):
            await client.resolve("88.300.1/A", certified=True)


async def test_a_server_that_can_sign_no_more_may_say_so(authority):
    def busy(_, reply):
        told = message.decode(reply)
        header = replace(told.header, response_code=3)
        return message.encode(
            replace(told, header=header, body=bodies.ErrorText(b""), credential=None)
        )

    authority.twist = busy
    async with authority.client() as client:
        found = await client.resolve("88.300.1/A", certified=True)
        assert (found.code, found.certified) == (3, False)


async def test_an_old_answer_is_no_answer(authority):
    """Over HTTP nothing but the id tells a replayed answer from the right one."""
    kept = []

    def replay(_, reply):
        kept.append(reply)
        return kept[0]

    authority.twist = replay
    async with authority.client(transport=Transport.HTTP) as client:
        assert (await client.resolve("88.300.1/A", certified=True)).certified
        for certified in (True, False):
            with pytest.raises(Garbled, match="another id"):
                await client.resolve("88.300.1/A", certified=certified)
