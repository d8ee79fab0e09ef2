"""Templates as registration uses them: layouts, and the book of those in force."""

import msgspec
import pytest

from identifiers.codes.industries import SHIPPED
from identifiers.faults import Fault
from identifiers.metadata.book import NO_TEMPLATES, Book
from identifiers.metadata.items import Item
from identifiers.metadata.layouts import Layout, version_of
from identifiers.metadata.shipped import SHIPPED as TEMPLATES
from identifiers.metadata.templates import Stage, read_template
from identifiers.metadata.types import DataType
from identifiers.values import Value
from identifiers.wire.handle.values import encode_values

COAL = read_template(
    {
        "prefix": "88.300",
        "version": "coal-1",
        "title": "煤炭批次",
        "industry": {"category": "B", "division": "06", "group": "061", "class": "0610"},
        "items": [
            {"name": "NO", "title": "批次号", "required": True, "unique": True, "max_length": 8},
            {"name": "ASH", "title": "灰分", "type": "number", "low": "0", "high": "100"},
            {"name": "RANK", "title": "煤类", "type": "enumeration", "choices": ["WY", "JM"]},
            {"name": "WASHED", "title": "洗选", "type": "boolean"},
            {"name": "LUMPS", "title": "块数", "type": "integer", "required": True},
            {"name": "SEAM", "title": "煤层", "pattern": "[0-9]+号", "max_length": 8},
            {"name": "ON", "title": "日期", "type": "date"},
            {"name": "OLD", "title": "旧", "enabled": False},
        ],
    },
    SHIPPED,
)
PUBLISHED = msgspec.structs.replace(COAL, stage=Stage.PUBLISHED, revision=3)
LAYOUT = Layout(PUBLISHED)
GOOD = {"NO": "A1", "LUMPS": 7}


def texts(values):
    return {value.index: value.data.decode() for value in values}


def faults(found):
    return [(fault.pointer, fault.code) for fault in found]


def value(index, kind, text):
    return Value(index=index, type=kind, data=text.encode())


def test_a_layout_is_called_by_prefix_version_and_revision():
    assert LAYOUT.name == "88.300/coal-1"
    assert LAYOUT.stored == "88.300/coal-1@3"
    assert version_of(LAYOUT.stored) == ("88.300/coal-1", 3)
    assert LAYOUT.is_called("coal-1")
    assert LAYOUT.is_called("88.300/coal-1")
    assert not LAYOUT.is_called(None)
    assert LAYOUT.mark == value(1001, "TEMPLATE", "coal-1")


def test_attributes_become_values_in_the_order_of_their_entries_behind_the_mark():
    given = {"ON": "2026-01-02", "ASH": "012.50", "WASHED": True, **GOOD, "RANK": "JM"}
    url = value(1, "URL", "https://example.com")
    values, found = LAYOUT.filled(given, (url,), ttl=60)
    assert not found
    assert values[:2] == (url, LAYOUT.mark)
    assert texts(values[2:]) == {
        2000: "A1",
        2001: "12.5",
        2002: "JM",
        2003: "true",
        2004: "7",
        2006: "2026-01-02",
    }
    assert {v.ttl for v in values[2:]} == {60}
    assert LAYOUT.attributes(encode_values(values)) == {
        "NO": "A1",
        "ASH": "12.5",
        "RANK": "JM",
        "WASHED": True,
        "LUMPS": 7,
        "ON": "2026-01-02",
    }


@pytest.mark.parametrize("ttl", [60, 86400])
@pytest.mark.parametrize("at", [5, 6])
def test_what_is_packed_is_what_is_filled(at, ttl):
    for given in (GOOD, {"ON": "2026-01-02", "ASH": "012.50", "WASHED": True, **GOOD}):
        values, _ = LAYOUT.filled(given, ttl=ttl)
        blob, entries = LAYOUT.packed(given, ttl, at)
        assert blob == encode_values(values, at)
        assert entries == [(value.index, value.data) for value in values[1:]]
        assert LAYOUT.claimed("88.300.1/a", entries) == LAYOUT.claims("88.300.1/a", values)
    for given in ({}, GOOD | {"ASH": "x"}, GOOD | {"X": 1}, GOOD | {"ASH": None}):
        assert LAYOUT.packed(given, ttl, at) is None


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, [("/attributes/NO", "template.missing"), ("/attributes/LUMPS", "template.missing")]),
        (GOOD | {"ASH": 100.5}, [("/attributes/ASH", "template.high")]),
        (GOOD | {"ASH": "-1"}, [("/attributes/ASH", "template.low")]),
        (GOOD | {"ASH": "x"}, [("/attributes/ASH", "template.value")]),
        (GOOD | {"RANK": "XX"}, [("/attributes/RANK", "one_of")]),
        (GOOD | {"SEAM": "三号"}, [("/attributes/SEAM", "template.pattern")]),
        (GOOD | {"NO": "123456789"}, [("/attributes/NO", "template.length")]),
        (GOOD | {"OLD": "x"}, [("/attributes/OLD", "template.disabled")]),
        (GOOD | {"A/B": 1}, [("/attributes/A~1B", "template.no_attribute")]),
        (GOOD | {"NO": [1]}, [("/attributes/NO", "type")]),
        (
            {"ASH": "x", "RANK": "XX", "LUMPS": 1.5},
            [
                ("/attributes/ASH", "template.value"),
                ("/attributes/RANK", "one_of"),
                ("/attributes/LUMPS", "template.value"),
                ("/attributes/NO", "template.missing"),
            ],
        ),
    ],
)
def test_every_fault_of_attributes_is_told_at_its_attribute(given, found):
    assert faults(LAYOUT.filled(given)[1]) == found


def test_what_is_not_required_may_be_null():
    values, found = LAYOUT.filled(GOOD | {"ASH": None})
    assert not found
    assert texts(values[1:]) == {2000: "A1", 2004: "7"}
    assert faults(LAYOUT.filled(GOOD | {"NO": None})[1]) == [("/attributes/NO", "template.missing")]


def test_values_may_stand_for_attributes_and_are_told_of_in_their_places():
    sent = (value(2001, "ASH", "07"), value(1, "URL", "u"), value(2004, "LUMPS", "x"))
    values, found = LAYOUT.filled({"NO": "A1"}, sent)
    assert faults(found) == [("/values/2/data", "template.value")]
    assert texts(values)[2001] == "7"
    sent = (value(2001, "ASH", "7"), value(1001, "TEMPLATE", "other"), value(2999, "X", "y"))
    assert faults(LAYOUT.filled(GOOD, sent)[1]) == [
        ("/values/1/index", "template.own"),
        ("/values/2/index", "template.no_item"),
    ]


def test_an_attribute_and_a_value_at_one_index_say_the_same():
    same = value(2001, "ASH", "7.0")
    values, found = LAYOUT.filled(GOOD | {"ASH": 7}, (same,))
    assert not found
    assert [v.index for v in values] == [1001, 2000, 2001, 2004]
    _, found = LAYOUT.filled(GOOD | {"ASH": 8}, (same,))
    assert faults(found) == [("/attributes/ASH", "template.both")]


def test_merged_values_are_judged_whole_and_marked_anew():
    old = LAYOUT.filled(GOOD)[0]
    values, found = LAYOUT.merged((*old, value(2001, "ASH", "01")), (2000, 2004))
    assert not found
    assert [v.index for v in values] == [1001, 2000, 2001, 2004]
    assert texts(values)[2001] == "1"
    values, found = LAYOUT.merged(
        (value(1001, "TEMPLATE", "older"), value(2007, "OLD", "x"), value(2999, "X", "")), (2007,)
    )
    assert values[0] == LAYOUT.mark
    assert faults(found) == [
        ("/attributes/2999", "template.no_item"),
        ("/attributes/NO", "template.missing"),
        ("/attributes/LUMPS", "template.missing"),
    ]
    unmarked, _ = LAYOUT.merged((value(1, "URL", "u"),), ())
    assert [v.index for v in unmarked] == [1, 1001]


def test_claims_are_of_prefix_template_and_entry():
    values = LAYOUT.filled(GOOD)[0]
    claims = LAYOUT.claims("88.300.1/a", values)
    assert list(claims.values()) == ["NO"]
    assert claims == LAYOUT.claims("88.300.1/b", values)
    assert claims != LAYOUT.claims("88.300.2/a", values)
    assert claims != Layout(msgspec.structs.replace(COAL, version="coal-2")).claims(
        "88.300.1/a", values
    )
    plain = Layout(msgspec.structs.replace(COAL, items=COAL.items[1:]))
    assert plain.claims("88.300.1/a", values) == {}


@pytest.mark.parametrize("kind", list(DataType))
@pytest.mark.parametrize("text", ["", "7", "x", "2026-01-02", "true", "a\0", "1" * 40, "88.1/a"])
@pytest.mark.parametrize(
    "rule", [{}, {"low": "3", "high": "8"}, {"min_length": 2, "max_length": 12}]
)
def test_the_short_way_takes_just_what_the_long_way_takes(kind, text, rule):
    if "low" in rule and kind not in {DataType.NUMBER, DataType.INTEGER}:
        rule = {}
    choices = ("7", "x", "true") if kind is DataType.ENUMERATION else ()
    item = Item(index=2000, name="ONE", title="一", type=kind, choices=choices, **rule)
    layout = Layout(msgspec.structs.replace(COAL, items=(item,)))
    long = item.accepted(text)
    values, found = layout.filled({"ONE": text})
    if isinstance(long, Fault):
        assert faults(found) == [("/attributes/ONE", long.code)]
    else:
        assert not found
        assert texts(values)[2000] == long


def test_the_nearest_template_counts():
    nearer = msgspec.structs.replace(PUBLISHED, prefix="88.300.1")
    book = Book([PUBLISHED, nearer])
    assert book.find("88.300.1.5", "coal-1").name == "88.300.1/coal-1"
    assert book.find("88.300.10", "coal-1").name == "88.300/coal-1"
    assert book.find("88.300.1", "88.300/coal-1").name == "88.300/coal-1"
    for prefix, asked in (
        ("88.300.2", "88.300.1/coal-1"),
        ("88.301.1", "coal-1"),
        ("88.300.1", "coal-2"),
        ("88.300.1", ""),
    ):
        assert book.find(prefix, asked).code == "template.unknown"


def test_what_is_told_back_is_short():
    fault = NO_TEMPLATES.find("88.300.1", "x" * 10_000)
    assert len(fault.params["template"]) == 512
    choices = tuple(f"choice-{number}" for number in range(500))
    item = Item(index=2000, name="A", title="甲", type=DataType.ENUMERATION, choices=choices)
    assert len(item.accepted("none").params["choices"]) == 401


def test_only_published_templates_take_what_is_new():
    withdrawn = msgspec.structs.replace(PUBLISHED, stage=Stage.WITHDRAWN)
    assert Book([COAL]).find("88.300.1", "coal-1").code == "template.unknown"
    book = Book([withdrawn])
    assert book.find("88.300.1", "coal-1").code == "template.withdrawn"
    assert book.of("88.300/coal-1@1").template == withdrawn
    assert book.of(None) is None
    assert book.of("88.300/other@1") is None


def test_a_prefix_that_demands_templates_demands_them_below_too():
    book = Book((), ["88.300.1"])
    assert book.demands("88.300.1")
    assert book.demands("88.300.1.7")
    assert not book.demands("88.300.10")
    assert not NO_TEMPLATES.demands("88.300.1")


def test_a_book_is_revised_by_what_changed_only():
    other = msgspec.structs.replace(PUBLISHED, version="other-1")
    book = Book([PUBLISHED, other], ["88.300.1", "88.300.2"])
    withdrawn = msgspec.structs.replace(other, stage=Stage.WITHDRAWN)
    revised = book.revised([withdrawn, COAL], {"88.300.1": False, "88.300.3": True})
    assert revised.find("88.300.1", "other-1").code == "template.withdrawn"
    assert book.find("88.300.1", "other-1").template is other
    # The draft of one that is published changes nothing; its layout is the very one.
    assert revised.find("88.300.1", "coal-1") is book.find("88.300.1", "coal-1")
    assert [revised.demands(f"88.300.{n}") for n in (1, 2, 3)] == [False, True, True]
    assert [book.demands(f"88.300.{n}") for n in (1, 2, 3)] == [True, True, False]
    assert (revised.unique, Book().revised([PUBLISHED], {}).unique) == (True, True)
    plain = msgspec.structs.replace(PUBLISHED, items=PUBLISHED.items[1:])
    assert not Book([PUBLISHED]).revised([plain], {}).unique


def test_a_book_knows_whether_anything_is_unique():
    assert Book([PUBLISHED]).unique
    assert not NO_TEMPLATES.unique


@pytest.mark.parametrize("version", list(TEMPLATES))
def test_shipped_templates_can_be_used(version):
    template = read_template({**TEMPLATES[version], "prefix": "88.300"}, SHIPPED)
    layout = Layout(template)
    assert layout.filled({})[1] or not any(item.required for item in template.items)
