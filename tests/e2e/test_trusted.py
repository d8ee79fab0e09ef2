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


async def verified(node, *options, name=NAME):
    """Return exit status and verdict of `idnode resolve --verify`."""
    done = await node.command("resolve", name, "--verify", "--json", *options, check=False)
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


ROWS = 3500


async def test_what_is_imported_is_vouched_for_and_what_was_there_before(make_node, tmp_path):
    node = await make_node(enrolled=True)
    roots, rows = tmp_path / "roots.json", tmp_path / "rows.ndjson"

    def write_rows(data):
        lines = (
            {"handle": f"88.300.1/R{n}", "values": [{"index": 1, "type": "URL", "data": data}]}
            for n in range(ROWS)
        )
        rows.write_text("".join(json.dumps(line) + "\n" for line in lines))

    async def imported(mode):
        return (await node.command("import", str(rows), "--mode", mode)).stdout

    async with node.registry() as registry:
        value = {"index": 1, "type": "URL", "data": "https://a.example"}
        await registry.put({"handle": "88.300.1/OLD", "values": [value]})
    signing = await node.command("prefix", "sign", "88.300.1")
    roots.write_text(signing.stdout)
    assert "1 records seen, 1 signed; done" in signing.stderr
    again = await node.command("prefix", "sign", "88.300.1")
    assert "1 records seen, 0 signed; done" in again.stderr

    async def told(name):
        options = ("--authoritative", "--roots", str(roots))
        status, report = await verified(node, *options, name=name)
        return status, report["verdict"]

    assert await told("88.300.1/OLD") == (0, "trusted")
    write_rows("https://b.example")
    assert f"{ROWS} created" in await imported("create")
    for name in ("88.300.1/R0", f"88.300.1/R{ROWS - 1}"):
        assert await told(name) == (0, "trusted")
    assert f"{ROWS} unchanged" in await imported("replace")

    # What changes loses the signature with the mark; what does not keeps one that holds.
    await node.command("prefix", "sign", "88.300.1", "--off")

    async def changed():
        line = f"https://c.example/{next(numbers)}"
        rows.write_text(
            json.dumps(
                {"handle": "88.300.1/R0", "values": [{"index": 1, "type": "URL", "data": line}]}
            )
        )
        assert "1 updated" in await imported("upsert")
        return await told("88.300.1/R0") == (3, "unknown")

    numbers = itertools.count()
    assert await until(changed)
    assert await told("88.300.1/R1") == (0, "trusted")
