"""Drive an HTTP server over kept connections, one request in flight on each.

A small C program, compiled for the run, costs a fifth of what it measures; without a compiler
Python asks, which is slower than the server and says so (`driver_cpu_share`).
"""

import struct
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol

from loadtest.bench import nodes, streams
from loadtest.bench.datagrams import Tally

_LENGTHS: Final = struct.Struct("=II")


class Ask(Protocol):
    """Asks requests in turn, whose answers have just so many octets each."""

    def __call__(
        self,
        port: int,
        requests: Sequence[bytes],
        sizes: Sequence[int],
        *,
        connections: int,
        seconds: float,
    ) -> Tally:
        """Return what came. Raises `ConnectionError` when the server closes early."""
        ...


@contextmanager
def driver() -> Iterator[Ask]:
    """Give the quickest driver there is."""
    with nodes.compiled("ask") as program:
        if program is None:
            yield _ask_slowly
            return

        def ask(
            port: int,
            requests: Sequence[bytes],
            sizes: Sequence[int],
            *,
            connections: int,
            seconds: float,
        ) -> Tally:
            records = zip(requests, sizes, strict=True)
            done = subprocess.run(  # noqa: S603 -- ours
                [program, str(port), str(seconds), str(connections)],
                input=b"".join(_LENGTHS.pack(len(r), size) + r for r, size in records),
                stdout=subprocess.PIPE,
                check=False,
            )
            if done.returncode:
                raise ConnectionError(f"the driver ended with {done.returncode}")
            answered, wrong, took, used = done.stdout.split()
            return Tally(int(answered), 0, int(wrong), float(took), float(used))

        yield ask


def _ask_slowly(
    port: int,
    requests: Sequence[bytes],
    sizes: Sequence[int],
    *,
    connections: int,
    seconds: float,
) -> Tally:
    return streams.drive(
        ("127.0.0.1", port),
        requests,
        sizes,
        lambda answer: int(not answer.startswith(b"HTTP/1.1 200 ")),
        per_batch=1,
        connections=connections,
        seconds=seconds,
    )
