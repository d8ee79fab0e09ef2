"""Which prefix is whose, and what a principal may do with names under it."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

import msgspec

from identifiers.directory import PrefixDirectory, PrefixEntry
from identifiers.faults import Invalid
from identifiers.names import PREFIX_RECORDS, Handle, Prefix
from identifiers.principals import Account, ApiKey, NotYours, Rights, Scope, Verdict, authorize
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
        self._forgotten = 0
        self._reading = asyncio.Lock()

    async def picture(self) -> PrefixDirectory:
        """Return the picture. Raises `StoreUnavailable`."""
        if (fresh := self._fresh()) is not None:
            return fresh
        async with self._reading:
            if (fresh := self._fresh()) is not None:
                return fresh
            began, forgotten = self._clock(), self._forgotten
            picture = await self._store.directory()
            if forgotten == self._forgotten:
                self._picture, self._read_at = picture, began
            return picture

    def forget(self) -> None:
        """Have the picture read anew: prefixes were changed here.

        One that is being read meanwhile may be of before, and is not kept.
        """
        self._picture = None
        self._forgotten += 1

    def _fresh(self) -> PrefixDirectory | None:
        young = self._clock() - self._read_at < PICTURE_SECONDS
        return self._picture if young else None


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a handle is: its canonical name, the prefix it is judged by, who decides about that.

    `home` None: it does not live here. `above` is the name of the record whose administrators
    create it (``0.NA/P`` for names under P; for ``0.NA/P.Q`` itself ``0.NA/P``), if there is one.
    """

    key: str
    target: Prefix
    home: PrefixEntry | None
    above: str | None

    @property
    def lives_here(self) -> bool:
        """Say whether what is stored here of the handle counts.

        It does not while the prefix is switched off, nor once it was delegated: what was left here
        then is not kept up to date by anybody.
        """
        return self.home is not None and self.home.enabled and self.home.routes is None


def place_of(directory: PrefixDirectory, handle: Handle) -> Place:
    """Return where a handle is. The record of a prefix (``0.NA/P``) is judged by P."""
    if handle.prefix == PREFIX_RECORDS:
        return _place_of_prefix_record(directory, handle)
    home = directory.nearest(handle.prefix)
    return Place(
        key=handle.key(fold_suffix=home is not None and home.fold_suffix),
        target=Prefix(handle.labels()),
        home=home,
        above=f"{PREFIX_RECORDS}/{handle.prefix}",
    )


def _place_of_prefix_record(directory: PrefixDirectory, handle: Handle) -> Place:
    key = handle.key()
    try:
        target = Prefix.parse(handle.suffix)
    except Invalid:
        return Place(key=key, target=Prefix(handle.labels()), home=None, above=None)
    home, upper = directory.nearest(str(target)), target.labels[:-1]
    parent = directory.nearest(".".join(upper))
    # What was allotted to another is no derived prefix of this one: its record is not made here.
    same = home is not None and parent is not None and parent.enterprise == home.enterprise
    if home is not None and home.prefix == target:
        home = msgspec.structs.replace(home, routes=None)  # it lives here, wherever P's names do
    above = f"{PREFIX_RECORDS}/{'.'.join(upper)}" if same else None
    return Place(key=key, target=target, home=home, above=above)


def canonical(directory: PrefixDirectory, text: str) -> str | None:
    """Return the canonical name of a handle, also of one that lives elsewhere; None: it is none."""
    try:
        handle = Handle.parse(text)
    except Invalid:
        return None
    home = directory.home_of(handle)
    return handle.key(fold_suffix=home is not None and home.fold_suffix)


def permit(
    directory: PrefixDirectory,
    asked: Asked[Any],
    scope: Scope,
    handle: Handle,
    rights: Rights | None = None,
) -> Permit:
    """Decide whether the asker may use `scope` on `handle`.

    The record of a prefix itself (``0.NA/P``) is read by the owner of P; it holds routes and keys,
    which `identifiers:write` does not reach.
    """
    place = place_of(directory, handle)
    of_prefix = handle.prefix == PREFIX_RECORDS
    if of_prefix and isinstance(asked.principal, ApiKey | Account) and scope is not Scope.READ:
        return Permit(NotYours())
    home = place.home
    verdict = authorize(asked.principal, scope, place.target, home, asked.address, rights)
    return Permit(verdict, fold_suffix=not of_prefix and home is not None and home.fold_suffix)
