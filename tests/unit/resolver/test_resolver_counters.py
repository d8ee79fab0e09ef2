import json
from datetime import date
from typing import get_args
from uuid import UUID

import pytest

from identifiers import outcomes
from identifiers.tallies import Asked, Extreme, Latency
from resolver import counters, tallying
from resolver.complaints import Complaints
from resolver.counters import (
    BOUNDS,
    Counters,
    Event,
    Result,
    Transport,
    result_of,
)


class Wall:
    def __init__(self):
        self.now = 1_780_000_000.25

    def __call__(self):
        return self.now


@pytest.fixture
def wall():
    return Wall()


@pytest.fixture
def counts(wall):
    return Counters(wall)


def test_every_outcome_has_its_result():
    assert set(counters._RESULTS) == set(get_args(outcomes.Outcome))
    assert result_of(outcomes.NotHomed()) is Result.NOT_HOMED


def test_an_answer_counts_in_the_first_bucket_that_holds_it(counts):
    for seconds in (0.0, BOUNDS[0], BOUNDS[0] * 1.01, 99.0):
        counts.answered(Transport.UDP, Result.FOUND, seconds, 10.0)
    found = counts.snapshot()["answers"]["udp"]["found"]
    assert found["buckets"][0] == 2
    assert found["buckets"][1] == 1
    assert found["buckets"][-1] == 1
    assert len(found["buckets"]) == len(BOUNDS) + 1
    assert found["seconds"] == pytest.approx(99.0, abs=0.001)


def test_a_snapshot_is_plain_json_and_empty_series_are_left_out(counts):
    counts.answered(Transport.TCP, Result.ABSENT, 0.001, 10.0)
    counts.happened(Event.LIMITED, 3)
    snapshot = counts.snapshot()
    assert json.loads(json.dumps(snapshot)) == snapshot
    assert snapshot["answers"]["http"] == {}
    assert list(snapshot["answers"]["tcp"]) == ["absent"]
    assert snapshot["events"] == {"limited": 3}


def answer(counts, now, times=1, seconds=0.001):
    for _ in range(times):
        counts.answered(Transport.UDP, Result.FOUND, seconds, now)


def test_nothing_is_taken_where_nothing_was_counted(counts):
    assert counts.take() is None


def test_a_tally_has_what_came_since_the_one_before(counts):
    answer(counts, 10.0, 2)
    counts.asked("88.300.1", "192.0.2.1", found=True)
    counts.asked("88.300.1", "192.0.2.1", found=True)
    counts.asked("88.300.1", "192.0.2.1", found=False)
    counts.asked("", "2001:db8::1", found=False)
    first = counts.take()
    assert first.process == UUID(int=0)
    assert (first.number, first.day) == (1, date(2026, 5, 29))
    assert first.asked == (Asked("", "2001:db8::1", 0, 1), Asked("88.300.1", "192.0.2.1", 2, 1))
    assert first.second == {1_780_000_000: 2}
    assert first.latency == (Latency("udp", 0.001, 2),)
    assert first.time == {"udp": pytest.approx(0.002)}
    assert first.quickest == first.slowest == Extreme(0.001, 1_780_000_000)
    assert counts.take() is None
    answer(counts, 10.1, seconds=9.0)
    second = counts.take()
    assert (second.number, second.second) == (2, {1_780_000_000: 1})
    assert second.latency == (Latency("udp", None, 1),)
    counts.asked("88.300.1", "192.0.2.1", found=True)
    third = counts.take()
    assert (third.quickest, third.slowest) == (None, None)


def test_a_second_ends_with_the_wall_clocks(counts, wall):
    answer(counts, 10.0, seconds=0.5)
    answer(counts, 10.7, seconds=0.1)
    wall.now += 0.8
    answer(counts, 10.8, seconds=0.3)
    tally = counts.take()
    assert tally.second == {1_780_000_000: 2, 1_780_000_001: 1}
    assert tally.quickest == Extreme(0.1, 1_780_000_000)
    assert tally.slowest == Extreme(0.5, 1_780_000_000)


def test_days_are_those_of_beijing_and_kept_apart(counts, wall):
    wall.now = 1_780_070_399.5  # half a second before midnight there
    answer(counts, 10.0, 3)
    counts.asked("88.300", "192.0.2.1", found=True)
    wall.now += 1
    answer(counts, 11.0, 2)
    counts.asked("88.300", "192.0.2.1", found=False)
    before, after = counts.take(), counts.take()
    assert (before.day, after.day) == (date(2026, 5, 29), date(2026, 5, 30))
    assert [tally.asked for tally in (before, after)] == [
        (Asked("88.300", "192.0.2.1", 1, 0),),
        (Asked("88.300", "192.0.2.1", 0, 1),),
    ]
    assert list(before.second.values()) == [3]
    assert list(after.second.values()) == [2]
    assert counts.take() is None


def test_what_waits_is_bounded_and_nothing_is_left_out(counts, monkeypatch):
    monkeypatch.setattr(tallying, "MOST_PAIRS", 3)
    monkeypatch.setattr(tallying, "MOST_TAKEN", 2)
    monkeypatch.setattr(tallying, "MOST_SECONDS", 2)
    for second in range(3):
        answer(counts, 10.0 + second)
        counts._epoch.now += 1
    for number in range(5):
        counts.asked("88.300", f"192.0.2.{number}", found=True)
    counts.asked("88.300", "192.0.2.0", found=True)
    first, second = counts.take(), counts.take()
    assert len(first.second) == 2
    assert [len(tally.asked) for tally in (first, second)] == [2, 2]
    asked = {pair.source: pair.found for pair in (*first.asked, *second.asked)}
    assert asked == {"192.0.2.0": 2, "192.0.2.1": 1, "192.0.2.2": 1, "other": 2}
    assert counts.take() is None


def test_complaints_are_bounded_and_say_how_many_were_kept_back():
    complaints = Complaints()
    assert [complaints.admit(5.0) for _ in range(13)] == [0] * 10 + [None] * 3
    assert complaints.admit(6.0) == 3
    assert complaints.admit(6.0) == 0


def test_what_is_answered_short_counts_as_any_answer_does(wall):
    took = [BOUNDS[0], 99.0, BOUNDS[0] * 1.01, 0.0, BOUNDS[-1], *[0.001] * 300]
    short, usual = Counters(wall), Counters(wall)
    for at, seconds in enumerate(took):
        now = 10.0 + at // 100  # some of them are the first in their second
        wall.now = 1_780_000_000.25 + at // 100
        if at % 100 == 0 or at % 7 == 0:
            short.count_short(now)
        short.short += [seconds] * 2
        usual.answered(Transport.HTTP, Result.FOUND, seconds, now, 2)
    (told,), (expected,) = (
        (counts.snapshot()["answers"]["http"].values()) for counts in (short, usual)
    )
    assert told["buckets"] == expected["buckets"]
    assert told["seconds"] == pytest.approx(expected["seconds"])
    assert short.snapshot()["events"] == {"short_cut": 2 * len(took)}
    one, other = short.take(), usual.take()
    assert one.second == other.second
    assert (one.latency, one.quickest, one.slowest) == (
        other.latency,
        other.quickest,
        other.slowest,
    )
