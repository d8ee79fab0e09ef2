"""Whatever a stranger sends: an answer, a question to the store, or silence; never an error.

And no answer of ours is ever answered, so that two nodes cannot be set at each other.
"""

import contextlib

import pytest

from identifiers.directory import PrefixDirectory, PrefixEntry, PrefixKind
from identifiers.names import Prefix
from identifiers.wire import restform
from identifiers.wire.handle.message import decode
from resolver.counters import Event
from resolver.transports import rest
from resolver.transports.handle import Asking, Reply, Silence
from tests.fuzz.mutation import mend_message, mutants
from tests.golden.vectors import EXCHANGES, frames
from tests.unit.resolver.world import World

ROUNDS = 5
ENOUGH = 5_000
REQUESTS = [message for name in EXCHANGES for _, message in frames(name, "req")]
MOUNT = "/api/handles/"
TARGETS = [
    b"88.300.1/A",
    b"88.300.1%2FA?index=1&type=URL&index=2",
    b"20.500.123/MULTI?auth&cert=yes&pretty=&callback=a.b",
    "88.300.1/煤%E7%85%A4?publicOnly=no".encode(),
]


@pytest.fixture
def world():
    made = World()
    entry = PrefixEntry(prefix=Prefix.parse("20.500.123"), kind=PrefixKind.ENTERPRISE, enterprise=1)
    made.resolver.use(PrefixDirectory([entry]))
    return made


@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_every_message_is_answered_asked_for_or_met_with_silence(world, seed):
    seen = set()
    for request in mutants(REQUESTS, ENOUGH, 200 + seed, mend_message):
        answer = world.exchange.at_once(request, world.stranger, world.clock.now)
        if isinstance(answer, Asking):
            answer = await world.exchange.later(answer, world.stranger, world.clock.now)
        if isinstance(answer, Reply):
            reply = decode(answer.data)
            seen.add(reply.header.response_code)
            again = world.exchange.at_once(answer.data, world.stranger, world.clock.now)
            assert again == Silence(Event.DROPPED_RESPONSE)
        else:
            seen.add(answer.event)
    # A fuzzer that never gets past the first check proves nothing.
    assert {1, 4, 5, 100, 301, Event.DROPPED_RESPONSE} <= seen


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_every_address_is_read_or_refused(seed):
    read = 0
    for target in mutants(TARGETS, ENOUGH, 300 + seed):
        path, _, query = target.decode("utf-8", "surrogateescape").partition("?")
        parameters = [part.partition("=")[::2] for part in query.split("&") if part]
        with contextlib.suppress(restform.Unreadable):
            asked = rest.read_look_up(restform.handle_in(MOUNT + path, MOUNT), parameters)
            assert asked.query.text.encode() == asked.query.handle
            assert rest.entity_tag(1, asked).isascii()
            read += 1
    assert read > ENOUGH // 20
