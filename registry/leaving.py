"""What goes from a prefix's record when the prefix goes to somebody else. Pure."""

from typing import Final

from identifiers.keys.responses import PUBLIC_KEY, SECRET_KEY
from identifiers.names import fold
from identifiers.records import EMPTY_VALUES, Record, State
from identifiers.wire.handle.values import decode_values, encode_values
from registry.rights import ADMIN_TYPE

_PERSONAL: Final = frozenset({ADMIN_TYPE, "HS_VLIST", PUBLIC_KEY, SECRET_KEY, "HS_CERT"})
"""Who administers it, with which keys, and what vouches for these."""


def without_keys(stored: Record, now: int) -> Record | None:
    """Return the next version of a record without administrators, keys and certificates.

    None when it has none. `now` is an epoch second.
    """
    if stored.state is State.DELETED:
        return None
    values = decode_values(stored.values)
    kept = tuple(value for value in values if fold(value.type) not in _PERSONAL)
    if kept == values:
        return None
    return Record(
        key=stored.key,
        name=stored.name,
        version=stored.version + 1,
        state=stored.state if kept else State.DELETED,
        values=encode_values(kept) if kept else EMPTY_VALUES,
        changed_at=now,
        reason=stored.reason if kept else "",
        template=stored.template if kept else None,
    )
