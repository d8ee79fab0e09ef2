"""What a dry run writes nothing of, and knows all the same: what its earlier rows would have made.

Rows of a chunk are decided on one another, and on what the chunks before have written. In a dry run
that is nothing, so it is remembered here, and each row gets the verdict that it would get in
earnest. Names are a number each, since a body may have any length. Where rows may meet what earlier
rows made (not when they only create), whole records are remembered too, as many as there is room
for. What can no longer be told ends a dry run: no row gets a guess for a verdict.
"""

import asyncio
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol, TypeVar

import msgspec

from identifiers.changes import Current, Held, Touched, Writes, Written
from identifiers.records import EMPTY_VALUES, Record, State

T = TypeVar("T")

AT_ONCE: Final = 2
"""Dry runs of a node at a time. Each has room of its own, so none depends on who else tries."""
MOST_NAMES: Final = 8_000_000
"""Of one dry run: 64 MB, and while they are merged as much again."""
MOST_OCTETS: Final = 256 * 1024 * 1024
"""What unique values and records of one dry run take, records at most half of it."""
_RECORD: Final = 200
_HOLDER: Final = 100
_CLAIM: Final = 200
"""Octets that CPython takes for one (3.11: 170, 90, 190); a record's values and name beside."""
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


class Full(Exception):
    """A dry run met more than is remembered: what becomes of its next row cannot be told."""


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

    `keeps`: rows may change what earlier ones made, so that is kept; otherwise its name will do.
    Every method raises `Full` too.
    """

    def __init__(
        self, store: Target, *, keeps: bool, names: int = MOST_NAMES, octets: int = MOST_OCTETS
    ) -> None:
        self._store = store
        self._keeps = keeps
        self._most_names = names
        self._names = Names()
        self._records: dict[str, Record] = {}
        self._claims = _Claims(keeps=keeps)
        self._left = octets
        self._reserved = octets // 2
        self._full = False

    async def fetch(self, keys: Sequence[str]) -> Sequence[Record | None]:
        """Return what is stored, or would be."""
        self._check()
        found = await self._store.fetch(keys)
        return [self._shown(key, record) for key, record in zip(keys, found, strict=True)]

    async def write(self, touched: Touched, decide: Callable[[Current], tuple[Writes, T]]) -> T:
        """Let `decide` decide on what would be there, and commit all but records and claims."""
        self._check()
        last = Writes()

        def trying(current: Current) -> tuple[Writes, T]:
            nonlocal last
            last, result = decide(self._overlaid(current, touched))
            return msgspec.structs.replace(last, records=(), held=()), result

        result = await self._store.write(touched, trying)
        await self._note(last)
        return result

    def _check(self) -> None:
        if self._full:
            raise Full

    def _overlaid(self, current: Current, touched: Touched) -> Current:
        shown = {key: self._shown(key, current.records.get(key)) for key in touched.keys}
        records = {key: record for key, record in shown.items() if record is not None}
        return msgspec.structs.replace(
            current,
            records=current.records | records,
            holders=self._claims.over(current.holders, touched.claims),
        )

    def _shown(self, key: str, stored: Record | None) -> Record | None:
        if (kept := self._records.get(key)) is not None:
            return kept
        if key not in self._names:
            return stored
        if self._keeps:
            raise Full
        if stored is not None and stored.state is not State.DELETED:
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
        fresh = [key for key in map(_key, writes.records) if key not in self._names]
        self._full = self._names.count + len(fresh) > self._most_names
        if not self._full:
            await self._names.add(fresh)
        if self._keeps:
            for written in writes.records:
                self._keep(written.record)
        self._left -= self._claims.hold(writes.held)
        self._full = self._full or self._left < 0

    def _keep(self, record: Record) -> None:
        """Remember a record, or of it no more than that it would be another one now."""
        earlier = self._records.pop(record.key, None)
        self._left += 0 if earlier is None else _weight(earlier)
        if (weight := _weight(record)) <= self._left - self._reserved:
            self._records[record.key] = record
            self._left -= weight


class _Claims:
    """Who would hold what, of those who would hold something else than is stored.

    `keeps`: a holder may come to hold something else; otherwise what he has is not noted by him.
    """

    def __init__(self, *, keeps: bool) -> None:
        self._keeps = keeps
        self._held: dict[str, tuple[bytes, ...]] = {}
        self._holders: dict[bytes, str] = {}

    def over(self, stored: Mapping[bytes, str], touched: Iterable[bytes]) -> dict[bytes, str]:
        """Return who would hold what of the `touched`, where `stored` do."""
        there = {claim: holder for claim, holder in stored.items() if holder not in self._held}
        would = {claim: self._holders[claim] for claim in touched if claim in self._holders}
        return there | would

    def hold(self, held: Sequence[Held]) -> int:
        """Note what is to be held now, each by just one; return how many octets more it takes."""
        before = self._octets
        for one in held:
            for claim in self._held.pop(one.holder, ()):
                del self._holders[claim]
        for one in held:
            self._holders |= dict.fromkeys(one.claims, one.holder)
            if self._keeps:
                self._held[one.holder] = one.claims
        return self._octets - before

    @property
    def _octets(self) -> int:
        return _HOLDER * len(self._held) + _CLAIM * len(self._holders)


def _weight(record: Record) -> int:
    return _RECORD + 2 * len(record.key) + len(record.values)


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
