"""What the bodies of single requests say, read strictly and checked by the rules, all at once."""

from typing import Final

import msgspec

from identifiers.faults import Fault, Faults, Invalid
from identifiers.names import Handle
from identifiers.records import State
from identifiers.standings import ENDED, reason_faults
from identifiers.submissions import Submission
from identifiers.values import MAX_INDEX, Value
from identifiers.wire.jsonfast import read_typical
from identifiers.wire.jsonform import read_attributes, read_identifier, read_values
from identifiers.wire.jsonload import load
from identifiers.wire.members import Members, members_of
from registry.submissions import fit, fitness_faults
from registry.templating import Sketch

READ_ONLY: Final = ("version", "changed_at", "reason", "template_revision")
"""Members of answers; they may come back in a body and mean nothing there."""
_CHANGES: Final = ("values", "remove", "state", "template", "attributes")
_STATES: Final = {
    state.name.lower(): state
    for state in (State.ACTIVE, State.RESERVED, State.SUSPENDED, State.REVOKED)
}


class Fit(msgspec.Struct, frozen=True):
    """An identifier as submitted, with every rule kept that needs no store."""

    handle: Handle
    values: tuple[Value, ...]
    state: State | None
    sketch: Sketch = Sketch()


class Changes(msgspec.Struct, frozen=True):
    """What a PATCH asks for."""

    values: tuple[Value, ...]
    remove: frozenset[int]
    state: State | None
    reason: str = ""
    sketch: Sketch = Sketch()


def read_new(body: bytes) -> Fit:
    """Read the body of a create. Raises `Invalid` with every fault."""
    submission = read_typical(body)
    if submission is None:
        submission = read_identifier(_without_read_only(load(body)))
    return _fit(fit(submission), submission)


def read_replacement(body: bytes, handle: Handle) -> Fit:
    """Read the body of a replace; it may leave the handle to the address, never contradict it.

    Raises `Invalid` with every fault.
    """
    submission = read_typical(body)
    if submission is None:
        document = _without_read_only(load(body))
        if isinstance(document, dict):
            document.setdefault("handle", handle.given)
        submission = read_identifier(document)
    named = fit(submission)
    if named.key() != handle.key():
        params = {"body": named.given, "path": handle.given}
        raise Invalid([Fault("name.mismatch", "/handle", params)])
    return _fit(handle, submission)


def _fit(handle: Handle, submission: Submission) -> Fit:
    sketch = Sketch(submission.template, submission.attributes or {})
    return Fit(handle, submission.values, submission.state, sketch)


def read_changes(body: bytes) -> Changes:
    """Read the members `_CHANGES`, none of which must be there. Raises `Invalid`, every fault."""
    faults = Faults()
    members = members_of(load(body), "", faults, (*_CHANGES, "reason"))
    if members is None:
        raise Invalid(faults)
    values = _changed_values(members)
    remove = _removed(members)
    named = members.one_of("state", tuple(_STATES)) if "state" in members else ""
    state = _STATES.get(named)
    reason = read_reason(members, state)
    template = members.text("template") if "template" in members else None
    attributes = read_attributes(members) if "attributes" in members else {}
    if not any(name in members for name in _CHANGES):
        faults.append(Fault("empty"))
    if faults:
        raise Invalid(faults)
    return Changes(values, remove, state, reason, Sketch(template, attributes))


def read_reason(members: Members, state: State | None) -> str:
    """Read the reason that goes with a state: asked for where it is told, refused elsewhere."""
    if state in ENDED:
        reason = members.text("reason")
        if isinstance(members.get("reason"), str):
            members.faults.extend(reason_faults(reason, members.place("reason")))
        return reason
    if "reason" in members:
        members.note("reason", "state.reason")
    return ""


def _without_read_only(document: object) -> object:
    if isinstance(document, dict):
        return {name: member for name, member in document.items() if name not in READ_ONLY}
    return document


def _changed_values(members: Members) -> tuple[Value, ...]:
    if "values" not in members:
        return ()
    try:
        values = read_values(members.get("values"), "/values")
    except Invalid as invalid:
        members.faults.extend(invalid.faults)
        return ()
    if values:
        members.faults.extend(fitness_faults(values))
    return values


def _removed(members: Members) -> frozenset[int]:
    indexes = set()
    for at, index in enumerate(members.items("remove", [])):
        if members.faults.full:
            break
        if isinstance(index, int) and not isinstance(index, bool) and 1 <= index <= MAX_INDEX:
            indexes.add(index)
        else:
            members.faults.append(Fault("range", f"/remove/{at}", {"low": 1, "high": MAX_INDEX}))
    return frozenset(indexes)
