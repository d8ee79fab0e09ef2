"""Metadata templates: how they are read, how they grow, and values against them."""

import copy

import pytest

from identifiers.codes.industries import SHIPPED
from identifiers.faults import Fault, Invalid
from identifiers.metadata.checking import attributes, checked, valued
from identifiers.metadata.items import MAX_CHOICES, MAX_LENGTH
from identifiers.metadata.layouts import Layout
from identifiers.metadata.templates import Carrier, Stage, grown, read_template, told_template
from identifiers.metadata.types import DataType, canonical, order
from identifiers.values import Value

COAL = {
    "prefix": "88.300.1",
    "version": "coal-1",
    "title": "煤炭批次",
    "industry": {"category": "B", "division": "06", "group": "061", "class": "0610"},
    "items": [
        {
            "name": "BATCH",
            "title": "批次号",
            "required": True,
            "pattern": "[A-Z]{2}-[0-9]{4}",
            "max_length": 7,
        },
        {
            "name": "ASH",
            "title": "灰分",
            "type": "number",
            "unit": "%",
            "low": "0.0",
            "high": "100",
        },
        {"name": "RANK", "title": "煤类", "type": "enumeration", "choices": ["WY", "JM"]},
        {"index": 2100, "name": "WASHED", "title": "洗选", "type": "boolean"},
        {"name": "LUMPS", "title": "块数", "type": "integer", "required": True},
    ],
}


def coal(**changes):
    return copy.deepcopy(COAL) | changes


def item(**changes):
    return coal(items=[{"name": "ONE", "title": "一"} | changes])


def faults(document):
    with pytest.raises(Invalid) as caught:
        read_template(document, SHIPPED)
    for fault in caught.value.faults:
        assert fault.detail("zh")
        assert fault.detail("en")
    return [(fault.pointer, fault.code) for fault in caught.value.faults]


TEMPLATE = read_template(COAL, SHIPPED)


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("string", "煤", "煤"),
        ("string", "", None),
        ("string", "a\0", None),
        ("number", "12.50", "12.5"),
        ("number", "+00.500", "0.5"),
        ("number", "-.5", "-0.5"),
        ("number", "-0.0", "0"),
        ("number", "100", "100"),
        ("number", "1e3", "1000"),
        ("number", "0.123456789012345678901234567891", "0.123456789012345678901234567891"),
        ("number", "1,5", None),
        ("number", "NaN", None),
        ("integer", "-007", "-7"),
        ("integer", "1.0", None),
        ("boolean", "true", "true"),
        ("boolean", "TRUE", None),
        ("date", "2026-02-28", "2026-02-28"),
        ("date", "2026-02-30", None),
        ("date", "20260228", None),
        ("time", "2026-01-31T08:00:00+08:00", "2026-01-31T00:00:00Z"),
        ("time", "2026-01-31t08:00:00.5z", "2026-01-31T08:00:00.500000Z"),
        ("time", "2026-01-31T08:00:00", None),
        ("time", "2026-13-31T08:00:00Z", None),
        ("time", "0001-01-01T00:00:00+08:00", None),
        ("enumeration", "WY", "WY"),
        ("reference", "88.300.1/A", "88.300.1/A"),
        ("reference", "no handle", None),
        ("digest", "SHA-256:" + "AB" * 32, "sha256:" + "ab" * 32),
        ("digest", "sm3:" + "0" * 63, None),
        ("position", "37.80, 112.5", "geo:37.8,112.5"),
        ("position", "geo:-90,180,1.50", "geo:-90,180,1.5"),
        ("position", "91,0", None),
        ("position", "0,181", None),
        ("position", "a,b", None),
        ("position", "37.8", None),
    ],
)
def test_every_kind_has_one_canonical_text(kind, text, told):
    assert canonical(DataType(kind), text) == told
    if told is not None:
        assert canonical(DataType(kind), told) == told


def test_fractions_come_after_their_second_and_before_the_next():
    texts = [f"2026-01-31T08:00:{text}Z" for text in ("00", "00.500000", "01", "01.000001")]
    backwards = texts[::-1]
    assert sorted(backwards, key=lambda text: order(DataType.TIME, text)) == texts


def test_a_template_is_read_and_told():
    assert TEMPLATE.carrier is Carrier.OTHER
    assert TEMPLATE.stage is Stage.DRAFT
    assert [one.index for one in TEMPLATE.items] == [2000, 2001, 2002, 2100, 2101]
    told = told_template(TEMPLATE)
    assert told["items"][1] == {
        "index": 2001,
        "name": "ASH",
        "title": "灰分",
        "type": "number",
        "unit": "%",
        "low": "0",
        "high": "100",
    }
    again = {name: value for name, value in told.items() if name not in {"revision", "stage"}}
    assert read_template(again, SHIPPED) == TEMPLATE
    assert read_template(coal(carrier="1", title_en="coal"), SHIPPED).carrier is Carrier.ACTIVE


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ([], [("", "type")]),
        (
            {},
            [
                ("/items", "required"),
                ("/prefix", "required"),
                ("/version", "required"),
                ("/title", "required"),
                ("/industry", "required"),
            ],
        ),
        (coal(prefix="88..1"), [("/prefix", "name.prefix")]),
        (coal(version="-"), [("/version", "template.version")]),
        (coal(title="x" * 129), [("/title", "too_long")]),
        (
            coal(industry={"category": "B"}),
            [(f"/industry/{n}", "required") for n in ("division", "group", "class")],
        ),
        (
            coal(industry=COAL["industry"] | {"class": "0690"}),
            [("/industry/class", "industry.above")],
        ),
        (coal(carrier=3), [("/carrier", "range")]),
        (coal(items=[]), [("/items", "empty")]),
        (coal(items=[1]), [("/items/0", "type")]),
        (coal(items={}), [("/items", "type")]),
        (coal(items=[{"name": "A", "title": "A"}] * 201), [("/items", "too_many")]),
        (
            coal(
                items=[
                    {"index": 2000, "name": "A", "title": "甲"},
                    {"index": 2000, "name": "a", "title": "甲"},
                ]
            ),
            [
                ("/items/0/index", "template.twice"),
                ("/items/1/index", "template.twice"),
                ("/items/0/name", "template.twice"),
                ("/items/1/name", "template.twice"),
                ("/items/0/title", "template.twice"),
                ("/items/1/title", "template.twice"),
            ],
        ),
        (item(name="0A"), [("/items/0/name", "template.name")]),
        (item(title="x" * 65), [("/items/0/title", "too_long")]),
        (item(type="blob"), [("/items/0/type", "one_of")]),
        (item(type=1), [("/items/0/type", "type")]),
        (item(index=1999), [("/items/0/index", "range")]),
        (item(type="enumeration"), [("/items/0/choices", "template.choices")]),
        (item(choices=["a"]), [("/items/0/choices", "template.choices")]),
        (
            item(type="enumeration", choices=["a", "a", ""]),
            [("/items/0/choices/1", "template.choice"), ("/items/0/choices/2", "template.choice")],
        ),
        (
            item(type="enumeration", choices=["a"] * (MAX_CHOICES + 1)),
            [("/items/0/choices", "too_many")],
        ),
        (item(min_length=5, max_length=4), [("/items/0/min_length", "template.lengths")]),
        (item(max_length=MAX_LENGTH + 1), [("/items/0/max_length", "range")]),
        (item(low="1"), [("/items/0/low", "template.no_order")]),
        (item(high="1", type="boolean"), [("/items/0/high", "template.no_order")]),
        (
            item(type="number", low="x", high="y"),
            [("/items/0/low", "template.value"), ("/items/0/high", "template.value")],
        ),
        (item(type="integer", low="10", high="9"), [("/items/0/low", "template.range")]),
        (
            item(type="date", low="2026-01-02", high="2026-01-01"),
            [("/items/0/low", "template.range")],
        ),
        (item(pattern="a"), [("/items/0/pattern", "template.no_pattern")]),
        (
            item(pattern="1", type="integer", max_length=5),
            [("/items/0/pattern", "template.no_pattern")],
        ),
        (item(pattern="(", max_length=5), [("/items/0/pattern", "template.bad_pattern")]),
        (item(check="isbn"), [("/items/0/check", "one_of")]),
        (item(check="vin", type="integer"), [("/items/0/check", "template.no_check")]),
        (item(surprise=1), [("/items/0/surprise", "unknown_key")]),
        (item(name="hs_seckey"), [("/items/0/name", "template.reserved")]),
        (item(name="Template"), [("/items/0/name", "template.reserved")]),
        (item(name="REL.PART_OF"), [("/items/0/name", "template.reserved")]),
        (item(name="rel.part_of", type="reference"), [("/items/0/name", "template.reserved")]),
        (item(name="REL.OTHER", type="reference"), [("/items/0/name", "template.reserved")]),
    ],
)
def test_what_is_wrong_with_a_template_is_told(document, told):
    assert faults(document) == told


def test_a_relation_may_be_an_entry_if_it_names_an_identifier():
    template = read_template(item(name="REL.PART_OF", type="reference"), SHIPPED)
    assert template.item(2000).name == "REL.PART_OF"


def test_a_template_grows_and_nothing_goes_away():
    sent = [
        {"index": 2001, "name": "ASH", "title": "灰分", "type": "number", "enabled": False},
        {"name": "SULPHUR", "title": "硫分", "type": "number"},
        {"name": "RANK", "title": "煤类", "type": "enumeration", "choices": ["WY", "JM", "HM"]},
    ]
    after = grown(TEMPLATE, sent)
    assert after.revision == 2
    assert [one.index for one in after.items] == [2000, 2001, 2002, 2100, 2101, 2102]
    assert not after.item(2001).enabled
    assert after.item(2002).choices == ("WY", "JM", "HM")
    assert after.item(2102).name == "SULPHUR"
    assert grown(after, sent) is after


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (
            [{"index": 2001, "name": "ASHES", "title": "灰分", "type": "number"}],
            [("/items/0/name", "template.other_name")],
        ),
        ([{"name": "ASH", "title": "灰分"}], [("/items/0/type", "template.other_type")]),
        (
            [{"name": "ASH", "title": "灰分", "type": "number", "unique": True}],
            [("/items/0/unique", "template.other_unique")],
        ),
        ([{"index": 2500, "name": "ASH", "title": "灰"}], [("/items/0/name", "template.twice")]),
        ([{"name": "NEW", "title": "灰分"}], [("/items/0/title", "template.twice")]),
        ([], [("/items", "empty")]),
        ("x", [("/items", "type")]),
    ],
)
def test_what_cannot_change_is_told(sent, told):
    with pytest.raises(Invalid) as caught:
        grown(TEMPLATE, sent)
    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == told


def value(index, kind, data):
    return Value(index=index, type=kind, data=data if isinstance(data, bytes) else data.encode())


RIGHT = (value(2000, "BATCH", "AB-1234"), value(2001, "ASH", "12.50"), value(2101, "LUMPS", "007"))


def test_values_get_their_canonical_text():
    taken, found = checked(TEMPLATE, (*RIGHT, value(1, "URL", "https://a.example")))
    assert found == []
    assert [one.data for one in taken] == [b"AB-1234", b"12.5", b"7", b"https://a.example"]
    assert taken[0] is RIGHT[0]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (value(1001, "TEMPLATE", "x"), ("/3/index", "template.own")),
        (value(2003, "X", "x"), ("/3/index", "template.no_item")),
        (value(2002, "RANG", "WY"), ("/3/type", "template.other_name")),
        (value(2002, "RANK", "XX"), ("/3/data", "one_of")),
        (value(2002, "RANK", b"\xff"), ("/3/data", "utf8")),
        (value(2100, "WASHED", "maybe"), ("/3/data", "template.value")),
    ],
)
def test_what_is_wrong_with_a_value_is_told(more, told):
    _, found = checked(TEMPLATE, (*RIGHT, more))
    assert [(fault.pointer, fault.code) for fault in found] == [told]
    assert found[0].detail("zh")


def test_all_is_told_at_once():
    wrong = (
        value(2000, "BATCH", "ab-1234"),
        value(2001, "ASH", "-1"),
        value(2001, "ASH", "100.1"),
        value(2000, "BATCH", "AB-12345"),
    )
    _, found = checked(TEMPLATE, wrong)
    assert [(fault.pointer, fault.code) for fault in found] == [
        ("/0/data", "template.pattern"),
        ("/1/data", "template.low"),
        ("/2/data", "template.high"),
        ("/3/data", "template.length"),
        ("", "template.missing"),
    ]


def test_a_disabled_entry_takes_nothing_new_and_keeps_what_it_has():
    disabled = grown(
        TEMPLATE, [{"name": "ASH", "title": "灰分", "type": "number", "enabled": False}]
    )
    _, found = checked(disabled, RIGHT)
    assert found == [Fault("template.disabled", "/1/index", {"index": 2001})]
    assert checked(disabled, RIGHT, there=[2001])[1] == []


def test_the_slowest_pattern_is_matched_with_the_longest_text():
    slow = read_template(item(pattern="(?:a?){40}(?:a?){40}a*", max_length=256), SHIPPED)
    assert checked(slow, [value(2000, "ONE", "a" * 256)])[1] == []
    _, found = checked(slow, [value(2000, "ONE", "a" * 255 + "b")])
    assert [fault.code for fault in found] == ["template.pattern"]


@pytest.mark.parametrize(
    ("form", "right", "wrong"),
    [
        ("credit_code", "91990000PDY00001XR", "91990000PDY00001XA"),
        ("organisation_code", "PDY00001-X", "PDY00001-1"),
        ("division", "140100", "14"),
        ("container", "ZZZU1234564", "ZZZU1234565"),
        ("vin", "ZZZTEST02T0000001", "ZZZTEST0IT0000001"),
        ("vin_checked", "ZZZTEST01T0000001", "ZZZTEST02T0000001"),
        ("plate", "晋A12345", "晋A1234"),
    ],
)
def test_numbers_that_others_give_are_checked(form, right, wrong):
    template = read_template(item(check=form), SHIPPED)
    assert told_template(template)["items"][0]["check"] == form
    assert checked(template, [value(2000, "ONE", right)])[1] == []
    _, found = checked(template, [value(2000, "ONE", wrong)])
    assert found == [Fault("template.check", "/0/data", {"form": form})]
    assert form not in found[0].detail("zh")
    layout = Layout(template)
    assert [one.data.decode() for one in layout.filled({"ONE": right})[0][1:]] == [right]
    assert [one.code for one in layout.filled({"ONE": wrong})[1]] == ["template.check"]


def test_attributes_are_values_under_their_names():
    given = {"BATCH": "AB-1234", "ASH": 12.5, "WASHED": False, "LUMPS": 7, "RANK": None}
    values, found = valued(TEMPLATE, given)
    assert found == []
    taken, found = checked(TEMPLATE, values)
    assert found == []
    assert attributes(TEMPLATE, taken) == {
        "BATCH": "AB-1234",
        "ASH": "12.5",
        "WASHED": False,
        "LUMPS": 7,
    }
    other = (
        value(2100, "WASHED", "?"),
        value(2101, "LUMPS", "x"),
        value(1, "URL", "x"),
        value(2000, "X", "x"),
    )
    assert attributes(TEMPLATE, other) == {"WASHED": "?", "LUMPS": "x"}


def test_attributes_that_are_none_are_told():
    _, found = valued(TEMPLATE, {"COLOUR": "black", "ASH": []})
    assert [(fault.pointer, fault.code) for fault in found] == [
        ("/COLOUR", "template.no_attribute"),
        ("/ASH", "type"),
    ]
