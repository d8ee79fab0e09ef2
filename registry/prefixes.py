"""Which prefix is whose, and what a principal may do with names under it."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

import msgspec

from identifiers.directory import PrefixDirectory
from identifiers.faults import Invalid
from identifiers.names import PREFIX_RECORDS, Handle, Prefix
from identifiers.principals import ApiKey, NotYours, Scope, Verdict, authorize
from registry.commands import Asked
from registry.ports import RegistryStore

PICTURE_SECONDS: Final = 1.0
"""How old the picture of all prefixes may be."""


class Permit(msgspec.Struct, frozen=True):
    """What was decided about names under one prefix."""

    verdict: Verdict
    fold_suffix: bool = False


class Prefixes:
    """The picture of all prefixes, at most `PICTURE_SECONDS` old."""

    def __init__(self, store: RegistryStore, clock: Callable[[], float] = monotonic) -> None:
        self._store = store
        self._clock = clock
        self._picture: PrefixDirectory | None = None
        self._read_at = 0.0
        self._reading = asyncio.Lock()

    async def picture(self) -> PrefixDirectory:
        """Return the picture. Raises `StoreUnavailable`."""
        if (fresh := self._fresh()) is not None:
            return fresh
        async with self._reading:
            if (fresh := self._fresh()) is not None:
                return fresh
            began = self._clock()
            self._picture = await self._store.directory()
            self._read_at = began
            return self._picture

    def _fresh(self) -> PrefixDirectory | None:
        young = self._clock() - self._read_at < PICTURE_SECONDS
        return self._picture if young else None


def permit(directory: PrefixDirectory, asked: Asked[Any], scope: Scope, handle: Handle) -> Permit:
    """Decide whether the asker may use `scope` on `handle`.

    The record of a prefix itself (``0.NA/P``) is read by the owner of P; it holds routes and keys,
    which `identifiers:write` does not reach.
    """
    if handle.prefix == PREFIX_RECORDS:
        return _permit_prefix_record(directory, asked, scope, handle)
    home = directory.nearest(handle.prefix)
    verdict = authorize(asked.principal, scope, Prefix(handle.labels()), home, asked.address)
    return Permit(verdict, fold_suffix=home is not None and home.fold_suffix)


def _permit_prefix_record(
    directory: PrefixDirectory, asked: Asked[Any], scope: Scope, handle: Handle
) -> Permit:
    if isinstance(asked.principal, ApiKey) and scope is not Scope.READ:
        return Permit(NotYours())
    try:
        target = Prefix.parse(handle.suffix)
    except Invalid:
        return Permit(NotYours())
    home = directory.nearest(str(target))
    return Permit(authorize(asked.principal, scope, target, home, asked.address))
