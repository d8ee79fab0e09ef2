"""Questions that are seen at a glance to ask for what this worker holds nothing of.

They are read no further before the store has answered, and most of them not then either.
"""

from typing import Protocol

import msgspec

from identifiers.queries import Query


class Unheld(msgspec.Struct, frozen=True, gc=False):
    """Whose a name is of which nothing is held, by which picture of the prefixes."""

    prefix: str
    """Under which it is counted."""
    picture: int


class Unread(Protocol):
    """A question for all public values of a record, by its very key."""

    @property
    def name(self) -> str:
        """The key."""
        ...

    @property
    def held(self) -> Unheld:
        """What `Resolver.unheld` said of it."""
        ...

    def query(self) -> Query:
        """Read it whole."""
        ...
