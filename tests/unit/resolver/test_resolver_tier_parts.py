"""The parts of the local tier that decide: lives, unknown names, early refresh."""

import asyncio

import pytest

from identifiers.errors import StoreUnavailable
from resolver.tiers import early
from resolver.tiers.early import EarlyRefresh
from resolver.tiers.lives import Age, Lives
from resolver.tiers.unknown import UnknownNames

LIVES = Lives(known=100.0, unknown=5.0)


@pytest.mark.parametrize(
    ("now", "uses", "age"),
    [
        (0.0, 3, Age.FRESH),
        (89.9, 3, Age.FRESH),
        (90.1, 1, Age.FRESH),
        (90.1, 2, Age.EARLY),
        (99.9, 2, Age.EARLY),
        (99.9, 0, Age.FRESH),
        (100.1, 3, Age.OVER),
        (100.1, 0, Age.OVER),
    ],
)
def test_a_record_is_read_anew_in_the_last_tenth_of_its_life_if_it_is_asked_for(now, uses, age):
    assert LIVES.judge(LIVES.due(0.0, 0.0), uses, now) is age


def test_lives_are_scattered_by_a_tenth_below_their_bound():
    assert LIVES.ends(LIVES.due(7.0, 0.0)) == pytest.approx(107.0)
    assert LIVES.ends(LIVES.due(7.0, 0.999)) == pytest.approx(97.0, abs=0.1)
    assert LIVES.unknown_until(7.0, 0.0) == pytest.approx(12.0)
    assert LIVES.unknown_until(7.0, 0.999) == pytest.approx(11.5, abs=0.1)


def test_an_unknown_name_is_known_until_its_time():
    names = UnknownNames(10, 10_000)
    names.add("a", 5.0)
    assert names.has("a", 4.9)
    assert not names.has("a", 5.0)
    assert not names.has("b", 0.0)
    names.add("a", 9.0)
    assert names.has("a", 8.0)
    assert len(names) == 1
    names.discard("a")
    names.discard("a")
    assert not names.has("a", 0.0)
    assert names.octets == 0


def test_unknown_names_are_bounded_by_number_and_by_octets():
    few, short = UnknownNames(3, 1 << 20), UnknownNames(1000, 10_000)
    for number in range(100):
        few.add(f"x{number}", 1.0)
        short.add(f"标{number}" + "x" * 1000, 1.0)
        assert short.octets <= 10_000
    assert [n for n in range(100) if few.has(f"x{n}", 0.0)] == [97, 98, 99]
    assert len(short) == 2
    short.clear()
    assert len(short) == short.octets == 0


class Reading:
    """Reads when its gate is open."""

    def __init__(self):
        self.asked = []
        self.gate = asyncio.Event()
        self.error = None

    async def __call__(self, names):
        self.asked.append(names)
        await self.gate.wait()
        if self.error is not None:
            raise self.error


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
async def running():
    reading = Reading()
    refresh = EarlyRefresh(reading)
    task = asyncio.create_task(refresh.run())
    yield reading, refresh
    task.cancel()


async def test_each_name_is_read_once_and_one_question_is_under_way(running):
    reading, refresh = running
    for name in ("a", "b", "a"):
        refresh.want(name)
    await settle()
    for name in ("a", "c"):
        refresh.want(name)
    await settle()
    assert reading.asked == [["a", "b"]]
    reading.gate.set()
    await settle()
    assert reading.asked == [["a", "b"], ["c"]]
    refresh.want("a")
    await settle()
    assert reading.asked[-1] == ["a"]


async def test_a_store_that_is_away_is_left_alone_and_the_next_want_is_heard(running, monkeypatch):
    monkeypatch.setattr(early, "PAUSE", 0.0)
    reading, refresh = running
    reading.gate.set()
    reading.error = StoreUnavailable("away")
    refresh.want("a")
    await settle()
    reading.error = None
    refresh.want("a")
    await settle()
    assert reading.asked == [["a"], ["a"]]


async def test_what_waits_is_bounded(running, monkeypatch):
    monkeypatch.setattr(early, "WAITING", 2)
    reading, refresh = running
    for name in "abc":
        refresh.want(name)
    await settle()
    assert reading.asked == [["a", "b"]]
