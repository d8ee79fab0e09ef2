from itertools import pairwise

import pytest

from node.processor_time import spent
from node.silence import ALLOWED, ALLOWED_STARTING, Silence, Spent


def looks(*told):
    """What the kernel said at each look: seconds run and waited, and the state."""
    return [Spent(ran=ran, waited=waited, runnable=state == "R") for ran, waited, state in told]


def judged(looked, allowed=ALLOWED, pulse=1.0):
    """After how many missing signs it hangs; None: it does not."""
    silence = Silence()
    for before, now in pairwise(looked):
        silence = silence.after(pulse, before, now)
        if silence.hangs(allowed):
            return silence.missed
    return None


STOPPED = looks(*((2.0, 0.5, "T") for _ in range(30)))
DEADLOCKED = looks(*((2.0, 0.5 + n * 0.01, "S") for n in range(30)))
DISK = looks(*((2.0, 0.5, "D") for _ in range(30)))
LOOPING = looks(*((2.0 + n * 0.99, 0.5 + n * 0.01, "R") for n in range(30)))


@pytest.mark.parametrize("looked", [STOPPED, DEADLOCKED, DISK, LOOPING])
def test_who_could_have_given_four_signs_hangs(looked):
    assert judged(looked) == 4


@pytest.mark.parametrize("looked", [STOPPED, DEADLOCKED, DISK, LOOPING])
def test_who_starts_has_longer(looked):
    assert judged(looked, ALLOWED_STARTING) == 15


@pytest.mark.parametrize("looked", [STOPPED, DEADLOCKED, DISK, LOOPING])
def test_signs_count_not_seconds(looked):
    shrunk = looks(*((s.ran * 0.3, s.waited * 0.3, "R" if s.runnable else "S") for s in looked))
    assert judged(shrunk, pulse=0.3) == 4


def test_who_waits_for_a_processor_all_the_time_starves():
    # One wait without an end: Linux counts it only when it is over.
    assert judged(looks(*((2.0, 0.5, "R") for _ in range(100)))) is None


def test_of_one_that_waits_in_between_what_it_did_not_wait_counts():
    looked = looks(*((2.0 + n * 0.02, n * 0.9, "S") for n in range(100)))
    assert judged(looked) == pytest.approx(36, abs=1)


def test_a_wait_that_is_over_is_counted_in_one_go():
    looked = looks((2.0, 0.5, "S"), *((2.0, 0.5, "R") for _ in range(6)), (2.1, 6.9, "S"))
    assert judged(looked) is None


# A process of the lowest rank, on the processor of three busy loops, that works for 20 ms, sleeps
# for 50 and so on: what Linux 6.18 said of it each second.
RECORDED = looks(
    (0.09, 2.747068224, "R"),
    (0.10, 3.204844190, "R"),
    (0.10, 4.348949486, "R"),
    (0.11, 5.872951146, "R"),
    (0.11, 6.820945721, "R"),
    (0.12, 7.644937105, "R"),
    (0.12, 8.470851657, "R"),
    (0.12, 9.294833175, "R"),
    (0.13, 10.002833893, "R"),
)


def test_who_has_a_hundredth_of_a_processor_starves():
    assert judged(RECORDED) is None
    silence = Silence()
    starved = []
    for before, now in pairwise(RECORDED):
        silence = silence.after(1.0, before, now)
        starved.append(silence.starves(ALLOWED))
    assert starved == [False, False, False, *[True] * 5]


def test_a_busy_loop_with_a_tenth_of_a_processor_hangs_after_as_much_of_it():
    looked = looks(*((n * 0.1, n * 0.9, "R") for n in range(100)))
    assert judged(looked) == pytest.approx(36, abs=1)


def test_a_stop_counts_from_where_the_waiting_ends():
    starving = [(2.0, 0.5, "R")] * 10
    assert judged(looks(*starving, *[(2.0, 9.5, "T")] * 10)) == pytest.approx(13, abs=1)


def test_where_no_waits_are_counted_who_is_ready_to_run_waits():
    assert judged(looks(*((2.0 + n * 0.01, 0.0, "R") for n in range(100)))) is None
    assert judged(looks(*((2.0, 0.0, "S") for _ in range(10)))) == 4


def test_where_nothing_is_told_every_sign_counts():
    assert judged([None] * 10) == 4
    assert judged([STOPPED[0], *[None] * 10]) == 4


def test_a_pause_of_the_whole_machine_is_one_sign():
    # The supervisor looks once, a minute later.
    silence = Silence().after(1.0, *looks((2.0, 0.5, "S"), (2.0, 0.5, "S")))
    assert silence == Silence(missed=1, own=1.0)
    # What it ran, or waited, meanwhile is no more than that sign.
    looped = Silence().after(1.0, *looks((2.0, 0.5, "S"), (62.0, 0.5, "R")))
    assert looped == Silence(missed=1, own=1.0)
    waited = Silence().after(1.0, *looks((2.0, 0.5, "S"), (2.0, 60.5, "S")))
    assert waited == Silence(missed=1, own=0.0)


@pytest.fixture
def thread(tmp_path):
    """The directory of the main thread of process 7."""
    directory = tmp_path / "7" / "task" / "7"
    directory.mkdir(parents=True)
    return directory


STAT = "7 (a) R (b c) S 1 7 7 0 -1 4194560 5113 0 0 0 250 50 9 9 25 5 3 0 4412 88 99\n"


def test_what_the_kernel_says_is_read(tmp_path, thread):
    (thread / "stat").write_text(STAT)
    (thread / "schedstat").write_text("3000000000 1500000000 812\n")
    assert spent(7, tmp_path) == Spent(ran=3.0, waited=1.5, runnable=False)


def test_a_kernel_that_counts_no_waits(tmp_path, thread):
    (thread / "stat").write_text(STAT.replace(") S ", ") R "))
    assert spent(7, tmp_path) == Spent(ran=3.0, waited=0.0, runnable=True)


def test_of_a_process_that_has_ended_nothing_is_told(tmp_path):
    assert spent(7, tmp_path) is None
