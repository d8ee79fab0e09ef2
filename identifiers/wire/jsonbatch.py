"""Identifiers as one JSON document: ``{"items": [identifier…]}``."""

from collections.abc import Iterator
from typing import Final

from identifiers.faults import Invalid
from identifiers.wire.jsonfast import read_batch
from identifiers.wire.rows import FramingLost, Row

MEDIA_TYPE: Final = "application/json"
MAX_ITEMS: Final = 2000


class JsonBatch:
    """A `RowReader` of such a document. Its rows are numbered from 1 and come all at the end."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def feed(self, data: bytes) -> Iterator[Row]:
        """Take a piece; whoever sends pieces bounds their number."""
        self._kept += data
        yield from ()

    def finish(self) -> Iterator[Row]:
        """Give all rows. Raises `FramingLost` when the document as a whole is at fault."""
        try:
            contents = read_batch(bytes(self._kept), MAX_ITEMS)
        except Invalid as invalid:
            raise FramingLost(invalid.faults, 0, 0) from None
        for number, content in enumerate(contents, 1):
            yield Row(number, len(self._kept), content)
