"""The page about templates shows what works."""

import json
import re
from pathlib import Path

import msgspec

from identifiers.codes.industries import SHIPPED as TRADES
from identifiers.metadata.book import Book
from identifiers.metadata.shipped import SHIPPED
from identifiers.metadata.templates import Stage, read_template
from identifiers.metadata.types import DataType
from identifiers.wire.csvform import CsvRows
from identifiers.wire.jsonform import read_identifier

PAGE = (Path(__file__).parents[2] / "docs/templates.md").read_text(encoding="utf-8")
BOOK = Book(
    msgspec.structs.replace(
        read_template({**document, "prefix": "88.300"}, TRADES), stage=Stage.PUBLISHED
    )
    for document in SHIPPED.values()
)


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_identifier_that_is_shown_keeps_its_template():
    shown, _ = map(json.loads, blocks("json"))
    submission = read_identifier(shown)
    layout = BOOK.find("88.300.1", submission.template)
    _, faults = layout.filled(submission.attributes)
    assert not faults
    reader = CsvRows()
    (row, *_) = [*reader.feed(blocks("csv")[0].encode()), *reader.finish()]
    values, faults = layout.filled(row.content.attributes)
    assert not faults
    assert values == layout.filled(submission.attributes)[0]


def test_the_template_that_is_shown_is_one():
    _, shown = map(json.loads, blocks("json"))
    assert read_template(shown, TRADES).version == "lamp-1"


def test_every_kind_and_every_template_is_told_of():
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert rows >= {kind.value for kind in DataType}
    for version, document in SHIPPED.items():
        assert f"`{version}` {document['title']}" in PAGE
