"""Who administers a prefix over the Handle protocol: HS_ADMIN and a key in its record. Pure."""

from itertools import count
from typing import Final

import msgspec

from identifiers.keys.responses import PUBLIC_KEY, SECRET_KEY
from identifiers.names import Prefix, fold
from identifiers.principals import HandleIdentity
from identifiers.records import Record, State
from identifiers.routes import record_key
from identifiers.values import DEFAULT_PERMISSIONS, Permission, Value
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle.data import ALL_PERMISSIONS, Admin, decode_admin, encode_admin
from identifiers.wire.handle.values import decode_values, encode_values
from registry.answers import Faulty, Locked, ValuesExist
from registry.rights import ADMIN_TYPE, is_admin
from registry.rules import size_faults

ADMIN_INDEX: Final = 100
KEY_INDEX: Final = 300
"""Where administrators and their keys stand by habit (`decisions` section 3)."""
_ADMINISTRATORS_ONLY: Final = int(Permission.ADMIN_READ | Permission.ADMIN_WRITE)


class Appointment(msgspec.Struct, frozen=True, kw_only=True):
    """Who is to administer a prefix: the key at `index` of its record.

    `public_key` is HS_PUBKEY data, or else `secret` is what an HS_SECKEY value is to hold.
    """

    prefix: Prefix
    index: int = KEY_INDEX
    public_key: bytes = b""
    secret: bytes = b""

    def __repr__(self) -> str:
        return f"Appointment(prefix={str(self.prefix)!r}, index={self.index}, <key>)"

    @property
    def name(self) -> str:
        """Return the canonical name of the prefix's record."""
        return record_key(self.prefix)

    @property
    def identity(self) -> HandleIdentity:
        """Return the identity to log in with."""
        return HandleIdentity(self.name, self.index)

    def key(self) -> Value:
        """Return the key as a value, a secret one not sealed."""
        return key_value(self.index, self.public_key, self.secret)


class IndexTaken(msgspec.Struct, frozen=True):
    """Where the key would stand is a value of another type, which is no key."""

    type: str


def appointed(
    stored: Record | None, wanted: Appointment, key: Value, now: int
) -> Record | IndexTaken | None:
    """Return the next version of a prefix's record with `key`, sealed if secret, and its HS_ADMIN.

    Whatever else is there stays, other administrators too. None when nothing changes. `now` is an
    epoch second.
    """
    admin = _admin(wanted, _values(stored))
    return with_key(stored, (wanted.name, wanted.name), (admin, key), now)


def added(
    stored: Record | None, wanted: Appointment, now: int
) -> Record | Locked | ValuesExist | Faulty | None:
    """Return what `appointed` does of a public key, which takes no other value's place.

    None: just this key stands there, and administers.
    """
    if stored is not None and stored.state not in {State.ACTIVE, State.DELETED}:
        return Locked(stored.state, stored.reason)
    key = wanted.key()
    there = next((value for value in _values(stored) if value.index == key.index), key)
    if (fold(there.type), there.data) != (PUBLIC_KEY, key.data):
        return ValuesExist((key.index,))
    record = appointed(stored, wanted, there, now)
    if not isinstance(record, Record):
        return None
    faults = size_faults(len(decode_values(record.values)), record.values)
    return Faulty(faults) if faults else record


def with_key(
    stored: Record | None, names: tuple[str, str], new: tuple[Value, ...], now: int
) -> Record | IndexTaken | None:
    """Return the next version of a record with these values, of which the last is a key.

    `names` are the canonical one and the one to show, if it is new. Whatever else is there stays.
    None when nothing changes. `now` is an epoch second.
    """
    live = stored is not None and stored.state is not State.DELETED
    old = _values(stored)
    values = {value.index: value for value in old}
    replaced = values.get(new[-1].index, new[-1])
    if fold(replaced.type) not in {PUBLIC_KEY, SECRET_KEY}:
        return IndexTaken(replaced.type)
    for value in new:
        known = values.get(value.index)
        stamp = now if known is None else known.timestamp
        if known != msgspec.structs.replace(value, timestamp=stamp):
            values[value.index] = msgspec.structs.replace(value, timestamp=now)
    kept = tuple(values.values())
    if kept == old:
        return None
    return Record(
        key=names[0],
        name=stored.name if stored is not None and live else names[1],
        version=1 if stored is None else stored.version + 1,
        state=stored.state if stored is not None and live else State.ACTIVE,
        values=encode_values(kept),
        changed_at=now,
        reason=stored.reason if stored is not None and live else "",
    )


def key_value(index: int, public_key: bytes, secret: bytes) -> Value:
    """Return a key as a value: `public_key` is HS_PUBKEY data, else `secret` one, not sealed."""
    if public_key:
        return Value(index=index, type=PUBLIC_KEY, data=public_key)
    return Value(index=index, type=SECRET_KEY, data=secret, permissions=_ADMINISTRATORS_ONLY)


def _values(stored: Record | None) -> tuple[Value, ...]:
    if stored is None or stored.state is State.DELETED:
        return ()
    return decode_values(stored.values)


def _admin(wanted: Appointment, old: tuple[Value, ...]) -> Value:
    """Return the HS_ADMIN value that gives everything to the key, where it stands or may stand."""
    data = encode_admin(Admin(ALL_PERMISSIONS, wanted.name, wanted.index))
    for value in old:
        if is_admin(value) and _names(value, wanted):
            return msgspec.structs.replace(value, data=data)
    taken = {value.index for value in old} | {wanted.index}
    free = next(index for index in count(ADMIN_INDEX) if index not in taken)
    return Value(index=free, type=ADMIN_TYPE, data=data, permissions=DEFAULT_PERMISSIONS)


def _names(value: Value, wanted: Appointment) -> bool:
    try:
        admin = decode_admin(value.data)
    except ProtocolError:
        return False
    return fold(admin.handle) == fold(wanted.name) and admin.index == wanted.index
