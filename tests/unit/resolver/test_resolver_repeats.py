import asyncio
import gc

import pytest

from identifiers.directory import PrefixDirectory, PrefixEntry, PrefixKind
from identifiers.names import Prefix
from identifiers.records import State
from identifiers.values import Value
from identifiers.wire.handle.message import decode
from resolver.counters import Result
from resolver.tiers.local import Bounds
from resolver.transports.handle import Asking, HandleExchange, Reply
from tests.unit.resolver.world import SITE

URL = Value(index=1, type="URL", data=b"https://example.org/1")
OTHER = Value(index=1, type="URL", data=b"https://example.org/2")
SECRET = Value(index=2, type="NOTE", data=b"for us", permissions=0x0C)
ALL = {"handle": "88.300.1/A"}
"""Told straight from the local tier."""
PART = {"handle": "88.300.1/A", "indexes": (1,)}
"""A finished reply, as is a question whose prefix is not written in its canonical letters."""
each_way = pytest.mark.parametrize("question", [ALL, PART], ids=["all", "part"])


class Beside:
    """A world with one record, and an exchange whose answers must be those of the general codec."""

    def __init__(self, world):
        self.world = world
        self.exchange = HandleExchange(world.resolver, SITE, world.clock.wall)
        self.finished = self.exchange._repeats._finished

    def ask(self, request, client=None):
        client, now = client or self.world.trusted, self.world.clock.now
        got = self.exchange.at_once(request, client, now)
        expected = self.exchange.general(request, client, now)
        assert got == expected or isinstance(got, Asking)
        assert type(got) is type(expected)
        return got

    def again(self, handle, request_id=1, **options):
        return self.ask(self.world.question(handle, request_id, **options))

    def knows(self, handle="88.300.1/A", **options):
        """Say whether a question would be answered as a repeated one."""
        request = self.world.question(handle, 99, **options)
        return self.knows_request(request)

    def knows_request(self, request):
        client, now, out = self.world.trusted, self.world.clock.now, []
        reply = self.exchange.repeated(request, client, now)
        answered, octets = self.exchange.repeat(request, client, now, out, 1, 1)
        assert (answered, octets) == ((0, 0) if reply is None else (1, len(request)))
        assert b"".join(out) == (reply or b"")
        return reply is not None


@pytest.fixture
async def at(world):
    await world.put("88.300.1/A", URL, SECRET)
    await world.put("88.300.1/B", OTHER)
    await world.look("88.300.1/A")
    await world.look("88.300.1/B")
    return Beside(world)


@each_way
async def test_a_repeated_question_is_answered_like_the_first_one(at, question):
    assert not at.knows(**question)
    for number in range(5):
        reply = at.again(request_id=number, **question)
        assert decode(reply.data).request_id == number
        assert reply.subject == b"88.300.1/A"
        assert at.knows(**question)


async def test_all_values_of_a_record_are_kept_once(at):
    at.again(**ALL)
    assert len(at.finished) == 0
    at.again(**PART)
    assert len(at.finished) == 1


async def test_what_was_answered_for_one_name_is_known_for_another_of_its_length(at):
    at.again("88.300.1/A")
    assert not at.knows("88.300.1/B", flags=0)
    at.again("88.300.1/B", flags=0)
    assert at.knows("88.300.1/B")
    assert at.knows("88.300.1/A", flags=0)
    assert b"example.org/2" in at.again("88.300.1/B").data


async def test_a_name_in_other_letters_is_a_question_of_its_own(world):
    await world.home("88.ABC")
    await world.follower.step()
    await world.put("88.ABC/X", URL)
    await world.look("88.ABC/X")
    at = Beside(world)
    assert at.again("88.ABC/X").result is Result.FOUND
    assert not at.knows("88.abc/X")
    for _ in range(2):
        assert at.again("88.abc/X").result is Result.FOUND
    assert at.knows("88.abc/X")
    assert len(at.finished) == 1


async def test_other_questions_have_other_answers(at):
    for options in (
        {},
        {"indexes": (1,)},
        {"indexes": (2,)},
        {"types": ("URL",)},
        {"flags": 0},
        {"flags": 0, "indexes": (2,)},
        {"flags": 0x19800000},
        {"flags": 0x59000000},
    ):
        for _ in range(2):
            at.again("88.300.1/A", **options)
    for handle in ("88.300.1/a", "20.500/A", "nonsense"):
        for _ in range(2):
            at.again(handle)


async def test_sessions_share_nothing(at):
    for session in (0, 7, 8):
        request = bytearray(at.world.question("88.300.1/A"))
        request[4:8] = session.to_bytes(4, "big")
        assert decode(at.ask(bytes(request)).data).session_id == session
        assert at.knows_request(bytes(request)) == (session == 0)


@each_way
async def test_the_expiration_is_that_of_now(at, question):
    first = at.again(**question)
    at.world.clock.now += 3.0
    second = at.again(**question)
    passed = decode(second.data).header.expiration - decode(first.data).header.expiration
    assert passed == 3


@each_way
async def test_news_end_it(at, question):
    at.again(**question)
    await at.world.put("88.300.1/A", OTHER)
    assert b"example.org/1" in at.again(**question).data
    await at.world.follower.step()
    assert isinstance(at.again(**question), Asking)
    await at.world.look("88.300.1/A")
    for _ in range(2):
        assert b"example.org/2" in at.again(**question).data
    assert at.knows(**question)


@each_way
@pytest.mark.parametrize("state", [State.SUSPENDED, State.REVOKED, State.DELETED])
async def test_the_end_of_an_identifier_ends_it(at, question, state):
    at.again(**question)
    await at.world.put("88.300.1/A", state=state)
    await at.world.follower.step()
    await at.world.look("88.300.1/A")
    for _ in range(2):
        assert at.again(**question).result is Result.ABSENT
    assert not at.knows(**question)


@each_way
async def test_the_end_of_its_life_ends_it(at, question):
    at.again(**question)
    at.world.clock.now += 301.0
    await at.world.follower.step()
    assert not at.knows(**question)
    assert isinstance(at.again(**question), Asking)


@each_way
async def test_it_is_told_to_the_end_of_its_life(at, question):
    at.again(**question)
    at.world.clock.now += 290.0
    await at.world.follower.step()
    assert at.knows(**question)


@each_way
async def test_the_end_of_freshness_ends_it(at, question):
    at.again(**question)
    at.world.clock.now += 4.1
    assert not at.knows(**question)
    assert isinstance(at.again(**question), Asking)


@each_way
async def test_that_all_is_forgotten_ends_it(at, question):
    at.again(**question)
    at.world.local.clear()
    assert not at.knows(**question)
    assert isinstance(at.again(**question), Asking)


@each_way
async def test_a_prefix_that_is_switched_off_ends_it(at, question):
    at.again(**question)
    entry = PrefixEntry(
        prefix=Prefix.parse("88.300.1"), kind=PrefixKind.ENTERPRISE, enterprise=1, enabled=False
    )
    at.world.resolver.use(PrefixDirectory([entry]))
    assert at.again(**question).result is Result.NOT_HOMED
    assert not at.knows(**question)


@each_way
async def test_it_serves_on_under_an_equal_picture_of_the_prefixes(at, question):
    """Keys of a prefix changed, and nothing that decides who answers."""
    at.again(**question)
    directory = at.world.resolver._directory
    at.world.resolver.use(PrefixDirectory(directory.entries))
    assert at.world.resolver._directory is directory
    assert at.knows(**question)


@each_way
async def test_it_keeps_no_picture_of_the_prefixes_alive(at, question):
    entry = PrefixEntry(prefix=Prefix.parse("77.1"), kind=PrefixKind.ENTERPRISE, enterprise=1)
    directory = PrefixDirectory([*at.world.resolver._directory.entries, entry])
    at.world.resolver.use(directory)
    at.again(**question)
    assert at.knows(**question)
    before = len(gc.get_referrers(directory))
    at.world.resolver.use(PrefixDirectory(directory.entries[:-1]))
    assert len(gc.get_referrers(directory)) == before - 1


@each_way
async def test_an_authoritative_question_is_never_answered_so(at, question):
    for client in (at.world.stranger, at.world.trusted):
        for _ in range(3):
            request = at.world.question(flags=0x99000000, **question)
            answer = at.ask(request, client)
            assert isinstance(answer, Asking if client.trusted else Reply)
            assert not at.knows_request(request)


@each_way
async def test_a_repeated_question_is_counted(at, question):
    at.again(**question)
    request = at.world.question(**question)
    before = at.world.counters.tallying.prefixes()["88.300.1"]
    for _ in range(5):
        at.exchange.at_once(request, at.world.trusted, at.world.clock.now)
    assert at.world.counters.tallying.prefixes()["88.300.1"] == before + 5
    at.exchange.repeat(request * 7, at.world.trusted, at.world.clock.now, [], 6, 10_000)
    assert at.world.counters.tallying.prefixes()["88.300.1"] == before + 11


async def test_many_are_counted_each_under_its_prefix(at):
    await at.world.put("88.300/C", URL)
    await at.world.look("88.300/C")
    stream = b""
    for handle in ("88.300.1/A", "88.300.1/B", "88.300/C", "88.300.1/A"):
        at.again(handle)
        stream += at.world.question(handle)
    before = at.world.counters.tallying.prefixes()
    at.exchange.repeat(stream, at.world.trusted, at.world.clock.now, [], 9, 10_000)
    after = at.world.counters.tallying.prefixes()
    assert after == {"88.300.1": before["88.300.1"] + 3, "88.300": before["88.300"] + 1}


async def test_a_prefix_record_that_was_never_allotted_is_nobodys_count(world):
    await world.put("0.NA/88.300.99", URL)
    await world.look("0.NA/88.300.99")
    at = Beside(world)
    for _ in range(3):
        assert at.again("0.NA/88.300.99").result is Result.FOUND
    assert at.knows("0.NA/88.300.99")
    assert world.counters.tallying.prefixes() == {}


async def test_what_is_told_from_a_record_is_counted_there_and_told_from_the_front_next(at):
    at.again(**ALL)
    entry = at.world.local.look("88.300.1/A", at.world.clock.now)
    entry.uses = 0
    for uses in (1, 2, 3, 3):
        at.world.local.front.forget("88.300.1/A")
        for _ in range(2):
            at.exchange.repeated(at.world.question(**ALL), at.world.trusted, at.world.clock.now)
            assert entry.uses == uses


async def asked_for_twice(world, handle):
    """Take a place in the main queue of the tier, as what is asked for once does not."""
    await world.put(handle, URL)
    await world.look(handle)
    await world.look(handle)


async def test_what_is_told_from_the_front_stays_in_a_full_tier_and_is_read_anew(make_world):
    world = await make_world(bounds=Bounds(entries=40))
    await world.put("88.300.1/A", URL)
    await world.look("88.300.1/A")
    at = Beside(world)
    at.again("88.300.1/A")
    asked, kept = world.question("88.300.1/A"), world.local.peek("88.300.1/A")
    fronted = 0
    for number in range(400):
        if number % 5 == 0:
            fronted += len(world.local.front)
            assert at.exchange.repeated(asked, world.trusted, world.clock.now) is not None
        await asked_for_twice(world, f"88.300.1/{number}")
    assert fronted > 30  # of 80: it was told from there, and nothing was counted at the record
    assert world.local.peek("88.300.1/A") is kept
    world.clock.now = kept.due + 1.0
    await world.follower.step()
    due, running = kept.due, asyncio.create_task(world.local.run())
    for _ in range(3):
        assert at.exchange.repeated(asked, world.trusted, world.clock.now) is not None
    await world.until(lambda: kept.due > due)
    running.cancel()
    assert world.local.peek("88.300.1/A") is kept


async def test_what_nobody_asks_for_any_more_leaves_a_full_tier(make_world):
    world = await make_world(bounds=Bounds(entries=40))
    await world.put("88.300.1/A", URL)
    await world.look("88.300.1/A")
    at = Beside(world)
    for _ in range(5):
        at.again("88.300.1/A")
    assert len(world.local.front) == 1
    for number in range(400):
        await asked_for_twice(world, f"88.300.1/{number}")
    assert len(world.local.front) == 0
    assert world.local.peek("88.300.1/A") is None


async def test_finished_replies_are_bounded_and_what_is_asked_for_again_stays(world):
    now, handles = world.clock.now, [f"88.300.1/{number:04d}" for number in range(400)]
    for handle in handles:
        await world.put(handle, URL, OTHER)
        await world.look(handle)
    exchange = HandleExchange(world.resolver, SITE, world.clock.wall, 100_000)
    finished = exchange._repeats._finished
    hot = world.question(handles[0], indexes=(1,))
    for handle in handles:
        exchange.at_once(world.question(handle, indexes=(1,)), world.trusted, now)
        exchange.at_once(hot, world.trusted, now)
        assert finished.octets <= 100_000
    assert 100 < len(finished) < 400
    assert exchange.repeated(hot, world.trusted, now) is not None


async def test_the_record_of_a_small_reply_counts_too(world):
    now, big = world.clock.now, Value(index=2, type="DATA", data=bytes(20_000))
    exchange = HandleExchange(world.resolver, SITE, world.clock.wall, 100_000)
    for number in range(10):
        await world.put(f"88.300.1/{number}", URL, big)
        await world.look(f"88.300.1/{number}")
        request = world.question(f"88.300.1/{number}", indexes=(1,))
        exchange.at_once(request, world.trusted, now)
    assert len(exchange._repeats._finished) == 4


def test_octets_that_are_no_question_are_not_known(at):
    at.again(**ALL)
    whole = at.world.question(**ALL)
    assert not any(at.knows_request(whole[:size]) for size in range(len(whole)))
    other_tail = whole[:-1] + b"\1"
    no_text = whole.replace(b"88.300.1/A", b"88.300.1/\xc3")
    for request in (other_tail, no_text):
        assert not at.knows_request(request)
    now = at.world.clock.now
    assert at.exchange.repeated(whole + b"\0", at.world.trusted, now) is None
    before = at.world.counters.tallying.prefixes()
    assert at.exchange.repeat(other_tail, at.world.trusted, now, [], 1, 1) == (0, 0)
    assert at.world.counters.tallying.prefixes() == before


async def test_a_stream_is_answered_up_to_what_is_not_known(at):
    for question in (ALL, PART, {"handle": "88.300.1/B"}):
        at.again(**question)
    asked = [
        at.world.question(**question, request_id=number)
        for number, question in enumerate((ALL, PART, {"handle": "88.300.1/B"}, ALL, PART))
    ]
    unknown = at.world.question("88.300.1/Z")
    client, now = at.world.trusted, at.world.clock.now
    for end in (b"", unknown, asked[0][:30], asked[0][:69]):
        out = []
        stream = b"".join(asked)
        taken = at.exchange.repeat(stream + end, client, now, out, 100, 100_000)
        assert taken == (5, len(stream))
        assert b"".join(out) == b"".join(at.exchange.repeated(r, client, now) for r in asked)
    for most in range(6):
        assert at.exchange.repeat(stream, client, now, [], most, 100_000)[0] == most
    size = len(at.exchange.repeated(asked[0], client, now))
    for octets, answered in ((0, 0), (1, 1), (2 * size, 3), (5 * size, 5)):
        assert at.exchange.repeat(stream, client, now, [], 9, octets)[0] == answered


async def test_the_garbage_collector_looks_at_nothing_that_there_may_be_a_million_of(at):
    at.again(**ALL)
    at.again(**PART)
    tier, finished = at.world.local._kept, at.finished
    for kept in (tier.peek("88.300.1/A"), finished.peek(*finished._small)):
        assert not gc.is_tracked(kept)
    assert not gc.is_tracked(tier._kept)
    assert not gc.is_tracked(finished._kept)
