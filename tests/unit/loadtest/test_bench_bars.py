import pytest

from loadtest.bench import bars
from loadtest.bench.__main__ import amiss

UDP = {
    "ratio": 0.61,
    "ratio_by_processor_time": 0.59,
    "rate": 97_000,
    "microseconds": 10.0,
    "reference_rate": 170_000,
    "at_half_of_the_rate": {"times_the_reference": 3.01},
}


def rows(**figures):
    return {row["path"]: row for row in bars.table(figures)}


def test_each_figure_stands_beside_its_bar():
    ratio, rate, p99 = rows(handle_udp=UDP).values()
    assert ratio["figure"] == 0.61
    assert ratio["bar"] == "at least 0.6"
    assert (ratio["reached"], ratio["reached_by_processor_time"]) == (True, False)
    assert (rate["bar"], rate["reached"]) == ("at least 94,000", True)
    assert (rate["by_processor_time"], rate["reached_by_processor_time"]) == (100_000, True)
    assert (p99["bar"], p99["reached"]) == ("at most 3", False)


def test_a_bar_is_reached_at_just_its_figure():
    told = rows(http={
        "ratio": 0.7, "ratio_by_processor_time": 0.7,
        "plain_aiohttp": {"ratio": 4.0, "ratio_by_processor_time": 3.9},
    })  # fmt: skip
    assert [row["reached"] for row in told.values()] == [True, True]
    (restart,) = rows(rolling_restart={"lost": 0, "workers_replaced": 2}).values()
    assert restart["reached"]
    (restart,) = rows(rolling_restart={"lost": 1, "workers_replaced": 2}).values()
    assert restart["reached"] is False
    (restart,) = rows(rolling_restart={"lost": 0, "workers_replaced": 0}).values()
    assert restart["reached"] is None


def test_what_this_machine_or_size_cannot_say_is_left_open():
    slow = list(rows(handle_udp=UDP | {"reference_rate": 159_999}).values())
    assert [row["reached"] for row in slow] == [True, None, False]
    assert slow[1]["reached_by_processor_time"] is None
    held = {"held": 989_999, "resident": 10}
    assert [row["reached"] for row in rows(held=held).values()] == [None]
    held["held"] += 1
    assert [row["reached"] for row in rows(held=held).values()] == [True]
    (stop,) = rows(filled={"longest_gc_pause_ms": 5.1}).values()
    assert stop["reached"] is False


def test_only_what_was_measured_is_told():
    assert rows(freshness={"wrong": 0}) == {}
    assert len({bar.path for bar in bars.BARS}) == len(bars.BARS)


@pytest.mark.parametrize("word", ["wrong", "lost", "reference_wrong"])
def test_a_wrong_or_lost_answer_is_found_in_any_part(word):
    assert amiss({"path": {"part": {word: 1}}})
    assert not amiss({"path": {"part": {word: 0}}, "bars": [{"reached": False}]})
