"""What identifiers have for themselves alone, while a group of them is decided. Pure.

Claims are locked before they are read, so whoever decides must have said which it touches. If a
record turns out to need another one, it is decided anew, with that one touched.
"""

from collections.abc import Collection, Mapping
from typing import TypeVar

from identifiers.changes import Held
from identifiers.faults import Fault
from identifiers.metadata.book import Book
from identifiers.records import Record
from identifiers.wire.handle.values import decode_values
from identifiers.wire.jsonload import step
from registry.answers import Decision, Faulty, Saved
from registry.signatures import OUTDATED, Outdated, Unsigned

D = TypeVar("D", bound=Decision | Unsigned)


class Holders:
    """Who holds what, by what was stored and what the group has decided so far.

    `touched` None: nothing is locked, and what would be needed is noted in `wanted`.
    """

    def __init__(
        self, book: Book, stored: Mapping[bytes, str], touched: Collection[bytes] | None
    ) -> None:
        self._book = book
        self._holders = dict(stored)
        self._touched = None if touched is None else frozenset(touched)
        self._held: dict[str, Held] = {}
        self.wanted: set[bytes] = set()

    @property
    def held(self) -> tuple[Held, ...]:
        """Return what is to be written."""
        return tuple(self._held.values())

    def settle(
        self, decision: D, stored: Record | None, known: tuple[bytes, ...] | None = None
    ) -> D | Faulty | Outdated:
        """Return a decision on what was `stored`, or why its record cannot have what it wants.

        `known` is what it claims if it is new and was made just as it was sent.
        """
        if stored is None and known is not None and self._grant(decision, known):
            return decision
        saved = decision.saved if isinstance(decision, Unsigned) else decision
        if not isinstance(saved, Saved):
            return decision
        record = saved.record
        layout = self._book.of(record.template)
        before = self._book.of(None if stored is None else stored.template)
        if not (layout and layout.unique) and not (before and before.unique):
            return decision
        claims = layout.claims(record.key, decode_values(record.values)) if layout else {}
        self.wanted |= claims.keys()
        if self._touched is not None and not self._touched >= claims.keys():
            return OUTDATED
        faults = tuple(
            Fault(
                "template.not_unique", step("/attributes", name), {"holder": holder, "name": name}
            )
            for claim, name in claims.items()
            if (holder := self._holders.get(claim, record.key)) != record.key
        )
        if faults:
            return Faulty(faults)
        self._hold(record.key, tuple(claims), fresh=stored is None)
        return decision

    def _grant(self, decision: Decision | Unsigned, claims: tuple[bytes, ...]) -> bool:
        """Let a new record have what it claims, if that is locked and nobody has it.

        So it is with nearly every row of an import: nothing of it needs to be read again.
        """
        if not isinstance(decision, Saved) or self._touched is None:
            return False
        if not self._touched.issuperset(claims) or not self._holders.keys().isdisjoint(claims):
            return False
        if claims:
            self._hold(decision.record.key, claims, fresh=True)
        return True

    def _hold(self, key: str, claims: tuple[bytes, ...], *, fresh: bool) -> None:
        earlier = self._held.get(key)
        for claim in () if earlier is None else earlier.claims:
            self._holders.pop(claim, None)
        self._holders |= dict.fromkeys(claims, key)
        self._held[key] = Held(key, claims, fresh if earlier is None else earlier.fresh)
