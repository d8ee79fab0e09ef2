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
    """The prefix was allotted before. `same`: to the same owner, so nothing is amiss.

    `enterprise` is whose it is when not `same`; 0: the node's own.
    """

    same: bool
    enterprise: int = 0


class OutsideRoots(msgspec.Struct, frozen=True):
    """The prefix is below none of this node's secondary prefixes."""


class BelowAnother(msgspec.Struct, frozen=True):
    """The prefix is below one that belongs to another enterprise."""

    prefix: Prefix


class Ownerless(msgspec.Struct, frozen=True):
    """The prefix is below `above`, so it is an enterprise's as a rule, and none was named.

    `enterprise` is whose `above` is; 0: the node's own.
    """

    above: Prefix
    enterprise: int = 0


class InUse(msgspec.Struct, frozen=True):
    """The prefix is the node's own, and is not handed over while something is stored there."""


class UnderReview(msgspec.Struct, frozen=True):
    """The prefix is applied for: who reviews that decides about it."""


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


def ownerless(directory: PrefixDirectory, entry: PrefixEntry) -> Ownerless | None:
    """Return what an own prefix of the node would be homed below, if that is new.

    Nobody but the node could register there, and forgetting to name the enterprise looks the same.
    """
    there = directory.exact(str(entry.prefix))
    if entry.kind is not PrefixKind.SECONDARY or there is not None:
        return None
    above = [e for e in directory.entries if e.enabled and e.prefix.covers(entry.prefix)]
    return Ownerless(above[-1].prefix, above[-1].enterprise) if above else None


def handed_over(directory: PrefixDirectory, entry: PrefixEntry) -> Taken | StillBelow | None:
    """Return why a prefix of the node's own cannot become an enterprise's, if it cannot.

    It has to stand below another secondary prefix, and over nothing that is somebody else's. That
    nothing is stored under it is for the store to see, in the transaction that hands it over.
    """
    root = directory.root_of(entry.prefix)
    if root is None or root.prefix == entry.prefix:
        return Taken(same=False)
    below = [
        other.prefix
        for other in directory.entries
        if other.prefix != entry.prefix
        and entry.prefix.covers(other.prefix)
        and other.enterprise != entry.enterprise
    ]
    return StillBelow(below[0], len(below)) if below else None


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
