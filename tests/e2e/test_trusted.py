"""Trusted resolution through a real node: signed when registered, verified by client and node."""

import asyncio
import itertools
import json

from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode, OpFlag
from identifiers.wire.handle.framing import NEED_DATA, TcpFramer
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message, decode, encode
from tests.e2e.nodes import until

NAME = "88.300.1/SIGNED"
ASKING = OpFlag.TRUSTED_RESOLUTION | OpFlag.PUBLIC_ONLY
TRUSTED = OpFlag.TRUSTED_RESOLUTION | OpFlag.TRUST_RESULT


async def flags_of(node, handle):
    """Return what the node says of an answer, asked to verify it."""
    header = Header(op_code=OpCode.RESOLUTION, flags=ASKING)
    reader, writer = await asyncio.open_connection(*node.address("handle"))
    try:
        writer.write(encode(Message(request_id=1, header=header, body=bodies.Asked(handle))))
        framer = TcpFramer()
        while (received := framer.next_message()) is NEED_DATA:
            framer.feed(await reader.read(1 << 16))
    finally:
        writer.close()
        await writer.wait_closed()
    return decode(received).header.flags & TRUSTED


async def verified(node, *options):
    """Return exit status and verdict of `idnode resolve --verify`."""
    done = await node.command("resolve", NAME, "--verify", "--json", *options, check=False)
    return done.returncode, json.loads(done.stdout)["verification"]


async def test_what_is_registered_is_vouched_for(make_node, tmp_path):
    node = await make_node(enrolled=True)
    roots = tmp_path / "roots.json"
    roots.write_text((await node.command("prefix", "sign", "88.300.1")).stdout)
    assert list(json.loads(roots.read_text())) == ["390:0.NA/88.300"]
    numbers = itertools.count()

    async with node.registry() as registry, node.handle() as client:

        async def signed():
            value = {"index": 1, "type": "URL", "data": f"https://a.example/{next(numbers)}"}
            await registry.put({"handle": NAME, "values": [value]})
            found = await client.resolve(NAME, authoritative=True)
            return [v for v in found.values if v.type == "HS_SIGNATURE"]

        # The registry learns of the mark within a second.
        assert await until(signed)

    async def told(*options):
        status, report = await verified(node, "--authoritative", *options)
        return status, report["verdict"], report["verified"]

    assert await told("--roots", str(roots)) == (0, "trusted", [1])
    assert await told("--roots", str(roots), "--http") == (0, "trusted", [1])
    assert await told("--roots", str(roots), "--type", "URL") == (0, "trusted", [1])
    assert await told() == (3, "unknown", [])
    foreign = tmp_path / "foreign.json"
    foreign.write_text(roots.read_text().replace("0.NA/88.300", "0.NA/88.301"))
    assert await told("--roots", str(foreign)) == (4, "untrusted", [])

    assert await flags_of(node, NAME) == 0
    await node.stop()
    node.environment["IDNODE_TRUST_ROOTS"] = str(roots)
    await node.start()
    assert await flags_of(node, NAME) == TRUSTED
    assert await flags_of(node, "0.NA/88.300") == 0
    assert await told() == (0, "trusted", [1])
