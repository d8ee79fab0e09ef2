"""How many connections strangers have open."""

import asyncio
from ipaddress import ip_network
from urllib.parse import urlsplit

from aiohttp import web

from edge.addresses import LOOPBACK, NOBODY, Networks
from edge.connections import Connections

OURS = Networks([ip_network("10.0.0.0/8")])


def test_connections_of_one_host_are_bounded():
    refused = []
    connections = Connections(OURS, of_one=2, refused=lambda: refused.append(1))
    assert [connections.begin("192.0.2.1") for _ in range(3)] == [True, True, False]
    assert connections.begin("::ffff:192.0.2.1") is False
    assert connections.begin("192.0.2.2")
    assert len(refused) == 2
    connections.end("192.0.2.1")
    assert connections.begin("192.0.2.1")
    assert len(connections) == 3


def test_a_host_has_all_of_its_64_bits():
    connections = Connections(NOBODY, of_one=1)
    assert connections.begin("2001:db8::1")
    assert not connections.begin("2001:db8::2%eth0")
    assert connections.begin("2001:db8:0:1::1")


def test_connections_of_strangers_are_bounded_together_and_leave_others_alone():
    connections = Connections(OURS, of_all=3)
    assert [connections.begin(f"192.0.2.{n}") for n in range(4)] == [True, True, True, False]
    assert all(connections.begin("10.1.2.3") for _ in range(100))
    for _ in range(100):
        connections.end("10.1.2.3")
    assert len(connections) == 3
    for n in range(3):
        connections.end(f"192.0.2.{n}")
    assert len(connections) == 0
    assert connections.begin("192.0.2.9")


async def ok(_):
    return web.Response(text="ok")


async def asked(base):
    """Ask on a new connection and keep it; None: it was cut."""
    parts = urlsplit(base)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        line = await reader.readline()
    except ConnectionError:
        line = b""
    if line:
        return writer
    writer.close()
    return None


async def test_a_listener_cuts_what_is_too_much(serving):
    app = web.Application()
    app.router.add_get("/", ok)
    connections = Connections(NOBODY, of_one=2)
    base = await serving(app, connections=connections)
    first, second = await asked(base), await asked(base)
    assert first is not None
    assert second is not None
    assert await asked(base) is None
    first.close()
    while (third := await asked(base)) is None:
        pass  # the listener has not heard of it yet
    assert len(connections) == 2
    for writer in (second, third):
        writer.close()
    while (last := await asked(base)) is None:
        pass
    last.close()


async def test_a_listener_counts_no_trusted_connections(serving):
    app = web.Application()
    app.router.add_get("/", ok)
    base = await serving(app, connections=Connections(LOOPBACK, of_one=1, of_all=1))
    writers = [await asked(base) for _ in range(5)]
    assert None not in writers
    for writer in writers:
        writer.close()
