"""What becomes of a prefix that is to be homed or given up. Pure.

A prefix that was given up is switched off: its names are told as living nowhere, and everything
about it stays, so that homing it again restores it. Whose it is does not change with that, and what
was allotted below it to somebody stays homed.
"""

import msgspec

from identifiers.directory import PrefixDirectory, PrefixEntry, PrefixKind
from identifiers.names import Prefix


class Homed(msgspec.Struct, frozen=True):
    """The prefix is served by this node from now on."""

    entry: PrefixEntry


class Taken(msgspec.Struct, frozen=True):
    """The prefix was allotted before. `same`: to the same owner, so nothing is amiss."""

    same: bool


class OutsideRoots(msgspec.Struct, frozen=True):
    """The prefix is below none of this node's secondary prefixes."""


class BelowAnother(msgspec.Struct, frozen=True):
    """The prefix is below one that belongs to another enterprise."""

    prefix: Prefix


class Unallotted(msgspec.Struct, frozen=True):
    """No enterprise has just this prefix: there is nobody to delegate it to."""


class GivenUp(msgspec.Struct, frozen=True):
    """The prefix is not homed any more, or was not before."""


class StillBelow(msgspec.Struct, frozen=True):
    """So many prefixes are homed below this secondary prefix, `first` among them."""

    first: Prefix
    count: int


def misplaced(directory: PrefixDirectory, entry: PrefixEntry) -> OutsideRoots | BelowAnother | None:
    """Return why an enterprise's prefix cannot be allotted or homed where it is, if it cannot."""
    if not directory.below_root(entry.prefix):
        return OutsideRoots()
    above = directory.nearest(str(entry.prefix))
    # An equal prefix is not above but the same: the store says whether it is taken.
    if above is None or above.prefix == entry.prefix or above.enterprise == entry.enterprise:
        return None
    return BelowAnother(above.prefix)


def held(directory: PrefixDirectory, entry: PrefixEntry) -> StillBelow | None:
    """Return why a prefix cannot be given up, if it cannot.

    What is homed below a secondary prefix stands on it: signatures there name its key, and whoever
    walks down the prefix tree asks it.
    """
    if entry.kind is not PrefixKind.SECONDARY:
        return None
    below = [
        other.prefix
        for other in directory.entries
        if other.enabled and other.prefix != entry.prefix and entry.prefix.covers(other.prefix)
    ]
    return StillBelow(below[0], len(below)) if below else None
