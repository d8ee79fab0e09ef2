import asyncio
from itertools import pairwise

import pytest

from identifiers.errors import StoreUnavailable
from identifiers.records import EMPTY_VALUES, Record, State
from resolver.tiers.coalescing import Batching, Coalescing, _Ask
from resolver.tiers.partial import Incomplete, Overloaded, TooSlow
from resolver.turns import FEW, Turns

EAGER = Batching(gap=0.0)


def record(key):
    return Record(
        key=key, name=key, version=1, state=State.ACTIVE, values=EMPTY_VALUES, changed_at=0
    )


class Source:
    """Knows every name but those that begin with x; answers when its gate is open."""

    def __init__(self):
        self.asked = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error = None

    async def fetch(self, keys):
        self.asked.append(list(keys))
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return [None if key.startswith("x") else record(key) for key in keys]


@pytest.fixture
def source():
    return Source()


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_misses_of_one_turn_travel_together_each_name_once(source):
    tier = Coalescing(source, EAGER)
    got = await asyncio.gather(*(tier.fetch([key]) for key in ("a", "b", "a", "x")))
    assert got == [[record("a")], [record("b")], [record("a")], [None]]
    assert source.asked == [["a", "b", "x"]]


async def test_answers_stand_in_the_order_of_the_question(source):
    got = await Coalescing(source, EAGER).fetch(["b", "x", "a", "b"])
    assert got == [record("b"), None, record("a"), record("b")]


async def test_a_name_in_flight_is_joined(source):
    tier = Coalescing(source, EAGER)
    source.gate.clear()
    first = asyncio.create_task(tier.fetch(["a"]))
    await settle()
    second = asyncio.create_task(tier.fetch(["a", "b"]))
    await settle()
    source.gate.set()
    assert await first == [record("a")]
    assert await second == [record("a"), record("b")]
    assert source.asked == [["a"], ["b"]]


async def test_past_the_caches_nobody_gets_the_answer_to_an_older_question(source):
    tier = Coalescing(source, EAGER, join_in_flight=False)
    source.gate.clear()
    first = asyncio.create_task(tier.fetch(["a"]))
    await settle()
    others = [asyncio.create_task(tier.fetch(["a"])) for _ in range(2)]
    await settle()
    source.gate.set()
    await asyncio.gather(first, *others)
    assert source.asked == [["a"], ["a"]]


async def test_questions_at_one_time_and_names_in_one_are_bounded(source):
    tier = Coalescing(source, Batching(gap=0.0, largest=3, in_flight=2))
    source.gate.clear()
    asking = [asyncio.create_task(tier.fetch([f"k{n}"])) for n in range(10)]
    await settle()
    assert [len(asked) for asked in source.asked] == [3, 3]
    assert tier.waiting == 4
    source.gate.set()
    assert await asyncio.gather(*asking) == [[record(f"k{n}")] for n in range(10)]
    assert [len(asked) for asked in source.asked] == [3, 3, 3, 1]


async def test_few_askers_are_told_in_one_turn_while_others_are_answered_at_once(
    source,
):
    loop, turns = asyncio.get_running_loop(), Turns()
    turns.answered(loop.time() + 60.0)
    tier = Coalescing(source, EAGER, turns=turns)
    told = []
    asking = [asyncio.create_task(tier.fetch([f"k{n}"])) for n in range(3 * FEW)]
    for task in asking:
        task.add_done_callback(told.append)
    counts = []
    while len(told) < len(asking):
        counts.append(len(told))
        await asyncio.sleep(0)
    assert max(later - before for before, later in pairwise([*counts, len(told)])) == FEW
    assert await asyncio.gather(*asking) == [[record(f"k{n}")] for n in range(3 * FEW)]
    assert len(source.asked) == 1


async def test_few_askers_are_told_in_one_turn_also_that_the_store_is_away(source):
    loop, turns = asyncio.get_running_loop(), Turns()
    turns.answered(loop.time() + 60.0)
    source.error = StoreUnavailable("away")
    tier = Coalescing(source, EAGER, turns=turns)
    told = []
    asking = [asyncio.create_task(tier.fetch([f"k{n}"])) for n in range(3 * FEW)]
    for task in asking:
        task.add_done_callback(told.append)
    counts = []
    while len(told) < len(asking):
        counts.append(len(told))
        await asyncio.sleep(0)
    assert max(later - before for before, later in pairwise([*counts, len(told)])) == FEW
    assert all(isinstance(task.exception(), Incomplete) for task in asking)


async def test_who_asks_for_no_name_waits_for_nobody(source):
    assert await asyncio.wait_for(Coalescing(source, EAGER).fetch([]), 5) == []
    assert source.asked == []


async def test_who_was_given_an_answer_is_not_given_up_before_its_turn():
    loop = asyncio.get_running_loop()
    asks = [_Ask(1, loop.create_future(), lambda _: None) for _ in range(2)]
    asks[0].take("a", record("a"))
    for ask in asks:
        ask.give_up()
    asks[0].tell()
    assert asks[0].future.result() is None
    assert isinstance(asks[1].future.exception(), TooSlow)


async def test_a_full_queue_refuses_and_loses_nobody_who_waits(source):
    tier = Coalescing(source, Batching(gap=0.0, largest=1, in_flight=1, waiting=2))
    source.gate.clear()
    flying = asyncio.create_task(tier.fetch(["a"]))
    await settle()
    waiting = asyncio.create_task(tier.fetch(["b", "c"]))
    await settle()
    with pytest.raises(Overloaded):
        await tier.fetch(["d"])
    source.gate.set()
    assert await flying == [record("a")]
    assert await waiting == [record("b"), record("c")]


async def test_a_failure_reaches_every_asker_and_the_next_question_goes_out(source):
    tier = Coalescing(source, EAGER)
    source.error = StoreUnavailable("away")
    got = await asyncio.gather(tier.fetch(["a"]), tier.fetch(["a", "b"]), return_exceptions=True)
    assert [type(error) for error in got] == [Incomplete, Incomplete]
    assert got[0] is not got[1]
    source.error = None
    assert await tier.fetch(["a"]) == [record("a")]


async def test_what_came_is_not_lost_with_what_did_not(source):
    tier = Coalescing(source, EAGER)
    source.error = Incomplete("half", {"a": record("a")})
    got = await asyncio.gather(tier.fetch(["a"]), tier.fetch(["a", "b"]), return_exceptions=True)
    assert got[0] == [record("a")]
    assert isinstance(got[1], Incomplete)
    assert got[1].got == {"a": record("a")}


async def test_patience_ends(source):
    tier = Coalescing(source, Batching(gap=0.0, patience=0.0))
    source.gate.clear()
    for _ in range(3):
        with pytest.raises(TooSlow):
            await tier.fetch(["a"])
    source.gate.set()
    await settle()
    assert not tier._flying
    assert not tier.waiting


async def test_a_question_that_nobody_waits_for_any_more_is_not_joined(source):
    tier = Coalescing(source, EAGER)
    source.gate.clear()
    gone = asyncio.create_task(tier.fetch(["a"]))
    await settle()
    gone.cancel()
    await settle()
    asking = asyncio.create_task(tier.fetch(["a"]))
    await settle()
    assert source.asked == [["a"], ["a"]]
    source.gate.set()
    assert await asking == [record("a")]
    assert not tier._flying


async def test_a_hanging_source_collects_no_askers(source, monkeypatch):
    monkeypatch.setattr("resolver.tiers.coalescing._MANY", 10)
    tier = Coalescing(source, EAGER)
    source.gate.clear()
    asking = [asyncio.create_task(tier.fetch(["a"]))]
    await settle()
    for _ in range(100):
        asking.append(asyncio.create_task(tier.fetch(["a"])))
        await settle()
        asking.pop(0).cancel()
        await settle()
    assert len(tier._flying["a"]["a"]) < 15
    source.gate.set()
    assert await asking[0] == [record("a")]
    assert source.asked == [["a"]]


async def test_a_cancelled_asker_takes_nobody_along(source):
    tier = Coalescing(source, EAGER)
    source.gate.clear()
    first, second = (asyncio.create_task(tier.fetch(["a"])) for _ in range(2))
    await settle()
    first.cancel()
    source.gate.set()
    assert await second == [record("a")]
    assert source.asked == [["a"]]


async def test_an_unexpected_error_reaches_the_askers_as_it_is(source):
    source.error = RuntimeError("a bug")
    with pytest.raises(RuntimeError, match="a bug"):
        await Coalescing(source, EAGER).fetch(["a", "b"])


async def test_an_unexpected_error_without_askers_is_told_to_the_loop(source):
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    tier = Coalescing(source, EAGER)
    source.gate.clear()
    asking = asyncio.create_task(tier.fetch(["a"]))
    await settle()
    asking.cancel()
    source.error = RuntimeError("a bug")
    source.gate.set()
    await settle()
    assert [str(context["exception"]) for context in told] == ["a bug"]


async def test_a_source_that_answers_too_few_is_an_error_and_not_a_hang():
    class Short:
        async def fetch(self, _):
            return []

    with pytest.raises(ValueError, match="shorter"):
        await Coalescing(Short()).fetch(["a"])


async def test_closing_tells_everybody(source):
    tier = Coalescing(source, Batching(gap=0.0, largest=1, in_flight=1))
    source.gate.clear()
    asking = [asyncio.create_task(tier.fetch([key])) for key in "ab"]
    await settle()
    await tier.close()
    got = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(error) for error in got] == [Incomplete, Incomplete]
    await tier.close()
    with pytest.raises(Overloaded):
        await tier.fetch(["c"])


class Timers:
    """A loop's clock that is moved by hand; what was called for later runs then."""

    def __init__(self, monkeypatch):
        self.now, self.called = 50.0, []
        loop = asyncio.get_running_loop()
        real = loop.call_at

        def call_at(when, callback, *rest, **options):
            if getattr(callback, "__name__", "") != "_depart":
                return real(when, callback, *rest, **options)
            self.called.append((when, callback))
            return None

        monkeypatch.setattr(loop, "time", lambda: self.now)
        monkeypatch.setattr(loop, "call_at", call_at)

    def pass_to(self, now):
        self.now = now
        due, self.called = (
            [c for w, c in self.called if w <= now],
            [(w, c) for w, c in self.called if w > now],
        )
        for callback in due:
            callback()


async def test_a_question_that_comes_soon_after_another_waits_for_more(source, monkeypatch):
    timers = Timers(monkeypatch)
    tier = Coalescing(source, Batching(gap=0.5, patience=60.0))
    assert await tier.fetch(["a"]) == [record("a")]
    asking = [asyncio.create_task(tier.fetch([key])) for key in "bc"]
    await settle()
    asking.append(asyncio.create_task(tier.fetch(["d"])))
    await settle()
    assert source.asked == [["a"]]
    timers.pass_to(50.5)
    assert await asyncio.gather(*asking) == [[record(key)] for key in "bcd"]
    assert source.asked == [["a"], ["b", "c", "d"]]
    timers.pass_to(51.0)
    assert await tier.fetch(["e"]) == [record("e")]


async def test_a_full_question_waits_for_nothing(source, monkeypatch):
    timers = Timers(monkeypatch)
    tier = Coalescing(source, Batching(gap=0.5, largest=2, patience=60.0))
    asking = asyncio.create_task(tier.fetch(["a", "b", "c", "d", "e"]))
    await settle()
    assert source.asked == [["a", "b"], ["c", "d"]]
    timers.pass_to(50.5)
    assert len(await asking) == 5
    assert source.asked[2:] == [["e"]]


async def test_one_name_after_the_other_costs_a_question_a_gap_at_the_most(source, monkeypatch):
    timers = Timers(monkeypatch)
    tier = Coalescing(source, Batching(gap=0.5, patience=60.0))
    for number in range(5):
        asking = asyncio.create_task(tier.fetch([f"k{number}"]))
        await settle()
        assert len(source.asked) == number + (not number)
        timers.pass_to(50.0 + number / 2)
        await asking


async def test_after_a_question_for_many_names_more_are_waited_for_twice_as_long(
    source, monkeypatch
):
    timers = Timers(monkeypatch)
    tier = Coalescing(source, Batching(gap=0.5, many=2, patience=60.0))
    assert len(await tier.fetch(["a", "b"])) == 2
    asking = asyncio.create_task(tier.fetch(["c"]))
    await settle()
    timers.pass_to(50.5)
    await settle()
    assert source.asked == [["a", "b"]]
    timers.pass_to(51.0)
    assert await asking == [record("c")]
    asking = asyncio.create_task(tier.fetch(["d"]))
    await settle()
    timers.pass_to(51.5)
    assert await asking == [record("d")]
