"""What became of an identifier, version by version: who wrote each, and what it changed. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from identifiers.changes import AuditEntry, ChangeKind
from identifiers.records import Record
from identifiers.values import Value, is_secret
from identifiers.wire.handle.values import decode_values

KEPT_DAYS: Final = 180
"""How long a version is kept after it was replaced."""
BULK_ACTIONS: Final = frozenset({"identifier.batch", "import.chunk", "job.chunk"})
"""Actions whose one audit entry stands for many identifiers."""
_DETAIL: Final = msgspec.json.Decoder(dict[str, Any])


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a record, as it was.

    `change`, `kind` and `at` (epoch milliseconds) are those of the change log; None: written before
    versions were told with them. `entries` are the audit entries of the same transaction that may
    be about it.
    """

    record: Record
    change: UUID | None = None
    kind: ChangeKind | None = None
    at: int | None = None
    entries: tuple[AuditEntry, ...] = ()


def author(version: Version) -> AuditEntry | None:
    """Return the audit entry that says who wrote a version; None: it cannot be told for sure.

    Requests that travel in one transaction have an entry each. One about a single identifier names
    the identifier and the change, one about several of them their changes or, where it stands
    alone, none.
    """
    key, change = version.record.key, str(version.change)
    own = [entry for entry in version.entries if entry.subject == key]
    bulk = [entry for entry in version.entries if entry.action in BULK_ACTIONS]
    details = [(entry, _DETAIL.decode(entry.detail)) for entry in (*own, *bulk)]
    for entry, detail in details:
        if detail.get("change") == change or change in detail.get("changes", ()):
            return entry
    vague = [entry for entry, detail in details if not {"change", "changes"} & detail.keys()]
    return vague[0] if len(vague) == 1 else None


class Difference(msgspec.Struct, frozen=True):
    """What a version has at an index, and what the one before had there; None: nothing.

    Of a secret key only the index and the type are told.
    """

    index: int
    old: Value | None
    new: Value | None


def differences(old: bytes, new: bytes) -> tuple[Difference, ...]:
    """Return what changed from values to others, both in wire form, by index."""
    before, after = _by_index(old), _by_index(new)
    return tuple(
        Difference(index, _told(before.get(index)), _told(after.get(index)))
        for index in sorted(before.keys() | after.keys())
        if before.get(index) != after.get(index)
    )


def following(versions: Sequence[Version]) -> Iterable[tuple[Version, Version | None]]:
    """Yield each of some versions, newest first, with the one before it (None for the last)."""
    return zip(versions, (*versions[1:], None), strict=False)


def _by_index(blob: bytes) -> dict[int, Value]:
    return {value.index: value for value in decode_values(blob)}


def _told(value: Value | None) -> Value | None:
    if value is None or not is_secret(value.type):
        return value
    return msgspec.structs.replace(value, data=b"")
