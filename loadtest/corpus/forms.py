"""An item written down: as the Handle JSON form, a line of it, a CSV row, a CBOR item."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import cbor2

from loadtest.corpus.kinds import Kind
from loadtest.corpus.products import KINDS

URL_INDEX = 1
FIRST_INDEX = 2000
"""The index of the first value that describes the thing; those below are kept for others."""


class Item(NamedTuple):
    """One identifier before it is written down."""

    kind: Kind
    handle: str
    texts: tuple[str, ...]  # the URL, then one for each type of the kind


def as_dict(item: Item) -> dict[str, Any]:
    """Return the Handle JSON form."""
    kind, handle, (url, *texts) = item
    values = [_value(URL_INDEX, "URL", kind.ttl, url)]
    rows = enumerate(zip(kind.types, texts, strict=True), start=FIRST_INDEX)
    values += [_value(index, type_, kind.ttl, text) for index, (type_, text) in rows]
    return {"handle": handle, "values": values}


def _value(index: int, type_: str, ttl: int, text: str) -> dict[str, Any]:
    return {
        "index": index,
        "type": type_,
        "data": {"format": "string", "value": text},
        "ttl": ttl,
    }


def _line_form(kind: Kind, most: int | None = None) -> str:
    """Return the line of a kind with ``%s`` where handle, URL and texts go.

    Setting texts into a finished form is several times as fast as encoding; `Kind` promises texts
    that need no escaping.
    """
    empty = as_dict(Item(kind, "%s", ("%s",) * (1 + len(kind.types))))
    empty["values"] = empty["values"][:most]
    return json.dumps(empty, ensure_ascii=False, separators=(",", ":")) + "\n"


_LINE_FORMS = {kind.path: _line_form(kind) for kind in KINDS}


def as_line(item: Item) -> bytes:
    """Return the Handle JSON form as one compact line of UTF-8, ended by a newline."""
    return (_LINE_FORMS[item.kind.path] % (item.handle, *item.texts)).encode()


def ndjson(items: Iterable[Item]) -> Iterator[bytes]:
    """Yield each item as one line."""
    return map(as_line, items)


def ndjson_shortened(items: Iterable[Item], most: int) -> Iterator[bytes]:
    """Yield each item as one line with the first `most` of its values at most."""
    forms = {kind.path: _line_form(kind, most) for kind in KINDS}
    for kind, handle, texts in items:
        yield (forms[kind.path] % (handle, *texts[:most])).encode()


def cbor(items: Iterable[Item]) -> Iterator[bytes]:
    """Yield each item's JSON form as an item of a CBOR sequence (RFC 8742)."""
    return (cbor2.dumps(as_dict(item)) for item in items)


_CSV_TYPES = tuple(dict.fromkeys(type_ for kind in KINDS for type_ in kind.types))
CSV_HEADER = ("handle", "ttl", "template", "URL", *_CSV_TYPES)


def csv_rows(items: Iterable[Item]) -> Iterator[bytes]:
    """Yield a header and each item as a row in UTF-8; a type that an item has not is empty.

    A row does not say at which index a value stands, so CSV says less than the other forms.
    """
    yield _csv_row(CSV_HEADER)
    for kind, handle, (url, *texts) in items:
        told = dict(zip(kind.types, texts, strict=True))
        cells = (told.get(type_, "") for type_ in _CSV_TYPES)
        yield _csv_row((handle, str(kind.ttl), "", url, *cells))


def _csv_row(cells: Iterable[str]) -> bytes:
    row = io.StringIO()
    csv.writer(row, lineterminator="\n").writerow(cells)
    return row.getvalue().encode()
