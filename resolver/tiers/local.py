"""The tier in this process: records by canonical handle, least recently used out first.

Unknown names have a room of their own, so that a scan of them drives no record out. Nothing is
kept that the change feed has overtaken: news of a newer version while a fill is in flight means
that the fill is not kept and the record is read once more (`assurance` 2.4).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from identifiers.errors import StoreUnavailable
from identifiers.records import Record
from resolver.ports import RecordSource
from resolver.tiers.partial import Incomplete, with_also
from resolver.view import Kept, keep

_OVERHEAD: Final = 550
"""What an entry takes beside its texts and values, octets; measured on CPython 3.11."""
_ANY: Final = 1 << 63
"""A version newer than all there are."""


class Nothing(msgspec.Struct, frozen=True):
    """It is known that there is no such record."""


NOTHING: Final = Nothing()


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How much is kept and for how long (seconds)."""

    entries: int = 1_000_000
    octets: int = 512 * 1024 * 1024
    unknown: int = 100_000
    """How many names that do not exist."""
    life: float = 300.0
    unknown_life: float = 5.0


class _Entry(msgspec.Struct, gc=False):
    kept: Kept
    expires: float
    size: int


class _Fill:
    """Reads of one key that are in flight, and the newest version that news told meanwhile."""

    __slots__ = ("newest", "readers")

    def __init__(self) -> None:
        self.readers = 0
        self.newest = 0


class LocalTier:
    """Keeps what it fetched. `authority` is asked past all caches, `behind` the usual way.

    `clock` is monotonic, `chance` draws from [0, 1): lives are scattered by a tenth below the
    bound, so that what was filled together does not run out together.
    """

    def __init__(
        self,
        behind: RecordSource,
        authority: RecordSource,
        clock: Callable[[], float],
        chance: Callable[[], float],
        bounds: Bounds = Bounds(),  # noqa: B008 -- frozen
    ) -> None:
        self._behind = behind
        self._authority = authority
        self._clock = clock
        self._chance = chance
        self._bounds = bounds
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._octets = 0
        self._unknown: OrderedDict[str, float] = OrderedDict()
        self._fills: dict[str, _Fill] = {}

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def octets(self) -> int:
        """About how much memory the records take."""
        return self._octets

    def look(self, key: str, now: float) -> Kept | Nothing | None:
        """Return what is kept and in its life; None: ask."""
        entry = self._entries.get(key)
        if entry is not None:
            if entry.expires <= now:
                return None
            self._entries.move_to_end(key)
            return entry.kept
        expires = self._unknown.get(key)
        return None if expires is None or expires <= now else NOTHING

    def outlived(self, key: str) -> Kept | None:
        """Return the record even past its life, for the time when the store is away."""
        entry = self._entries.get(key)
        return None if entry is None else entry.kept

    async def fetch(self, keys: Sequence[str]) -> Sequence[Record | None]:
        """Return the records, from here where possible. Raises `StoreUnavailable`.

        What is here is not lost then: it comes with an `Incomplete`.
        """
        now = self._clock()
        got: dict[str, Record | None] = {}
        missing: dict[str, None] = {}
        for key in keys:
            there = self.look(key, now)
            if there is None:
                missing[key] = None
            else:
                got[key] = there.record if isinstance(there, Kept) else None
        if missing:
            try:
                got |= await self._fill(list(missing), self._behind)
            except StoreUnavailable as error:
                raise with_also(error, got) from error
        return [got[key] for key in keys]

    async def refresh(self, keys: Sequence[str]) -> Sequence[Record | None]:
        """Return the records as the store has them now, and keep these."""
        got = await self._fill(list(dict.fromkeys(keys)), self._authority)
        return [got[key] for key in keys]

    def supersede(self, superseded: Iterable[tuple[str, int]]) -> None:
        """Forget every version older than the given ones. Does not wait for anything."""
        entries, unknown, fills = self._entries, self._unknown, self._fills
        for key, version in superseded:
            entry = entries.get(key)
            if entry is not None and entry.kept.record.version < version:
                self._drop(key)
            unknown.pop(key, None)
            fill = fills.get(key)
            if fill is not None and fill.newest < version:
                fill.newest = version

    def clear(self) -> None:
        """Forget everything, and keep nothing of what is in flight."""
        self._entries.clear()
        self._unknown.clear()
        self._octets = 0
        # What is in flight left before: whatever it brings is overtaken, and read once more.
        for fill in self._fills.values():
            fill.newest = _ANY

    async def _fill(self, keys: list[str], source: RecordSource) -> dict[str, Record | None]:
        fills = self._expect(keys)
        try:
            got = await self._read(keys, source, fills)
            overtaken = {key: None for key in keys if _older(got[key], fills[key])}
            if overtaken:
                sure = {key: record for key, record in got.items() if key not in overtaken}
                try:
                    got = sure | await self._read(list(overtaken), self._authority, fills)
                except StoreUnavailable as error:
                    raise with_also(error, sure) from error
            return got
        finally:
            self._release(fills)

    async def _read(
        self, keys: list[str], source: RecordSource, fills: dict[str, _Fill]
    ) -> dict[str, Record | None]:
        asked = self._clock()
        try:
            got = dict(zip(keys, await source.fetch(keys), strict=True))
        except Incomplete as error:
            self._keep(error.got, fills, asked)
            raise
        self._keep(got, fills, asked)
        return got

    def _expect(self, keys: Iterable[str]) -> dict[str, _Fill]:
        fills: dict[str, _Fill] = {}
        for key in keys:
            fill = self._fills.get(key)
            if fill is None:
                fill = self._fills[key] = _Fill()
            fill.readers += 1
            fills[key] = fill
        return fills

    def _release(self, fills: dict[str, _Fill]) -> None:
        for key, fill in fills.items():
            fill.readers -= 1
            if not fill.readers:
                del self._fills[key]

    def _keep(
        self, got: Mapping[str, Record | None], fills: dict[str, _Fill], asked: float
    ) -> None:
        for key, record in got.items():
            if _older(record, fills[key]):
                continue
            if record is None:
                self._keep_unknown(key, asked)
            else:
                self._keep_record(key, record, asked)

    def _keep_record(self, key: str, record: Record, asked: float) -> None:
        known = self._entries.get(key)
        if known is not None:
            if known.kept.record.version > record.version:
                return
            self._drop(key)
        self._unknown.pop(key, None)
        kept = keep(record)
        size = _OVERHEAD + 2 * len(key) + 2 * len(record.name) + len(record.values)
        if kept.public is not record.values:
            size += len(kept.public)
        life = self._bounds.life * (1.0 - self._chance() / 10)
        self._entries[key] = _Entry(kept, asked + life, size)
        self._octets += size
        while self._octets > self._bounds.octets or len(self._entries) > self._bounds.entries:
            _, out = self._entries.popitem(last=False)
            self._octets -= out.size

    def _keep_unknown(self, key: str, asked: float) -> None:
        if key in self._entries:
            # A row never goes away (deletion keeps it), so a read that found none is the older.
            return
        self._unknown.pop(key, None)
        self._unknown[key] = asked + self._bounds.unknown_life * (1.0 - self._chance() / 10)
        if len(self._unknown) > self._bounds.unknown:
            self._unknown.popitem(last=False)

    def _drop(self, key: str) -> None:
        self._octets -= self._entries.pop(key).size


def _older(record: Record | None, fill: _Fill) -> bool:
    return (0 if record is None else record.version) < fill.newest
