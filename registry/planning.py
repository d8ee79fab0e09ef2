"""Several commands that are to be decided together, each as if it came alone."""

from collections.abc import Sequence
from typing import Any

import msgspec

from identifiers.directory import PrefixDirectory
from identifiers.metadata.book import Book
from identifiers.principals import Allowed, Scope
from registry.answers import Answer, Denied
from registry.commands import Asked, Delete, Patch
from registry.commit import Unit
from registry.holding import Holders
from registry.ports import RegistryStore
from registry.prefixes import permit
from registry.rules import Terms, decide
from registry.signatures import Outdated
from registry.signing import Signatures
from registry.units import unit

Moving = Patch | Delete
"""Commands that need what is stored, and bring no secrets."""
PlannedUnit = Unit[Answer | Outdated]


class Ground(msgspec.Struct, frozen=True):
    """What commands are planned on: as it is now."""

    directory: PrefixDirectory
    book: Book


async def plan(
    commands: Sequence[tuple[Moving, Scope]],
    asked: Asked[Any],
    ground: Ground,
    store: RegistryStore,
    signatures: Signatures,
) -> tuple[PlannedUnit | Denied, ...]:
    """Return the unit of each command, or why it may not be asked for.

    `asked.changes` has an id for each. Raises `StoreUnavailable`.
    """
    judged = [_judged(command, scope, asked, ground) for command, scope in commands]
    planned = [
        (command, terms)
        for (command, _), terms in zip(commands, judged, strict=True)
        if isinstance(terms, Terms)
    ]
    drafts = await signatures.prepared(ground.directory, planned, store)
    claims: tuple[bytes, ...] = ()
    if ground.book.unique:
        holders = Holders(ground.book, {}, None)
        stored = await store.fetch([terms.key for _, terms in planned])
        for (command, terms), record in zip(planned, stored, strict=True):
            holders.settle(decide(command, record, terms), record)
        claims = tuple(holders.wanted)
    return tuple(
        terms
        if isinstance(terms, Denied)
        else unit(command, terms, drafts, msgspec.structs.replace(asked, changes=(change,)), claims)
        for (command, _), terms, change in zip(commands, judged, asked.changes, strict=True)
    )


def _judged(command: Moving, scope: Scope, asked: Asked[Any], ground: Ground) -> Terms | Denied:
    allowed = permit(ground.directory, asked, scope, command.handle)
    if not isinstance(allowed.verdict, Allowed):
        return Denied(allowed.verdict)
    home = ground.directory.home_of(command.handle)
    return Terms(
        command.handle.key(fold_suffix=allowed.fold_suffix),
        asked.at // 1000,
        may_change_state=scope is Scope.STATE,
        keeps=home is not None and home.keeps,
        book=ground.book,
        demands=ground.book.demands(command.handle.prefix),
    )
