"""Trusted resolution on request: what the flags of a reply say, and that others pay nothing."""

import pytest

from identifiers.keys.public import parse_public_key
from identifiers.keys.signers import Sm2Signer
from identifiers.principals import HandleIdentity
from identifiers.relay import Channel, Origin
from identifiers.trust.claims import CertificateClaims
from identifiers.trust.permissions import Over, Permission
from identifiers.trust.signing import certificate_value, issue, sign_values, signature_value
from identifiers.values import Value
from identifiers.wire.handle.message import decode
from identifiers.wire.handle.resolution import answer_key, decode_query
from identifiers.wire.handle.values import decode_values
from resolver.limits import Rates
from resolver.transports.certified import Certifier
from resolver.transports.handle import Certifying, Reply, Verifying

QUERY, RESULT, CERTIFY, DIGEST = 0x2, 0x1, 0x4000_0000, 0x0080_0000
FLAGS = 0x1900_0000
NAME = "88.300.1/A"
ROOT, NODE = HandleIdentity("0.0/0.0", 300), HandleIdentity("0.NA/88.300", 300)
ROOT_SIGNER, NODE_SIGNER = Sm2Signer(10, bytes), Sm2Signer(11, bytes)
ROOTS = {ROOT: parse_public_key(ROOT_SIGNER.public)}
VALUES = (Value(index=1, type="URL", data=b"x"), Value(index=2, type="EMAIL", data=b"y"))
FOREVER = 1 << 40
SIGNED = signature_value(sign_values(NAME, VALUES, NODE_SIGNER, NODE, now=0, until=FOREVER))
CERTIFICATE = certificate_value(
    issue(
        CertificateClaims(
            issuer=ROOT,
            subject=NODE,
            issued=0,
            not_before=0,
            expires=FOREVER,
            key=parse_public_key(NODE_SIGNER.public),
            permissions=(Permission(Over.EVERYTHING),),
        ),
        ROOT_SIGNER,
    )
)


@pytest.fixture
async def signed(make_world):
    world = await make_world(roots=ROOTS)
    await furnish(world)
    return world


async def furnish(world):
    await world.put(NAME, *VALUES, SIGNED)
    await world.put("0.NA/88.300", CERTIFICATE)
    await world.put("88.300.1/PLAIN", *VALUES)
    await world.put("88.300.1/B", VALUES[0], Value(index=2, type="EMAIL", data=b"z"), SIGNED)


async def ask(world, name=NAME, flags=QUERY, client=None, **more):
    request = world.question(name, flags=FLAGS | flags, **more)
    client = client or world.trusted
    answer = world.exchange.at_once(request, client, world.clock.now)
    if not isinstance(answer, Reply):
        origin = Origin(channel=Channel.TCP, address=None, trusted=True, secure=False)
        replies = world.exchange.replies(answer, client, world.clock.now, lambda: origin)
        (answer,) = [reply async for reply in replies]
    return decode(answer.data)


def verdict(reply):
    return reply.header.flags & (QUERY | RESULT)


@pytest.mark.parametrize("cached", [False, True])
async def test_a_signed_answer_is_trusted(signed, cached):
    if cached:
        await signed.look(NAME)
        await signed.look("0.NA/88.300")
    reply = await ask(signed)
    assert verdict(reply) == QUERY | RESULT
    assert decode_values(reply.body.values) == (*VALUES, SIGNED)


async def test_an_answer_without_the_signature_is_judged_by_it(signed):
    reply = await ask(signed, types=("URL",))
    assert verdict(reply) == QUERY | RESULT
    assert decode_values(reply.body.values) == VALUES[:1]


async def test_a_wrong_answer_is_untrusted(signed):
    await signed.put(NAME, VALUES[0], Value(index=2, type="EMAIL", data=b"z"), SIGNED)
    assert verdict(await ask(signed)) == QUERY
    assert verdict(await ask(signed, types=("URL",))) == QUERY | RESULT
    assert verdict(await ask(signed, "88.300.1/B")) == QUERY


@pytest.mark.parametrize("flags", [QUERY, QUERY | RESULT])
@pytest.mark.parametrize("name", ["88.300.1/PLAIN", "88.300.1/NOBODY", "99.1/A"])
async def test_otherwise_nothing_is_said(signed, name, flags):
    assert verdict(await ask(signed, name, flags)) == 0


async def test_without_roots_nothing_is_said(make_world):
    world = await make_world()
    await furnish(world)
    for flags in (QUERY, RESULT, QUERY | RESULT):
        assert verdict(await ask(world, flags=flags)) == 0


async def test_who_does_not_ask_is_told_nothing(signed):
    for flags in (0, RESULT):
        assert verdict(await ask(signed, flags=flags)) == 0


@pytest.mark.parametrize("record", [(), (VALUES[0],)])
async def test_without_a_certificate_it_is_untrusted(signed, record):
    await signed.put("0.NA/88.300", *record)
    assert verdict(await ask(signed)) == QUERY


async def test_certificates_from_elsewhere_are_not_fetched(signed):
    there = HandleIdentity("99.1/KEYS", 300)
    token = sign_values(NAME, VALUES, NODE_SIGNER, there, now=0, until=FOREVER)
    await signed.put(NAME, *VALUES, signature_value(token))
    assert verdict(await ask(signed)) == 0


async def test_a_verdict_is_signed_too(make_world):
    with Certifier(NODE_SIGNER) as certifier:
        world = await make_world(roots=ROOTS, certifier=certifier)
        await furnish(world)
        reply = await ask(world, flags=QUERY | CERTIFY | DIGEST)
    assert verdict(reply) == QUERY | RESULT
    assert reply.credential.type == "HS_SIGNED"
    assert reply.digest is not None


async def test_verifying_is_bounded(make_world):
    world = await make_world(roots=ROOTS, verifying=0)
    await furnish(world)
    assert verdict(await ask(world)) == 0
    world = await make_world(roots=ROOTS, rates=Rates(buckets=1 << 12, signatures_per_host=2))
    await furnish(world)
    await world.look(NAME)
    client, now = world.stranger, world.clock.now
    answers = [
        world.exchange.at_once(world.question(NAME, flags=FLAGS | QUERY), client, now)
        for _ in range(5)
    ]
    kinds = [type(answer) for answer in answers]
    assert kinds == [Verifying, Verifying, Reply, Reply, Reply]
    assert not any(isinstance(answer, Certifying) for answer in answers)


def test_plain_requests_do_not_come_by_here(world):
    plain = world.question(NAME, flags=FLAGS)
    assert answer_key(plain) is not None
    assert decode_query(plain) is not None
    for flags in (QUERY, RESULT):
        asking = world.question(NAME, flags=FLAGS | flags)
        assert answer_key(asking) is None
        assert decode_query(asking) is None
