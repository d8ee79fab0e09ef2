import pytest

from loadtest.suites.arrivals import Arrivals


def test_closed_load_takes_what_there_is_room_for():
    arrivals = Arrivals(None)
    assert [arrivals.take(now, 5) for now in (0.0, 0.0, 9.0)] == [5, 5, 5]
    assert not arrivals.is_late
    assert arrivals.wake(3.0, 4.5) == 1.5
    assert arrivals.wake(5.0, 4.5) == 0.0


def test_open_load_goes_by_the_clock_whatever_room_there_is():
    arrivals = Arrivals(10.0)
    assert [arrivals.take(now, 0) for now in (100.0, 100.05, 100.11, 100.5, 101.0)] == [
        0, 0, 1, 4, 5,
    ]  # fmt: skip


def test_a_schedule_asks_as_often_as_it_says_however_it_is_looked_at():
    for step in (0.001, 0.013, 0.4):
        arrivals = Arrivals(73.0, phase=0.4)
        looks = round(10 / step)
        asked = sum(arrivals.take(n * step, 1) for n in range(looks + 1))
        assert asked == pytest.approx(730, abs=1 + 73 * step)


def test_phases_shift_a_schedule():
    early, late = Arrivals(1.0, phase=0.9), Arrivals(1.0, phase=0.1)
    for arrivals in (early, late):
        arrivals.take(0.0, 0)
    assert (early.take(0.5, 0), late.take(0.5, 0)) == (1, 0)


def test_a_driver_sleeps_until_the_next_question_is_due_and_never_for_too_short():
    arrivals = Arrivals(10.0)
    assert arrivals.wake(0.0, 0.5) == 0.5  # it has not begun
    arrivals.take(0.0, 0)
    assert arrivals.wake(0.02, 1.0) == pytest.approx(0.08)
    assert arrivals.wake(0.02, 0.05) == pytest.approx(0.03)
    assert arrivals.wake(0.0999, 1.0) == 0.002
    assert arrivals.wake(0.3, 1.0) == 0.002


def test_who_comes_long_after_the_time_of_a_question_is_late():
    arrivals = Arrivals(10.0, late=0.2)
    arrivals.take(0.0, 0)
    arrivals.take(0.25, 0)
    assert not arrivals.is_late
    arrivals.take(0.6, 0)
    assert arrivals.is_late  # the third was due at 0.3
    arrivals.take(0.61, 0)
    assert not arrivals.is_late  # nothing was due
