import pytest

from identifiers.faults import MAX_FAULTS
from identifiers.values import (
    MAX_DATA_BYTES,
    MAX_INDEX,
    MAX_TTL,
    Permission,
    Reference,
    Value,
    select,
    type_matches,
    values_faults,
)


def value(index=1, kind="URL", data=b"u", **others):
    return Value(index=index, type=kind, data=data, **others)


def test_values_are_public_unless_their_permissions_say_otherwise():
    assert value().public
    assert not value(permissions=0x0C).public
    assert value(permissions=int(Permission.PUBLIC_READ)).public


@pytest.mark.parametrize(
    ("asked", "actual", "matches"),
    [
        ("url", "URL", True),
        ("URL", "URL.ALT", False),
        ("url.", "URL.ALT", True),
        ("URL.", "url", True),
        ("URL.", "URLX", False),
        ("STRASSE", "straße", False),
        ("地址", "地址", True),
    ],
)
def test_types_match_without_regard_to_ascii_case(asked, actual, matches):
    assert type_matches(asked, actual) is matches


def test_the_filters_are_a_union():
    values = (value(1), value(2, "EMAIL"), value(3, "T"))
    assert select(values, (), ()) == values
    assert select(values, (3,), ("url",)) == (values[0], values[2])
    assert select(values, (9,), ()) == ()


def test_good_values_have_no_faults():
    assert values_faults([value(MAX_INDEX, ttl=MAX_TTL), value(2, data=b"")]) == []
    assert values_faults([value(1, references=(Reference("88.1/a", 1),))]) == []
    assert values_faults([value(1, "t" * 64)]) == []


def test_no_values_are_a_fault():
    assert [fault.code for fault in values_faults([])] == ["empty"]


def test_every_breach_is_told_at_its_place():
    faults = values_faults(
        [
            value(0, ""),
            value(0, "a\0", ttl=-1, permissions=16),
            value(3, "煤" * 86, b"x" * (MAX_DATA_BYTES + 1)),
            value(4, references=(Reference("88.1/a", 1),) * 65),
        ]
    )
    assert [(fault.pointer, fault.code) for fault in faults] == [
        ("/0/index", "range"),
        ("/0/type", "empty"),
        ("/1/index", "value.duplicate_index"),
        ("/1/index", "range"),
        ("/1/ttl", "range"),
        ("/1/permissions", "range"),
        ("/1/type", "nul"),
        ("/2/type", "too_long"),
        ("/2/data", "too_long"),
        ("/3/references", "too_many"),
    ]


def test_too_many_values_are_one_fault():
    faults = values_faults([value(index) for index in range(1, 258)])
    assert [(fault.code, fault.params) for fault in faults] == [
        ("too_many", {"count": 257, "limit": 256})
    ]


def test_many_faults_are_told_up_to_a_hundred_and_how_many_values_first():
    faults = values_faults([Value(index=1, type="", data=b"")] * 5000)
    assert [fault.code for fault in faults[:2]] == ["too_many", "empty"]
    assert len(faults) == MAX_FAULTS + 1
