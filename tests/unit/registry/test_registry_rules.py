import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from identifiers.changes import ChangeKind
from identifiers.records import EMPTY_VALUES, Record, State
from identifiers.values import DEFAULT_PERMISSIONS, MAX_RECORD_BYTES, MAX_VALUES, Permission
from identifiers.wire.handle.values import decode_values, encode_values
from registry.answers import (
    Exists,
    Faulty,
    Impossible,
    Locked,
    Missing,
    Protected,
    Published,
    Saved,
    Stale,
    StateForbidden,
    Unchanged,
)
from registry.commands import (
    Create,
    Delete,
    Mode,
    Patch,
    Precondition,
    Put,
    Upsert,
    row_commands,
)
from registry.rules import Terms, decide, register
from registry.submissions import server_set_faults
from tests.unit.registry.world import NOW, handle, value

H = handle("88.300.1/A")
BEFORE = NOW - 500
FIXED = DEFAULT_PERMISSIONS & ~Permission.ADMIN_WRITE
IF_V3 = Precondition(one_of=frozenset({3}))
IF_V9 = Precondition(one_of=frozenset({9}))
IF_THERE = Precondition(exists=True)
IF_NOT_THERE = Precondition(exists=False)
UNLESS_V3 = Precondition(none_of=frozenset({3}))


def terms(**more):
    may_change_state = more.pop("may_change_state", True)
    return Terms(key="88.300.1/A", now=NOW, may_change_state=may_change_state, **more)


def stamped(*values, at=BEFORE):
    return tuple(msgspec.structs.replace(v, timestamp=at) for v in values)


def record(*values, version=3, state=State.ACTIVE, **more):
    return Record(
        key="88.300.1/A",
        name="88.300.1/A",
        version=version,
        state=state,
        values=encode_values(stamped(*values)) if values else EMPTY_VALUES,
        changed_at=BEFORE,
        **more,
    )


THERE = record(value(1, b"a"), value(2, b"b"))
GONE = record(version=7, state=State.DELETED)


def saved(decision):
    assert isinstance(decision, Saved), decision
    return decision.record


def values_of(decision):
    return decode_values(saved(decision).values)


# create


@pytest.mark.parametrize("stored", [None, GONE])
@pytest.mark.parametrize("state", [None, *State])
@pytest.mark.parametrize("mode", Mode)
def test_rows_register_what_their_commands_would(mode, state, stored):
    values = (value(2), value(1))
    command = row_commands(mode)(handle=H, values=values, state=state)
    registered = register(H.given, state, encode_values(values, NOW), stored, terms())
    assert registered == decide(command, stored, terms())


@pytest.mark.parametrize(("stored", "version"), [(None, 1), (GONE, 8)])
@pytest.mark.parametrize("command", [Create, Put, Upsert])
def test_what_is_not_there_is_registered(command, stored, version):
    decision = decide(command(handle=H, values=(value(2), value(1))), stored, terms())
    assert decision == Saved(
        ChangeKind.CREATED,
        Record(
            key="88.300.1/A",
            name="88.300.1/A",
            version=version,
            state=State.ACTIVE,
            values=encode_values(stamped(value(2), value(1), at=NOW)),
            changed_at=NOW,
        ),
    )


def test_a_given_timestamp_means_nothing():
    given_later = msgspec.structs.replace(value(1), timestamp=NOW + 99)
    (kept,) = values_of(decide(Create(handle=H, values=(given_later,)), None, terms()))
    assert kept.timestamp == NOW


def test_create_refuses_what_is_there():
    assert decide(Create(handle=H, values=(value(1),)), THERE, terms()) == Exists(3)


@pytest.mark.parametrize("state", [State.SUSPENDED, State.REVOKED])
def test_a_name_that_is_taken_for_good_stays_taken(state):
    there = record(value(1), state=state)
    assert decide(Create(handle=H, values=(value(1),)), there, terms()) == Exists(3)


@pytest.mark.parametrize("command", [Create, Put, Upsert])
def test_it_may_be_reserved_from_the_start(command):
    new = command(handle=H, values=(value(1),), state=State.RESERVED)
    # The right to change a state is not asked of a new identifier: nothing changes.
    decision = decide(new, None, terms(may_change_state=False))
    assert saved(decision).state is State.RESERVED


# put


def test_put_replaces_all_values_in_the_given_order():
    command = Put(handle=H, values=(value(9, b"new"), value(1, b"a")))
    decision = decide(command, THERE, terms())
    assert decision.kind is ChangeKind.UPDATED
    assert saved(decision).version == 4
    assert saved(decision).changed_at == NOW
    assert values_of(decision) == (
        *stamped(value(9, b"new"), at=NOW),
        *stamped(value(1, b"a"), at=BEFORE),
    )


@pytest.mark.parametrize(
    "changed",
    [
        value(1, b"other"),
        value(1, b"a", type="EMAIL"),
        value(1, b"a", ttl=60),
        value(1, b"a", absolute=True),
        value(1, b"a", permissions=0x0F),
    ],
)
def test_every_member_of_a_value_counts_as_a_change(changed):
    first, second = values_of(
        decide(Put(handle=H, values=(changed, value(2, b"b"))), THERE, terms())
    )
    assert (first.timestamp, second.timestamp) == (NOW, BEFORE)


def test_put_of_the_same_writes_nothing():
    command = Put(handle=H, values=(value(1, b"a"), value(2, b"b")))
    assert decide(command, THERE, terms()) == Unchanged(THERE)


def test_another_order_is_a_change_without_new_timestamps():
    decision = decide(Put(handle=H, values=(value(2, b"b"), value(1, b"a"))), THERE, terms())
    assert [(v.index, v.timestamp) for v in values_of(decision)] == [(2, BEFORE), (1, BEFORE)]


def test_put_keeps_the_name_as_first_given():
    other_spelling = handle("88.300.1/a")
    decision = decide(Put(handle=other_spelling, values=(value(1),)), THERE, terms())
    assert saved(decision).name == "88.300.1/A"


# upsert and patch


@pytest.mark.parametrize("command", [Upsert, Patch])
def test_single_values_are_replaced_in_place_and_added_behind(command):
    decision = decide(command(handle=H, values=(value(7), value(1, b"new"))), THERE, terms())
    assert [(v.index, v.data, v.timestamp) for v in values_of(decision)] == [
        (1, b"new", NOW),
        (2, b"b", BEFORE),
        (7, b"x", NOW),
    ]


@pytest.mark.parametrize("command", [Upsert, Patch])
def test_values_that_are_there_already_change_nothing(command):
    assert decide(command(handle=H, values=(value(2, b"b"),)), THERE, terms()) == Unchanged(THERE)


def test_patch_removes_and_ignores_what_is_not_there():
    decision = decide(Patch(handle=H, remove=frozenset({1, 99})), THERE, terms())
    assert [v.index for v in values_of(decision)] == [2]


def test_a_removed_index_may_be_given_anew_and_moves_to_the_end():
    command = Patch(handle=H, values=(value(1, b"a"),), remove=frozenset({1}))
    assert [v.index for v in values_of(decide(command, THERE, terms()))] == [2, 1]


def test_patch_leaves_no_identifier_without_values():
    decision = decide(Patch(handle=H, remove=frozenset({1, 2})), THERE, terms())
    assert [f.code for f in decision.faults] == ["empty"]


def test_merging_respects_the_number_of_values():
    full = record(*(value(n) for n in range(1, MAX_VALUES + 1)))
    decision = decide(Patch(handle=H, values=(value(9999),)), full, terms())
    assert [f.code for f in decision.faults] == ["too_many"]


def test_patch_needs_an_identifier():
    assert decide(Patch(handle=H, values=(value(1),)), None, terms()) == Missing()
    assert decide(Patch(handle=H, values=(value(1),)), GONE, terms()) == Missing()


# sizes


@pytest.mark.parametrize("command", [Create, Put, Upsert, Patch])
def test_a_record_has_a_largest_size(command):
    heavy = tuple(value(n, b"x" * 60_000) for n in range(1, 5))
    stored = THERE if command is Patch else None
    decision = decide(command(handle=H, values=heavy), stored, terms())
    (fault,) = decision.faults
    assert fault.code == "record.too_large"
    assert fault.params["limit"] == MAX_RECORD_BYTES < fault.params["size"]


# states


def test_a_new_state_alone_is_a_change_of_state():
    decision = decide(Patch(handle=H, state=State.RESERVED), THERE, terms())
    assert (decision.kind, saved(decision).state) == (ChangeKind.STATE, State.RESERVED)
    assert saved(decision).values == THERE.values


def test_a_new_state_with_new_values_is_an_update():
    decision = decide(Patch(handle=H, values=(value(5),), state=State.RESERVED), THERE, terms())
    assert (decision.kind, saved(decision).state) == (ChangeKind.UPDATED, State.RESERVED)


@pytest.mark.parametrize("command", [Put, Upsert, Patch])
def test_changing_a_state_needs_the_right_to(command):
    moved = command(handle=H, values=(value(1, b"a"), value(2, b"b")), state=State.RESERVED)
    assert decide(moved, THERE, terms(may_change_state=False)) == StateForbidden()
    stays = command(handle=H, values=(value(1, b"a"), value(2, b"b")), state=State.ACTIVE)
    assert decide(stays, THERE, terms(may_change_state=False)) == Unchanged(THERE)


@pytest.mark.parametrize("command", [Put, Upsert, Patch])
def test_no_state_means_the_state_stays(command):
    reserved = record(value(1, b"a"), state=State.RESERVED)
    decision = decide(command(handle=H, values=(value(1, b"new"),)), reserved, terms())
    assert saved(decision).state is State.RESERVED


@pytest.mark.parametrize("state", [State.SUSPENDED, State.REVOKED])
@pytest.mark.parametrize(
    "command",
    [
        Put(handle=H, values=(value(1, b"new"),)),
        Upsert(handle=H, values=(value(1, b"new"),)),
        Patch(handle=H, values=(value(1, b"new"),)),
        Patch(handle=H, remove=frozenset({1})),
        Delete(handle=H),
    ],
)
def test_what_is_suspended_or_revoked_keeps_its_values(command, state):
    there = record(value(1), state=state, reason="court order")
    assert decide(command, there, terms()) == Locked(state, "court order")
    same = Patch(handle=H, values=(value(1, b"new"),), state=state, reason="court order")
    assert decide(same, there, terms()) == Locked(state, "court order")


SUSPENDED = record(value(1), state=State.SUSPENDED, reason="recall")
REVOKED = record(value(1), state=State.REVOKED, reason="scrapped")


@pytest.mark.parametrize("state", [State.SUSPENDED, State.REVOKED])
def test_what_ends_is_told_with_its_reason(state):
    decision = decide(Patch(handle=H, state=state, reason="recall"), THERE, terms())
    new = saved(decision)
    assert (decision.kind, new.state, new.reason) == (ChangeKind.STATE, state, "recall")
    assert (new.values, new.version, new.changed_at) == (THERE.values, 4, NOW)
    again = Patch(handle=H, state=state, reason="recall")
    assert decide(again, new, terms()) == Unchanged(new)


def test_what_is_active_again_has_no_reason():
    new = saved(decide(Patch(handle=H, state=State.ACTIVE), SUSPENDED, terms()))
    assert (new.state, new.reason) == (State.ACTIVE, "")


def test_a_suspended_identifier_may_be_mended_as_it_is_made_active():
    command = Patch(handle=H, values=(value(1, b"mended"),), state=State.ACTIVE)
    decision = decide(command, SUSPENDED, terms())
    assert (decision.kind, saved(decision).state) == (ChangeKind.UPDATED, State.ACTIVE)


def test_a_suspension_may_be_told_with_another_reason():
    command = Patch(handle=H, state=State.SUSPENDED, reason="recall of lot 7")
    assert saved(decide(command, SUSPENDED, terms())).reason == "recall of lot 7"
    assert decide(command, SUSPENDED, terms(may_change_state=False)) == StateForbidden()


def test_rows_that_say_active_do_not_undo_a_suspension():
    for command in (Create, Put, Upsert):
        more = {"overwrite": True} if command is Create else {}
        row = command(handle=H, values=(value(1),), state=State.ACTIVE, **more)
        assert decide(row, SUSPENDED, terms()) == Locked(State.SUSPENDED, "recall")


@pytest.mark.parametrize(
    "command",
    [
        Patch(handle=H, state=State.ACTIVE),
        Patch(handle=H, state=State.SUSPENDED, reason="scrapped"),
        Patch(handle=H, state=State.REVOKED, reason="another"),
    ],
)
def test_what_is_revoked_stays_so(command):
    assert decide(command, REVOKED, terms()) == Locked(State.REVOKED, "scrapped")


@pytest.mark.parametrize(
    ("stored", "then"),
    [
        (SUSPENDED, State.RESERVED),
        (record(value(1), state=State.RESERVED), State.SUSPENDED),
    ],
)
def test_not_every_state_follows_every_other(stored, then):
    answer = decide(Patch(handle=H, state=then, reason="r"), stored, terms())
    assert answer == Impossible(stored.state, then)


@pytest.mark.parametrize(
    "command",
    [
        Delete(handle=H),
        Patch(handle=H, state=State.RESERVED),
        Put(handle=H, values=(value(1),), state=State.RESERVED),
    ],
)
def test_under_a_prefix_that_keeps_its_names_what_was_active_is_not_freed(command):
    assert decide(command, THERE, terms(keeps=True)) == Published()
    assert isinstance(decide(command, THERE, terms()), Saved)


def test_what_was_only_reserved_is_freed_all_the_same():
    reserved = record(value(1), state=State.RESERVED)
    assert saved(decide(Delete(handle=H), reserved, terms(keeps=True))).state is State.DELETED


# permissions of values


@pytest.mark.parametrize(
    "command",
    [
        Put(handle=H, values=(value(1, b"a"),)),
        Put(handle=H, values=(value(1, b"a"), value(5, b"other", permissions=FIXED))),
        Put(handle=H, values=(value(1, b"a"), value(5, b"fixed"))),
        Upsert(handle=H, values=(value(5, b"other", permissions=FIXED),)),
        Patch(handle=H, values=(value(5, b"fixed"),)),
        Patch(handle=H, remove=frozenset({5})),
    ],
)
def test_a_value_without_admin_write_is_not_changed(command):
    there = record(value(1, b"a"), value(5, b"fixed", permissions=FIXED))
    assert decide(command, there, terms()) == Protected((5,))


def test_what_is_beside_a_fixed_value_may_change():
    there = record(value(1, b"a"), value(5, b"fixed", permissions=FIXED))
    command = Put(handle=H, values=(value(5, b"fixed", permissions=FIXED), value(1, b"new")))
    assert [v.data for v in values_of(decide(command, there, terms()))] == [b"fixed", b"new"]


def test_public_write_is_stored_and_means_nothing():
    there = record(value(1, b"a", permissions=FIXED | Permission.PUBLIC_WRITE))
    assert decide(Patch(handle=H, values=(value(1, b"b"),)), there, terms()) == Protected((1,))


# delete


def test_delete_leaves_a_version_without_values():
    decision = decide(Delete(handle=H), THERE, terms())
    assert decision == Saved(
        ChangeKind.DELETED,
        Record(
            key="88.300.1/A",
            name="88.300.1/A",
            version=4,
            state=State.DELETED,
            values=EMPTY_VALUES,
            changed_at=NOW,
        ),
    )


@pytest.mark.parametrize("stored", [None, GONE])
def test_what_is_not_there_cannot_be_deleted(stored):
    assert decide(Delete(handle=H), stored, terms()) == Missing()


# preconditions


@pytest.mark.parametrize("command", [Put, Patch, Delete])
@pytest.mark.parametrize(
    ("precondition", "met"),
    [
        (IF_V3, True),
        (IF_V9, False),
        (IF_THERE, True),
        (IF_NOT_THERE, False),
        (UNLESS_V3, False),
        (Precondition(one_of=frozenset()), False),
        (Precondition(none_of=frozenset({9})), True),
    ],
)
def test_preconditions_are_held_against_what_is_stored(command, precondition, met):
    values = {} if command is Delete else {"values": (value(1, b"new"),)}
    decision = decide(command(handle=H, precondition=precondition, **values), THERE, terms())
    assert (decision == Stale(3)) is not met


@pytest.mark.parametrize(
    ("precondition", "met"),
    [(IF_V3, False), (IF_THERE, False), (IF_NOT_THERE, True), (UNLESS_V3, True)],
)
@pytest.mark.parametrize("stored", [None, GONE])
def test_preconditions_on_what_is_not_there(stored, precondition, met):
    command = Put(handle=H, values=(value(1),), precondition=precondition)
    assert (decide(command, stored, terms()) == Stale(0)) is not met


# server-set values


def test_what_only_the_server_sets_is_named():
    faults = server_set_faults([value(1), value(1001), value(2, type="template")])
    assert [(f.code, f.pointer) for f in faults] == [
        ("value.server_set", "/1"),
        ("value.server_set", "/2"),
    ]


# versions over any history


COMMANDS = st.one_of(
    st.builds(lambda d: Create(handle=H, values=(value(1, d),)), st.binary(max_size=1)),
    st.builds(lambda d: Put(handle=H, values=(value(1, d),)), st.binary(max_size=1)),
    st.builds(lambda d: Upsert(handle=H, values=(value(2, d),)), st.binary(max_size=1)),
    st.builds(lambda d: Patch(handle=H, values=(value(3, d),)), st.binary(max_size=1)),
    st.just(Patch(handle=H, state=State.RESERVED)),
    st.just(Delete(handle=H)),
)


@given(st.lists(COMMANDS, max_size=20))
def test_versions_rise_by_one_with_each_change_and_only_then(commands):
    stored, changes = None, 0
    for command in commands:
        decision = decide(command, stored, terms())
        assert not isinstance(decision, Faulty)
        if isinstance(decision, Saved):
            changes += 1
            stored = decision.record
        assert (stored.version if stored else 0) == changes
