import msgspec
import pytest

from identifiers.outcomes import Absent, Ended, Found, NeedsAuthentication, ValuesAbsent
from identifiers.queries import Query
from identifiers.records import EMPTY_VALUES, PublicRecord, Record, State
from identifiers.values import Value
from identifiers.wire.handle.values import decode_values, encode_values
from resolver import view

PUBLIC = Value(index=1, type="URL", data=b"https://example.org/1")
SECRET = Value(index=2, type="NOTE", data=b"for us", permissions=0x0C)
RECORD = Record(
    key="88.300.1/A",
    name="88.300.1/A",
    version=3,
    state=State.ACTIVE,
    values=encode_values([PUBLIC, SECRET]),
    changed_at=0,
)


def seen(record, asked):
    return view.seen(None if record is None else view.keep(record), asked)


def query(**fields):
    return Query(handle=b"88.300.1/A", **fields)


def in_state(state, reason=""):
    return msgspec.structs.replace(RECORD, state=state, reason=reason)


@pytest.mark.parametrize("public_only", [True, False])
def test_only_public_values_are_ever_shown(public_only):
    found = seen(RECORD, query(public_only=public_only))
    assert isinstance(found, Found)
    assert decode_values(found.values) == (PUBLIC,)


def test_what_is_public_altogether_is_kept_once():
    record = msgspec.structs.replace(RECORD, values=encode_values([PUBLIC]))
    assert view.keep(record).public is record.values
    assert decode_values(view.keep(RECORD).public) == (PUBLIC,)


def test_filters_are_a_union():
    more = Value(index=9, type="URL.ALT", data=b"x")
    record = msgspec.structs.replace(RECORD, values=encode_values([PUBLIC, more, SECRET]))
    by_index = seen(record, query(indexes=(9,)))
    by_both = seen(record, query(indexes=(1,), types=("url.",)))
    assert decode_values(by_index.values) == (more,)
    assert decode_values(by_both.values) == (PUBLIC, more)


def test_a_login_is_asked_for_only_when_nothing_that_matches_is_public():
    assert seen(RECORD, query(indexes=(2,), public_only=False)) == NeedsAuthentication()
    assert isinstance(seen(RECORD, query(indexes=(1, 2), public_only=False)), Found)


@pytest.mark.parametrize("public_only", [True, False])
def test_a_filter_without_a_match_finds_no_values(public_only):
    asked = query(indexes=(77,), public_only=public_only)
    assert seen(RECORD, asked) == ValuesAbsent(RECORD)


def test_with_the_public_flag_private_values_do_not_exist():
    assert seen(RECORD, query(indexes=(2,))) == ValuesAbsent(RECORD)


def test_a_record_without_values_has_none():
    empty = msgspec.structs.replace(RECORD, values=EMPTY_VALUES)
    assert seen(empty, query()) == ValuesAbsent(empty)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (None, ""),
        (in_state(State.RESERVED, "not told"), ""),
        (in_state(State.DELETED, "not told"), ""),
        (in_state(State.SUSPENDED), "suspended"),
        (in_state(State.SUSPENDED, "recall"), "suspended: recall"),
        (in_state(State.REVOKED, "召回"), "revoked: 召回"),
    ],
)
def test_what_is_not_active_is_absent_and_says_why_when_it_may(record, message):
    outcome = seen(record, query())
    assert isinstance(outcome, Absent)
    assert outcome.message == message
    if message:
        assert outcome.ended == Ended(record.state, record.changed_at, record.reason)
    else:
        assert outcome.ended is None


def test_a_record_is_marked_where_everybody_may_read_all():
    public = msgspec.structs.replace(RECORD, values=encode_values([PUBLIC]))
    looked = view.looked_at(public)
    assert type(looked) is PublicRecord
    assert msgspec.structs.asdict(looked) == msgspec.structs.asdict(public)
    assert view.keep(looked).public is looked.values
    assert view.looked_at(RECORD) is RECORD


def test_a_record_without_values_is_not_marked():
    empty = msgspec.structs.replace(RECORD, values=EMPTY_VALUES)
    assert view.looked_at(empty) is empty
