import msgspec
import pytest

from loadtest.suites.profiles import PROFILES, SUITES, Kind, Limits, Part, Suite, used, wanted
from loadtest.suites.verdict import (
    EXIT_CODES,
    Step,
    Verdict,
    goes_on,
    judge,
    judge_step,
    knee,
    worst,
)

LIMITS = Limits(p99=0.05, answered=0.999)
STEP = Step(
    scale=1,
    seconds=10.0,
    offered=1000.0,
    asked=10_000,
    right=10_000,
    wrong=0,
    refused=0,
    missing=0,
    late=0,
    p99=0.01,
    driver=0.2,
    server=0.5,
)


def step(**changes):
    return msgspec.structs.replace(STEP, **changes)


def closed(**changes):
    return step(offered=None, server=0.95, **changes)


SLOW = step(p99=0.2, server=0.9)


def test_what_keeps_within_the_limits_passes():
    assert judge_step(STEP, LIMITS).verdict is Verdict.PASS
    assert judge_step(closed(), LIMITS).verdict is Verdict.PASS
    assert goes_on(STEP, LIMITS)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"p99": 0.2, "server": 0.9}, "p99 200.0 ms, 50.0 ms allowed"),
        ({"p99": None, "right": 0, "asked": 0, "server": 0.9}, "p99 nothing"),
        ({"right": 9_980, "missing": 20, "server": 0.9}, "99.8000% answered right"),
        ({"right": 9_000, "asked": 9_000, "server": 0.9}, "900/s were decided of 1,000/s"),
    ],
)
def test_a_broken_limit_of_a_busy_server_fails(changes, reason):
    judged = judge_step(step(**changes), LIMITS)
    assert judged.verdict is Verdict.FAIL
    assert reason in judged.reasons[0] + judged.reasons[-1]
    assert not goes_on(step(**changes), LIMITS)


def test_one_wrong_answer_fails_whatever_else_is_true():
    for doubt in ({}, {"driver": 0.99}, {"late": 9_000}, {"offered": None, "server": 0.1}):
        judged = judge_step(step(wrong=1, **doubt), LIMITS)
        assert judged.verdict is Verdict.FAIL
        assert "wrong" in judged.reasons[0]
    assert judge([step(driver=0.99), step(wrong=1)], LIMITS).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (step(driver=0.81), "the driver used 81%"),
        (step(late=300), "the driver was late with 300 of 10,000"),
        (step(errors=2), "2 users ended on an error"),
        # A limit breaks though the server has time: something else is slow.
        (step(p99=0.2, server=0.4), "the server used 40%"),
        # Closed load claims saturation.
        (step(offered=None, server=0.5), "the server used 50%"),
    ],
)
def test_what_says_more_of_the_driver_than_of_the_server_is_invalid(bad, reason):
    judged = judge_step(bad, LIMITS)
    assert judged.verdict is Verdict.INVALID
    assert reason in judged.reasons[0]
    assert judge([STEP, bad], LIMITS).verdict is Verdict.INVALID


def test_a_crowded_machine_is_told_of():
    slow = step(p99=0.2, server=0.4)
    assert "other processes" not in judge_step(slow, LIMITS).reasons[0]
    (crowded,) = judge_step(msgspec.structs.replace(slow, others=1.25), LIMITS).reasons
    assert crowded.endswith("(other processes used 1.2 cores)")


def test_the_bounds_themselves_are_good_enough():
    assert judge_step(step(driver=0.8), LIMITS).verdict is Verdict.PASS
    assert judge_step(closed(driver=0.8), LIMITS).verdict is Verdict.PASS
    assert judge_step(step(offered=None, server=0.6), LIMITS).verdict is Verdict.PASS
    assert judge_step(step(late=200), LIMITS).verdict is Verdict.PASS
    assert judge_step(step(p99=0.05), LIMITS).verdict is Verdict.PASS
    # What is under way when a step ends is not decided yet.
    assert judge_step(step(asked=9_500, right=9_500), LIMITS).verdict is Verdict.PASS


def test_times_of_a_driver_that_had_little_to_do_are_worth_telling():
    assert step(driver=0.29).easy
    assert not step(driver=0.3).easy


def test_the_knee_is_the_last_step_that_is_borne_and_no_failure():
    steps = [STEP, step(scale=2, right=20_000, asked=20_000, offered=2000.0), SLOW]
    assert knee(steps, LIMITS) is steps[1]
    assert judge(steps, LIMITS).verdict is Verdict.PASS
    assert judge(steps, msgspec.structs.replace(LIMITS, at_least=2000.0)).verdict is Verdict.PASS
    judged = judge(steps, msgspec.structs.replace(LIMITS, at_least=2001.0))
    assert judged.verdict is Verdict.FAIL
    assert judged.reasons[0] == "2,000/s is the most that is borne, 2,001/s wanted"
    assert "p99" in judged.reasons[1]


def test_a_driver_without_room_for_the_next_step_ends_with_what_is_borne_at_least():
    busy = step(driver=0.41)
    assert not goes_on(busy, LIMITS)
    assert judge([STEP, busy], LIMITS).verdict is Verdict.PASS
    assert knee([STEP, busy], LIMITS) is busy


def test_a_suite_of_which_nothing_is_borne_fails_and_of_which_nothing_is_known_is_invalid():
    assert knee([SLOW], LIMITS) is None
    assert judge([SLOW], LIMITS).verdict is Verdict.FAIL
    assert judge([], LIMITS).verdict is Verdict.INVALID


def test_the_worst_decides_and_a_failure_is_worse_than_a_doubt():
    assert worst([Verdict.PASS, Verdict.PASS]) is Verdict.PASS
    assert worst([Verdict.PASS, Verdict.INVALID]) is Verdict.INVALID
    assert worst([Verdict.INVALID, Verdict.FAIL, Verdict.PASS]) is Verdict.FAIL
    assert worst([]) is Verdict.INVALID
    assert [EXIT_CODES[v] for v in (Verdict.PASS, Verdict.FAIL, Verdict.INVALID)] == [0, 1, 3]


def test_a_step_multiplies_its_users():
    parts = (
        Part(kind=Kind.UDP, rate=100.0, users=3),
        Part(kind=Kind.HTTP_BATCH, rate=2.0, each=50),
    )
    suite = Suite(title="", parts=parts, steps=(1, 4))
    assert [suite.offered(scale) for scale in suite.steps] == [400.0, 1600.0]
    assert Suite(title="", parts=(Part(kind=Kind.UDP),)).offered(1) is None


def test_every_suite_is_open_or_closed_and_every_profile_is_made_of_suites():
    for suite in SUITES.values():
        assert {part.rate is None for part in suite.parts} == {not suite.is_open}
        assert len({part.kind for part in suite.parts}) == len(suite.parts)
        assert list(suite.steps) == sorted(suite.steps)
    assert all(name in SUITES for names in PROFILES.values() for name in names)
    assert SUITES["mixed"].offered(4) == 10_000.0


def test_more_is_prepared_to_be_registered_than_can_be_asked():
    register = Part(kind=Kind.REGISTER, rate=5.0)
    suite = Suite(title="", parts=(register,), steps=(1, 2), seconds=10.0)
    assert wanted(suite, register, closed=0) >= 5 * 10 + 10 * 10
    assert used(suite) == wanted(suite, register, closed=0)
    unbound = Suite(title="", parts=(Part(kind=Kind.REGISTER_BULK, each=500),), seconds=2.0)
    assert wanted(unbound, unbound.parts[0], closed=1000) >= 2000
    assert used(unbound) > 2 * 1000
    assert used(Suite(title="", parts=(Part(kind=Kind.UDP),))) == 0
