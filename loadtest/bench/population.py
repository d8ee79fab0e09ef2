"""The identifiers of a run: written down before it by all processors, drawn by popularity in it."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from loadtest.bench import wire
from loadtest.corpus import Corpus, forms

VALUES: Final = 6
"""Of each identifier: 301 octets in the mean as a reply carries them, and always one datagram."""
_PIECE: Final = 50_000
_READ: Final = 1 << 20


class Population(NamedTuple):
    """Names, and files of JSON lines with their identifiers."""

    names: list[str]
    files: list[Path]

    def octets(self) -> int:
        """Return how long the body of an import of all is."""
        return sum(file.stat().st_size for file in self.files)

    def body(self) -> Iterator[bytes]:
        """Yield the body of an import of all in blocks."""
        for file in self.files:
            with file.open("rb") as lines:
                while block := lines.read(_READ):
                    yield block


class Writing:
    """A population that is being written into a folder by processes of their own."""

    def __init__(self, folder: Path, count: int, workers: int) -> None:
        self._pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
        firsts = range(0, count, _PIECE)
        self._files = [folder / f"{first:08d}.ndjson" for first in firsts]
        self._pieces: list[Future[list[str]]] = [
            self._pool.submit(_write, file, first, min(first + _PIECE, count))
            for file, first in zip(self._files, firsts, strict=True)
        ]

    def done(self) -> Population:
        """Wait until it is written."""
        return Population([name for one in self._pieces for name in one.result()], self._files)

    def close(self) -> None:
        """Begin no more, and wait for what has begun."""
        self._pool.shutdown(cancel_futures=True)


def corpus() -> Corpus:
    """Return the sample data that all identifiers of the bench are taken from."""
    return Corpus(enterprises=1)


def _write(file: Path, first: int, last: int) -> list[str]:
    names: list[str] = []

    def noted() -> Iterator[forms.Item]:
        for item in corpus().items(first, last):
            names.append(item.handle)
            yield item

    with file.open("wb") as out:
        out.writelines(forms.ndjson_shortened(noted(), VALUES))
    return names


class Popular(NamedTuple):
    """What a run asks for: distinct names, and places in them in the order of asking."""

    names: list[str]
    draws: list[int]


def popular(names: Sequence[str], count: int, seed: int) -> Popular:
    """Draw `count` of `names` with Zipf 1.0 popularity, which has nothing to do with their order.

    Of a million names 200,000 draws are 65,000 distinct ones.
    """
    drawn = wire.zipf(Random(seed).sample(names, len(names)), count, seed)
    place = {name: at for at, name in enumerate(dict.fromkeys(drawn))}
    return Popular(list(place), [place[name] for name in drawn])


def lines(first: int, last: int, most: int | None = None) -> Iterator[bytes]:
    """Yield identifiers first … last-1 of the corpus as JSON lines, whole or shortened."""
    items = corpus().items(first, last)
    return forms.ndjson(items) if most is None else forms.ndjson_shortened(items, most)


def take(lines: Iterator[bytes], count: int) -> bytes:
    """Return the next `count` lines as one body."""
    return b"".join(islice(lines, count))
