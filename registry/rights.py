"""Which permissions a command needs of an identity (RFC 3651 section 3.2.1). Pure.

What is asked for counts, not what comes of it: otherwise whoever may write nothing could learn a
hidden value by sending it and being told that nothing changes.
"""

from collections.abc import Iterable, Mapping
from typing import Final, assert_never

import msgspec

from identifiers.names import PREFIX_RECORDS, Handle, fold
from identifiers.records import Record, State
from identifiers.values import Value, is_secret
from identifiers.wire.handle.data import AdminPermission
from identifiers.wire.handle.values import decode_values
from registry.commands import (
    AddValues,
    Command,
    Create,
    Delete,
    ModifyValues,
    Patch,
    Put,
    RemoveValues,
    Restore,
    Upsert,
)

ADMIN_TYPE: Final = "HS_ADMIN"
_P = AdminPermission


class Needed(msgspec.Struct, frozen=True):
    """Bits of `AdminPermission`.

    `of_prefix`: the record of the prefix above grants them, whatever the record itself says.
    """

    bits: int
    of_prefix: bool = False


def needed(command: Command, stored: Record | None) -> Needed:
    """Say what `command` needs, given the newest version of its record (None: there never was).

    To create an identifier takes one permission, whatever its values are. A prefix record
    (``0.NA/…``) is a derived prefix of the one above, whose administrators create and delete it.
    """
    absent = stored is None or stored.state is State.DELETED
    if isinstance(command, Delete):
        return _deleting(command.handle)
    if isinstance(command, Create) and not command.overwrite:
        return _creating(command.handle)
    if isinstance(command, Create | Put | Upsert | Restore) and absent:
        return _creating(command.handle)
    return Needed(_editing(command, _by_index(stored)))


def _by_index(stored: Record | None) -> dict[int, Value]:
    return {} if stored is None else {v.index: v for v in decode_values(stored.values)}


def _editing(
    command: Create | Put | Upsert | Patch | AddValues | ModifyValues | RemoveValues | Restore,
    old: Mapping[int, Value],
) -> int:
    match command:
        case Create() | Put() | Restore():
            bits = _replacing(old, command.values)
        case Upsert():
            bits = _setting(old, command.values)
        case Patch():
            bits = _setting(old, command.values) | _removing(old, command.remove)
        case AddValues():
            bits = _setting(old, command.values) or int(_P.ADD_VALUE)
        case ModifyValues():
            # What is not there is asked to be modified all the same: it counts as what is sent.
            there = {value.index: old.get(value.index, value) for value in command.values}
            bits = _setting(there, command.values) or int(_P.MODIFY_VALUE)
        case RemoveValues():
            bits = _removing(old, command.indexes) or int(_P.REMOVE_VALUE)
        case _:
            assert_never(command)
    return bits


def _creating(handle: Handle) -> Needed:
    derived = handle.prefix == PREFIX_RECORDS
    return Needed(int(_P.ADD_DERIVED_PREFIX if derived else _P.ADD_HANDLE), of_prefix=True)


def _deleting(handle: Handle) -> Needed:
    if handle.prefix == PREFIX_RECORDS:
        return Needed(int(_P.DELETE_DERIVED_PREFIX), of_prefix=True)
    return Needed(int(_P.DELETE_HANDLE))


def _replacing(old: Mapping[int, Value], new: Iterable[Value]) -> int:
    given = {value.index: value for value in new}
    kept = {index for index, value in given.items() if _left_alone(old.get(index), value)}
    changed = [value for index, value in given.items() if index not in kept]
    return _setting(old, changed) | _removing(old, old.keys() - given.keys())


def _left_alone(old: Value | None, new: Value) -> bool:
    """Say whether a value that is sent with all others is just repeated, and no secret."""
    return (
        old is not None
        and old.public
        and not is_secret(old.type)  # nobody reads these, whatever their permissions say
        and msgspec.structs.replace(new, timestamp=old.timestamp) == old
    )


def _setting(old: Mapping[int, Value], new: Iterable[Value]) -> int:
    bits = 0
    for value in new:
        known = old.get(value.index)
        if known is None:
            bits |= _adding(value)
        elif is_admin(known) != is_admin(value):
            bits |= _removal(known) | _adding(value)  # one is gone, the other is new
        else:
            bits |= _P.MODIFY_ADMIN if is_admin(value) else _P.MODIFY_VALUE
    return int(bits)


def _removing(old: Mapping[int, Value], indexes: Iterable[int]) -> int:
    bits = 0
    for index in indexes:
        known = old.get(index)
        bits |= _P.REMOVE_VALUE if known is None else _removal(known)
    return int(bits)


def _adding(value: Value) -> AdminPermission:
    return _P.ADD_ADMIN if is_admin(value) else _P.ADD_VALUE


def _removal(value: Value) -> AdminPermission:
    return _P.REMOVE_ADMIN if is_admin(value) else _P.REMOVE_VALUE


def is_admin(value: Value) -> bool:
    """Say whether a value says who administers its record."""
    return fold(value.type) == ADMIN_TYPE
