"""What HS_ADMIN values give to an identity, followed through HS_VLIST groups.

Gathered before a decision, which is then made on the very versions that were read: `Grants` knows
them. Groups are followed within this node, at most `MAX_DEPTH` deep. The work is bounded whatever
the groups are; what lies beyond the bounds grants nothing.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from identifiers.changes import Current
from identifiers.directory import PrefixDirectory
from identifiers.names import Handle, fold
from identifiers.principals import HandleIdentity, Rights
from identifiers.records import Record, State
from identifiers.values import Value
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle.data import Admin, decode_admin, decode_vlist
from identifiers.wire.handle.values import decode_values
from registry.prefixes import Place, canonical, place_of
from registry.rights import Needed, is_admin

MAX_DEPTH: Final = 8
"""Groups within groups."""
MAX_RECORDS: Final = 64
"""Records of groups that are read for one decision."""
MAX_REFERENCES: Final = 4096
"""Members of groups that are looked at for one decision."""
MAX_KEPT: Final = 256
KEPT_BYTES: Final = 16 * 1024
"""Records that are kept, and the largest of them: 4 MiB in all."""
LIST_TYPE: Final = "HS_VLIST"
_NAMED: Final = 0x1000
"""A bit beside the permissions: an HS_ADMIN value names the identity, be it without any."""
_PERMISSIONS: Final = 0x0FFF
_ABOVE: Final = 16
"""What the record above grants travels this many bits higher."""
_COUNTING: Final = (State.ACTIVE, State.RESERVED)
_Place = tuple[str, int]


class Records(Protocol):
    """Where the newest committed versions are read."""

    async def fetch(self, keys: Sequence[str]) -> Sequence[Record | None]:
        """Return the record of each canonical handle, in order. Raises `StoreUnavailable`."""
        ...


class Grants(msgspec.Struct, frozen=True, kw_only=True):
    """What an identity holds on one name, and which versions say so (0: there is no record).

    `own` is from the HS_ADMIN values of the record, `above` from those of the record of its prefix;
    None: they do not name the identity. `administered`: the record has any. `record` is what was
    read of the record itself.
    """

    own: int | None
    above: int | None
    administered: bool
    everything: bool
    record: Record | None
    versions: Mapping[str, int]

    def rights(self, needed: Needed) -> Rights:
        """Return what is held of what is needed."""
        own = self.administered and not needed.of_prefix
        held = self.own if own else self.above
        return Rights(held=held, needed=needed.bits, everything=self.everything)

    def outdated(self, current: Current) -> bool:
        """Say whether something that was read has another version by now."""
        return any(
            _version(current.records.get(key)) != version for key, version in self.versions.items()
        )


class Administrators:
    """Gathers grants. `everything` are the server administrators of the settings.

    Keeps some records that granted something lately: whoever checks versions anyway may go by them.
    """

    def __init__(self, records: Records, everything: Iterable[HandleIdentity] = ()) -> None:
        self._records = records
        self._everything = tuple(everything)
        self._kept: OrderedDict[str, Record | None] = OrderedDict()

    async def grants(
        self,
        identity: HandleIdentity,
        place: Place,
        directory: PrefixDirectory,
        *,
        own: bool = True,
        fresh: bool = True,
    ) -> Grants:
        """Return what `identity` holds at `place`. Raises `StoreUnavailable`.

        Without `own` the record itself is not looked at, only the one above. Without `fresh` others
        than the record itself may be older than what is stored.
        """
        closure = Closure(identity, directory)
        first = tuple(filter(None, (place.key if own else None, place.above)))
        known = await self._read(first, () if fresh else self._kept.keys() - {place.key})
        record = known.get(place.key)
        above = None if place.above is None else known[place.above]
        closure.begin(known, _admins(record), _admins(above) if _counts(above) else ())
        for _ in range(MAX_DEPTH):
            if unread := closure.unread():
                closure.read(await self._read(unread, () if fresh else self._kept.keys()))
            if not closure.descend():
                break
        return Grants(
            own=_bits(closure.held),
            above=_bits(closure.held >> _ABOVE),
            administered=bool(_admins(record)),
            everything=self.everywhere(identity, directory),
            record=record,
            versions={key: _version(record) for key, record in closure.records.items()},
        )

    async def _read(
        self, keys: Sequence[str], trusted: Collection[str]
    ) -> dict[str, Record | None]:
        """Return records; those `trusted` as they are kept."""
        found = {key: self._kept[key] for key in keys if key in trusted}
        unknown = [key for key in keys if key not in found]
        if unknown:
            fetched = await self._records.fetch(unknown)
            for key, record in zip(unknown, fetched, strict=True):
                found[key] = record
                self._keep(key, record)
        return found

    def _keep(self, key: str, record: Record | None) -> None:
        self._kept[key] = record
        self._kept.move_to_end(key)
        if record is not None and len(record.values) > KEPT_BYTES:
            del self._kept[key]
        elif len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)

    def everywhere(self, identity: HandleIdentity, directory: PrefixDirectory) -> bool:
        """Say whether `identity` is a server administrator."""
        name = canonical(directory, identity.handle)
        return name is not None and any(
            one.index in {0, identity.index} and canonical(directory, one.handle) == name
            for one in self._everything
        )


class Closure:
    """Follows references level by level. Pure: whoever uses it reads the records.

    `held` is everything that reached the identity.
    """

    def __init__(self, identity: HandleIdentity, directory: PrefixDirectory) -> None:
        self._name = canonical(directory, identity.handle)
        self._index = identity.index
        self._directory = directory
        self._passed: dict[_Place, int] = {}
        self._level: dict[_Place, int] = {}
        self._values: dict[str, dict[int, Value]] = {}
        self._left = MAX_REFERENCES
        self.held = 0
        self.records: dict[str, Record | None] = {}

    def begin(
        self, known: Mapping[str, Record | None], own: Iterable[Value], above: Iterable[Value]
    ) -> None:
        """Start from the HS_ADMIN values of the record and of the one above."""
        self.records.update(known)
        for values, shift in ((own, 0), (above, _ABOVE)):
            for admin in filter(None, map(_admin, values)):
                bits = (admin.permissions & _PERMISSIONS | _NAMED) << shift
                self._visit(admin.handle, admin.index, bits)

    def unread(self) -> tuple[str, ...]:
        """Return the records that the next level needs, as far as there is room for them."""
        missing = dict.fromkeys(key for key, _ in self._level if key not in self.records)
        return tuple(missing)[: max(0, MAX_RECORDS - len(self.records))]

    def read(self, records: Mapping[str, Record | None]) -> None:
        """Take what was read."""
        self.records.update(records)

    def descend(self) -> bool:
        """Go one level down; False when there is none."""
        level, self._level = self._level, {}
        for (key, index), bits in level.items():
            value = self._values_of(key).get(index)
            if value is not None and fold(value.type) == LIST_TYPE:
                self._follow(value, bits)
        return bool(self._level)

    def _follow(self, group: Value, bits: int) -> None:
        if self._left <= 0:
            return  # reading it is work too
        try:
            members = decode_vlist(group.data)
        except ProtocolError:
            return  # what cannot be read names nobody
        for member in members:
            self._visit(member.handle, member.index, bits)

    def _visit(self, handle: str, index: int, bits: int) -> None:
        self._left -= 1
        if self._left < 0:
            return
        key = canonical(self._directory, handle)
        if key is None:
            return
        if key == self._name and index in {0, self._index}:
            self.held |= bits
            return
        new = bits & ~self._passed.get((key, index), 0)
        if new and index:
            self._passed[key, index] = self._passed.get((key, index), 0) | new
            self._level[key, index] = self._level.get((key, index), 0) | new

    def _values_of(self, key: str) -> dict[int, Value]:
        if key not in self._values:
            record = self.records.get(key)
            counts = record is not None and _counts(record) and self._lives_here(key)
            values = decode_values(record.values) if record is not None and counts else ()
            self._values[key] = {value.index: value for value in values}
        return self._values[key]

    def _lives_here(self, key: str) -> bool:
        return place_of(self._directory, Handle.parse(key)).lives_here


def _admins(record: Record | None) -> tuple[Value, ...]:
    return () if record is None else tuple(filter(is_admin, decode_values(record.values)))


def _admin(value: Value) -> Admin | None:
    try:
        return decode_admin(value.data)
    except ProtocolError:
        return None  # what cannot be read names nobody


def _counts(record: Record | None) -> bool:
    # Whoever was suspended gives no rights to others.
    return record is not None and record.state in _COUNTING


def _version(record: Record | None) -> int:
    return 0 if record is None else record.version


def _bits(held: int) -> int | None:
    return held & _PERMISSIONS if held & _NAMED else None
