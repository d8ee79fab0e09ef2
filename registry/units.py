"""Units of work for single commands: what each touches, and the pure function that decides it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from identifiers.changes import Current, Held, RequestKey, Writes
from identifiers.directory import PrefixDirectory
from identifiers.principals import Allowed, Scope
from identifiers.records import Record
from registry.administrators import Grants
from registry.answers import Answer, Denied, Faulty
from registry.commands import Asked, Command, Once, Patch, Restore
from registry.commit import Unit
from registry.effects import NOTHING, effects, first_answer, remembered
from registry.holding import Holders
from registry.prefixes import Permit, Place, permit
from registry.rights import Needed, needed
from registry.rules import Terms
from registry.signatures import (
    OUTDATED,
    Drafts,
    Mark,
    Outdated,
    Unsigned,
    bare_command,
    bare_record,
    judge,
)
from registry.visible import told


def unit(
    command: Command,
    terms: Terms,
    drafts: Drafts,
    asked: Asked[Answer],
    claims: tuple[bytes, ...] = (),
) -> Unit[Answer | Outdated]:
    """Return the unit that decides one command, with `claims` locked."""

    def decide_one(current: Current) -> tuple[Writes, Answer | Outdated]:
        if (known := first_answer(asked.once, current)) is not None:
            return NOTHING, known
        return _decided(command, current, terms, drafts, asked, claims)

    return Unit((terms.key,), requests_of(asked.once), decide_one, claims=claims)


def refusing(refusal: Faulty, asked: Asked[Answer]) -> Unit[Answer]:
    """Return the unit that gives the first answer to a request, which is this if there is none."""

    def decide_one(current: Current) -> tuple[Writes, Answer]:
        if (known := first_answer(asked.once, current)) is not None:
            return NOTHING, known
        return remembered(NOTHING, asked.once, refusal), refusal

    return Unit((), requests_of(asked.once), decide_one)


def _decided(  # noqa: PLR0917 -- all that the decision depends on
    command: Command,
    current: Current,
    terms: Terms,
    drafts: Drafts,
    asked: Asked[Answer],
    claims: tuple[bytes, ...],
) -> tuple[Writes, Answer | Outdated]:
    stored = current.records.get(terms.key)
    decision = judge(command, stored, terms, drafts)
    if isinstance(decision, Unsigned):
        return NOTHING, OUTDATED
    held: tuple[Held, ...] = ()
    if terms.book.unique:
        holders = Holders(terms.book, current.holders, claims)
        settled = holders.settle(decision, stored)
        if isinstance(settled, Outdated):
            return NOTHING, OUTDATED
        decision, held = settled, holders.held
    answer = told(decision)
    writes = effects(decision, asked, 0, noted(command))
    if held:
        writes = msgspec.structs.replace(writes, held=held)
    return remembered(writes, asked.once, answer), answer


def judged_unit(  # noqa: PLR0917 -- all that the decision depends on
    command: Command,
    terms: Terms,
    drafts: Drafts,
    place: Place,
    grants: Grants,
    scope: Scope,
    directory: PrefixDirectory,
    asked: Asked[Answer],
    claims: tuple[bytes, ...] = (),
) -> Unit[Answer | Outdated]:
    """Return the unit that judges rights and command on one and the same version."""

    def decide_one(current: Current) -> tuple[Writes, Answer | Outdated]:
        if (known := first_answer(asked.once, current)) is not None:
            return NOTHING, known
        if grants.outdated(current):
            return NOTHING, OUTDATED
        stored = current.records.get(place.key)
        rights = grants.rights(_needed(command, stored, drafts.marks.get(terms.key)))
        allowed: Permit = permit(directory, asked, scope, command.handle, rights)
        if not isinstance(allowed.verdict, Allowed):
            return NOTHING, Denied(allowed.verdict)
        return _decided(command, current, terms, drafts, asked, claims)

    reads = tuple(key for key in grants.versions if key != place.key)
    return Unit((place.key,), requests_of(asked.once), decide_one, reads, claims)


def _needed(command: Command, stored: Record | None, mark: Mark | None) -> Needed:
    """Return what rights a command takes: none for the node's own signature."""
    if mark is None:
        return needed(command, stored)
    bare = None if stored is None else bare_record(stored, mark.issuer)
    return needed(bare_command(command, mark.issuer), bare)


def noted(command: Command) -> Mapping[str, int | str]:
    """Return what the audit entry says of a command besides what it made."""
    if isinstance(command, Restore):
        return {"restored": command.version}
    if isinstance(command, Patch) and command.reason:
        return {"reason": command.reason}
    return {}


def requests_of(once: Once[Any] | None) -> tuple[RequestKey, ...]:
    """Return the request keys that a request touches."""
    return () if once is None else (once.key,)
