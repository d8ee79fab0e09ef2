"""Items alike: a batch whose items are read by their likeness, as lines are.

A batch is cut into its items without looking into them, and each is read as if it stood alone.
What is typical is read like this; one item that is not, or a whole that is other than
``{"items": [identifier…]}``, and the batch is read the strict way, which names the faults.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from identifiers.wire.jsonbatch import MAX_ITEMS, JsonBatch
from identifiers.wire.jsonfast import read_typical
from identifiers.wire.rows import Row
from registry.reading.alike import Shapes
from registry.reading.judging import JudgedRow, judged

WORTH: Final = 512
"""Items that are worth a shape; what is made once and kept by `re` is worth it from 128 on."""
_MOST_COMMAS: Final = 256 * MAX_ITEMS
"""No more items than this are cut, whatever comes: each takes 72 octets of memory."""
_WHOLE: Final = re.compile(
    rb'[ \t\r\n]*+\{[ \t\r\n]*+"items"[ \t\r\n]*+:(.*)\}[ \t\r\n]*+', re.DOTALL
)
_ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw])


class AlikeItems:
    """Judges the items of a batch; as `JsonBatch` it gives them all at the end."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def feed(self, data: bytes, at: int) -> Iterator[JudgedRow]:  # noqa: ARG002 -- at its end
        """Take a piece of the body; whoever sends pieces bounds their number."""
        self._kept += data
        return iter(())

    def finish(self, at: int) -> Iterator[JudgedRow]:
        """Give all rows, at an epoch second. Raises `FramingLost`."""
        body = bytes(self._kept)
        rows = _typical(body, at)
        return iter(rows) if rows is not None else _strict(body, at)


def _strict(body: bytes, at: int) -> Iterator[JudgedRow]:
    batch = JsonBatch()
    for rows in (batch.feed(body), batch.finish()):
        for row in rows:
            yield judged(row, at)


def _typical(body: bytes, at: int) -> list[JudgedRow] | None:
    items, end = _cut(body), len(body)
    most = len(items) // WORTH
    shapes, rows = Shapes(most, most), []
    for number, item in enumerate(items, 1):
        text = bytes(item)
        row: JudgedRow | None = shapes.found(text, number, end, at)
        if row is None:
            content = read_typical(text)
            if content is None:
                return None
            row = judged(Row(number, end, content), at)
            shapes.learn(text, row)
        rows.append(row)
    return rows or None


def _cut(body: bytes) -> list[msgspec.Raw]:
    """Return the items of a batch, each of which is still to be read; none: it may be no batch."""
    whole = _WHOLE.fullmatch(body)
    if whole is None or body.count(b",") > _MOST_COMMAS:
        return []
    try:
        items = _ITEMS.decode(whole[1])
    except (msgspec.MsgspecError, RecursionError):
        return []
    return items if WORTH <= len(items) <= MAX_ITEMS else []
