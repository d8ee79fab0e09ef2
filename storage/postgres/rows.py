"""Records as rows."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from identifiers.changes import Written
from identifiers.names import prefix_of
from identifiers.records import Record, State

_STATES: Final = {state.value: state for state in State}
_Pairs = list[tuple[str, int]]
_pairs: Final = msgspec.msgpack.Decoder(_Pairs)


def record(row: Sequence[Any]) -> Record:
    """Read key, name, version, state, reason, template, wire_values, changed_at."""
    key, name, version, state, reason, template, values, changed_at = row
    return Record(
        key=key,
        name=name or key,
        version=version,
        state=_STATES[state],
        values=values,
        changed_at=changed_at,
        reason=reason,
        template=template,
    )


def stored_name(record: Record) -> str | None:
    """Return what the column `name` holds: nothing when the name is the key."""
    return None if record.name == record.key else record.name


def by_prefix(keys: Iterable[str]) -> list[str]:
    """Return the prefix of each key, as the first of the two columns that find a row."""
    return [prefix_of(key) for key in keys]


def pack_news(written: Iterable[Written]) -> bytes:
    """Return the keys and versions of one transaction as a row of `invalidation` holds them."""
    return msgspec.msgpack.encode([(w.record.key, w.record.version) for w in written])


def unpack_news(packed: bytes) -> _Pairs:
    """Read what `pack_news` made."""
    return _pairs.decode(packed)
