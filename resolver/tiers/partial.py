"""When a source has some of the records: the rest being unavailable must not take them along."""

from collections.abc import Mapping
from typing import Final

from identifiers.errors import StoreUnavailable
from identifiers.records import Record


class Incomplete(StoreUnavailable):
    """Some records could not be had; `got` are those that could, by key."""

    def __init__(self, why: str, got: Mapping[str, Record | None]) -> None:
        self.got: Final = got
        super().__init__(why)


class TooSlow(Incomplete):
    """The store did not answer in time; its answer may still come, to nobody."""


class Overloaded(StoreUnavailable):
    """Too many names wait already, or the node is closing; the store was not asked."""


def with_also(error: StoreUnavailable, got: Mapping[str, Record | None]) -> Incomplete:
    """Return the error to raise from `error` when `got` could be had besides."""
    if isinstance(error, Incomplete):
        return type(error)(str(error), {**got, **error.got})
    return Incomplete(str(error), got)
