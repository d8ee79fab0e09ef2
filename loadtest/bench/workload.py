"""What a driver asks: questions, what a right answer to each is, and the order of asking."""

import struct
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

_NUMBERS: Final = struct.Struct("=5I")


class Exchange(msgspec.Struct, frozen=True, gc=False):
    """A question and its right answer.

    Without an answer any success is right that repeats the name (Handle over UDP). Octets of the
    answer from `passing[0]` on and before `passing[1]` change with time and are not compared.
    """

    question: bytes
    answer: bytes = b""
    passing: tuple[int, int] = (0, 0)
    timed: bool = True
    """Whether its delay, and whether it was answered, is told apart."""


class Workload(msgspec.Struct, frozen=True):
    """Exchanges, and in which order they are had; over and over."""

    exchanges: Sequence[Exchange]
    draws: Sequence[int]
    """Places in `exchanges`."""

    def octets(self) -> Iterator[bytes]:
        """Yield the file that the compiled drivers read; ``questions.h`` describes it."""
        yield struct.pack("=2I", len(self.exchanges), len(self.draws))
        for one in self.exchanges:
            yield (
                _NUMBERS.pack(len(one.question), len(one.answer), *one.passing, one.timed)
                + one.question
                + one.answer
            )
        yield array("I", self.draws).tobytes()

    @contextmanager
    def file(self) -> Iterator[Path]:
        """Write it where a driver can read it until the block ends."""
        with TemporaryDirectory(prefix="idnode-bench-") as folder:
            path = Path(folder) / "questions"
            with path.open("wb") as out:
                out.writelines(self.octets())
            yield path

    def asked(self) -> list[Exchange]:
        """Return the exchanges in the order of asking."""
        return [self.exchanges[at] for at in self.draws]


def once(questions: Sequence[bytes]) -> Workload:
    """Return the workload that asks each question of the Handle protocol once."""
    return Workload([Exchange(question) for question in questions], range(len(questions)))
