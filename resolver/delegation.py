"""Who answers for a handle: pure on the prefix directory.

``88.300.99/x`` under a secondary prefix of ours is nobody's until ``88.300.99`` is allotted (301),
but ``0.NA/88.300.99`` is ours to deny (100): whoever walks down the prefix tree asks us.

Names under a delegated prefix live at the enterprise's own node: the answer is a referral to its
sites (302), for the record of a prefix derived from it to the sites of such records (303). The
record of the delegated prefix itself stays ours.
"""

import msgspec

from identifiers.directory import PrefixDirectory, PrefixEntry
from identifiers.faults import Invalid
from identifiers.names import MAX_WIRE_BYTES, PREFIX_RECORDS, Handle, Prefix, fold
from identifiers.outcomes import Absent, InvalidName, NotHomed, Referral
from identifiers.queries import Query
from identifiers.routes import Routes


class Ours(msgspec.Struct, frozen=True, gc=False):
    """This node answers: look the record up under `key`. `entry`: whose prefix it is.

    `entry` is None for a prefix record below one of our roots that was never allotted. `prefix` is
    that of the entry, in canonical form; empty without one.
    """

    key: str
    entry: PrefixEntry | None
    prefix: str


Elsewhere = Referral | Absent | NotHomed
Delegation = Ours | Elsewhere | InvalidName

_NOT_HOMED = NotHomed()
_ABSENT = Absent()


def delegate(directory: PrefixDirectory, query: Query) -> Delegation:
    """Decide who answers. A disabled prefix is told as one that does not live here."""
    if len(query.handle) > MAX_WIRE_BYTES:
        return InvalidName(f"a handle has at most {MAX_WIRE_BYTES} bytes")
    text = query.text
    prefix, _, suffix = text.partition("/")
    plain = directory.plain.get(prefix)
    if plain is not None and suffix and "\0" not in suffix:
        return Ours(text, plain, prefix)  # what the rest comes to, for nearly all that is asked
    return _closely(directory, query, text)


def _closely(directory: PrefixDirectory, query: Query, text: str) -> Delegation:
    try:
        handle = Handle.parse(text)
    except Invalid as invalid:
        return InvalidName("; ".join(fault.detail() for fault in invalid.faults))
    entry = directory.home_of(handle)
    if entry is None:
        return _unallotted(directory, handle)
    if not entry.enabled:
        return _NOT_HOMED
    if entry.routes is not None and not _own_record(entry, handle):
        return _elsewhere(entry.routes, handle, query)
    return Ours(handle.key(fold_suffix=entry.fold_suffix), entry, str(entry.prefix))


def _unallotted(directory: PrefixDirectory, handle: Handle) -> Ours | NotHomed:
    if handle.prefix == PREFIX_RECORDS and _below_root(directory, handle.suffix):
        return Ours(handle.key(), None, "")
    return _NOT_HOMED


def _own_record(entry: PrefixEntry, handle: Handle) -> bool:
    return handle.prefix == PREFIX_RECORDS and fold(handle.suffix) == str(entry.prefix)


def _elsewhere(routes: Routes, handle: Handle, query: Query) -> Elsewhere:
    """Tell where a name under a delegated prefix lives.

    Without a route to its names the prefix is told as one that does not live here; without one to
    derived prefixes there are none.
    """
    of_prefix = handle.prefix == PREFIX_RECORDS
    sites = routes.derived if of_prefix else routes.names
    if not sites and not of_prefix:
        return _NOT_HOMED
    return Referral(sites, of_prefix) if sites and not query.do_not_refer else _ABSENT


def _below_root(directory: PrefixDirectory, text: str) -> bool:
    try:
        return directory.below_root(Prefix.parse(text))
    except Invalid:
        return False
