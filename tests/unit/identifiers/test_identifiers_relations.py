import pytest

from identifiers.directory import PrefixDirectory, PrefixEntry, PrefixKind
from identifiers.names import Prefix
from identifiers.records import Record, State
from identifiers.relations import BY_TYPE, BY_WORD, Edge, Relation, edges_of, relation_faults
from identifiers.values import DEFAULT_PERMISSIONS, Permission, Value
from identifiers.wire.handle.values import encode_values

DIRECTORY = PrefixDirectory(
    [
        PrefixEntry(
            prefix=Prefix.parse("88.2"),
            kind=PrefixKind.ENTERPRISE,
            enterprise=2,
            fold_suffix=True,
        )
    ]
)
HIDDEN = DEFAULT_PERMISSIONS & ~Permission.PUBLIC_READ


def value(index, data, kind="REL.PART_OF", **more):
    return Value(index=index, type=kind, data=data, **more)


def edges(*values, state=State.ACTIVE):
    record = Record(
        key="88.1/A",
        name="88.1/A",
        version=1,
        state=state,
        values=encode_values(values),
        changed_at=1,
    )
    return list(edges_of(record, DIRECTORY))


def test_each_relation_has_a_type_and_a_word():
    assert BY_TYPE["REL.MADE_FROM"] is BY_WORD["made_from"] is Relation.MADE_FROM


def test_values_of_reserved_types_are_relations():
    found = edges(
        value(1, b"https://a.example", "URL"),
        value(2, b"88.1/Whole"),
        value(3, b"88.2/Wagon", "REL.CARRIED_BY"),
        value(4, b"88.1/Secret", "REL.MADE_FROM", permissions=HIDDEN),
        value(5, b"88.1/Whole"),
    )
    names = "88.1/A", "88.1/A"
    assert found == [
        Edge(names[0], Relation.PART_OF, "88.1/Whole", names[1], "88.1/Whole", public=True),
        Edge(names[0], Relation.CARRIED_BY, "88.2/WAGON", names[1], "88.2/Wagon", public=True),
        Edge(names[0], Relation.MADE_FROM, "88.1/Secret", names[1], "88.1/Secret", public=False),
    ]


def test_what_is_not_active_is_not_public_and_what_is_deleted_is_not_there():
    (edge,) = edges(value(1, b"88.1/W"), state=State.SUSPENDED)
    assert not edge.public
    assert edges(value(1, b"88.1/W"), state=State.DELETED) == []


@pytest.mark.parametrize("data", [b"no handle", b"\xff/x", b"88.1/" + b"x" * 1024])
def test_what_names_no_identifier_is_passed_over(data):
    assert edges(value(1, data)) == []
    assert edges(value(1, b"88.1/W", "REL.UNKNOWN")) == []


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        (value(1, b"88.1/W"), []),
        (value(1, b"anything", "URL"), []),
        (value(1, b"88.1/W", "rel.part_of"), [("relation.type", "/0/type")]),
        (value(1, b"nothing"), [("relation.target", "/0/data")]),
        (value(1, b"\xff"), [("relation.target", "/0/data")]),
        (value(1, b"88.1/" + b"x" * 1024), [("too_long", "/0/data")]),
    ],
)
def test_what_is_wrong_with_a_relation(given, faults):
    found = relation_faults([given])
    assert [(fault.code, fault.pointer) for fault in found] == faults
    assert all(fault.detail("zh") for fault in found)
