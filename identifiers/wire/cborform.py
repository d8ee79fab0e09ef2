"""The JSON form in CBOR (RFC 8949), and identifiers as a CBOR sequence (RFC 8742).

Data that is no text may be a byte string. No tags, no indefinite lengths, text keys; what is
written is deterministic (RFC 8949 section 4.2.1). Nothing reaches the CBOR library that the linear
guard of ``cborscan`` has not passed.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import cbor2
import msgspec

from identifiers.faults import Fault, Invalid
from identifiers.records import State
from identifiers.submissions import Submission
from identifiers.wire.cborscan import MAX_DEPTH, MAX_ITEMS, Scanner, UnknownEnd
from identifiers.wire.jsonfast import read_document
from identifiers.wire.jsonform import identifier_document, values_documents
from identifiers.wire.jsonload import text_faults
from identifiers.wire.rows import MAX_ROW_BYTES, FramingLost, Refused, Row, handle_in

MEDIA_TYPE: Final = "application/cbor"
SEQUENCE_MEDIA_TYPE: Final = "application/cbor-seq"
_ARRAY: Final = 4


def load(data: bytes, max_items: int = MAX_ITEMS) -> object:
    """Return the document of one item, which is all of `data`. Raises `Invalid`."""
    scanner = Scanner(len(data), max_items)
    try:
        size = scanner.scan(data, 0)
    except UnknownEnd as error:
        raise Invalid([_syntax(str(error))]) from None
    if scanner.fault is None and (size != len(data) or not size):
        raise Invalid([_syntax("bytes left over" if size else "the item ends too early")])
    document = _decode(data, scanner.fault)
    faults = text_faults(document)
    if faults:
        raise Invalid(faults)
    return document


def _decode(item: bytes, fault: str | None) -> object:
    if fault is not None:
        raise Invalid([_syntax(fault)])
    try:
        document: object = cbor2.loads(
            item, max_depth=MAX_DEPTH, allow_indefinite=False, allow_duplicate_keys=False
        )
    except cbor2.CBORDecodeError as error:
        raise Invalid([_syntax(str(error))]) from None
    return document


def _syntax(why: str) -> Fault:
    return Fault("cbor.syntax", params={"why": why})


class Item(msgspec.Struct, frozen=True):
    """One item of a sequence: where it stood, its bytes and what the guard objects to."""

    start: int
    end: int
    data: bytes
    fault: str | None


class CborSequence:
    """Cuts a CBOR sequence into its items: linear, at most one unfinished item is kept."""

    def __init__(self, limit: int = MAX_ROW_BYTES) -> None:
        self._scanner = Scanner(limit)
        self._buffer = bytearray()
        self._offset = 0

    @property
    def unfinished(self) -> bool:
        """Say whether an item has begun and not ended."""
        return bool(self._buffer)

    @property
    def offset(self) -> int:
        """Where the unfinished item begins, or the next one will."""
        return self._offset

    def feed(self, data: bytes) -> Iterator[Item]:
        """Take a piece and give the items that it completes; offsets are of the whole sequence.

        Raises `UnknownEnd` when no further item can be told.
        """
        self._buffer += data
        at = 0
        try:
            while size := self._scanner.scan(self._buffer, at):
                fault = self._scanner.fault
                self._scanner.restart()
                start, self._offset = self._offset, self._offset + size
                at += size
                item = bytes(self._buffer[at - size : at])
                yield Item(start, self._offset, item, fault)
        finally:
            del self._buffer[:at]


class CborRows:
    """A `RowReader` of a CBOR sequence."""

    def __init__(self, *, done: int = 0, limit: int = MAX_ROW_BYTES) -> None:
        self._done = done
        self._sequence = CborSequence(limit)
        self._number = 0

    def feed(self, data: bytes) -> Iterator[Row]:
        """Take a piece and give the rows that it completes. Raises `FramingLost`."""
        try:
            for item in self._sequence.feed(data):
                self._number += 1
                if item.end > self._done:
                    yield Row(self._number, item.end, _read_or_refuse(item))
        except UnknownEnd as error:
            raise self._lost(str(error)) from None

    def finish(self) -> Iterator[Row]:
        """Raise `FramingLost` if the input ends inside of an item."""
        if self._sequence.unfinished:
            raise self._lost("the input ends within an item")
        yield from ()

    def _lost(self, why: str) -> FramingLost:
        return FramingLost([_syntax(why)], self._number + 1, self._sequence.offset)


def _read_or_refuse(item: Item) -> Submission | Refused:
    document: object = None
    try:
        document = _decode(item.data, item.fault)
        return read_document(document)
    except Invalid as invalid:
        return Refused(invalid.faults, handle_in(document))


def write(document: object) -> bytes:
    """Write a document of dicts with text keys, lists, integers, texts and bytes."""
    return cbor2.dumps(document, canonical=True)


def write_array(items: Sequence[bytes]) -> bytes:
    """Write an array of documents that are written already (RFC 8949 section 3, major type 4)."""
    head = bytearray(cbor2.dumps(len(items)))  # an unsigned integer's head but for the type
    head[0] |= _ARRAY << 5
    return bytes(head) + b"".join(items)


def write_values(blob: bytes) -> bytes:
    """Write a blob's values as an array. Raises `ProtocolError`."""
    return write(values_documents(blob, binary=True))


def write_record(
    handle: str, blob: bytes, state: State = State.ACTIVE, template: str | None = None
) -> bytes:
    """Write one identifier as a map, an item of a sequence. Raises `ProtocolError`."""
    return write(identifier_document(handle, blob, state, template, binary=True))
