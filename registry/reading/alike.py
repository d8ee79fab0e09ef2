"""Lines alike: what a line was judged to be, others are that differ from it in some texts only.

Bulk input is written by programs, so that its lines differ in the name and in the data of values.
A line that was judged the long way is made a *shape*: an expression that fits just those lines
which have other texts in these places. A text is any JSON string without escapes: to put another
one there changes nothing else of what the line means, and as no rule looks at the data of a plain
value, nothing of how it is judged. So a line that fits needs no parser, and a row costs a fifth.

Whether the places were found right is proved on a line with other texts, read both ways. What
fits no shape is judged the long way, so that nothing here decides what is refused, or why.
"""

import re
import struct
from collections.abc import Callable, Iterator
from typing import Final, Self

import msgspec

from identifiers.wire.handle.values import decode_values, encode_value
from identifiers.wire.jsonlines import Line, Lines, read_row
from registry.leaves import record_leaf
from registry.reading.judging import Good, JudgedRow, judged

SHAPES: Final = 16
"""Shapes of one body. To make one takes as long as judging a hundred lines."""
TRIES: Final = 64
"""Lines of one body that are looked at for a shape; what is unlike these is judged the long way."""
_LENGTH: Final = struct.Struct(">I")
_LENGTHS: Final = tuple(_LENGTH.pack(length) for length in range(1024))
"""The length of a short text, as it stands before it; what has a longer one fits no shape."""
_MOST_PREFIX: Final = 512
"""Octets; with a suffix of at most 255 it is far from what is too long."""

_NAME: Final = rb"(([0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+)/[ !#-\[\]-~]{1,255}+)"
"""A handle and, in it, its prefix. Of printable ASCII, which needs no look at its characters
(`identifiers.names`)."""
_TEXT: Final = rb'([^"\\\x00-\x1f]*+)'
_VALUE_KEYS: Final = frozenset({b"data", b"value"})
_OTHER_NAME: Final = b"0/shape"
_OTHER_TEXT: Final = b"{%d?}"
"""Neither base64 nor hexadecimal, and another one in each place."""

_NO_REFERENCES: Final = _LENGTH.pack(0)
_NO_DATA: Final = _LENGTH.pack(0) + _NO_REFERENCES

Judge = Callable[[bytes], JudgedRow]


class Shape:
    """Reads the lines that are like one of them."""

    def __init__(self, parts: list[bytes], name: int, texts: list[int], model: Good) -> None:
        places = {name: _NAME} | dict.fromkeys(texts, _TEXT)
        self._parts = parts
        self._places = (name, *texts)
        self._fits = re.compile(
            b'"'.join(places.get(at) or re.escape(part) for at, part in enumerate(parts))
        ).fullmatch
        self._model = model
        self._at = model.at
        self._pieces = _pieces(model, model.at)

    @classmethod
    def of(cls, line: bytes, model: Good) -> Self | None:
        """Return the shape of a line that was judged to be `model`, if one can be made of it.

        `model` is plain, and there is no escape on the line.
        """
        # Without escapes every other part is a string; what is before it is a key when a colon is
        # between them.
        parts = line.split(b'"')
        keys = {
            at: parts[at - 2] for at in range(3, len(parts), 2) if parts[at - 1].strip() == b":"
        }
        names = [at for at, key in keys.items() if key == b"handle"]
        texts = [at for at, key in keys.items() if key in _VALUE_KEYS]
        data = [value.data for value in decode_values(model.values)]
        if len(names) != 1 or [parts[at] for at in texts] != data:
            return None
        return cls(parts, names[0], texts, model)

    def holds(self, judge: Judge) -> bool:
        """Say whether a line with other texts is judged to be what it is read as here."""
        parts = self._parts.copy()
        parts[self._places[0]] = _OTHER_NAME
        for number, at in enumerate(self._places[1:]):
            parts[at] = _OTHER_TEXT % number
        line, model = b'"'.join(parts), self._model
        return self.read(line, model.number, model.end, model.at) == judge(line)

    def read(self, line: bytes, number: int, end: int, at: int) -> Good | None:
        """Return the row on a line; None when it may not be like the others."""
        found = self._fits(line)
        if found is None:
            return None
        given, prefix, *texts = found.groups()
        if at != self._at:
            self._at, self._pieces = at, _pieces(self._model, at)
        pieces = self._pieces.copy()
        try:
            pieces[1:-1:3] = [_LENGTHS[len(text)] for text in texts]
            if not line.isascii():
                line.decode()
        except (IndexError, UnicodeDecodeError):
            return None
        if len(prefix) > _MOST_PREFIX:
            return None
        pieces[2:-1:3] = texts
        values = b"".join(pieces)
        return Good(
            number,
            end,
            given.decode(),
            prefix.decode().upper(),
            values,
            self._model.state,
            self._model.plain,
            at,
            record_leaf(given, 1, values),
        )


def _pieces(model: Good, at: int) -> list[bytes]:
    """Return the wire form of a row's values, of the time `at`, in pieces without their data.

    Before the data of each value stand what comes before it, and the length of the data.
    """
    values = decode_values(model.values)
    pieces: list[bytes] = []
    before = _LENGTH.pack(len(values))
    for value in values:
        bare = encode_value(msgspec.structs.replace(value, data=b"", timestamp=at))
        pieces += (before + bare[: -len(_NO_DATA)], b"", b"")
        before = _NO_REFERENCES
    return [*pieces, before]


class Shapes:
    """The shapes of one body, `most` at the most, of `tries` lines that were looked at."""

    def __init__(self, most: int = SHAPES, tries: int = TRIES) -> None:
        self._most = most
        self._tries = tries
        self._shapes: list[Shape] = []

    def found(self, text: bytes, number: int, end: int, at: int) -> Good | None:
        """Return the row on a line; None when it is like none before."""
        shapes = self._shapes
        for place, shape in enumerate(shapes):
            if row := shape.read(text, number, end, at):
                if place:  # so the shapes come to stand in the order of how many lines they fit
                    shapes[place - 1 : place + 1] = shape, shapes[place - 1]
                return row
        return None

    def learn(self, text: bytes, row: JudgedRow) -> None:
        """Take a line, and what it was judged to be, for one that others may be like."""
        if not isinstance(row, Good) or not row.plain or b"\\" in text:
            return
        if not self._tries or len(self._shapes) == self._most:
            return
        self._tries -= 1
        shape = Shape.of(text, row)
        if shape is not None and shape.holds(_judge_of(row)):
            self._shapes.append(shape)


def _judge_of(row: Good) -> Judge:
    return lambda line: judged(read_row((row.number, row.end, line)), row.at)


class AlikeLines:
    """Cuts a body of JSON lines into rows and judges them; `done` as in `RowReader`."""

    def __init__(self, done: int) -> None:
        self._lines = Lines(done=done)
        self._shapes = Shapes()

    def feed(self, data: bytes, at: int) -> Iterator[JudgedRow]:
        """Take a piece of the body, at an epoch second, and give the rows that it completes."""
        return self._rows(self._lines.feed(data), at)

    def finish(self, at: int) -> Iterator[JudgedRow]:
        """Give the row that the end of the body completes."""
        return self._rows(self._lines.finish(), at)

    def _rows(self, lines: Iterator[Line], at: int) -> Iterator[JudgedRow]:
        found = self._shapes.found
        for line in lines:
            number, end, text = line
            if not isinstance(text, bytes):
                yield judged(read_row(line), at)
            else:
                yield found(text, number, end, at) or self._judged(line, text, at)

    def _judged(self, line: Line, text: bytes, at: int) -> JudgedRow:
        row = judged(read_row(line), at)
        self._shapes.learn(text, row)
        return row
