"""Identifiers as a table (RFC 4180): a header, then one identifier on each row.

The header is ``handle``, optionally ``ttl`` and ``template``, and one column for each value, named
by its type or by ``index:type``. Columns without an index are numbered from 1 in their order,
leaving out the numbers that other columns name. An empty cell is no value. UTF-8, with or without a
byte order mark, or GB 18030 when that was said; LF or CR LF (which is what is written); cells in
quotes may hold line ends.

On a row with a template, columns without an index are attributes.

A table holds text values that everybody may read, of one TTL a row. Types with a structure
(HS_ADMIN and its like) are refused as columns, and what a table cannot hold is not written.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from identifiers.faults import Fault, Faults, Invalid
from identifiers.names import fold
from identifiers.records import State
from identifiers.submissions import Submission
from identifiers.values import (
    DEFAULT_PERMISSIONS,
    DEFAULT_TTL,
    MAX_INDEX,
    MAX_TTL,
    TEMPLATE_INDEX,
    Value,
)
from identifiers.wire import gb18030
from identifiers.wire.dataform import STRUCTURED_TYPES
from identifiers.wire.handle.values import decode_values
from identifiers.wire.jsonload import step
from identifiers.wire.rows import MAX_ROW_BYTES, FramingLost, Refused, Row

MEDIA_TYPE: Final = "text/csv"
GB18030: Final = gb18030.CODEC
GB18030_MEDIA_TYPE: Final = f"{MEDIA_TYPE};charset={GB18030}"
"""A table as Chinese Excel writes it; GBK and GB 2312 are parts of GB 18030 (`wire.gb18030`)."""
_UTF8: Final = "utf-8"

_BOM: Final = "\ufeff"
_OWN: Final = ("handle", "ttl", "template")
_NUMBERED: Final = re.compile(r"(\d{1,10}):(.+)", re.ASCII | re.DOTALL)
# From behind an opening quote to behind its closing one; two quotes stand for one.
_TO_CLOSE: Final = re.compile(rb'(?:[^"]|"")*+"')
_TTL: Final = re.compile(r"\d{1,10}", re.ASCII)


class Column(msgspec.Struct, frozen=True):
    """A column of values: the index and type that its cells become."""

    index: int
    type: str

    @property
    def name(self) -> str:
        """The column's name with its index."""
        return f"{self.index}:{self.type}"


class _Header(msgspec.Struct, frozen=True):
    names: tuple[str, ...]
    columns: tuple[Column | None, ...]
    attributes: frozenset[int]
    """The places of columns without an index."""
    twice: tuple[str, ...]
    """Names of several of them."""


class CsvRows:
    """A `RowReader` of a table. `Row.number` is the line where the row begins.

    In no encoding is an octet of a comma, a quote or a line end part of another character. A table
    whose first row beyond ASCII is GB 18030 where UTF-8 is expected is lost there, as a whole.
    """

    def __init__(self, *, done: int = 0, limit: int = MAX_ROW_BYTES, encoding: str = _UTF8) -> None:
        self._done = done
        self._limit = limit
        self._encoding = encoding
        self._sure = encoding != _UTF8
        self._header: _Header | None = None
        self._line = 1
        self._offset = 0
        self._row = bytearray()
        self._lines_in_row = 0
        self._rest = bytearray()
        self._quoted = False

    def feed(self, data: bytes) -> Iterator[Row]:
        """Take a piece and give the rows that it completes. Raises `FramingLost`."""
        *lines, rest = data.split(b"\n")
        for line in lines:
            whole = bytes(self._rest) + line + b"\n" if self._rest else line + b"\n"
            self._rest.clear()
            yield from self._take(whole)
        self._rest += rest
        self._check_size()

    def finish(self) -> Iterator[Row]:
        """Give the last row when nothing ended it. Raises `FramingLost` inside of quotes."""
        if self._rest:
            last = bytes(self._rest)
            self._rest.clear()
            yield from self._take(last)
        if self._row:
            raise self._lost("the input ends within quotes")
        if self._header is None:
            raise self._lost("there is no header")

    def _take(self, line: bytes) -> Iterator[Row]:
        self._row += line
        self._lines_in_row += 1
        self._check_size()
        self._quoted = _quoted_after(line, quoted=self._quoted)
        if self._quoted:
            return
        row, number = bytes(self._row), self._line
        if not self._sure and not row.isascii():
            self._sure = True
            if _is_gb18030(row):
                raise FramingLost([Fault("csv.gb18030")], number, self._offset)
        self._row.clear()
        self._offset += len(row)
        self._line += self._lines_in_row
        self._lines_in_row = 0
        if self._header is None:
            self._header = self._read_header(row)
        elif self._offset > self._done and not row.isspace():
            yield Row(number, self._offset, _read_or_refuse(self._header, row, self._encoding))

    def _check_size(self) -> None:
        if len(self._row) + len(self._rest) > self._limit:
            raise self._lost(f"a row of more than {self._limit} bytes")

    def _read_header(self, row: bytes) -> _Header:
        mark = _BOM.encode(self._encoding)
        try:
            return _read_header(_cells(row.removeprefix(mark), self._encoding))
        except Invalid as invalid:
            raise FramingLost(invalid.faults, 1, 0) from None

    def _lost(self, why: str) -> FramingLost:
        fault = Fault("csv.syntax", params={"why": why})
        return FramingLost([fault], self._line, self._offset)


def _quoted_after(line: bytes, *, quoted: bool) -> bool:
    """Say whether `line` ends inside of quotes, when it begins inside of them or not."""
    if b'"' not in line:
        return quoted
    at = 0
    while at < len(line):
        if quoted or line[at : at + 1] == b'"':
            close = _TO_CLOSE.match(line, at if quoted else at + 1)
            if close is None:
                return True
            quoted, at = False, close.end()
        # What stands before the comma is the cell, or an error that the row's reader tells.
        comma = line.find(b",", at)
        if comma < 0:
            return False
        at = comma + 1
    return False


def _is_gb18030(row: bytes) -> bool:
    """Say whether octets are text in GB 18030 and none in UTF-8."""
    try:
        row.decode()
    except UnicodeDecodeError:
        pass
    else:
        return False
    try:
        row.decode(GB18030)
    except UnicodeDecodeError:
        return False
    return True


def _cells(row: bytes, encoding: str) -> list[str]:
    try:
        text = gb18030.decoded(row) if encoding == GB18030 else row.decode(encoding)
    except UnicodeDecodeError as error:
        code = "utf8" if encoding == _UTF8 else "gb18030"
        raise Invalid([Fault(code, params={"at": error.start})]) from None
    if "\0" in text:
        raise Invalid([Fault("nul")])
    try:
        return next(csv.reader([text.removesuffix("\n").removesuffix("\r")], strict=True), [])
    except csv.Error as error:
        raise Invalid([Fault("csv.syntax", params={"why": str(error)})]) from None


def _read_header(names: Sequence[str]) -> _Header:
    faults = Faults()
    faults.extend(Fault("csv.twice", step("", n)) for n in _OWN if names.count(n) > 1)
    if "handle" not in names:
        faults.append(Fault("csv.no_handle"))
    given = [_given(name, faults) for name in names]
    used = {column.index for column in given if column is not None}
    free = (index for index in range(1, MAX_INDEX) if index not in used)
    columns = tuple(
        None if column is None else column if column.index else Column(next(free), column.type)
        for column in given
    )
    if faults:
        raise Invalid(faults)
    places = [at for at, column in enumerate(given) if column is not None and not column.index]
    bare = [names[at] for at in places]
    twice = tuple(dict.fromkeys(name for name in bare if bare.count(name) > 1))
    return _Header(tuple(names), columns, frozenset(places), twice)


def _given(name: str, faults: Faults) -> Column | None:
    if name in _OWN:
        return None
    numbered = _NUMBERED.fullmatch(name)
    column = Column(int(numbered[1]), numbered[2]) if numbered else Column(0, name)
    place = step("", name)
    if numbered and not 1 <= column.index <= MAX_INDEX:
        faults.append(Fault("range", place, {"low": 1, "high": MAX_INDEX}))
    if not column.type:
        faults.append(Fault("empty", place))
    if fold(column.type) in STRUCTURED_TYPES:
        faults.append(Fault("csv.structured", place, {"type": column.type}))
    return column


def _read_or_refuse(header: _Header, row: bytes, encoding: str) -> Submission | Refused:
    try:
        cells = _cells(row, encoding)
    except Invalid as invalid:
        return Refused(invalid.faults)
    if len(cells) != len(header.names):
        params: dict[str, str | int] = {"count": len(cells), "expected": len(header.names)}
        at = header.names.index("handle")
        return Refused((Fault("csv.cells", params=params),), cells[at] if at < len(cells) else "")
    own = {n: cell for n, cell in zip(header.names, cells, strict=True) if n in _OWN}
    faults = Faults()
    if not own["handle"]:
        faults.append(Fault("required", "/handle"))
    template = own.get("template") or None
    if template:
        faults.extend(Fault("csv.twice", step("", name)) for name in header.twice)
    ttl = _read_ttl(own.get("ttl", ""), faults)
    if faults:
        return Refused(tuple(faults), own["handle"])
    if template is not None:
        return _described(header, cells, template, ttl)
    values = tuple(
        [
            Value(index=column.index, type=column.type, data=cell.encode(), ttl=ttl)
            for column, cell in zip(header.columns, cells, strict=True)
            if column is not None and cell
        ]
    )
    return Submission(own["handle"], values)


def _described(header: _Header, cells: Sequence[str], template: str, ttl: int) -> Submission:
    """Read a row that is told in the words of a template."""
    attributes: dict[str, object] = {}
    values = []
    for at, (column, cell) in enumerate(zip(header.columns, cells, strict=True)):
        if column is None or not cell:
            continue
        if at in header.attributes:
            attributes[column.type] = cell
        else:
            values.append(Value(index=column.index, type=column.type, data=cell.encode(), ttl=ttl))
    handle = cells[header.names.index("handle")]
    return Submission(handle, tuple(values), None, template, attributes, ttl)


def _read_ttl(cell: str, faults: Faults) -> int:
    if not cell:
        return DEFAULT_TTL
    if _TTL.fullmatch(cell) and int(cell) <= MAX_TTL:
        return int(cell)
    faults.append(Fault("range", "/ttl", {"low": 0, "high": MAX_TTL}))
    return 0


class _Echo:
    @staticmethod
    def write(text: str) -> str:
        return text


class CsvTable:
    """Writes identifiers as rows of a table with the given columns, and their templates if any."""

    def __init__(self, columns: Iterable[Column], *, templates: bool = False) -> None:
        self._columns: Final = tuple(columns)
        self._templates: Final = templates
        self._writer = csv.writer(_Echo(), lineterminator="\r\n")

    def header(self) -> bytes:
        """Write the header."""
        own = _OWN if self._templates else _OWN[:2]
        return self._line([*own, *(column.name for column in self._columns)])

    def row(
        self, handle: str, blob: bytes, state: State = State.ACTIVE, template: str | None = None
    ) -> bytes:
        """Write one identifier. Raises `Invalid` when the table cannot hold all of it."""
        values = {
            (value.index, value.type): value
            for value in decode_values(blob)
            if template is None or value.index != TEMPLATE_INDEX
        }
        unfit = [value.index for value in values.values() if not _fits(value)]
        ttls = {value.ttl for value in values.values()}
        columns = {(column.index, column.type) for column in self._columns}
        unfit.extend(index for index, kind in values if (index, kind) not in columns)
        if unfit or len(ttls) > 1 or state is not State.ACTIVE:
            raise Invalid([Fault("csv.lossy", params={"handle": handle})])
        cells = [values.get((c.index, c.type)) for c in self._columns]
        texts = ["" if value is None else value.data.decode() for value in cells]
        own = [handle, str(ttls.pop() if ttls else DEFAULT_TTL)]
        return self._line([*own, template or "", *texts] if self._templates else [*own, *texts])

    def _line(self, cells: Sequence[str]) -> bytes:
        line: str = self._writer.writerow(cells)
        return line.encode()


def columns_of(blob: bytes, template: str | None = None) -> tuple[Column, ...]:
    """Return the columns that the values of a record need, in stored order."""
    return tuple(
        Column(value.index, value.type)
        for value in decode_values(blob)
        if template is None or value.index != TEMPLATE_INDEX
    )


def _fits(value: Value) -> bool:
    try:
        text = value.data.decode()
    except UnicodeDecodeError:
        return False
    return (
        len(text) > 0
        and "\0" not in text
        and fold(value.type) not in STRUCTURED_TYPES
        and value.permissions == DEFAULT_PERMISSIONS
        and not value.absolute
        and not value.references
    )
