"""Every decoder, 200,000 inputs in all: the declared error and no other, and work within bounds."""

import pytest

from tests.fuzz.campaign import run_batch, steps_of, weigh
from tests.fuzz.targets import TARGETS

INPUTS = 200_000
ROUNDS = 4
EACH = INPUTS // ROUNDS // sum(target.weight for target in TARGETS.values()) + 1


def test_there_are_as_many_inputs_as_promised():
    assert sum(EACH * target.weight for target in TARGETS.values()) * ROUNDS >= INPUTS


@pytest.mark.parametrize("seed", range(ROUNDS))
@pytest.mark.parametrize("name", TARGETS)
def test_inputs_are_read_or_refused(name, seed):
    target = TARGETS[name]
    batch = run_batch(target, target.kept(), EACH * target.weight, seed)
    for failure in batch.failures:
        pytest.fail(f"kept as {failure.write()}:\n{failure.why}")
    assert batch.inputs == EACH * target.weight
    assert batch.traced
    # A fuzzer that never gets past the first check proves nothing.
    assert batch.accepted > batch.inputs * target.accepted


@pytest.mark.parametrize("name", TARGETS)
def test_what_failed_once_does_not_fail_again(name):
    target = TARGETS[name]
    for data in [*target.seeds, *target.kept()]:
        target.check(data)
        assert steps_of(target, data) <= target.steps_allowed(data)
        assert weigh(target, data) <= target.octets_allowed(data)
