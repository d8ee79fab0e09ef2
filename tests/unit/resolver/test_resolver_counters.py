import json
from typing import get_args

import pytest

from identifiers import outcomes
from identifiers.names import Prefix
from resolver import counters
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
    counts.asked_under(Prefix.parse("88.300.1"))
    snapshot = counts.snapshot()
    assert json.loads(json.dumps(snapshot)) == snapshot
    assert snapshot["answers"]["http"] == {}
    assert list(snapshot["answers"]["tcp"]) == ["absent"]
    assert snapshot["events"] == {"limited": 3}
    assert snapshot["prefixes"] == {"88.300.1": 1}


def test_the_peak_is_the_fullest_second_with_its_time(counts, wall):
    for second, answers in ((0, 3), (1, 7), (2, 5)):
        wall.now = 1_780_000_000.25 + second
        for _ in range(answers):
            counts.answered(Transport.UDP, Result.FOUND, 0.0, 10.0 + second)
    assert counts.snapshot()["peak"] == {"answers": 7, "at": 1_780_000_001}


def test_a_second_ends_with_the_wall_clocks(counts, wall):
    counts.answered(Transport.UDP, Result.FOUND, 0.0, 10.0)
    counts.answered(Transport.UDP, Result.FOUND, 0.0, 10.7)
    wall.now += 0.8
    counts.answered(Transport.UDP, Result.FOUND, 0.0, 10.8)
    assert counts.snapshot()["seconds"] == {"1780000000": 2, "1780000001": 1}


def test_a_second_that_was_told_goes_on_counting(counts):
    counts.answered(Transport.UDP, Result.FOUND, 0.0, 10.0)
    counts.snapshot()
    counts.answered(Transport.UDP, Result.FOUND, 0.0, 10.1)
    assert counts.snapshot()["seconds"] == {"1780000000": 2}
    assert counts.snapshot()["peak"]["answers"] == 2


def test_kept_seconds_are_bounded(counts, wall):
    for second in range(1000):
        wall.now += 1.0
        counts.answered(Transport.UDP, Result.FOUND, 0.0, 10.0 + second)
    kept = counts.snapshot()["seconds"]
    assert 120 <= len(kept) <= 240
    assert str(int(wall.now)) in kept


def test_counted_prefixes_are_bounded(counts, monkeypatch):
    monkeypatch.setattr(counters, "MAX_PREFIXES", 2)
    for number in (1, 2, 3, 4, 1):
        counts.asked_under(Prefix.parse(f"88.300.{number}"))
    assert counts.snapshot()["prefixes"] == {"88.300.1": 2, "88.300.2": 1, "other": 2}


def test_a_peak_of_long_ago_is_kept(wall):
    counts = Counters(wall)
    for _ in range(9):
        counts.answered(Transport.UDP, Result.FOUND, 0.0, 10.0)
    for second in range(500):
        wall.now += 1.0
        counts.answered(Transport.UDP, Result.FOUND, 0.0, 11.0 + second)
    assert counts.snapshot()["peak"] == {"answers": 9, "at": 1_780_000_000}


def test_complaints_are_bounded_and_say_how_many_were_kept_back():
    complaints = Complaints()
    assert [complaints.admit(5.0) for _ in range(13)] == [0] * 10 + [None] * 3
    assert complaints.admit(6.0) == 3
    assert complaints.admit(6.0) == 0
