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
from registry.rights import ADMIN_TYPE, is_admin

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
        if self.public_key:
            return Value(index=self.index, type=PUBLIC_KEY, data=self.public_key)
        return Value(
            index=self.index, type=SECRET_KEY, data=self.secret, permissions=_ADMINISTRATORS_ONLY
        )


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
    live = stored is not None and stored.state is not State.DELETED
    old = decode_values(stored.values) if stored is not None and live else ()
    values = {value.index: value for value in old}
    replaced = values.get(wanted.index, key)
    if fold(replaced.type) not in {PUBLIC_KEY, SECRET_KEY}:
        return IndexTaken(replaced.type)
    for value in (_admin(wanted, old), key):
        known = values.get(value.index)
        stamp = now if known is None else known.timestamp
        if known != msgspec.structs.replace(value, timestamp=stamp):
            values[value.index] = msgspec.structs.replace(value, timestamp=now)
    new = tuple(values.values())
    if new == old:
        return None
    return Record(
        key=wanted.name,
        name=wanted.name,
        version=1 if stored is None else stored.version + 1,
        state=stored.state if stored is not None and live else State.ACTIVE,
        values=encode_values(new),
        changed_at=now,
        reason=stored.reason if stored is not None and live else "",
    )


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
