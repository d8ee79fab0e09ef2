"""History of identifiers: what each version was, who wrote it, and the way back to it."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgspec

from identifiers.history import Version
from identifiers.names import Handle
from identifiers.principals import Allowed, Scope
from identifiers.records import PAGE_BYTES, Record, State
from identifiers.wire.handle.values import decode_values
from registry.answers import Answer, Denied, Missing
from registry.commands import Asked, Precondition, Restore
from registry.prefixes import Prefixes, permit
from registry.service import Registry
from registry.visible import seen_by_owner

NEWEST: Final = 2**63 - 1
"""Above every version."""


class HistoryStore(Protocol):
    """Where versions are kept. Every method raises `StoreUnavailable`."""

    async def versions(self, key: str, below: int, limit: int) -> Sequence[Version]:
        """Return up to `limit` versions of a record, newest first, from the first below `below`.

        The last one is that with which the values come to `PAGE_BYTES`, if they do.
        """
        ...

    async def version(self, key: str, number: int) -> Record | None:
        """Return one version of a record; None when it never was or is no longer kept."""
        ...


class Past(msgspec.Struct, frozen=True):
    """Some versions, newest first. `before` is the one before the last of them, if it is kept."""

    versions: Sequence[Version]
    before: Version | None
    more: bool


class NotKept(msgspec.Struct, frozen=True):
    """There is no such version, or none any more."""


class History:
    """What is asked of versions. Every method may raise `StoreUnavailable`."""

    def __init__(self, store: HistoryStore, prefixes: Prefixes, registry: Registry) -> None:
        self._store = store
        self._prefixes = prefixes
        self._registry = registry

    async def page(
        self, handle: Handle, below: int, limit: int, asked: Asked[Any]
    ) -> Past | Missing | Denied:
        """Return up to `limit` versions of an identifier; of one that was deleted, too."""
        key = await self._key(handle, asked)
        if isinstance(key, Denied):
            return key
        found = await self._store.versions(key, below, limit + 1)
        if not found and below == NEWEST:
            return Missing()
        octets = sum(len(version.record.values) for version in found)
        more = len(found) > limit or (octets >= PAGE_BYTES and len(found) > 1)
        shown = found[:-1] if more else found
        return Past(shown, found[-1] if more else None, more)

    async def version(
        self, handle: Handle, number: int, asked: Asked[Any]
    ) -> Record | NotKept | Denied:
        """Return an identifier as it was, as its owner may see it."""
        found = await self._found(handle, number, asked)
        return seen_by_owner(found) if isinstance(found, Record) else found

    async def restore(
        self, handle: Handle, number: int, precondition: Precondition, asked: Asked[Answer]
    ) -> Answer | NotKept:
        """Make the values of an identifier those of an earlier version, as a new one.

        One that was deleted is registered again, reserved if it was reserved then.
        """
        found = await self._found(handle, number, asked)
        if not isinstance(found, Record):
            return found
        if found.state is State.DELETED:
            return NotKept()
        command = Restore(
            handle=handle,
            values=decode_values(found.values),
            version=number,
            reserved=found.state is State.RESERVED,
            template=found.template,
            precondition=precondition,
        )
        return await self._registry.restore(command, asked)

    async def _found(
        self, handle: Handle, number: int, asked: Asked[Any]
    ) -> Record | NotKept | Denied:
        key = await self._key(handle, asked)
        if isinstance(key, Denied):
            return key
        found = await self._store.version(key, number)
        return NotKept() if found is None else found

    async def _key(self, handle: Handle, asked: Asked[Any]) -> str | Denied:
        allowed = permit(await self._prefixes.picture(), asked, Scope.READ, handle)
        if not isinstance(allowed.verdict, Allowed):
            return Denied(allowed.verdict)
        return handle.key(fold_suffix=allowed.fold_suffix)
