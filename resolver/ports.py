"""What the resolver needs of a store."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from identifiers.changes import FeedPage, Leased
from identifiers.directory import PrefixDirectory
from identifiers.outcomes import NotHomed, Outcome, Referral
from identifiers.queries import Query
from identifiers.records import Record
from identifiers.relay import HttpAnswer, HttpRequest, Origin
from identifiers.tallies import Tally


class RecordSource(Protocol):
    """Gives records by canonical handle; a cache tier is one in front of another."""

    async def fetch(self, keys: Sequence[str]) -> Sequence[Record | None]:
        """Return the record of each key, in order; None: no row. Raises `StoreUnavailable`."""
        ...


class SharedTier(Protocol):
    """A cache that all workers share (Redis). Losing it costs latency only."""

    async def look(self, keys: Sequence[str]) -> Sequence[Record | Leased | None]:
        """Return for each key the record, a lease to fill it, or None: another fills it now.

        Raises `StoreUnavailable`.
        """
        ...

    async def fill(self, filled: Sequence[tuple[Leased, Record]]) -> None:
        """Store records under their leases; one that is older than what is known is refused.

        Raises `StoreUnavailable`.
        """
        ...

    async def supersede(self, superseded: Sequence[tuple[str, int]]) -> None:
        """Make every version older than the given one unreadable.

        Raises `StoreUnavailable`; this worker then trusts nothing that was stored before.
        """
        ...

    def forget(self) -> None:
        """Trust nothing that was stored before now; called whenever the feed is started anew."""
        ...


class ChangeFeed(Protocol):
    """Tells caches what changed."""

    async def start(self) -> str:
        """Return the cursor of now. Raises `StoreUnavailable`."""
        ...

    async def poll(self, cursor: str) -> FeedPage:
        """Return all news visible past `cursor`. Raises `StoreUnavailable`."""
        ...

    async def hint(self, seconds: float) -> None:
        """Return when news may have come, at the latest after `seconds`. Never raises."""
        ...


class DirectorySource(Protocol):
    """Gives the picture of all prefixes."""

    async def directory(self) -> PrefixDirectory:
        """Read it anew. Raises `StoreUnavailable`."""
        ...


class TallyStore(Protocol):
    """Sums up what all workers counted."""

    async def add(self, tally: Tally) -> None:
        """Add a tally, unless it was added before. Raises `StoreUnavailable` and `FateUnknown`."""
        ...


class Walk(Protocol):
    """Asks other nodes (recursion)."""

    async def ask(self, query: Query, known: Referral | NotHomed) -> Outcome:
        """Answer a query that others answer; `known` is what this node knows about whom to ask.

        Never raises: what cannot be had is `Unavailable`.
        """
        ...


class Authority(Protocol):
    """Answers what needs somebody to be known: administration, challenges, sessions, logins."""

    def message(self, request: bytes, origin: Origin) -> AsyncIterator[bytes]:
        """Yield the reply to a Handle message as one or more whole messages, envelope first.

        Raises `StoreUnavailable` when the registry process cannot be reached.
        """
        ...

    async def http(self, request: HttpRequest, origin: Origin) -> HttpAnswer:
        """Answer a request of the REST form. Raises `StoreUnavailable` as `message` does."""
        ...
