"""What was told before, and may be told again: for as long as what it stood on holds.

The way of nearly all answers. No query is made of the question, and nothing is decided anew: the
picture of the prefixes is the same, caches are believed, and the very record is still kept.
"""

from collections.abc import Sequence
from sys import intern
from typing import Final, Protocol, TypeVar

import msgspec

from identifiers.directory import PrefixDirectory
from resolver.clients import Client
from resolver.counters import Counters
from resolver.freshness import Freshness
from resolver.tiers.front import Front, Under
from resolver.tiers.local import Entry, LocalTier
from resolver.tiers.s3fifo import MOST_USES
from resolver.unheld import Unheld


class Basis(msgspec.Struct, frozen=True, gc=False):
    """What an answer with values was given on: it is the right one for as long as this holds."""

    entry: Entry
    generation: int
    """Which of the pictures of the prefixes, and of the times since all was forgotten."""
    prefix: str
    """Under which it is counted."""


class Standing(Protocol):
    """An answer that serves again."""

    @property
    def basis(self) -> Basis:
        """What must hold for it to be the right one."""
        ...


S = TypeVar("S", bound=Standing)


class Retelling:
    """Answers from one worker's cache what was answered from it before."""

    def __init__(self, local: LocalTier, freshness: Freshness, counters: Counters) -> None:
        self._local = local
        self._freshness = freshness
        self._counters = counters
        self._tallying = counters.tallying
        self.peek: Final = local.peek
        self.front: Final[Front] = local.front
        self.count: Final = counters.tallying.found
        """Count an answer that was told again, by prefix and source."""
        self._directory: PrefixDirectory | None = None
        self._generation = 0
        self._unheld: dict[str, Unheld] = {}
        self._under: dict[str, Under] = {}

    def use(self, directory: PrefixDirectory) -> None:
        """Decide by this picture of the prefixes from now on."""
        if self._directory is not None and directory.entries == self._directory.entries:
            return  # what changed in prefix records was no route and no namespace
        self._directory = directory
        self._generation += 1
        self._unheld.clear()
        self._under.clear()

    def vouches(self, basis: Basis, client: Client, now: float) -> bool:
        """Say whether the same question would get the same answer now; count it as asked if so."""
        local, entry = self._local, basis.entry
        if (
            basis.generation != self._generation + local.cleared
            or now > self._freshness.until
            # What is hot needs no further count, and no call to say so.
            or not ((entry.uses == MOST_USES and now < entry.due) or local.holds(entry, now))
        ):
            return False
        self._tallying.found(basis.prefix, client.address)
        return True

    def vouched(self, kept: Sequence[S | None], client: Client, now: float) -> list[S | None]:
        """Return those of many answers that it `vouches` for, each in its place."""
        if now > self._freshness.until:
            return [None] * len(kept)
        holds, generation = self._local.holds, self._generation + self._local.cleared
        vouched: list[S | None] = []
        prefix, times = "", 0
        for one in kept:
            if (
                one is None
                or (basis := one.basis).generation != generation
                or not (
                    ((entry := basis.entry).uses == MOST_USES and now < entry.due)
                    or holds(entry, now)
                )
            ):
                vouched.append(None)
                continue
            vouched.append(one)
            if basis.prefix != prefix:
                self.retold(prefix, client, times)
                prefix, times = basis.prefix, 0
            times += 1
        self.retold(prefix, client, times)
        return vouched

    def standing(self, now: float) -> int | None:
        """Return which replies of the `front` may be told (`Under.standing`); None: none now."""
        if now > self._freshness.until:
            return None
        return self._generation + self._local.cleared

    def retell(self, handle: str, now: float) -> Entry | None:
        """Return the record that was asked for by the same handle before; `retold` counts it.

        Its public values are what a question for all values is told, and one for public values; not
        one to the store itself. None: `answer_now` says more.
        """
        told = self.peek(handle)
        if (
            told is None
            or told.told != self._generation
            or now > self._freshness.until
            or not ((told.uses == MOST_USES and now < told.due) or self._local.holds(told, now))
        ):
            return None
        return told

    def under(self, prefix: str) -> Under:
        """Return the one object that says so: whoever counts many sees that it is the same."""
        standing = self._generation + self._local.cleared
        under = self._under.get(prefix)
        if under is None or under.standing != standing:
            under = self._under[prefix] = Under(prefix, standing)
        return under

    def unheld(self, name: str, now: float) -> Unheld | None:
        """Return whose a name is that is a key, and not known not to exist; else None.

        For who has seen (`peek`) that nothing is held of it.
        """
        prefix, _, suffix = name.partition("/")
        directory = self._directory
        if (
            directory is None
            or prefix not in directory.plain
            or not suffix
            or "\0" in suffix
            or self._local.lacks(name, now)
        ):
            return None
        unheld = self._unheld.get(prefix)
        if unheld is None:
            unheld = self._unheld[prefix] = Unheld(intern(prefix), self._generation)
        return unheld

    def retold(self, prefix: str, client: Client, times: int = 1) -> None:
        """Count answers that were found so."""
        if times:
            self._counters.found(prefix, client.address, times)
