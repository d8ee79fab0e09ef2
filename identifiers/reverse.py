"""Reverse look-up: from a value to the identifiers that carry it.

A test is a type and a text, in which ``*`` stands for any characters. What can be found is what
anybody may read of active identifiers: text of up to `MAX_TEXT_BYTES`. Longer text, bytes that are
no text, structured values (HS_ADMIN and the like) and secrets cannot be searched for.
"""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Final

import msgspec

from identifiers.names import fold
from identifiers.records import Record, State
from identifiers.wire.dataform import STRUCTURED_TYPES, plain_text
from identifiers.wire.handle.values import decode_values

MAX_TEXT_BYTES: Final = 1024
"""Longer text is not searchable: it would not fit an index entry beside its type and handle."""
MAX_TESTS: Final = 16
REACH: Final = 100_000
"""Matches that pages can reach, and the longest page (B2HANDLE-HRLS cuts `limit` here)."""
_UNSEARCHABLE: Final = STRUCTURED_TYPES | {"HS_SECKEY"}


class Pattern(msgspec.Struct, frozen=True, dict=True):
    """A text with wildcards, as the literal pieces between them; one piece: no wildcard."""

    pieces: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Pattern":
        """Read ``*`` as any characters; several in a row are one."""
        return cls(tuple(re.split(r"\*+", text)))

    @property
    def exact(self) -> bool:
        """Say whether only one text fits."""
        return len(self.pieces) == 1

    @property
    def head(self) -> str:
        """What every fitting text begins with."""
        return self.pieces[0]

    @cached_property
    def _expression(self) -> "re.Pattern[str]":
        return re.compile(".*".join(map(re.escape, self.pieces)), re.DOTALL)

    def fits(self, text: str) -> bool:
        """Say whether the whole of `text` fits; case matters."""
        return self._expression.fullmatch(text) is not None


class Test(msgspec.Struct, frozen=True):
    """A value of just this type whose text fits; case matters in both."""

    __test__ = False  # no test class of pytest's

    type: str
    pattern: Pattern


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Identifiers for which every test holds (1 to `MAX_TESTS`), in the order of their changes.

    `begins`: canonical handles begin with this text, not label by label: ``88.3`` is the beginning
    of ``88.300/A``. `offset` + `limit` is at most `REACH`.
    """

    tests: tuple[Test, ...]
    begins: str = ""
    limit: int = 1000
    offset: int = 0


class Match(msgspec.Struct, frozen=True):
    """One identifier that was found: canonical handle, and handle as registered."""

    key: str
    name: str


class TooBroad(msgspec.Struct, frozen=True):
    """So many identifiers were looked at in vain that the search was given up: `most`."""

    most: int


def public_texts(values: bytes) -> Sequence[tuple[str, str]]:
    """Return the different (type, text) that anybody may read and search for, in their order.

    `values` is the wire form. Raises `identifiers.wire.cursor.ProtocolError` when it cannot be
    read.
    """
    found: dict[tuple[str, str], None] = {}
    for value in decode_values(values):
        if not value.public or len(value.data) > MAX_TEXT_BYTES or not is_searched(value.type):
            continue
        text = plain_text(value.data)
        if text is not None:
            found[value.type, text] = None
    return tuple(found)


def is_searched(kind: str) -> bool:
    """Say whether values of a type can be searched for."""
    return fold(kind) not in _UNSEARCHABLE


def searchable(record: Record) -> Sequence[tuple[str, str]]:
    """Return the different (type, text) by which anybody finds `record`, as `public_texts`."""
    return public_texts(record.values) if record.state is State.ACTIVE else ()


def fits_all(search: Search, record: Record) -> bool:
    """Say whether `record` is what `search` looks for. Raises as `searchable` does."""
    if not record.key.startswith(search.begins):
        return False
    found = searchable(record)
    return all(
        any(kind == test.type and test.pattern.fits(text) for kind, text in found)
        for test in search.tests
    )
