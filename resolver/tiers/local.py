"""The tier in this process: records by canonical handle, in a map that no scan sweeps clean.

Unknown names have a room of their own, so that a scan of them drives no record out. Nothing is
kept that the change feed has overtaken: news of a newer version while a fill is in flight means
that the fill is not kept and the record is read once more (`assurance` 2.4).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Final

import msgspec

from identifiers.errors import StoreUnavailable
from identifiers.records import Record
from resolver.ports import RecordSource
from resolver.tiers.early import EarlyRefresh
from resolver.tiers.front import Front
from resolver.tiers.lives import Age, Lives
from resolver.tiers.partial import Incomplete, with_also
from resolver.tiers.s3fifo import MOST_USES, OUT, S3Fifo
from resolver.tiers.unknown import UnknownNames
from resolver.view import Kept, looked_at, public

_OVERHEAD: Final = 350
"""What an entry takes beside its texts and values, octets; measured on CPython 3.11."""
_ANY: Final = 1 << 63
"""A version newer than all there are."""
_NEVER: Final = -1
_VERSION: Final = itemgetter(1)


class Nothing(msgspec.Struct, frozen=True):
    """It is known that there is no such record."""


NOTHING: Final = Nothing()


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How much is kept, and for how long."""

    entries: int = 1_000_000
    octets: int = 768 * 1024 * 1024
    unknown: int = 100_000
    """How many names that do not exist."""
    unknown_octets: int = 48 * 1024 * 1024
    lives: Lives = Lives()


class Entry(Kept, frozen=False, gc=False):  # type: ignore[misc]  # msgspec allows it
    """What is kept of a record, in one object, for there may be a million: `Kept`, and its state.

    Whoever is given it sees a `Kept`, which never changes.
    """

    due: float
    """When the last tenth of its life begins (`lives`)."""
    uses: int = 0
    told: int = _NEVER
    """By which picture of the prefixes it was found that whoever asks for its very key, for all
    values, is told `public`. The resolver's (`retell`), as is the next."""
    prefix: str = ""
    """Under which it is then counted."""

    @property
    def octets(self) -> int:
        """About how much memory it takes."""
        record = self.record
        size = _OVERHEAD + len(record.key) + len(record.values)
        if record.name is not record.key:
            size += len(record.name)
        if self.public is not record.values:
            size += len(self.public)
        return size


class _Reading:
    """Keys that are being read, and the newest versions of them that news told meanwhile."""

    __slots__ = ("keys", "overtaking")

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys = dict.fromkeys(keys)
        self.overtaking: dict[str, int] = {}

    def learn(self, news: Mapping[str, int]) -> None:
        # As many steps as the smaller of both has keys.
        for key in self.keys.keys() & news.keys():
            self.overtaking[key] = max(news[key], self.overtaking.get(key, 0))

    def renew(self) -> None:
        """Begin again: all was forgotten before what is read from now on left."""
        self.overtaking = {key: v for key, v in self.overtaking.items() if v != _ANY}

    def overtakes(self, key: str, record: Record | None) -> bool:
        return (0 if record is None else record.version) < self.overtaking.get(key, 0)


class LocalTier:
    """Keeps what it fetched. `authority` is asked past all caches, `behind` the usual way.

    `clock` is monotonic, `chance` draws from [0, 1). `run` must be running, or no hot record is
    read anew before its life ends.
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
        self._lives = bounds.lives
        self.front: Final = Front()
        """Finished replies. What supersedes a record here ends those that tell it."""
        self._kept = S3Fifo[str, Entry](bounds.entries, bounds.octets, spares=self.front.forget)
        self.peek: Final = self._kept.peek
        """Return what is kept under a key, in its life or not, and count nothing."""
        self._unknown = UnknownNames(bounds.unknown, bounds.unknown_octets)
        self.lacks: Final = self._unknown.has
        """Say whether it is known of a key that there is no such record."""
        self._early = EarlyRefresh(self._read_early)
        self._reading: set[_Reading] = set()
        self.cleared = 0
        """How often all entries were forgotten at once, which they do not know (`holds`)."""

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def octets(self) -> int:
        """About how much memory records and unknown names take."""
        return self._kept.octets + self._unknown.octets

    def look(self, key: str, now: float) -> Entry | Nothing | None:
        """Return what is kept and in its life; None: ask."""
        entry = self._kept.find(key)
        if entry is not None:
            return entry if now < entry.due else self._late(key, entry, now)
        return NOTHING if self._unknown.has(key, now) else None

    def holds(self, entry: Entry, now: float) -> bool:
        """Say whether `look` would return this very entry, as it did before; `cleared` tells more.

        Counts it as asked for, without looking it up.
        """
        uses = entry.uses
        if uses == OUT:
            return False
        if uses < MOST_USES:
            entry.uses = uses + 1
        return now < entry.due or self._late(entry.record.key, entry, now) is not None

    def outlived(self, key: str) -> Kept | None:
        """Return the record even past its life, for the time when the store is away."""
        return self._kept.peek(key)

    async def run(self) -> None:
        """Read hot records anew before their life ends, until cancelled."""
        await self._early.run()

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

    def supersede(self, superseded: Sequence[tuple[str, int]]) -> None:
        """Forget every version older than the given ones. Does not wait for anything."""
        kept = self._kept
        for key, version in superseded:
            # Nothing is older than a first version; a bulk import consists of them.
            if version > 1:
                self.front.forget(key)
                entry = kept.peek(key)
                if entry is not None and entry.record.version < version:
                    kept.discard(key)
        if self._reading or len(self._unknown):
            news = dict(superseded)
            if len(news) < len(superseded):  # of several versions of a name the newest counts
                news = dict(sorted(superseded, key=_VERSION))
            self._unknown.discard_all(news)
            for reading in self._reading:
                reading.learn(news)

    def clear(self) -> None:
        """Forget everything, and keep nothing of what is in flight."""
        self.cleared += 1
        self._kept.clear()
        self._unknown.clear()
        # What is in flight left before: whatever it brings is overtaken, and read once more.
        for reading in self._reading:
            reading.overtaking = dict.fromkeys(reading.keys, _ANY)

    def _late(self, key: str, entry: Entry, now: float) -> Entry | None:
        age = self._lives.judge(entry.due, entry.uses, now)
        if age is Age.OVER:
            return None
        if age is Age.EARLY:
            self._early.want(key)
        return entry

    async def _read_early(self, keys: list[str]) -> None:
        await self._fill(keys, self._behind)

    async def _fill(self, keys: list[str], source: RecordSource) -> dict[str, Record | None]:
        reading = self._expect(keys)
        try:
            got = await self._read(keys, source, reading)
            if not reading.overtaking:
                return got
            overtaken = [key for key in keys if reading.overtakes(key, got[key])]
            if overtaken:
                sure = {key: got[key] for key in got.keys() - overtaken}
                # Or askings without a gap would tell one another so for ever, and keep nothing.
                reading.renew()
                try:
                    got = sure | await self._read(overtaken, self._authority, reading)
                except StoreUnavailable as error:
                    raise with_also(error, sure) from error
            return got
        finally:
            self._reading.discard(reading)

    async def _read(
        self, keys: list[str], source: RecordSource, reading: _Reading
    ) -> dict[str, Record | None]:
        asked = self._clock()
        try:
            got = dict(zip(keys, await source.fetch(keys), strict=True))
        except Incomplete as error:
            self._keep(error.got, asked, reading)
            raise
        self._keep(got, asked, reading)
        return got

    def _expect(self, keys: list[str]) -> _Reading:
        reading = _Reading(keys)
        for other in self._reading:
            if other.overtaking:
                # It may be given what was on its way to the other one when the news came.
                reading.learn(other.overtaking)
        self._reading.add(reading)
        return reading

    def _keep(self, got: Mapping[str, Record | None], asked: float, reading: _Reading) -> None:
        if reading.overtaking:
            got = {k: record for k, record in got.items() if not reading.overtakes(k, record)}
        peek, due, chance = self._kept.peek, self._lives.due, self._chance
        new: list[tuple[str, Entry]] = []
        for key, record in got.items():
            if record is None:
                self._keep_unknown(key, asked)
                continue
            until, known = due(asked, chance()), peek(key)
            if known is not None and known.record.version > record.version:
                continue
            if known is not None and _equal(known.record, record):
                # The same object: what was made of it goes on being right.
                known.due = max(known.due, until)
                continue
            # What the front tells of it may stand on a record that was given up meanwhile.
            self.front.forget(key)
            # Under the record's own text: the asker's would be kept beside it.
            new.append((record.key, Entry(record, public(record), until)))
        if len(self._unknown):
            for key, _ in new:
                self._unknown.discard(key)
        self._kept.put_all(new)

    def _keep_unknown(self, key: str, asked: float) -> None:
        # A row never goes away (deletion keeps it), so a read that found none is the older.
        if self._kept.peek(key) is None:
            self._unknown.add(key, self._lives.unknown_until(asked, self._chance()))


def _equal(known: Record, record: Record) -> bool:
    # Past the shared tier nobody has looked whether everybody may read all of it.
    return known == record or looked_at(known) == looked_at(record)
