"""What goes from a prefix's record when the prefix goes to somebody else."""

import pytest

from identifiers.records import EMPTY_VALUES, Record, State
from identifiers.values import Value
from identifiers.wire.handle.values import decode_values, encode_values
from registry.leaving import without_keys

SITE = Value(index=1, type="HS_SITE", data=b"x")


def record(*values, state=State.ACTIVE):
    return Record(
        key="0.NA/88.300.1",
        name="0.NA/88.300.1",
        version=4,
        state=state,
        values=encode_values(values) if values else EMPTY_VALUES,
        changed_at=5,
    )


@pytest.mark.parametrize(
    "kind", ["HS_ADMIN", "hs_admin", "HS_VLIST", "HS_PUBKEY", "HS_SECKEY", "HS_CERT"]
)
def test_administrators_and_keys_go(kind):
    left = without_keys(record(SITE, Value(index=9, type=kind, data=b"y")), 77)
    assert (left.version, left.state, left.changed_at) == (5, State.ACTIVE, 77)
    assert decode_values(left.values) == (SITE,)


def test_a_record_of_nothing_else_is_deleted():
    left = without_keys(record(Value(index=9, type="HS_ADMIN", data=b"y")), 77)
    assert (left.state, left.values) == (State.DELETED, EMPTY_VALUES)


def test_what_has_none_stays():
    assert without_keys(record(SITE), 77) is None
    assert without_keys(record(state=State.DELETED), 77) is None
