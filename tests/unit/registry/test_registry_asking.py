"""Asking real servers on loopback for keys: what they sign counts, and nothing else."""

import random
from contextlib import AsyncExitStack
from ipaddress import IPv4Address

import pytest
from msgspec.structs import replace

from edge.reach import parse_reach
from identifiers.elsewhere import Holder, Trouble
from identifiers.keys.credentials import with_signature
from identifiers.principals import HandleIdentity
from identifiers.values import Value
from identifiers.wire.handle import bodies, message
from identifiers.wire.handle.codes import OpCode
from identifiers.wire.handle.site import Site, encode_site
from identifiers.wire.handle.values import encode_values
from registry import asking
from registry.asking import NodeKeys
from tests.unit.idnode.authority import BY_RSA, BY_SECRET, OWNER, RSA, SITE_KEY, Authority

SECRET_AT = HandleIdentity(OWNER, 300)
KEY_AT = HandleIdentity(OWNER, 301)
NONCE, DIGEST = b"n" * 16, b"d" * 32
NEAR = parse_reach("127.0.0.0/8")
CLOSED = 1
"""A port that nobody listens on."""


@pytest.fixture
async def servers():
    """Two: the second has what is asked for."""
    async with AsyncExitStack() as stack:
        first, second = Authority(), Authority()
        for server in (first, second):
            await server.start(stack)
        yield first, second


@pytest.fixture
def server(servers):
    return servers[1]


def site_value(server, index=1, kind="HS_SITE", *, key=SITE_KEY.public, port=0, host="127.0.0.1"):
    (told,) = server.site.servers
    interfaces = tuple(replace(i, port=port or i.port) for i in told.interfaces)
    changed = replace(told, public_key=key, interfaces=interfaces, address=IPv4Address(host))
    data = encode_site(Site(serial=1, servers=(changed,)))
    return Value(index=index, type=kind, data=data)


def at(*sites, above=False):
    return Holder(sites, above=above)


def answer(who=BY_SECRET):
    return who.answer(NONCE, DIGEST, lambda size: b"s" * size)


def referring(*values, code=302, signer=SITE_KEY, only=()):
    """Return a twist that answers resolutions, of `only` these names, with a referral."""

    def twist(request, reply):
        asked = message.decode(request)
        if asked.header.op_code != OpCode.RESOLUTION or (only and asked.body.handle not in only):
            return reply
        told = message.decode(reply)
        made = replace(
            told,
            header=replace(told.header, response_code=code),
            body=bodies.Valued("", encode_values(values)) if values else bodies.ErrorText(b"no"),
            credential=None,
        )
        return message.encode(with_signature(made, signer))

    return twist


async def verdict(keys, holder, identity=SECRET_AT, signed=None):
    return await keys.verify(identity, holder, signed or answer(), NONCE, DIGEST)


async def test_public_keys_are_fetched(server):
    keys = NodeKeys(NEAR)
    (value,) = await keys.public_keys(KEY_AT, at(site_value(server)))
    assert (value.index, value.data) == (301, RSA.public)
    every = await keys.public_keys(HandleIdentity(OWNER, 0), at(site_value(server)))
    assert [value.index for value in every] == [301, 302]
    nobody = HandleIdentity("88.300.1/nobody", 300)
    assert await keys.public_keys(nobody, at(site_value(server))) == ()
    # What only administrators read is not shown, and not asked for.
    assert await keys.public_keys(SECRET_AT, at(site_value(server))) == ()


async def test_secret_keys_are_verified_where_they_are(server):
    keys, holder = NodeKeys(NEAR), at(site_value(server))
    assert await verdict(keys, holder) is True
    assert await verdict(keys, holder, signed=answer(BY_RSA)) is False
    assert await verdict(keys, holder, HandleIdentity("88.300.1/nobody", 300)) is False
    short = await keys.verify(SECRET_AT, holder, answer(), b"n", b"d")
    assert short is False


@pytest.mark.parametrize("ask", ["keys", "verdict"])
@pytest.mark.parametrize(
    ("site", "reach", "trouble"),
    [
        ({"key": RSA.public}, "127.0.0.0/8", Trouble.UNPROVED),
        ({"key": b""}, "127.0.0.0/8", Trouble.KEYLESS),
        ({"port": CLOSED}, "127.0.0.0/8", Trouble.SILENT),
        ({}, "public", Trouble.OUT_OF_BOUNDS),
        ({}, "none", Trouble.OUT_OF_BOUNDS),
        ({"host": "169.254.169.254"}, "public", Trouble.OUT_OF_BOUNDS),
    ],
)
async def test_why_nothing_counts(server, ask, site, reach, trouble):
    keys, holder = NodeKeys(parse_reach(reach)), at(site_value(server, **site))
    if ask == "keys":
        assert await keys.public_keys(KEY_AT, holder) is trouble
    else:
        assert await verdict(keys, holder) is trouble
    if trouble is not Trouble.UNPROVED:
        assert server.requests == []


@pytest.mark.parametrize("sites", [(), (Value(index=1, type="HS_SERV", data=b"88.300/S"),)])
async def test_without_a_site_there_is_nobody_to_ask(sites):
    assert await NodeKeys(NEAR).public_keys(KEY_AT, Holder(sites)) is Trouble.NOWHERE


async def test_a_server_without_tcp_is_not_asked(server):
    (told,) = server.site.servers
    over_udp = replace(told, interfaces=told.interfaces[:1])
    data = encode_site(Site(serial=1, servers=(over_udp,)))
    holder = at(Value(index=1, type="HS_SITE", data=data))
    assert await NodeKeys(NEAR).public_keys(KEY_AT, holder) is Trouble.SILENT


async def test_mirrors_are_asked_in_turn(server):
    dead = [site_value(server, n, port=CLOSED) for n in (1, 2)]
    keys = NodeKeys(NEAR)
    assert await keys.public_keys(KEY_AT, at(*dead, site_value(server, 3)))
    more = site_value(server, 4, port=CLOSED)
    assert await keys.public_keys(KEY_AT, at(*dead, more, site_value(server, 5))) is (
        Trouble.SILENT
    )


async def test_a_signed_referral_is_followed(servers):
    first, second = servers
    first.twist = referring(site_value(second))
    keys, holder = NodeKeys(NEAR), at(site_value(first))
    assert await keys.public_keys(KEY_AT, holder)
    assert await verdict(keys, holder) is True


@pytest.mark.parametrize(
    ("twist", "reach", "trouble"),
    [
        (lambda to: referring(site_value(to), signer=RSA), "127.0.0.0/8", Trouble.UNPROVED),
        (lambda to: referring(site_value(to, key=RSA.public)), "127.0.0.0/8", Trouble.UNPROVED),
        (lambda to: referring(site_value(to)), "none", Trouble.OUT_OF_BOUNDS),
        (
            lambda to: referring(site_value(to, host="10.0.0.1")),
            "127.0.0.0/8",
            Trouble.OUT_OF_BOUNDS,
        ),
    ],
)
async def test_where_a_referral_does_not_lead(servers, twist, reach, trouble):
    """The operator's own record is asked wherever it is; what others name is not."""
    first, second = servers
    first.twist = twist(second)
    keys, holder = NodeKeys(parse_reach(reach)), at(site_value(first), above=True)
    assert await keys.public_keys(KEY_AT, holder) is trouble


async def test_referrals_come_to_an_end(server):
    server.twist = referring(site_value(server))
    keys = NodeKeys(NEAR)
    assert await keys.public_keys(KEY_AT, at(site_value(server))) is Trouble.NOWHERE
    assert len(server.requests) == asking.MAX_HOPS


async def test_the_node_above_is_asked_where_a_prefix_is(servers):
    first, second = servers
    name = HandleIdentity("88.300.1/A", 1)
    first.twist = referring(code=301, only=[name.handle])
    await first.keep(OWNER, site_value(second))
    keys = NodeKeys(NEAR)
    assert await keys.public_keys(name, at(site_value(first), above=True)) is not Trouble.NOWHERE
    assert len(second.requests) == 1
    # Nobody else is asked twice: a delegated prefix is where it is.
    assert await keys.public_keys(name, at(site_value(first))) is Trouble.NOWHERE


async def test_a_server_that_can_sign_no_more_is_busy(server):
    def unsigned(_, reply):
        told = message.decode(reply)
        header = replace(told.header, response_code=3)
        body = bodies.ErrorText(b"busy")
        return message.encode(replace(told, header=header, body=body, credential=None))

    server.twist = unsigned
    assert await NodeKeys(NEAR).public_keys(KEY_AT, at(site_value(server))) is Trouble.BUSY


@pytest.mark.parametrize(
    ("code", "trouble"),
    [(3, Trouble.BUSY), (403, Trouble.NOWHERE), (100, False), (200, False)],
)
async def test_a_verdict_may_be_refused(server, code, trouble):
    def refuse(request, reply):
        if message.decode(request).header.op_code == OpCode.RESOLUTION:
            return reply
        told = message.decode(reply)
        header = replace(told.header, response_code=code)
        made = replace(told, header=header, body=bodies.ErrorText(b"no"), credential=None)
        return message.encode(with_signature(made, SITE_KEY))

    server.twist = refuse
    assert await verdict(NodeKeys(NEAR), at(site_value(server))) is trouble


def garbage(seed):
    """Return a twist that signs what makes no sense, or little."""
    chance = random.Random(seed)

    def twist(_, reply):
        told = message.decode(reply)
        octets = bytes(chance.choice((0, 0, 1, 2, 255)) for _ in range(chance.randrange(60)))
        body = chance.choice(
            (
                told.body,
                bodies.Raw(octets),
                bodies.Verified(chance.randrange(256)),
                bodies.ErrorText(octets),
                bodies.Nothing(),
                bodies.Handles(("x",)),
            )
        )
        code = chance.choice((1, 1, 3, 100, 200, 300, 302, 303, 402, 403, 999))
        made = replace(
            told, header=replace(told.header, response_code=code), body=body, credential=None
        )
        return message.encode(with_signature(made, SITE_KEY))

    return twist


async def test_whatever_is_signed_nothing_else_comes_of_it(server):
    server.twist = garbage(7)
    keys, holder = NodeKeys(NEAR), at(site_value(server))
    for _ in range(100):
        assert isinstance(await keys.public_keys(KEY_AT, holder), tuple | Trouble)
        assert isinstance(await verdict(keys, holder), bool | Trouble)
