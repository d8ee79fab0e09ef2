"""The fate of every row, as kept: compressed NDJSON in no language."""

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

import msgspec

from identifiers.changes import ImportCounts
from identifiers.faults import Fault
from registry.answers import Denied, Exists, Faulty, Refused, Stale

_LEVEL: Final = 1
"""Of compression: the lines are much alike, and rows are many."""


class Fate(StrEnum):
    """What became of a row; the members of `ImportCounts`."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


class RowResult(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One row and what became of it.

    `problem` is the code of the problem that a rejected row had, `errors` are its faults; `version`
    is what the row made, or met.
    """

    row: int
    handle: str
    status: Fate
    version: int = 0
    problem: str = ""
    errors: tuple[Fault, ...] = ()


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(RowResult)


def pack(results: Iterable[RowResult]) -> bytes:
    """Return results as they are kept."""
    return zlib.compress(_ENCODER.encode_lines(results), _LEVEL)


def unpack(packed: bytes) -> Iterator[RowResult]:
    """Return what `pack` was given."""
    return map(_DECODER.decode, zlib.decompress(packed).splitlines())


def count(results: Iterable[RowResult]) -> ImportCounts:
    """Return how many rows have which fate."""
    tally = Counter(result.status for result in results)
    return ImportCounts(**{fate.value: tally[fate] for fate in Fate})


def rejected(number: int, handle: str, reason: Refused | Denied) -> RowResult:
    """Return the result of a row that is refused."""
    return RowResult(
        number,
        handle,
        Fate.REJECTED,
        version=reason.version if isinstance(reason, Exists | Stale) else 0,
        problem=reason.code,
        errors=reason.faults if isinstance(reason, Faulty) else (),
    )
