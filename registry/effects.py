"""What a decision leaves behind: record, change, audit entry and remembered answer. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeVar, assert_never

import msgspec

from identifiers import merkle
from identifiers.changes import (
    AuditEntry,
    ChangeKind,
    Current,
    FirstAnswer,
    StoredAnswer,
    Writes,
    Written,
)
from identifiers.principals import (
    Account,
    Anonymous,
    ApiKey,
    HandleIdentity,
    Operator,
    Principal,
)
from registry.answers import Decision, Denied, KeyReused, Replayed, Saved
from registry.commands import Asked, Once
from registry.leaves import record_leaf

A = TypeVar("A")
B = TypeVar("B")

ACTIONS: Final[Mapping[ChangeKind, str]] = MappingProxyType(
    {
        ChangeKind.CREATED: "identifier.create",
        ChangeKind.UPDATED: "identifier.update",
        ChangeKind.DELETED: "identifier.delete",
        ChangeKind.STATE: "identifier.state",
    }
)
BATCH_ACTION: Final = "identifier.batch"
NOTHING: Final = Writes()
NAMED_CHANGES: Final = 64
"""Up to so many changes are named by the entry of a batch. Larger ones are alone in their
transaction (`registry.commit`), so that it says whose they are; smaller ones may have company."""
_NOTHING_NOTED: Final[Mapping[str, int | str]] = MappingProxyType({})


def principal_name(principal: Principal) -> str:
    """Return the name under which a principal appears in the audit log and owns request keys."""
    match principal:
        case Anonymous():
            return "anonymous"
        case ApiKey():
            return f"key:{principal.id}"
        case Operator():
            return f"operator:{principal.name}"
        case HandleIdentity():
            return f"identity:{principal}"
        case Account():
            return f"account:{principal.name}"
        case _:
            assert_never(principal)


def audited(asked: Asked[Any], action: str, subject: str, detail: Mapping[str, Any]) -> AuditEntry:
    """Return the entry that says who did `action` to `subject`."""
    return AuditEntry(
        at=asked.at,
        actor=principal_name(asked.principal),
        action=action,
        subject=subject,
        request=asked.request_id,
        detail=msgspec.json.encode(detail),
    )


def effects(
    decision: Decision | Denied,
    asked: Asked[Any],
    at: int,
    noted: Mapping[str, int | str] = _NOTHING_NOTED,
) -> Writes:
    """Return what the decision about the command number `at` of a request writes."""
    if not isinstance(decision, Saved):
        return NOTHING
    record, change = decision.record, asked.changes[at]
    detail = {"version": record.version, "change": change, **noted}
    return Writes(
        records=(Written(change, decision.kind, record),),
        audit=(audited(asked, ACTIONS[decision.kind], record.key, detail),),
    )


def bulk_effects(written: Sequence[Written], asked: Asked[Any]) -> Writes:
    """Return what a batch writes. It has one audit entry: which records, its root proves."""
    if not written:
        return NOTHING
    created = sum(w.kind is ChangeKind.CREATED for w in written)
    detail: dict[str, Any] = {"created": created, "updated": len(written) - created}
    if len(written) <= NAMED_CHANGES:
        detail["changes"] = [one.change for one in written]
    entry = audited(asked, BATCH_ACTION, f"{len(written)} identifiers", detail)
    return Writes(
        records=tuple(written),
        audit=(msgspec.structs.replace(entry, root=merkle_root(written)),),
    )


def merkle_root(written: Sequence[Written]) -> bytes:
    """Return the tree hash over ``key|version|SHA-256(values)`` of each record, in order."""
    return merkle.root(
        [
            w.leaf or record_leaf(w.record.key.encode(), w.record.version, w.record.values)
            for w in written
        ]
    )


def joined(several: Iterable[Writes]) -> Writes:
    """Return everything that `several` write, in order."""
    every = tuple(several)
    return Writes(
        records=tuple([record for writes in every for record in writes.records]),
        audit=tuple([entry for writes in every for entry in writes.audit]),
        answers=tuple([answer for writes in every for answer in writes.answers]),
        delegated=tuple([moved for writes in every for moved in writes.delegated]),
        held=tuple([held for writes in every for held in writes.held]),
    )


def first_answer(once: Once[A] | None, current: Current) -> Replayed | KeyReused | None:
    """Return what was said to the same request before, if it was made before."""
    if once is None or (stored := current.answers.get(once.key)) is None:
        return None
    return Replayed(stored) if once.made(stored) else KeyReused()


def remembered(writes: Writes, once: Once[A] | None, answer: A) -> Writes:
    """Return `writes` with the answer to be repeated, when it is to be repeated."""
    if once is None:
        return writes
    return msgspec.structs.replace(writes, answers=(once.render(answer),))


def at_first(once: Once[A] | None, answer: Callable[[B], A | None]) -> FirstAnswer[B] | None:
    """Return what a store keeps with an effect; `answer` gives None when there was no effect."""
    if once is None:
        return None

    def of(result: B) -> StoredAnswer | None:
        told = answer(result)
        return None if told is None else once.render(told)

    return FirstAnswer(once.key, of)
