"""Documents (附件): uploaded first, then named in an application, which binds them."""

from hashlib import sha256
from typing import Final
from uuid import UUID

from identifiers.enterprises.files import (
    MOST_WAITING,
    MOST_WAITING_HERE,
    TooLarge,
    TooMuchWaits,
    UnknownForm,
    judged,
)
from identifiers.enterprises.ledger import Attachment
from registry.business.asking import By
from registry.business.personal import Sealer
from registry.business.ports import DocumentStore
from registry.commands import Once
from registry.effects import at_first

UNBOUND_SECONDS: Final = 86400
"""So long a document waits for an application that names it."""
Uploaded = Attachment | UnknownForm | TooLarge | TooMuchWaits


class Documents:
    """The commands around documents. Everything but a store's trouble is an answer."""

    def __init__(self, store: DocumentStore, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer

    async def upload(
        self, number: UUID, octets: bytes, by: By, once: Once[Uploaded] | None = None
    ) -> Uploaded:
        """Keep a document under a number; the same once more of the same owner is the first."""
        media = judged(octets)
        if isinstance(media, UnknownForm | TooLarge):
            return media
        new = Attachment(
            id=number,
            owner=by.owner,
            media=media,
            size=len(octets),
            sha256=sha256(octets).digest(),
            uploaded_at=by.now,
        )
        detail = {"sha256": new.sha256.hex(), "media": media, "size": new.size}
        entry = by.entry("document.upload", number, detail)
        limit = MOST_WAITING if by.enterprise else MOST_WAITING_HERE
        sealed = self._sealer.seal_file(octets, number, by.chance)
        first = at_first(once, _kept)
        kept = await self._store.keep(new, sealed, entry, limit, first)
        return TooMuchWaits(limit) if kept is None else kept

    async def find(self, number: UUID) -> Attachment | None:
        """Return what is known of a document."""
        found = await self._store.document(number)
        return None if found is None else found[0]

    async def read(self, number: UUID, by: By) -> tuple[Attachment, bytes] | None:
        """Return a document and what is in it; that it was read is noted first."""
        found = await self._store.document(number)
        if found is None:
            return None
        await self._store.read_by(by.entry("document.read", number, {}))
        return found[0], self._sealer.open_file(found[1], number)

    async def sweep(self, now: int) -> int:
        """Remove what was bound by nobody within a day; return how many. `now`: epoch second."""
        return await self._store.sweep(now - UNBOUND_SECONDS)


def _kept(kept: Attachment | None) -> Uploaded | None:
    return kept
