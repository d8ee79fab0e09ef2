import gc

import pytest

from identifiers.directory import PrefixDirectory, PrefixEntry, PrefixKind
from identifiers.names import Prefix
from identifiers.records import Record, State
from identifiers.values import Value
from identifiers.wire.handle.message import decode
from resolver.counters import Result
from resolver.service import Basis
from resolver.tiers.local import Entry
from resolver.transports.finished import FinishedReplies
from resolver.transports.handle import Asking, FinishedMessage, HandleExchange, Reply
from tests.unit.resolver.world import SITE

URL = Value(index=1, type="URL", data=b"https://example.org/1")
OTHER = Value(index=1, type="URL", data=b"https://example.org/2")
SECRET = Value(index=2, type="NOTE", data=b"for us", permissions=0x0C)


class Beside:
    """A world with one record, and an exchange that keeps nothing finished to compare with."""

    def __init__(self, world):
        self.world = world
        self.keeping = HandleExchange(world.resolver, SITE, world.clock.wall)
        self.making = HandleExchange(world.resolver, SITE, world.clock.wall, 0)
        self.kept = self.keeping._finished

    def ask(self, request, client=None):
        """Return the answer of the keeping exchange, which must be that of the other."""
        client, now = client or self.world.trusted, self.world.clock.now
        got = self.keeping.at_once(request, client, now)
        expected = self.making.at_once(request, client, now)
        assert got == expected
        return got

    def again(self, handle, request_id=1, **options):
        return self.ask(self.world.question(handle, request_id, **options))


@pytest.fixture
async def at(world):
    await world.put("88.300.1/A", URL, SECRET)
    await world.look("88.300.1/A")
    return Beside(world)


async def test_a_repeated_question_is_answered_like_the_first_one(at):
    for number in range(5):
        reply = at.again("88.300.1/A", number)
        assert decode(reply.data).request_id == number
    assert len(at.kept) == 1


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
    assert len(at.kept) == 1


async def test_the_expiration_is_that_of_now(at):
    first = at.again("88.300.1/A")
    at.world.clock.now += 3.0
    second = at.again("88.300.1/A")
    passed = decode(second.data).header.expiration - decode(first.data).header.expiration
    assert passed == 3


async def test_news_end_a_finished_reply(at):
    at.again("88.300.1/A")
    await at.world.put("88.300.1/A", OTHER)
    assert b"example.org/1" in at.again("88.300.1/A").data
    await at.world.follower.step()
    assert isinstance(at.again("88.300.1/A"), Asking)
    await at.world.look("88.300.1/A")
    for _ in range(2):
        assert b"example.org/2" in at.again("88.300.1/A").data


async def test_the_end_of_its_life_ends_it(at):
    at.again("88.300.1/A")
    at.world.clock.now += 301.0
    await at.world.follower.step()
    assert isinstance(at.again("88.300.1/A"), Asking)


async def test_the_end_of_freshness_ends_it(at):
    at.again("88.300.1/A")
    at.world.clock.now += 4.1
    assert isinstance(at.again("88.300.1/A"), Asking)


async def test_a_prefix_that_is_switched_off_ends_it(at):
    at.again("88.300.1/A")
    entry = PrefixEntry(
        prefix=Prefix.parse("88.300.1"), kind=PrefixKind.ENTERPRISE, enterprise=1, enabled=False
    )
    at.world.resolver.use(PrefixDirectory([entry]))
    assert at.again("88.300.1/A").result is Result.NOT_HOMED
    assert len(at.kept) == 0


async def test_an_authoritative_question_is_never_answered_so(at):
    for client in (at.world.stranger, at.world.trusted):
        for _ in range(3):
            answer = at.ask(at.world.question("88.300.1/A", flags=0x99000000), client)
            assert isinstance(answer, Asking if client.trusted else Reply)
    assert len(at.kept) == 0


async def test_a_repeated_question_is_counted(at):
    before = at.world.counters.tallying.prefixes()["88.300.1"]
    for _ in range(5):
        at.keeping.at_once(at.world.question("88.300.1/A"), at.world.trusted, at.world.clock.now)
    assert at.world.counters.tallying.prefixes()["88.300.1"] == before + 5


async def test_a_prefix_record_that_was_never_allotted_is_nobodys_count(world):
    await world.put("0.NA/88.300.99", URL)
    await world.look("0.NA/88.300.99")
    at = Beside(world)
    for _ in range(3):
        assert at.again("0.NA/88.300.99").result is Result.FOUND
    assert world.counters.tallying.prefixes() == {}


def an_entry(values):
    record = Record(
        key="A/B", name="A/B", version=1, state=State.ACTIVE, values=values, changed_at=0
    )
    return Entry(record, values, due=0.0)


def test_the_record_of_a_small_reply_counts_too():
    replies = FinishedReplies(octets=1_000_000)
    for number in range(100):
        basis = Basis(an_entry(bytes(200_000)), 1, None)
        replies.keep(bytes((number,)), FinishedMessage(bytes(120), b"", basis))
    assert len(replies) == 4


async def test_a_finished_reply_keeps_no_picture_of_the_prefixes_alive(at):
    entry = PrefixEntry(prefix=Prefix.parse("77.1"), kind=PrefixKind.ENTERPRISE, enterprise=1)
    directory = PrefixDirectory([*at.world.resolver._directory.entries, entry])
    at.world.resolver.use(directory)
    at.again("88.300.1/A")
    assert len(at.kept) == 1
    before = len(gc.get_referrers(directory))
    at.world.resolver.use(PrefixDirectory(directory.entries[:-1]))
    assert len(gc.get_referrers(directory)) == before - 1


async def test_finished_replies_serve_on_under_an_equal_picture_of_the_prefixes(at):
    """Keys of a prefix changed, and nothing that decides who answers."""
    at.again("88.300.1/A")
    directory = at.world.resolver._directory
    at.world.resolver.use(PrefixDirectory(directory.entries))
    assert at.world.resolver._directory is directory
    (kept,) = at.kept._kept.values()
    assert at.world.resolver.vouches(kept.basis, at.world.trusted, at.world.clock.now)


async def test_finished_replies_end_when_all_is_forgotten(at):
    at.again("88.300.1/A")
    (kept,) = at.kept._kept.values()
    at.world.local.clear()
    assert not at.world.resolver.vouches(kept.basis, at.world.trusted, at.world.clock.now)


def test_octets_are_bounded_and_the_oldest_goes_first():
    replies = FinishedReplies(octets=10_000)
    basis = Basis(an_entry(b""), 1, "")
    for number in range(100):
        replies.keep(bytes((number,)), FinishedMessage(bytes(600), b"", basis))
    replies.keep(bytes((99,)), FinishedMessage(bytes(600), b"", basis))

    class Trusting:
        def vouches(self, *_):
            return True

    assert len(replies) == 9
    there = [n for n in range(100) if replies.find(bytes((n,)), Trusting(), None, 0.0)]
    assert there == list(range(91, 100))
