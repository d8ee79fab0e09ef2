"""What a dry run writes nothing of, and knows all the same: what its earlier rows would have made.

Rows of a chunk are decided on one another, and on what the chunks before have written. In a dry run
that is nothing, so it is remembered here: names as a number each, since a body may have any length.
"""

import asyncio
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol, TypeVar

import msgspec

from identifiers.changes import Current, Touched, Writes, Written
from identifiers.records import EMPTY_VALUES, Record, State

T = TypeVar("T")

MOST_NAMES: Final = 8_000_000
"""64 MB. Rows behind so many are checked against their own chunk and what is stored."""
MOST_CLAIMS: Final = 300_000
"""Values that nobody else may have, with who has them; a few hundred octets each."""
_MASK: Final = 2**64 - 1
_PART: Final = 4096
"""Names of one run that are merged at once: a millisecond. Millions would take half a second."""


class Target(Protocol):
    """What of a `RegistryStore` imports are committed to."""

    async def write(self, touched: Touched, decide: Callable[[Current], tuple[Writes, T]]) -> T:
        """Lock what is touched, read it, let `decide` say what to write, commit."""
        ...

    async def fetch(self, keys: Sequence[str]) -> Sequence[Record | None]:
        """Return the newest version of each, in order."""
        ...


class Names:
    """A set of names, each as 64 bits of its hash, which Python draws anew for every process.

    That two of eight million have the same is improbable (1 in 500,000), and to make such is not
    possible. Sorted runs, each twice as long as the next or longer: 8 octets a name.
    """

    def __init__(self) -> None:
        self._runs: list[array[int]] = []
        self.count = 0

    async def add(self, names: Iterable[str]) -> None:
        """Take names that are not there yet, one call after the other; others go on meanwhile."""
        run = array("Q", sorted(hash(name) & _MASK for name in names))
        self.count += len(run)
        while self._runs and len(self._runs[-1]) < 2 * len(run):
            run = await _merged(self._runs[-1], run)
            self._runs.pop()
        self._runs.append(run)

    def __contains__(self, name: str) -> bool:
        number = hash(name) & _MASK
        for run in self._runs:
            at = bisect_left(run, number)
            if at < len(run) and run[at] == number:
                return True
        return False


class Trial:
    """A store that writes no record, and shows as stored what it was to write.

    Of what would be there only that is told: values are not kept.
    """

    def __init__(
        self, store: Target, *, names: int = MOST_NAMES, claims: int = MOST_CLAIMS
    ) -> None:
        self._store = store
        self._most_names = names
        self._most_claims = claims
        self._names = Names()
        self._holders: dict[bytes, str] = {}

    async def fetch(self, keys: Sequence[str]) -> Sequence[Record | None]:
        """Return what is stored, or would be."""
        found = await self._store.fetch(keys)
        return [self._shown(key, record) for key, record in zip(keys, found, strict=True)]

    async def write(self, touched: Touched, decide: Callable[[Current], tuple[Writes, T]]) -> T:
        """Let `decide` decide on what would be there, and commit all but records and claims."""
        last = Writes()

        def trying(current: Current) -> tuple[Writes, T]:
            nonlocal last
            last, result = decide(self._overlaid(current, touched))
            return msgspec.structs.replace(last, records=(), held=()), result

        result = await self._store.write(touched, trying)
        await self._note(last)
        return result

    def _overlaid(self, current: Current, touched: Touched) -> Current:
        shown = {key: self._shown(key, current.records.get(key)) for key in touched.keys}
        records = {key: record for key, record in shown.items() if record is not None}
        held = {claim: self._holders[claim] for claim in touched.claims if claim in self._holders}
        return msgspec.structs.replace(
            current, records=current.records | records, holders=held | current.holders
        )

    def _shown(self, key: str, stored: Record | None) -> Record | None:
        there = stored is not None and stored.state is not State.DELETED
        if there or key not in self._names:
            return stored
        return Record(
            key=key,
            name=key,
            version=1 if stored is None else stored.version + 1,
            state=State.ACTIVE,
            values=EMPTY_VALUES,
            changed_at=0,
        )

    async def _note(self, writes: Writes) -> None:
        if self._names.count + len(writes.records) <= self._most_names:
            await self._names.add(
                key for key in map(_key, writes.records) if key not in self._names
            )
        for held in writes.held:
            if len(self._holders) + len(held.claims) <= self._most_claims:
                self._holders |= dict.fromkeys(held.claims, held.holder)


async def _merged(one: "array[int]", other: "array[int]") -> "array[int]":
    merged: array[int] = array("Q")
    at = 0
    for begin in range(0, len(one), _PART):
        part = one[begin : begin + _PART]
        end = bisect_right(other, part[-1], at)
        merged.extend(sorted((*part, *other[at:end])))
        at = end
        await asyncio.sleep(0)
    merged.extend(other[at:])
    return merged


def _key(written: Written) -> str:
    return written.record.key
