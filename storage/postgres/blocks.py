"""Blocks: some identifiers as the search index holds them, and what is looked for in them. Pure.

The *body* has the name and the public texts of each version, one after the other: ``RS name US``
and for each text ``type GS text US``. No text holds such control characters. What may be looked for
is *terms*, numbers of 32 bits: each four octets in a row of the body (ASCII letters in lower case),
and a checksum of each whole text with its type, of each prefix and of each unusual state. Texts
that many identifiers of a block have in common cost nothing more, which makes this cheap: 16 terms
for an identifier where trigrams of each value by itself would be 120.

Four octets are less than two Chinese characters, so a word of two is found by its terms. Terms only
say where something may be: whoever looks there looks at the body, and then at the record.
"""

import struct
import sys
import zlib
from array import array
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Final, NamedTuple

import msgspec

from identifiers.names import prefix_of
from identifiers.records import State
from identifiers.reverse import MAX_TEXT_BYTES, is_searched, public_texts
from identifiers.search import ancestors
from identifiers.values import Permission
from identifiers.wire.cursor import ProtocolError, utf8
from storage.postgres.terms import GRAM, GS, RS, US, below, exact, grams, in_state

SIZE: Final = 128
"""Identifiers of one block."""
OCTETS: Final = 64 * 1024
"""A body that is so long takes no more, however few they are."""
COLUMNS: Final = (
    "entries",
    "changed_from",
    "changed_to",
    "created_from",
    "created_to",
    "terms",
    "head",
    "body",
)
_CONTROL: Final = bytes({*range(9), *range(0x0E, 0x20), 0x7F})
"""What `identifiers.wire.dataform.plain_text` takes for no text."""
_LEVEL: Final = 1
_TERM_OCTETS: Final = 64
"""Of memory that a number in a set takes."""

_PUBLIC_READ: Final = int(Permission.PUBLIC_READ)
# A value is index, timestamp, ttlType, ttl, permissions, type, data and references (RFC 3652
# section 3.1.2).
_HEAD_OCTETS: Final = 18
_PERMISSIONS_AT: Final = 13
_PERMISSIONS: Final = struct.Struct(">BI")
_INT: Final = struct.Struct(">I")
_NO_REFERENCES: Final = bytes(4)


class Version(NamedTuple):
    """A version of an identifier to be made findable. `values` is the wire form."""

    key: str
    name: str
    version: int
    state: int
    values: bytes
    created_at: int
    changed_at: int


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A version in a block; `end`: where its part of the body does."""

    key: str
    version: int
    state: int
    created_at: int
    changed_at: int
    end: int


class Block(NamedTuple):
    """A block of `size` entries as it was stored.

    `heads` reads its `head`, which takes longer than a look through its `body`.
    """

    number: int
    size: int
    head: bytes
    body: bytes


class Row(NamedTuple):
    """A block as the table has it."""

    entries: int
    changed_from: int
    changed_to: int
    created_from: int
    created_to: int
    terms: Collection[int]
    head: bytes
    body: bytes

    @property
    def octets(self) -> int:
        """How much memory it takes, about."""
        return len(self.head) + len(self.body) + _TERM_OCTETS * len(self.terms)


_entries: Final = msgspec.msgpack.Decoder(list[Entry])
_encode: Final = msgspec.msgpack.Encoder().encode


def build(versions: Sequence[Version]) -> tuple[Row, Sequence[tuple[str, ProtocolError]]]:
    """Return the block of some versions, and those left out whose values cannot be read."""
    try:
        texts = [_texts(version.values) for version in versions]
    except ProtocolError:
        return _built_carefully(versions)
    if not _plain(texts):
        return _built_carefully(versions)
    return _built(versions, texts), ()


def _built_carefully(
    versions: Sequence[Version],
) -> tuple[Row, Sequence[tuple[str, ProtocolError]]]:
    readable, texts, faults = [], [], []
    for version in versions:
        try:
            found = public_texts(version.values)
        except ProtocolError as error:
            faults.append((version.key, error))
            continue
        readable.append(version)
        texts.append([b"%b%b%b%b" % (k.encode(), GS, t.encode(), US) for k, t in found])
    return _built(readable, texts), faults


def _built(versions: Sequence[Version], texts: Sequence[Sequence[bytes]]) -> Row:
    names: list[bytes] = []
    pieces: list[bytes] = []
    entries: list[tuple[object, ...]] = []
    length = 0
    for (key, name, number, state, _, created_at, changed_at), own in zip(
        versions, texts, strict=True
    ):
        opening = RS + name.encode().translate(None, _CONTROL) + US
        names.append(opening)
        pieces.append(opening)
        pieces += own
        length += len(opening) + sum(map(len, own))
        entries.append((key, number, state, created_at, changed_at, length))
    body = b"".join(pieces)
    changed = [version.changed_at for version in versions] or [0]
    created = [version.created_at for version in versions] or [0]
    return Row(
        len(entries),
        min(changed),
        max(changed),
        min(created),
        max(created),
        _terms(versions, names, set(chain.from_iterable(texts))),
        _encode(entries),
        zlib.compress(body, _LEVEL),
    )


def read(number: int, size: int, head: bytes, body: bytes) -> Block:
    """Read what `build` made; `size`: how many entries."""
    return Block(number, size, head, zlib.decompress(body))


def heads(head: bytes) -> Sequence[Entry]:
    """Read the entries of a block only."""
    return _entries.decode(head)


def copied(rows: Iterable[Row]) -> bytes:
    """Return rows as COPY takes them, in the binary form ("Binary Format" in its manual)."""
    pieces = [b"PGCOPY\n\xff\r\n\0" + bytes(8)]
    for row in rows:
        head, body = row.head, row.body
        pieces += (
            _FIELDS.pack(
                len(COLUMNS),
                *(4, row.entries),
                *(8, row.changed_from),
                *(8, row.changed_to),
                *(8, row.created_from),
                *(8, row.created_to),
            ),
            _integers(row.terms),
            _INT.pack(len(head)) + head,
            _INT.pack(len(body)) + body,
        )
    pieces.append(b"\xff\xff")
    return b"".join(pieces)


_FIELDS: Final = struct.Struct(">hiiiqiqiqiq")
_ARRAY: Final = struct.Struct(">iiiIii")
_INT4: Final = 23  # its oid in every PostgreSQL


def _integers(numbers: Collection[int]) -> bytes:
    """Return an array of `int4` as a field. Numbers past 2^31 stand for negative ones."""
    paired = array("I", bytes(8 * len(numbers)))
    paired[0::2] = array("I", [4]) * len(numbers)
    paired[1::2] = array("I", numbers)
    if sys.byteorder == "little":
        paired.byteswap()
    octets = paired.tobytes()
    return _ARRAY.pack(20 + len(octets), 1, 0, _INT4, len(numbers), 1) + octets


def _texts(values: bytes) -> Sequence[bytes]:
    """Return ``type GS text US`` of each value that is public and short, whatever its octets are.

    Reads in half of the time that making `identifiers.values.Value` of each takes. Raises
    `ProtocolError` for what is not read that way, too.
    """
    integer = _INT.unpack_from
    found: list[bytes] = []
    at = 4
    try:
        (count,) = integer(values)
        for _ in range(count):
            kind_end = at + _HEAD_OCTETS + values[at + _HEAD_OCTETS - 1]
            opening = _opening(values[at + _PERMISSIONS_AT : kind_end])
            (length,) = integer(values, kind_end)
            start = kind_end + 4
            end = start + length
            if opening is not None and length <= MAX_TEXT_BYTES:
                found.append(opening + values[start:end] + US)
            at = end + 4
            if values[end:at] != _NO_REFERENCES:
                raise ProtocolError("a value with references")
    except (struct.error, IndexError):
        raise ProtocolError("the values end too early") from None
    if at != len(values):
        raise ProtocolError(f"{len(values) - at} octets after the values")
    return found


@lru_cache(maxsize=4096)
def _opening(octets: bytes) -> bytes | None:
    """Return what stands before a text, from permissions and type; None: it is not searched for."""
    permissions, length = _PERMISSIONS.unpack_from(octets)
    kind = octets[_PERMISSIONS.size :]
    if length != len(kind):
        raise ProtocolError(f"a type of {length} octets")
    if not permissions & _PUBLIC_READ or not is_searched(utf8(kind)):
        return None
    return kind + GS


def _plain(texts: Iterable[Sequence[bytes]]) -> bool:
    """Say whether all of them are text: UTF-8 without control characters but white space."""
    separators = 2 * sum(map(len, texts))
    octets = b"".join(chain.from_iterable(texts))
    if len(octets) - len(octets.translate(None, _CONTROL)) != separators:
        return False
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True


def _terms(
    versions: Sequence[Version], names: Iterable[bytes], texts: Collection[bytes]
) -> Collection[int]:
    """Return the terms of a block, each text of which counts once."""
    # Far enough from each other that the end of one and the beginning of another make no terms.
    terms = grams((US * (GRAM - 1)).join(chain(names, texts, (b"",))).lower())
    terms.update(map(exact, texts))
    for prefix in {prefix_of(version.key) for version in versions}:
        terms.update(map(below, ancestors(prefix)))
    terms.update(in_state(state) for state in {v.state for v in versions} - {State.ACTIVE})
    return terms
