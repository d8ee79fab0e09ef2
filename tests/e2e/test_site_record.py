"""What a real node tells of itself, and what becomes of clients that know it as it was."""

import asyncio

import aiohttp

from identifiers.values import Value
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode
from identifiers.wire.handle.framing import NEED_DATA, TcpFramer
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message, decode, encode
from identifiers.wire.handle.site import decode_site
from identifiers.wire.handle.values import encode_values
from idnode import HandleClient
from idnode.handle import Transport

CONNECTIONS = 12
"""New connections spread over the workers; so many to meet each of them."""
VALUE = {"index": 1, "type": "URL", "data": "https://here.example/"}


async def site_of(node):
    async with node.handle() as client:
        return decode_site(await client.site())


async def codes(node, op_code, body, serial):
    """Return what every worker says to who knows a site of this serial."""
    asked = Message(
        request_id=7,
        header=Header(op_code=op_code, flags=0x01000000, site_serial=serial),
        body=body,
    )
    found = set()
    for _ in range(CONNECTIONS):
        reader, writer = await asyncio.open_connection(*node.address("handle"))
        writer.write(encode(asked))
        framer = TcpFramer()
        while (reply := framer.next_message()) is NEED_DATA:
            framer.feed(await reader.read(65536))
        writer.close()
        await writer.wait_closed()
        header = decode(reply).header
        found.add((header.response_code, header.site_serial))
    return found


async def test_who_knows_the_node_at_its_old_address_learns_of_the_new_one(make_node):
    node = await make_node(enrolled=True)
    name = f"{node.prefix}/A"
    async with node.registry() as registry:
        await registry.create({"handle": name, "values": [VALUE]})
    old = await site_of(node)
    assert old.serial == 1
    lookup = (OpCode.RESOLUTION, bodies.Asked(name))
    changed = bodies.Valued(
        f"{node.prefix}/B", encode_values([Value(index=1, type="URL", data=b"urn:x")])
    )
    change = (OpCode.CREATE_HANDLE, changed)
    assert await codes(node, *lookup, 1) == {(1, 1)}
    await node.stop()
    await node.start()  # on another port

    new = await site_of(node)
    assert new.serial == 2
    assert new.servers != old.servers
    assert await codes(node, *lookup, 1) == {(300, 2)}
    assert await codes(node, *change, 1) == {(300, 2)}
    for serial in (2, 0, 0xFFFF):
        assert await codes(node, *lookup, serial) == {(1, 2)}
        assert await codes(node, *change, serial) == {(402, 2)}
    assert await codes(node, OpCode.GET_SITE_INFO, bodies.Named("/"), 1) == {(1, 2)}
    for transport in (Transport.UDP, Transport.TCP, Transport.HTTP):
        http = node.url("http") + "/"
        client = HandleClient(*node.address("handle"), site=old, http=http, transport=transport)
        async with client:
            assert (await client.resolve(name)).found
            assert (await client.resolve(name, certified=True)).certified
    async with (
        aiohttp.ClientSession() as session,
        session.get(node.url("http") + "/api/site") as answer,
    ):
        assert (await answer.json())["serialNumber"] == 2

    killed = [await node.kill(which) for which in ("registry", "worker-0")]
    for which, pid in zip(("registry", "worker-0"), killed, strict=True):
        await node.replaced(which, pid)
    assert await codes(node, *lookup, 2) == {(1, 2)}
    assert await codes(node, *change, 2) == {(402, 2)}
