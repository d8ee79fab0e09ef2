"""The application that workers reach, asked by the workers' own client over a Unix socket."""

import socket
from ipaddress import ip_address

import aiohttp
import pytest

from edge.relay import MESSAGE_PATH, ORIGIN, SERVER_LIMITS, RelayedAuthority, written
from edge.server import serve
from identifiers.relay import Channel, Origin
from identifiers.wire.handle.message import decode, encode
from registry.relay import relay_app
from tests.unit.registry.handle.wire import (
    READER,
    answer,
    code,
    create,
    listing,
    url,
)

ORIGIN_OF_TEST = Origin(
    channel=Channel.TCP, address=ip_address("127.0.0.1"), trusted=True, secure=False
)


@pytest.fixture
async def path(node, tmp_path):
    place = str(tmp_path / "relay.sock")
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(place)
    runner = await serve(relay_app(node.handle), [bound], limits=SERVER_LIMITS)
    yield place
    await runner.cleanup()


@pytest.fixture
async def authority(path):
    async with RelayedAuthority(path) as entered:
        yield entered


async def asked(authority, message, origin=ORIGIN_OF_TEST):
    return [decode(reply) async for reply in authority.message(encode(message), origin)]


async def test_messages_and_their_answers_go_through(node, authority):
    (challenge,) = await asked(authority, create("88.300.1/NEW"))
    assert code(challenge) == 402
    (done,) = await asked(authority, answer(challenge))
    assert code(done) == 1
    assert node.values("88.300.1/NEW")


async def test_answers_of_several_messages_come_one_by_one(node, authority):
    for n in range(120):
        node.keep(f"88.300.1/n{n:03}", url())
    (challenge,) = await asked(authority, listing("0.NA/88.300.1"))
    replies = await asked(authority, answer(challenge, READER))
    assert [len(reply.body.handles) for reply in replies] == [50, 50, 22]


async def test_silence_goes_through_too(authority):
    origin = Origin(
        channel=Channel.UDP, address=ip_address("203.0.113.7"), trusted=False, secure=False
    )
    assert await asked(authority, create("88.300.1/NEW"), origin) == []


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, encode(create("88.300.1/NEW")), 400),
        ({ORIGIN: "{}"}, encode(create("88.300.1/NEW")), 400),
        ({ORIGIN: written(ORIGIN_OF_TEST)}, bytes(300_000), 413),
    ],
)
async def test_what_no_worker_sends_is_refused(path, headers, body, status):
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(path)) as session,
        session.post(f"http://registry{MESSAGE_PATH}", data=body, headers=headers) as reply,
    ):
        assert reply.status == status
