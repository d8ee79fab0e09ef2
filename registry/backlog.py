"""What was registered before its prefix was marked, signed afterwards, page by page.

A page is read, signed while nothing is locked, and committed; what was changed meanwhile is looked
at again. A record whose signature holds is passed over, so that the same command goes on where it
was cut, and finds nothing more to do at the end.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Final

import msgspec

from identifiers.changes import ChangeKind, Current, Touched, Writes, Written
from identifiers.errors import StoreUnavailable
from identifiers.keys.public import PublicKey, parse_public_key
from identifiers.keys.signers import Signer
from identifiers.names import Prefix, fold, prefix_of
from identifiers.records import Record, State
from identifiers.trust import verification as trust
from identifiers.trust.claims import SIGNATURE
from identifiers.wire.handle.values import decode_values
from registry.administration import Ordered
from registry.answers import Saved
from registry.commands import change_ids
from registry.effects import merkle_root
from registry.ports import RegistryStore
from registry.rules import Terms
from registry.signatures import (
    Drafts,
    Mark,
    Unsigned,
    bare_record,
    claims_of,
    finished,
    mark_of,
    sign_all,
)

AUDIT_ACTION: Final = "prefix.sign_records"
PAGE: Final = 500
"""Records that are signed between two commits: a quarter of a second."""
LOOKS: Final = 5
"""How often a page is looked at, if records of it change meanwhile."""
_SIGNED_STATES: Final = (State.ACTIVE, State.RESERVED, State.SUSPENDED)


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the records under a prefix and those below are.

    `unfit` are those that a signature would make too large; they stay as they are.
    """

    seen: int = 0
    signed: int = 0
    unfit: int = 0
    last: str = ""

    def __add__(self, other: "Progress") -> "Progress":
        return Progress(
            seen=self.seen + other.seen,
            signed=self.signed + other.signed,
            unfit=self.unfit + other.unfit,
            last=other.last or self.last,
        )


class Backlog:
    """Signs records with the node's key. `clock` gives epoch nanoseconds, `chance` random octets.

    Whatever it is asked may raise `StoreUnavailable` and `FateUnknown`; to do it again is safe.
    """

    def __init__(
        self,
        store: RegistryStore,
        signer: Signer,
        *,
        clock: Callable[[], int],
        chance: Callable[[int], bytes],
        page: int = PAGE,
    ) -> None:
        self._store = store
        self._signer = signer
        self._public = parse_public_key(signer.public)
        self._clock = clock
        self._chance = chance
        self._page = page

    async def sign(self, prefix: Prefix, ordered: Ordered) -> AsyncGenerator[Progress]:
        """Sign what lacks a signature that holds; yields after each page how far it is.

        Derived prefixes belong to it unless they were allotted by themselves.
        """
        progress = Progress()
        directory = await self._store.directory()
        name: str | None = str(prefix)
        while name is not None:
            entry, after = directory.nearest(name), ""
            while entry is not None and entry.prefix == prefix:
                page = await self._store.page(name, after, self._page)
                if not page:
                    break
                after = page[-1].key
                progress += await self._sign_page(page, ordered)
                yield progress
            name = await self._store.next_prefix(str(prefix), name)

    async def _sign_page(self, page: Sequence[Record], ordered: Ordered) -> Progress:
        key = page[0].key
        mark = mark_of(await self._store.directory(), prefix_of(key))
        if mark is None or not mark.signed:
            raise StoreUnavailable(f"what is under {key} is not to be signed any more")
        done = Progress(seen=len(page), last=page[-1].key)
        found: Sequence[Record | None] = page
        for _ in range(LOOKS):
            now = self._clock() // 1_000_000_000
            work = _Work(mark, self._public, self._signer, now)
            signed, unfit = await asyncio.to_thread(work.signed, found)
            if not signed:
                return done + Progress(unfit=unfit)
            left = await self._commit(signed, ordered)
            done += Progress(signed=len(signed) - len(left))
            if not left:
                return done + Progress(unfit=unfit)
            found = await self._store.fetch(left)
        raise StoreUnavailable(f"what is under {key} changes all the time")

    async def _commit(self, signed: Sequence[Record], ordered: Ordered) -> Sequence[str]:
        """Write what is still the next version; return the names of what was changed meanwhile."""
        at = self._clock() // 1_000_000
        changes = change_ids(at, self._chance, len(signed))

        def decide(current: Current) -> tuple[Writes, Sequence[str]]:
            left, written = [], []
            for record, change in zip(signed, changes, strict=True):
                stored = current.records.get(record.key)
                if stored is None or stored.version + 1 != record.version:
                    left.append(record.key)
                else:
                    written.append(Written(change, ChangeKind.UPDATED, record))
            if not written:
                return Writes(), left
            subject = written[-1].record.key
            entry = ordered.entry(AUDIT_ACTION, subject, {"records": len(written)})
            entry = msgspec.structs.replace(entry, at=at, root=merkle_root(written))
            return Writes(records=tuple(written), audit=(entry,)), left

        keys = tuple(record.key for record in signed)
        return await self._store.write(Touched(keys=keys), decide)


class _Work(msgspec.Struct, frozen=True):
    """Signs some records of one prefix. Pure but for the key."""

    mark: Mark
    public: PublicKey
    signer: Signer
    now: int

    def signed(self, records: Sequence[Record | None]) -> tuple[list[Record], int]:
        """Return the next versions of those that need a signature, and how many have no room."""
        made, unfit = [], 0
        for record in records:
            if record is None or record.state not in _SIGNED_STATES or self._holds(record):
                continue
            following = self._following(record)
            if following is None:
                unfit += 1
            else:
                made.append(following)
        return made, unfit

    def _following(self, record: Record) -> Record | None:
        """Return the next version, signed; None: the signature does not fit in."""
        bare = bare_record(record, self.mark.issuer)
        following = msgspec.structs.replace(bare, version=record.version + 1, changed_at=self.now)
        saved = Saved(ChangeKind.UPDATED, following)
        marks = {record.key: self.mark}
        tokens = sign_all([Unsigned(saved).bare], marks, self.signer, self.now)
        terms = Terms(record.key, self.now, may_change_state=False)
        decision = finished(saved, terms, Drafts(marks, tokens))
        return decision.record if isinstance(decision, Saved) else None

    def _holds(self, record: Record) -> bool:
        public = [value for value in decode_values(record.values) if value.public]
        content = [value for value in public if fold(value.type) != SIGNATURE]
        own = [
            v for v in public if (c := claims_of(v)) is not None and c.issuer == self.mark.issuer
        ]
        if not content:
            return True  # there is nothing to vouch for
        if len(own) != 1:
            return False
        terms = trust.Terms(now=self.now, roots={self.mark.issuer: self.public})
        report = trust.begin(record.key, (*content, *own), terms)
        return (
            isinstance(report, trust.Report)
            and report.verdict is trust.Verdict.TRUSTED
            and not report.missing
        )
