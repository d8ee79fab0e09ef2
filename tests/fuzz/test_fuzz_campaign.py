"""The fuzzer itself: it finds what is wrong, and finds the same again."""

import random
from concurrent.futures import Executor, Future

import pytest

from identifiers.wire.cursor import Cursor
from tests.fuzz import campaign, target
from tests.fuzz.campaign import Campaign, run_batch
from tests.fuzz.mutation import MAX_INPUT, mend_message, mutants
from tests.fuzz.target import Failure, Target
from tests.fuzz.targets import TARGETS
from tests.fuzz.tracing import ROOT
from tests.golden.vectors import whole

MESSAGE = whole("session_dh_create_delete", "req")[-1]


class AtOnce(Executor):
    """Runs where it is asked to."""

    def submit(self, call, /, *args, **options):
        done = Future()
        done.set_result(call(*args, **options))
        return done


def toy(check, **more):
    return Target(name="toy", check=check, seeds=[b"\0\0\0\4seed"], modules=(), **more)


def test_the_same_seed_gives_the_same_inputs():
    seeds = TARGETS["handle-message"].seeds
    again = [list(mutants(seeds, 500, seed, mend_message, (b"t",))) for seed in (1, 1, 2)]
    assert again[0] == again[1] != again[2]
    assert max(map(len, again[0])) <= MAX_INPUT


def test_mending_makes_lengths_fit_and_keeps_the_credential_behind():
    grown = MESSAGE[:48] + b"more" + MESSAGE[48:]
    mended = mend_message(grown, MESSAGE)
    assert int.from_bytes(mended[16:20]) == len(MESSAGE) - 20 + 4
    assert int.from_bytes(mended[40:44]) == int.from_bytes(MESSAGE[40:44]) + 4
    assert mend_message(b"short", MESSAGE) == b"short"


def test_another_error_than_the_declared_one_is_found_and_kept(tmp_path, monkeypatch):
    def check(data):
        if len(data) > 9:
            raise KeyError(len(data))
        return True

    monkeypatch.setattr(target, "SEEDS", tmp_path)
    (failure,) = run_batch(toy(check), [], 1000, 1).failures
    assert "KeyError" in failure.why
    path = failure.write()
    assert path.parent == tmp_path / "toy"
    assert toy(check).kept() == [failure.data]
    assert failure == Failure("toy", path.read_bytes(), "")


def test_too_many_steps_are_a_failure():
    def check(data):
        cursor = Cursor(bytes(4 * len(data) ** 2))
        while cursor.remaining:
            cursor.u32()
        return True

    failures = run_batch(toy(check, steps=0, steps_each=30), [], 500, 1, guided=True).failures
    assert "steps for" in failures[0].why


def test_too_many_octets_are_a_failure():
    batch = run_batch(toy(lambda _: bool(bytes(1 << 20))), [], 5, 1)
    assert "times the octets" in batch.failures[0].why


def test_an_input_that_does_not_end_is_a_failure():
    def check(_):
        # What the alarm would bring about, without the minute.
        campaign.signal.raise_signal(campaign.signal.SIGALRM)
        return True

    (failure,) = run_batch(toy(check), [], 5, 1).failures
    assert "Hung" in failure.why


def test_inputs_that_reach_new_lines_are_kept_and_mutated_further():
    first = run_batch(TARGETS["handle-records"], [], 400, 1, guided=True)
    assert first.found
    known = frozenset(first.lines)
    again = run_batch(TARGETS["handle-records"], first.found, 400, 1, known=known, guided=True)
    assert not again.lines & known


def test_rounds_add_up_and_let_the_corpus_grow():
    rounds = []
    for _ in range(2):
        run = Campaign(AtOnce(), ["handle-records", "names"], seed=3, size=50)
        run.round(guided=True)
        run.round(guided=False)
        rounds.append(run)
    one, other = rounds
    weights = sum(TARGETS[name].weight for name in ("handle-records", "names"))
    assert one.inputs == 2 * 50 * weights
    assert not one.failures
    assert one.tallies["handle-records"].corpus
    for name in one.tallies:
        assert one.tallies[name].corpus == other.tallies[name].corpus
        assert one.tallies[name].lines == other.tallies[name].lines


def test_every_generated_message_reads():
    rng = random.Random(1)
    check, generate = TARGETS["handle-message"].check, TARGETS["handle-message"].generate
    assert sum(check(generate(rng)) for _ in range(2_000)) > 1_950


@pytest.mark.parametrize("name", TARGETS)
def test_there_is_something_to_reach(name):
    assert all((ROOT / m).is_file() for m in TARGETS[name].modules)
