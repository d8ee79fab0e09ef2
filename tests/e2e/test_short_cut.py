"""The short cut on a real node: changes end it on every worker."""

import asyncio
import json
import re

import pytest

from tests.e2e.nodes import until

NAME = "88.300.1/SHORT"
REQUEST = f"GET /api/handles/{NAME} HTTP/1.1\r\nHost: node\r\nAccept: */*\r\n\r\n".encode()
CONNECTIONS = 12
"""Spread over the workers; so many to meet each of them."""
SHORT = 'idnode_resolve_events_total{event="short_cut"}'


def value(number):
    return {"index": 1, "type": "URL", "data": f"https://{number}.example"}


class Kept:
    """A connection that is kept."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def ask(self):
        """Return status and address of the answer."""
        self.writer.write(REQUEST)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        document = json.loads(await self.reader.readexactly(length))
        values = document.get("values", [{}])
        return int(head[9:12]), values[0].get("data", {}).get("value")


@pytest.fixture
async def kept(node):
    made = [Kept(*await asyncio.open_connection(*node.address("http"))) for _ in range(CONNECTIONS)]
    yield made
    for connection in made:
        connection.writer.close()


async def everywhere(kept, expected, before=None):
    """Wait until all connections are told `expected`, after `before` and not before it."""
    told = set()

    async def settled():
        for connection in kept:
            answer = await connection.ask()
            assert answer == expected or (before in {answer, None} and connection not in told)
            if answer == expected:
                told.add(connection)
        return len(told) == len(kept)

    await until(settled)


async def test_what_changes_is_told_on_every_kept_connection(node, kept):
    async with node.registry() as registry:
        await registry.create({"handle": NAME, "values": [value(0)]})
        before = (200, "https://0.example")
        await everywhere(kept, before)
        for number in range(1, 6):
            await registry.put({"handle": NAME, "values": [value(number)]})
            now = (200, f"https://{number}.example")
            await everywhere(kept, now, before)
            for connection in kept * 5:
                assert await connection.ask() == now
            before = now
        assert (await node.metrics())[SHORT] > 5 * len(kept)
        await registry.delete(NAME)
        await everywhere(kept, (404, None), before)


async def test_what_is_not_public_never_is(node, kept):
    async with node.registry() as registry:
        secret = {**value(1), "index": 2, "permissions": "1100"}
        await registry.create({"handle": NAME, "values": [value(0), secret]})
    await everywhere(kept, (200, "https://0.example"))
    for connection in kept:
        connection.writer.write(REQUEST)
        head = await connection.reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        assert len(json.loads(await connection.reader.readexactly(length))["values"]) == 1
