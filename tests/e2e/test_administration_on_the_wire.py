"""Administration over the Handle protocol against a real node, with all its processes."""

import asyncio
import re
import secrets

import pytest

from identifiers.principals import HandleIdentity
from identifiers.values import Value
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode
from identifiers.wire.handle.framing import NEED_DATA, TcpFramer
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message, decode, encode
from identifiers.wire.handle.site import decode_site
from identifiers.wire.handle.values import encode_values
from idnode import AlreadyThere, Dialect, HandleClient, SecretKey

URL = Value(index=1, type="URL", data=b"https://1.example")


@pytest.fixture
async def me(node):
    """The administrator of the enterprise's prefix."""
    told = (await node.command("prefix", "admin", node.prefix, "--secret")).stdout
    identity, secret = re.search(r"(\d+:\S+)", told)[1], told.split()[-1]
    found = HandleIdentity.parse(identity)
    return SecretKey(found.handle, found.index, secret.encode())


def create(name, request_id=1):
    return Message(
        request_id=request_id,
        header=Header(op_code=OpCode.CREATE_HANDLE),
        body=bodies.Valued(name, encode_values([URL])),
    )


def delete(name):
    return Message(
        request_id=1, header=Header(op_code=OpCode.DELETE_HANDLE), body=bodies.Named(name)
    )


def answered(challenge, me):
    proof = me.answer(challenge.body.nonce, challenge.digest.value, secrets.token_bytes)
    return Message(
        session_id=challenge.session_id,
        request_id=2,
        header=Header(op_code=OpCode.CHALLENGE_RESPONSE),
        body=bodies.Answer(me.kind, me.handle, me.index, proof),
    )


async def over_tcp(node, message, address=None):
    """Ask on a connection of its own, as the reference client does."""
    reader, writer = await asyncio.open_connection(*(address or node.address("handle")))
    writer.write(encode(message))
    framer = TcpFramer()
    while (reply := framer.next_message()) is NEED_DATA:
        data = await reader.read(65536)
        assert data, "the connection was closed without an answer"
        framer.feed(data)
    writer.close()
    await writer.wait_closed()
    return decode(reply)


async def code_of(node, message):
    return (await over_tcp(node, message)).header.response_code


async def test_an_answer_executes_once_whatever_happens(node, me):
    name = f"{node.prefix}/ONCE"
    challenge = await over_tcp(node, create(name))
    assert challenge.header.response_code == 402
    answer = answered(challenge, me)
    assert await code_of(node, answer) == 1
    removal = await over_tcp(node, delete(name))
    assert await code_of(node, answered(removal, me)) == 1
    assert await asyncio.gather(*(code_of(node, answer) for _ in range(8))) == [405] * 8
    waiting = await over_tcp(node, create(name))
    assert waiting.header.response_code == 402
    old = await node.kill("registry")
    await node.replaced("registry", old)
    assert await code_of(node, answer) == 405
    assert await code_of(node, answered(waiting, me)) == 405
    async with node.handle() as client:
        assert not (await client.resolve(name, authoritative=True)).found
    counted = await node.metrics()
    assert counted['idnode_handle_administration_total{code="405"}'] == 2
    assert counted['idnode_handle_known{kind="challenge"}'] == 0


async def test_administrators_work_in_sessions_over_both_transports(node, me):
    site = decode_site((await over_tcp(node, site_asked())).body.record)
    key = site.servers[0].public_key
    async with HandleClient(*node.address("handle"), key=key) as client:
        admin = client.administrator(me)
        await admin.open_session(encrypted=True)
        names = [f"{node.prefix}/S{n}" for n in range(3)]
        for name in names:
            await admin.create(name, [URL])
        hidden = Value(index=5, type="SECRET", data=b"hidden", permissions=0x0C)
        await admin.add(names[0], [hidden])
        found = await admin.resolve(names[0], indexes=[5])
        assert [value.data for value in found.values] == [b"hidden"]
        await admin.rekey()
        assert [name async for name in admin.handles(node.prefix)] == names
        await admin.delete(names[0])
        await admin.close_session()
        with pytest.raises(AlreadyThere):
            await admin.create(names[1], [URL])


async def test_chinese_clients_log_in_once_on_their_connection(node, me):
    dialect = Dialect(session_id=10_001, flags=0)
    async with HandleClient(*node.address("handle"), dialect=dialect) as client:
        admin = client.administrator(me)
        await admin.log_in()
        await admin.create(f"{node.prefix}/CN", [URL])
        await admin.delete(f"{node.prefix}/CN")


def site_asked():
    return Message(
        request_id=1, header=Header(op_code=OpCode.GET_SITE_INFO), body=bodies.Named("/")
    )


async def test_each_address_has_its_kind_of_clients(make_node):
    addresses = "127.0.0.1:0,127.0.0.2:0"
    node = await make_node(
        enrolled=True, IDNODE_HANDLE_ADDR=addresses, IDNODE_LOGIN_FIRST="127.0.0.2:0"
    )
    classic, chinese = (one.rsplit(":", 1) for one in node.ready["handle"].split(","))
    asked = create(f"{node.prefix}/NEW")
    assert (await over_tcp(node, asked, classic)).header.response_code == 402
    assert (await over_tcp(node, asked, chinese)).header.response_code == 408
    login = Message(
        request_id=1,
        header=Header(op_code=OpCode.LOGIN_ID_SYSTEM),
        body=bodies.Identity(f"0.NA/{node.prefix}", 300),
    )
    assert (await over_tcp(node, login, chinese)).header.response_code == 402
