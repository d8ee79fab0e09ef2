"""Signing with the node's key, beside the event loop and never while locks are held."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Protocol

from identifiers.directory import PrefixDirectory
from identifiers.keys.signers import Signer
from identifiers.records import Record
from registry.commands import Command
from registry.rules import Terms
from registry.signatures import Bare, Drafts, Mark, mark_of, needed, sign_all

SLICE: Final = 32
"""Signatures that are made in one go: some ten milliseconds, and the next in line has its turn."""


class Records(Protocol):
    """Where records are."""

    async def fetch(self, keys: Sequence[str]) -> Sequence[Record | None]:
        """Return the newest version of each. Raises `StoreUnavailable`."""
        ...


class Signatures:
    """Makes signatures in threads; without a `signer` nothing is signed.

    Whoever needs many gets them slice by slice, in turn with all others who do, so that bulk work
    holds one thread however many imports there are, and a single write waits for none of them.
    """

    def __init__(self, signer: Signer | None = None) -> None:
        self._signer = signer
        self._bulk = asyncio.Lock()
        self._known: tuple[PrefixDirectory | None, dict[str, Mark | None]] = (None, {})

    def marks(
        self, directory: PrefixDirectory, names: Iterable[tuple[str, str]]
    ) -> Mapping[str, Mark]:
        """Return the marks of canonical names, each given with its prefix, by name."""
        known, by_prefix = self._known
        if known is not directory:
            by_prefix = {}
            self._known = (directory, by_prefix)
        marks: dict[str, Mark] = {}
        for key, prefix in names:
            if prefix in by_prefix:
                mark = by_prefix[prefix]
            else:
                mark = by_prefix[prefix] = self._mark(directory, prefix)
            if mark is not None:
                marks[key] = mark
        return marks

    def _mark(self, directory: PrefixDirectory, prefix: str) -> Mark | None:
        mark = mark_of(directory, prefix)
        if mark is not None and self._signer is None:
            return Mark(mark.issuer, signed=False)
        return mark

    async def prepared(
        self,
        directory: PrefixDirectory,
        planned: Collection[tuple[Command, Terms]],
        store: Records,
    ) -> Drafts:
        """Return marks and signatures for commands, by what is stored at the moment.

        Raises `StoreUnavailable`.
        """
        drafts = Drafts(self.marks(directory, ((t.key, c.handle.prefix) for c, t in planned)))
        if not drafts.signing:
            return drafts
        wanted = [
            (c, t) for c, t in planned if t.key in drafts.marks and drafts.marks[t.key].signed
        ]
        stored = await store.fetch([terms.key for _, terms in wanted])
        bare = await asyncio.to_thread(needed, wanted, stored, drafts)
        return await self.signed(bare, drafts, wanted[0][1].now)

    async def signed(self, bare: Sequence[Bare], drafts: Drafts, now: int) -> Drafts:
        """Return `drafts` with signatures for what is `bare`, made at the epoch second `now`."""
        signer = self._signer
        if signer is None or not bare:
            return drafts
        tokens = dict(drafts.tokens)
        if len(bare) <= SLICE:
            tokens |= await asyncio.to_thread(sign_all, bare, drafts.marks, signer, now)
        else:
            for start in range(0, len(bare), SLICE):
                few = bare[start : start + SLICE]
                async with self._bulk:
                    tokens |= await asyncio.to_thread(sign_all, few, drafts.marks, signer, now)
        return Drafts(drafts.marks, tokens)
