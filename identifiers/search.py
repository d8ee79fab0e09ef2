"""Search: what identifiers are looked for, and whether one of them is it.

What can be found is what anybody may read of an identifier (`identifiers.reverse.public_texts`) and
its name, state and times, whoever asks: values that only administrators may read are never looked
through, so that no search can tell what they hold.
"""

from collections.abc import Collection
from functools import lru_cache
from typing import Final, Protocol

import msgspec

from identifiers.names import fold, prefix_of
from identifiers.records import State
from identifiers.reverse import Test

MAX_WORDS: Final = 8
MAX_WORD: Final = 64
"""Characters of one word of a full-text search."""
COUNT_CAP: Final = 10_000
"""As far as what fits is counted."""
LIVING: Final = frozenset(State) - {State.DELETED}
_FOREVER: Final = 2**62


class Span(msgspec.Struct, frozen=True):
    """A range of epoch seconds, both ends included."""

    since: int = 0
    until: int = _FOREVER

    def holds(self, at: int) -> bool:
        """Say whether `at` is in the range."""
        return self.since <= at <= self.until


ALWAYS: Final = Span()


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for. Everything must hold.

    `words`: each is part of the name or of a text that anybody may read, whatever the case of ASCII
    letters. `tests` are of values, where case matters. `begins`: the canonical handle begins with
    this text. `under`: prefixes of which one is the identifier's or is above it; empty: any. Of
    `under` and `barred` the one counts that is nearest to the identifier.
    """

    words: tuple[str, ...] = ()
    tests: tuple[Test, ...] = ()
    begins: str = ""
    under: frozenset[str] = frozenset()
    barred: frozenset[str] = frozenset()
    states: frozenset[State] = LIVING
    changed: Span = ALWAYS
    created: Span = ALWAYS


class Place(msgspec.Struct, frozen=True, order=True):
    """Between two entries of the search index: `entry` of a block is the next one to look at."""

    block: int = 0
    entry: int = 0


START: Final = Place()


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One identifier as it is stored now, without its values. Times are epoch seconds."""

    key: str
    name: str
    version: int
    state: State
    template: str | None
    changed_at: int
    created_at: int


class Page(msgspec.Struct, frozen=True):
    """Some of what was found, in order. `more`: there may be more from there on."""

    found: tuple[Found, ...]
    more: Place | None = None


class Counted(msgspec.Struct, frozen=True):
    """How many there are; not `exact`: at least so many."""

    number: int
    exact: bool


@lru_cache(maxsize=65_536)
def ancestors(prefix: str) -> tuple[str, ...]:
    """Return a prefix and all that it is derived from."""
    labels = prefix.split(".")
    return tuple(".".join(labels[:count]) for count in range(1, len(labels) + 1))


def is_reached(wanted: Wanted, prefix: str) -> bool:
    """Say whether a prefix (canonical text) is one whose identifiers are wanted."""
    if not wanted.under:
        return True
    for above in reversed(ancestors(prefix)):
        if above in wanted.barred:
            return False
        if above in wanted.under:
            return True
    return False


class Summary(Protocol):
    """What is known of an identifier without its texts."""

    @property
    def key(self) -> str:
        """The canonical handle."""
        ...

    @property
    def state(self) -> int:
        """One of `State`."""
        ...

    @property
    def changed_at(self) -> int:
        """The epoch second of its last change."""
        ...

    @property
    def created_at(self) -> int:
        """The epoch second when it was first registered."""
        ...


def may_fit(wanted: Wanted, found: Summary) -> bool:
    """Say whether `found` is what is looked for as far as that can be told without its texts."""
    return (
        found.state in wanted.states
        and found.key.startswith(wanted.begins)
        and wanted.changed.holds(found.changed_at)
        and wanted.created.holds(found.created_at)
        and is_reached(wanted, prefix_of(found.key))
    )


def texts_fit(wanted: Wanted, name: str, texts: Collection[tuple[str, str]]) -> bool:
    """Say whether words and tests hold for an identifier of this name and these public texts."""
    told = [fold(name), *(fold(text) for _, text in texts)] if wanted.words else ()
    return all(any(fold(word) in text for text in told) for word in wanted.words) and all(
        any(kind == test.type and test.pattern.fits(text) for kind, text in texts)
        for test in wanted.tests
    )
