from uuid import UUID

import msgspec
import pytest

from identifiers.changes import AuditEntry
from identifiers.history import Version, author, differences, following
from identifiers.records import EMPTY_VALUES, Record, State
from identifiers.values import Value
from identifiers.wire.handle.values import encode_values

KEY = "88.300.1/A"
ONE, TWO = UUID(int=1), UUID(int=2)


def entry(actor, subject=KEY, action="identifier.update", **detail):
    return AuditEntry(
        at=1,
        actor=actor,
        action=action,
        subject=subject,
        request="r",
        detail=msgspec.json.encode(detail),
    )


def version(*entries, change=ONE):
    record = Record(
        key=KEY, name=KEY, version=1, state=State.ACTIVE, values=EMPTY_VALUES, changed_at=1
    )
    return Version(record=record, change=change, entries=entries)


@pytest.mark.parametrize(
    ("entries", "actor"),
    [
        ((), None),
        ((entry("a", change=str(ONE)), entry("b", change=str(TWO))), "a"),
        ((entry("a", change=str(TWO)),), None),
        ((entry("b", "2 identifiers", "identifier.batch", changes=[str(ONE), str(TWO)]),), "b"),
        ((entry("b", "an import", "import.chunk", created=2),), "b"),
        ((entry("b", "1", "import.chunk"), entry("c", "2", "import.chunk")), None),
        ((entry("root", KEY, "prefix.delegate"),), "root"),
        ((entry("x", "88.300.1/OTHER", "identifier.create"),), None),
    ],
)
def test_who_wrote_a_version_is_told_only_for_sure(entries, actor):
    found = author(version(*entries))
    assert (found and found.actor) == actor


def value(index, data, kind="URL"):
    return Value(index=index, type=kind, data=data)


def test_differences_are_by_index():
    old = encode_values((value(1, b"a"), value(2, b"b"), value(3, b"c")))
    new = encode_values((value(4, b"d"), value(2, b"B"), value(1, b"a")))
    found = [(d.index, d.old and d.old.data, d.new and d.new.data) for d in differences(old, new)]
    assert found == [(2, b"b", b"B"), (3, b"c", None), (4, None, b"d")]
    assert differences(old, old) == ()


def test_of_secrets_only_that_they_changed_is_told():
    old = encode_values((value(300, b"secret", "HS_SECKEY"),))
    new = encode_values((value(300, b"another", "hs_seckey"),))
    (found,) = differences(old, new)
    assert (found.old.data, found.new.data) == (b"", b"")


def test_each_version_comes_with_the_one_before():
    newest, oldest = version(change=TWO), version()
    assert list(following((newest, oldest))) == [(newest, oldest), (oldest, None)]
    assert list(following(())) == []
