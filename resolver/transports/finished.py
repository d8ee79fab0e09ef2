"""Finished replies, so that a repeated question costs a look-up and little more.

A reply is kept with what it was made from, and serves again only while the resolver vouches for
that: the same picture of the prefixes, the same record still believed and in its life. So news,
the end of freshness and of a record's life end it too, and nothing has to be told to this cache.
"""

from collections import OrderedDict
from typing import Final, Generic, Protocol, TypeVar

from resolver.clients import Client
from resolver.service import Basis, Resolver

DEFAULT_OCTETS: Final = 48 * 1024 * 1024
_OVERHEAD: Final = 420
"""What an entry takes beside its question and its reply, octets; measured on CPython 3.11."""


class Finished(Protocol):
    """A reply to all questions of one kind, and what it stands on."""

    @property
    def data(self) -> bytes:
        """The octets of the reply."""
        ...

    @property
    def basis(self) -> Basis | None:
        """What must hold for it to be the right one; None: nothing is known to."""
        ...


F = TypeVar("F", bound=Finished)


class FinishedReplies(Generic[F]):
    """Keeps replies by question, up to `octets` of memory; the oldest goes first."""

    def __init__(self, octets: int = DEFAULT_OCTETS) -> None:
        self._most = octets
        self._octets = 0
        # A plain dict walks past all that has gone to find its first: 7 us for each reply kept.
        self._kept: OrderedDict[bytes, F] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, key: bytes, resolver: Resolver, client: Client, now: float) -> F | None:
        """Return the reply to a question, if what it stands on holds; forget it if not."""
        found = self._kept.get(key)
        if found is None:
            return None
        if found.basis is not None and resolver.vouches(found.basis, client, now):
            return found
        self._drop(key)
        return None

    def keep(self, key: bytes, finished: F) -> None:
        """Keep a reply for questions like this one."""
        if key in self._kept:
            self._drop(key)
        self._kept[key] = finished
        self._octets += _size(key, finished)
        while self._octets > self._most:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: bytes) -> None:
        self._octets -= _size(key, self._kept.pop(key))


def _size(key: bytes, finished: Finished) -> int:
    # The record stays alive with the reply, which may be a small part of it.
    values = 0 if finished.basis is None else len(finished.basis.entry.record.values)
    return _OVERHEAD + len(key) + len(finished.data) + values
