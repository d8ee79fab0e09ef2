"""From server to server by referrals, from name to name by aliases."""

from contextlib import AsyncExitStack

import pytest
from msgspec.structs import replace

from identifiers.keys.credentials import with_signature
from identifiers.values import Value
from identifiers.wire.handle import bodies, message
from identifiers.wire.handle.codes import OpCode
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message
from identifiers.wire.handle.site import Interface, Transport, encode_site
from identifiers.wire.handle.values import encode_values
from idnode import HandleClient, Misled, Unreachable
from idnode.errors import Declined
from idnode.transport import Transport as Over
from tests.unit.idnode.authority import BY_SECRET, SITE_KEY, Authority, url

NAME = "88.300.1/A"


@pytest.fixture
async def servers():
    """One that refers to the other, which has the identifier."""
    async with AsyncExitStack() as stack:
        first, second = Authority(), Authority()
        for server in (first, second):
            await server.start(stack)
        yield first, second


def refer(server, *values, code=302, handle=""):
    def twist(request, _):
        asked = message.decode(request)
        header = Header(op_code=asked.header.op_code, response_code=code)
        body = bodies.Valued(handle, encode_values(values))
        made = Message(version=(2, 11), request_id=asked.request_id, header=header, body=body)
        return message.encode(made)

    server.twist = twist


def site_value(site, kind="HS_SITE"):
    return Value(index=1, type=kind, data=encode_site(site))


@pytest.mark.parametrize(("code", "kind"), [(302, "HS_SITE"), (303, "HS_SITE.PREFIX")])
@pytest.mark.parametrize("over", list(Over))
async def test_a_referral_is_followed(servers, code, kind, over):
    first, second = servers
    refer(first, site_value(second.site, kind), code=code)
    async with first.client() as client:
        assert (await client.resolve(NAME, transport=over)).found
    assert len(second.requests) == 1


async def test_a_referral_may_be_the_answer(servers):
    first, second = servers
    refer(first, site_value(second.site))
    async with first.client(max_referrals=0) as client:
        found = await client.resolve(NAME)
    assert (found.code, found.values[0].type) == (302, "HS_SITE")
    assert not second.requests


async def test_a_change_goes_to_a_primary(servers):
    first, second = servers
    mirror = replace(second.site, flags=0)
    refer(first, site_value(mirror), site_value(second.site))
    async with first.client() as client:
        owner = client.administrator(BY_SECRET)
        await owner.create("88.300.1/NEW", [url()])
        refer(first, site_value(mirror))
        with pytest.raises(Misled, match="nobody"):
            await owner.delete("88.300.1/NEW")
        assert (await client.resolve("88.300.1/NEW")).found


async def test_what_is_known_at_one_server_is_not_told_another(servers):
    first, second = servers
    async with first.client() as client:
        owner = client.administrator(BY_SECRET)
        await owner.log_in()
        refer(first, site_value(second.site))
        with pytest.raises(Declined, match="302"):
            await owner.delete(NAME)
    assert not second.requests


async def test_a_service_is_looked_up(servers):
    first, second = servers

    def twist(request, reply):
        asked = message.decode(request)
        if asked.body == bodies.Asked(NAME):
            refer(first, Value(index=1, type="HS_SERV", data=b"88.300.1/SERVICE"))
            reply = first.twist(request, reply)
            first.twist = twist
        return reply

    first.twist = twist
    await first.keep("88.300.1/SERVICE", site_value(second.site))
    async with first.client() as client:
        assert (await client.resolve(NAME)).found
    assert len(second.requests) == 1


async def test_a_referral_names_its_service_in_place_of_values(servers):
    first, second = servers
    await first.keep("88.300.1/SERVICE", site_value(second.site))

    def twist(request, reply):
        asked = message.decode(request)
        if asked.body != bodies.Asked(NAME):
            return reply
        header = Header(op_code=OpCode.RESOLUTION, response_code=302)
        body = bodies.Named("88.300.1/SERVICE")
        return message.encode(Message(request_id=asked.request_id, header=header, body=body))

    first.twist = twist
    async with first.client() as client:
        assert (await client.resolve(NAME)).found


async def test_the_next_site_is_asked_when_nobody_answers(servers):
    first, second = servers
    server = second.server()
    nobody = replace(server, interfaces=(Interface(3, Transport.TCP, 1),))
    refer(first, site_value(replace(second.site, servers=(nobody,))), site_value(second.site))
    async with first.client() as client:
        assert (await client.resolve(NAME)).found
        refer(first, site_value(replace(second.site, servers=(nobody,))))
        with pytest.raises(Unreachable):
            await client.resolve(NAME)


async def test_who_has_only_http_is_asked_over_it(servers):
    first, second = servers
    (http,) = (i for i in second.server().interfaces if i.transport == Transport.HTTP)
    only = replace(second.server(), interfaces=(http,))
    refer(first, site_value(replace(second.site, servers=(only,))))
    async with first.client() as client:
        assert (await client.resolve(NAME)).found


async def test_referrals_in_a_circle(servers):
    first, second = servers
    refer(first, site_value(second.site))
    refer(second, site_value(second.site))
    async with first.client() as client:
        with pytest.raises(Misled, match="where it was"):
            await client.resolve(NAME)


async def test_too_many_referrals(servers):
    first, second = servers
    refer(first, site_value(second.site))
    refer(second, site_value(first.site))
    async with first.client(max_referrals=1) as client:
        with pytest.raises(Misled, match="more than 1 ref"):
            await client.resolve(NAME)


@pytest.mark.parametrize("value", [url(), Value(index=1, type="HS_SITE", data=b"?")])
async def test_referrals_to_nobody(servers, value):
    first, _ = servers
    refer(first, value)
    async with first.client() as client:
        with pytest.raises(Misled, match="nobody"):
            await client.resolve(NAME)


async def test_certified_referrals_give_the_next_server_s_key(servers):
    first, second = servers

    def twist(_, reply):
        told = message.decode(reply)
        body = bodies.Valued("", encode_values((site_value(second.site),)))
        header = replace(told.header, response_code=302)
        told = replace(told, header=header, body=body, credential=None)
        return message.encode(with_signature(told, SITE_KEY))

    first.twist = twist
    async with first.client() as client:
        assert (await client.resolve(NAME, certified=True)).certified


async def test_connections_to_others_are_bounded(servers, monkeypatch):
    first, second = servers
    monkeypatch.setattr("idnode.following._MAX_PEERS", 1)
    async with first.client() as client:
        for version in (9, 10, 11):
            key = bytes(version)
            server = replace(second.server(), public_key=key)
            refer(first, site_value(replace(second.site, servers=(server,))))
            assert (await client.resolve(NAME)).found
        assert len(client._following._others) == 1


def alias(to, index=1):
    return Value(index=index, type="HS_ALIAS", data=to.encode())


async def test_aliases_are_followed_where_that_is_asked(servers):
    server, _ = servers
    await server.keep("88.300.1/ONE", alias("88.300.1/TWO"))
    await server.keep("88.300.1/TWO", alias("88.300.1/A"))
    async with server.client() as client:
        plain = await client.resolve("88.300.1/ONE")
        assert (plain.handle, plain.values[0].type) == ("88.300.1/ONE", "HS_ALIAS")
        found = await client.resolve("88.300.1/ONE", types=["URL"], follow_aliases=True)
        assert found.handle == "88.300.1/A"
        assert found.aliases == ("88.300.1/TWO", "88.300.1/A")
        assert [v.type for v in found.values] == ["URL"]


async def test_aliases_in_a_circle(servers):
    server, _ = servers
    await server.keep("88.300.1/ONE", alias("88.300.1/TWO"))
    await server.keep("88.300.1/TWO", alias("88.300.1/one"))
    async with server.client() as client:
        with pytest.raises(Misled, match=r"circle: 88\.300\.1/ONE -> .*/TWO -> .*/one"):
            await client.resolve("88.300.1/ONE", follow_aliases=True)


async def test_too_many_aliases(servers):
    server, _ = servers
    for n in range(12):
        await server.keep(f"88.300.1/N{n}", alias(f"88.300.1/N{n + 1}"))
    async with server.client() as client:
        with pytest.raises(Misled, match="more than 10"):
            await client.resolve("88.300.1/N0", follow_aliases=True)


async def test_only_resolutions_are_looked_up(servers):
    server, _ = servers
    async with server.client() as client:
        question = client.administrator(BY_SECRET)._question(2, bodies.Named("/"), changes=False)
        with pytest.raises(TypeError):
            await client._following.look_up(question, "/")


async def test_a_server_without_an_interface_is_out_of_reach():
    async with HandleClient("127.0.0.1", 0) as client:
        for over in (Over.UDP, Over.TCP):
            with pytest.raises(Unreachable, match="no interface"):
                await client.resolve(NAME, transport=over)
