"""The drivers: they ask a workload and compare every answer with the right one.

Small C programs, compiled for the run, cost a fraction of what they measure. Without a compiler
Python asks, which compares the lengths of answers only and may be slower than the server: whether
the driver was what limited a rate is told (`comparing`).
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Protocol

import msgspec

from loadtest.bench import datagrams, streams, wire
from loadtest.bench.datagrams import Tally
from loadtest.bench.workload import Workload

WINDOW: Final = 64
"""Questions in flight over UDP under closed load."""
_OPEN: Final = 2048
"""Those after which Python's open load waits."""


class OverUdp(Protocol):
    """Asks over UDP on the loopback interface."""

    def __call__(
        self,
        port: int,
        *,
        seconds: float = 0,
        window: int = WINDOW,
        rate: float | None = None,
        start: int = 0,
    ) -> Tally:
        """Ask from draw `start` on, each once without `seconds`; return what came.

        At most `window` are in flight, or with `rate` so many a second are asked, whatever comes
        back. Raises `ConnectionError` when the port refuses.
        """
        ...


class OverTcp(Protocol):
    """Asks over TCP on the loopback interface, HTTP too."""

    def __call__(
        self, port: int, *, seconds: float, connections: int, per_batch: int = 1, start: int = 0
    ) -> Tally:
        """Ask from draw `start` on, `per_batch` at a time on each connection; return what came.

        Raises `ConnectionError` when the server closes early.
        """
        ...


@contextmanager
def over_udp(workload: Workload) -> Iterator[OverUdp]:
    """Give the quickest driver there is."""
    with _loaded("datagrams", workload) as run:

        def ask(
            port: int,
            *,
            seconds: float = 0,
            window: int = WINDOW,
            rate: float | None = None,
            start: int = 0,
        ) -> Tally:
            if run is None:
                return _datagrams_slowly(port, workload, seconds, window, rate, start)
            return run(port, seconds, window, rate or 0, start)

        yield ask


@contextmanager
def over_tcp(workload: Workload) -> Iterator[OverTcp]:
    """Give the quickest driver there is."""
    with _loaded("streams", workload) as run:

        def ask(
            port: int, *, seconds: float, connections: int, per_batch: int = 1, start: int = 0
        ) -> Tally:
            if run is None:
                return _streams_slowly(port, workload, seconds, connections, per_batch, start)
            return run(port, seconds, connections, per_batch, start)

        yield ask


class _Run(Protocol):
    def __call__(self, *words: float) -> Tally: ...


@contextmanager
def compiled(name: str) -> Iterator[Path | None]:
    """Compile the C program `name` of this folder for the block; None without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="idnode-bench-") as folder:
        program, source = Path(folder) / name, Path(__file__).with_name(f"{name}.c")
        subprocess.run([compiler, "-O2", "-o", program, source], check=True)  # noqa: S603 -- ours
        yield program


@contextmanager
def _loaded(name: str, workload: Workload) -> Iterator[_Run | None]:
    with ExitStack() as stack:
        program = stack.enter_context(compiled(name))
        if program is None:
            yield None
            return
        file = stack.enter_context(workload.file())

        def run(*words: float) -> Tally:
            done = subprocess.run(  # noqa: S603 -- ours
                [program, *map(str, words), file], stdout=subprocess.PIPE, check=False
            )
            if done.returncode:
                raise ConnectionError(f"the driver {name} ended with {done.returncode}")
            return msgspec.json.decode(done.stdout, type=Tally)

        yield run


def _datagrams_slowly(  # noqa: PLR0917 -- the words of the program
    port: int, workload: Workload, seconds: float, window: int, rate: float | None, start: int
) -> Tally:
    asked = workload.asked()
    asked = asked[start % len(asked) :] + asked[: start % len(asked)]
    questions = [wire.numbered(one.question, at + 1) for at, one in enumerate(asked)]
    address = ("127.0.0.1", port)
    if not seconds:
        return datagrams.drive_once(address, questions, None, window=window)
    return datagrams.drive(
        address,
        questions,
        [len(one.answer) for one in asked],
        seconds=seconds,
        window=window if rate is None else _OPEN,
        rate=rate,
        timed=frozenset(
            question[wire.ID] for one, question in zip(asked, questions, strict=True) if one.timed
        ),
    )


def _streams_slowly(  # noqa: PLR0917 -- as above
    port: int,
    workload: Workload,
    seconds: float,
    connections: int,
    per_batch: int,
    start: int,
) -> Tally:
    asked = workload.asked()
    asked = asked[start % len(asked) :] + asked[: start % len(asked)]
    batches = [asked[at : at + per_batch] for at in range(0, len(asked), per_batch)]
    return streams.drive(
        ("127.0.0.1", port),
        [b"".join(one.question for one in batch) for batch in batches],
        [sum(len(one.answer) for one in batch) for batch in batches],
        lambda answer: int(answer.startswith(b"HTTP/") and not answer.startswith(b"HTTP/1.1 200 ")),
        per_batch=per_batch,
        connections=connections,
        seconds=seconds,
    )
