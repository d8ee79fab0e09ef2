"""Where prefixes may stand, and what a change of one leaves behind. Pure."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec

from identifiers.changes import Writes, Written
from identifiers.directory import PrefixDirectory, PrefixEntry, PrefixKind
from identifiers.faults import Fault
from identifiers.holdings import Holding, HoldingLedger, HoldingPostings
from identifiers.labels import Allotment
from identifiers.names import Prefix
from registry.administration import MAX_PREFIX_CHARACTERS
from registry.allotment import BelowAnother, OutsideRoots, misplaced
from registry.answers import Stale
from registry.business.asking import By

T = TypeVar("T")

DEFAULT_RULE: Final = Allotment()
_TOLD: Final = ("enterprise", "state", "hosting", "routed", "quota", "reason")
"""What the audit log tells of a prefix that changed, old and new."""


def root_fault(directory: PrefixDirectory, root: Prefix) -> Fault | None:
    """Return why prefixes are not allotted right below `root`, if they are not."""
    entry = directory.exact(str(root))
    if entry is None or entry.kind is not PrefixKind.SECONDARY or not entry.enabled:
        return Fault("prefix.root", "/root", {"prefix": str(root)})
    return None


def place_fault(
    directory: PrefixDirectory, prefix: Prefix, enterprise: int, pointer: str
) -> Fault | None:
    """Return why an enterprise cannot be given a prefix, if it cannot."""
    text = str(prefix)
    if len(text) > MAX_PREFIX_CHARACTERS:
        size: dict[str, str | int] = {
            "size": len(text),
            "unit": "characters",
            "limit": MAX_PREFIX_CHARACTERS,
        }
        return Fault("too_long", pointer, size)
    if directory.exact(text) is not None:
        return Fault("prefix.taken", pointer, {"prefix": text})
    entry = PrefixEntry(prefix=prefix, kind=PrefixKind.ENTERPRISE, enterprise=enterprise)
    match misplaced(directory, entry):
        case OutsideRoots():
            return Fault("prefix.outside", pointer, {"prefix": text})
        case BelowAnother(prefix=above):
            return Fault("prefix.below", pointer, {"prefix": text, "above": str(above)})
        case None:
            return None


def taken_below(directory: PrefixDirectory, root: Prefix) -> frozenset[str]:
    """Return the labels right below `root` that somebody has, or applies for."""
    depth = len(root.labels)
    return frozenset(
        entry.prefix.labels[depth]
        for entry in directory.entries
        if root.covers(entry.prefix) and len(entry.prefix.labels) > depth
    )


def next_below(ledger: HoldingLedger, root: Prefix) -> Prefix | Fault:
    """Return the prefix that the rule of allotment gives next."""
    if fault := root_fault(ledger.directory, root):
        return fault
    label = (ledger.rule or DEFAULT_RULE).next_label(taken_below(ledger.directory, root))
    if label is None:
        return Fault("prefix.none_left", "/root", {"prefix": str(root)})
    return Prefix((*root.labels, label))


def asked_below(ledger: HoldingLedger, root: Prefix, label: str) -> Prefix | Fault:
    """Return the prefix that is asked for, unless the node keeps it or somebody has it."""
    if fault := root_fault(ledger.directory, root):
        return fault
    rule = ledger.rule or DEFAULT_RULE
    fault = rule.asked_for(label, taken_below(ledger.directory, root))
    if fault is not None:
        return fault.below("/label")
    return Prefix((*root.labels, label))


def of_enterprise(ledger: HoldingLedger, prefix: Prefix) -> Holding | None:
    """Return a prefix that an enterprise has."""
    there = ledger.holdings.get(str(prefix))
    return None if there is None or not there.enterprise else there


def unless_stale(
    decide: Callable[[HoldingLedger], tuple[HoldingPostings, T]],
    seen: frozenset[int] | None,
    prefix: Prefix,
) -> Callable[[HoldingLedger], tuple[HoldingPostings, T | Stale]]:
    """Return `decide` for those versions of a prefix only that it is meant for; None: for all."""

    def judged(ledger: HoldingLedger) -> tuple[HoldingPostings, T | Stale]:
        there = ledger.holdings.get(str(prefix))
        if seen is not None and there is not None and there.version not in seen:
            return HoldingPostings(), Stale(there.version)
        return decide(ledger)

    return judged


def entry_of(ledger: HoldingLedger, prefix: Prefix) -> PrefixEntry:
    """Return the entry of a prefix that is held."""
    entry = ledger.directory.exact(str(prefix))
    if entry is None:
        raise ValueError(f"{prefix} is held and not in the picture of all prefixes")
    return entry


def family_of(directory: PrefixDirectory, prefix: Prefix) -> tuple[Prefix, ...]:
    """Return a prefix, and all below it that the same enterprise has."""
    own = directory.exact(str(prefix))
    if own is None:
        return (prefix,)
    return tuple(
        entry.prefix
        for entry in directory.entries
        if prefix.covers(entry.prefix) and entry.enterprise == own.enterprise
    )


def changed(holding: Holding, **to: Any) -> Holding:
    """Return the next version of a prefix's state."""
    return msgspec.structs.replace(holding, version=holding.version + 1, **to)


def posted(  # noqa: PLR0917 -- all that one change leaves behind
    action: str,
    before: tuple[Holding, ...],
    after: tuple[Holding, ...],
    by: By,
    records: tuple[Written, ...] = (),
    detail: Mapping[str, Any] | None = None,
) -> HoldingPostings:
    """Return what a change writes: one audit entry for each prefix, with old and new."""
    old = {one.prefix: one for one in before}
    entries = tuple(
        by.entry(action, one.prefix, {**(detail or {}), **differences(old.get(one.prefix), one)})
        for one in after
    )
    return HoldingPostings(holdings=after, writes=Writes(records=records, audit=entries))


def differences(before: Holding | None, after: Holding) -> dict[str, Any]:
    """Return what changed of a prefix: ``from`` and ``to``, by name."""
    names = [
        name for name in _TOLD if before is None or getattr(before, name) != getattr(after, name)
    ]
    to = {name: _plain(getattr(after, name)) for name in names}
    if before is None:
        return {"to": to}
    return {"from": {name: _plain(getattr(before, name)) for name in names}, "to": to}


def _plain(value: Any) -> Any:
    return value.name.lower() if hasattr(value, "name") else value
