"""Runs of the fuzzer: batches of inputs for one target, rounds of batches over all of them.

Everything follows from the seed. A batch traces every so-many-th input (each one when guided):
inputs that reach new lines join the corpus of the next round, and the work of each traced input is
held against its bound. An alarm ends a batch in which one input takes far too long.
"""

import os
import random
import signal
import traceback
import tracemalloc
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from tests.fuzz.mutation import mutant
from tests.fuzz.target import Failure, Target
from tests.fuzz.targets import TARGETS
from tests.fuzz.tracing import Line, Trace

TRACE_EACH = 50
WEIGH_EACH = 400
"""Every so-many-th traced input is weighed: what it allocates is measured."""
HANG_SECONDS = 60
"""No input takes this long; what counts is the number of steps, and this ends an endless one."""
_WATCHED = 32
"""Inputs for which the alarm is set together."""
_FRESH = 0.125
"""Share of inputs that are generated and not mutated, where there is a generator."""


class Hung(Exception):
    """An input that does not come to an end."""


@dataclass
class Batch:
    """What a batch of inputs brought."""

    target: str
    inputs: int = 0
    accepted: int = 0
    traced: int = 0
    most_steps: float = 0.0
    """The largest share of its bound that an input needed."""
    most_octets: float = 0.0
    lines: set[Line] = field(default_factory=set)
    found: list[bytes] = field(default_factory=list)
    """Inputs that reached lines which none before reached."""
    failures: list[Failure] = field(default_factory=list)


def run_batch(
    target: Target,
    corpus: Sequence[bytes],
    count: int,
    seed: int,
    *,
    known: frozenset[Line] = frozenset(),
    guided: bool = False,
) -> Batch:
    """Try `count` inputs made of the target's seeds and of `corpus`."""
    rng = random.Random(f"{target.name} {seed}")
    seeds = [*target.seeds, *corpus]
    batch, trace = Batch(target.name), Trace()
    trace.lines |= known
    each = 1 if guided else TRACE_EACH
    with _alarm():
        for number in range(count):
            if number % _WATCHED == 0:
                signal.alarm(HANG_SECONDS)
            fresh = target.generate is not None and rng.random() < _FRESH
            data = (
                target.generate(rng)
                if fresh and target.generate is not None
                else mutant(seeds, rng, target.mend, target.tokens)
            )
            batch.inputs += 1
            try:
                if number % each:
                    batch.accepted += target.check(data)
                else:
                    before = len(trace.lines)
                    _watch(target, data, batch, trace)
                    if len(trace.lines) > before:
                        batch.found.append(data)
                        seeds.append(data)
            except Exception:  # noqa: BLE001 -- whatever it is, it is what the fuzzer looks for
                batch.failures.append(Failure(target.name, data, traceback.format_exc(limit=-6)))
                break
    batch.lines = trace.lines - known
    return batch


def _watch(target: Target, data: bytes, batch: Batch, trace: Trace) -> None:
    with trace.watching():
        batch.accepted += target.check(data)
    batch.traced += 1
    steps = trace.steps / target.steps_allowed(data)
    batch.most_steps = max(batch.most_steps, steps)
    if steps > 1:
        raise AssertionError(f"{trace.steps} steps for {len(data)} octets")
    if batch.traced % WEIGH_EACH == 1:
        octets = weigh(target, data) / target.octets_allowed(data)
        batch.most_octets = max(batch.most_octets, octets)
        if octets > 1:
            raise AssertionError(f"{octets:.1f} times the octets that {len(data)} may take")


def weigh(target: Target, data: bytes) -> int:
    """Return how many octets reading `data` holds at the most."""
    tracemalloc.start()
    try:
        target.check(data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def steps_of(target: Target, data: bytes) -> int:
    """Return how many lines of our decoders reading `data` executes."""
    trace = Trace()
    with trace.watching():
        target.check(data)
    return trace.steps


@contextmanager
def _alarm() -> Iterator[None]:
    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise Hung

    before = signal.signal(signal.SIGALRM, ring)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@dataclass
class Tally:
    """All batches of one target so far."""

    target: Target
    inputs: int = 0
    accepted: int = 0
    traced: int = 0
    most_steps: float = 0.0
    most_octets: float = 0.0
    lines: set[Line] = field(default_factory=set)
    corpus: list[bytes] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        self.inputs += batch.inputs
        self.accepted += batch.accepted
        self.traced += batch.traced
        self.most_steps = max(self.most_steps, batch.most_steps)
        self.most_octets = max(self.most_octets, batch.most_octets)
        if batch.lines - self.lines:
            self.corpus += batch.found
        self.lines |= batch.lines


class Campaign:
    """Rounds over targets, several processes at once; the same seed gives the same inputs."""

    def __init__(self, executor: Executor, names: Sequence[str], seed: int, size: int) -> None:
        self._executor = executor
        self._seed = seed
        self._size = size
        self._round = 0
        self.tallies = {name: Tally(TARGETS[name]) for name in names}
        self.failures: list[Failure] = []

    @property
    def inputs(self) -> int:
        return sum(tally.inputs for tally in self.tallies.values())

    def round(self, *, guided: bool) -> None:
        """Run one batch for each target, and let the corpora grow."""
        self._round += 1
        seed = self._seed * 1_000_003 + self._round
        waiting = [
            self._executor.submit(
                in_process,
                name,
                tally.corpus,
                self._size * tally.target.weight,
                seed,
                frozenset(tally.lines),
                guided=guided,
            )
            for name, tally in self.tallies.items()
        ]
        for future in waiting:
            batch = future.result()
            self.tallies[batch.target].add(batch)
            self.failures += batch.failures


def in_process(
    name: str,
    corpus: Sequence[bytes],
    count: int,
    seed: int,
    known: frozenset[Line],
    *,
    guided: bool,
) -> Batch:
    """Run a batch in a process of its own; targets themselves do not travel."""
    return run_batch(TARGETS[name], corpus, count, seed, known=known, guided=guided)


def processes() -> int:
    """Return how many to use: all that this process may run on."""
    return len(os.sched_getaffinity(0))
