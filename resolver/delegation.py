"""Who answers for a handle: pure on the prefix directory.

``88.300.99/x`` under a secondary prefix of ours is nobody's until ``88.300.99`` is allotted (301),
but ``0.NA/88.300.99`` is ours to deny (100): whoever walks down the prefix tree asks us.
"""

import msgspec

from identifiers.directory import PrefixDirectory, PrefixEntry
from identifiers.faults import Invalid
from identifiers.names import MAX_WIRE_BYTES, PREFIX_RECORDS, Handle, Prefix
from identifiers.outcomes import InvalidName, NotHomed
from identifiers.queries import Query


class Ours(msgspec.Struct, frozen=True):
    """This node answers: look the record up under `key`. `entry`: whose prefix it is.

    `entry` is None for a prefix record below one of our roots that was never allotted.
    """

    key: str
    entry: PrefixEntry | None


Delegation = Ours | NotHomed | InvalidName

_NOT_HOMED = NotHomed()


def delegate(directory: PrefixDirectory, query: Query) -> Delegation:
    """Decide who answers. A disabled prefix is told as one that does not live here."""
    if len(query.handle) > MAX_WIRE_BYTES:
        return InvalidName(f"a handle has at most {MAX_WIRE_BYTES} bytes")
    try:
        handle = Handle.parse(query.text)
    except Invalid as invalid:
        return InvalidName("; ".join(fault.detail() for fault in invalid.faults))
    entry = directory.home_of(handle)
    if entry is None:
        if handle.prefix == PREFIX_RECORDS and _below_root(directory, handle.suffix):
            return Ours(handle.key(), None)
        return _NOT_HOMED
    if not entry.enabled:
        return _NOT_HOMED
    return Ours(handle.key(fold_suffix=entry.fold_suffix), entry)


def _below_root(directory: PrefixDirectory, text: str) -> bool:
    try:
        return directory.below_root(Prefix.parse(text))
    except Invalid:
        return False
