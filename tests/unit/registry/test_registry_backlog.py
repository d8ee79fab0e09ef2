"""What was there before its prefix was marked is signed afterwards, once."""

import itertools

import pytest
from msgspec.structs import replace

from identifiers.errors import FateUnknown, StoreUnavailable
from identifiers.names import Prefix
from identifiers.principals import Operator
from identifiers.records import State
from identifiers.trust.signing import sign_values, signature_value
from identifiers.trust.verification import Verdict
from identifiers.values import MAX_VALUES
from identifiers.wire.handle.values import decode_values, encode_values
from registry.administration import Ordered
from registry.backlog import LOOKS, Backlog, Progress
from registry.effects import merkle_root
from tests.contracts.units import put
from tests.unit.registry.signed import (
    NODE,
    SIGNER,
    holds,
    mark,
    of_the_node,
    signatures_of,
    verdict_of,
)
from tests.unit.registry.world import NOW, now_ns, value

ORDERED = Ordered(operator=Operator("root"), at=(NOW - 9) * 1000, request_id="r")
PREFIX = Prefix.parse("88.300.1")


@pytest.fixture
async def full(store):
    """A store with records under a marked prefix, under one derived from it, and beside it."""
    for key in (
        *(f"88.300.1/{n}" for n in range(7)),
        "88.300.1.2/A",
        "88.300.1.2.3/A",
        "88.300.1.5/A",  # another enterprise's
        "88.300.1.9/A",
        "88.300.10/A",
    ):
        await put(store, key, encode_values((value(1), value(2, b"hidden", permissions=0x0C))))
    await mark(store, "88.300.1")
    store.audited.clear()
    store.changes.clear()
    return store


def backlog(store, page=3):
    return Backlog(store, SIGNER, clock=now_ns, chance=bytes, page=page)


async def run(store, **more):
    steps = [step async for step in backlog(store, **more).sign(PREFIX, ORDERED)]
    return steps[-1] if steps else Progress()


def signed(store):
    return sorted(key for key, record in store.records.items() if of_the_node(record))


async def test_everything_of_the_prefix_is_signed_and_nothing_else(full):
    before = dict(full.records)
    done = await run(full)
    assert (done.seen, done.signed, done.unfit, done.last) == (10, 10, 0, "88.300.1.9/A")
    assert signed(full) == [
        "88.300.1.2.3/A",
        "88.300.1.2/A",
        "88.300.1.9/A",
        *(f"88.300.1/{n}" for n in range(7)),
    ]
    for key in signed(full):
        record = full.records[key]
        assert verdict_of(record) is Verdict.TRUSTED
        assert (record.version, record.changed_at) == (2, NOW)
        (signature,) = signatures_of(record)
        assert signature.timestamp == NOW
        assert decode_values(record.values)[:-1] == decode_values(before[key].values)


async def test_each_page_leaves_one_entry_and_a_change_for_each_record(full):
    await run(full)
    assert [entry.action for entry in full.audited] == ["prefix.sign_records"] * 6
    assert {entry.actor for entry in full.audited} == {"operator:root"}
    assert {entry.at for entry in full.audited} == {NOW * 1000}
    first = full.changes[:3]
    assert full.audited[0].root == merkle_root(first)
    assert full.audited[0].subject == first[-1].record.key


async def test_to_do_it_again_changes_nothing(full):
    await run(full)
    before, changes = dict(full.records), len(full.changes)
    again = await run(full)
    assert (again.seen, again.signed) == (10, 0)
    assert (full.records, len(full.changes)) == (before, changes)


async def test_where_it_was_cut_it_goes_on(full):
    steps = backlog(full).sign(PREFIX, ORDERED)
    assert (await anext(steps)).signed == 3
    full.lose_next_answer = True
    with pytest.raises(FateUnknown):
        await anext(steps)
    assert len(signed(full)) == 6
    done = await run(full)
    assert (done.seen, done.signed) == (10, 4)
    assert {full.records[key].version for key in signed(full)} == {2}


@pytest.mark.parametrize("state", State)
async def test_what_is_over_for_good_is_left_alone(full, state):
    key = "88.300.1/0"
    full.records[key] = replace(full.records[key], state=state)
    await run(full)
    assert bool(of_the_node(full.records[key])) is (state not in {State.REVOKED, State.DELETED})


async def test_signatures_that_do_not_hold_are_made_anew(full):
    plain = (value(1),)

    def token(values=plain, key="88.300.1/0", until=NOW + 9, signer=SIGNER):
        return signature_value(sign_values(key, values, signer, NODE, now=NOW - 99, until=until))

    other = type(SIGNER)(78, bytes)
    kept = (value(1), token())
    for number, values in enumerate(
        (
            kept,
            (value(1, b"other"), token()),  # another value
            (value(1), value(3), token()),  # a value more
            (value(1), token((value(1), value(3)))),  # a value less
            (value(1), token(key="88.300.1/9")),  # another name
            (value(1), token(until=NOW - 1)),  # run out
            (value(1), token(signer=other)),  # an older key of the node's
            (value(1), token(), replace(token(), index=401)),  # two
        )
    ):
        await put(full, "88.300.1/0", encode_values(values))
        version = full.records["88.300.1/0"].version
        await run(full)
        record = full.records["88.300.1/0"]
        assert holds(record), number
        assert len(of_the_node(record)) == 1, number
        assert record.version == version + (values is not kept), number


async def test_what_nobody_may_read_is_not_signed(full):
    await put(full, "88.300.1/0", encode_values((value(1, permissions=0x0C),)))
    await run(full)
    assert not of_the_node(full.records["88.300.1/0"])


async def test_what_has_no_room_is_counted(full):
    values = tuple(value(n) for n in range(1, MAX_VALUES + 1))
    await put(full, "88.300.1/0", encode_values(values))
    done = await run(full)
    assert (done.seen, done.signed, done.unfit) == (10, 9, 1)


class Restless:
    """A store in which somebody changes a record whenever it is about to be written."""

    def __init__(self, store, times):
        self._store = store
        self._times = times
        self._numbers = itertools.count()

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def write(self, touched, decide):
        if self._times:
            self._times -= 1
            data = str(next(self._numbers)).encode()
            await put(self._store, "88.300.1/1", encode_values((value(1, data),)))
        return await self._store.write(touched, decide)


async def test_what_changes_meanwhile_is_signed_as_it_is(full):
    done = await run(Restless(full, 2))
    assert done.signed == 10
    record = full.records["88.300.1/1"]
    assert decode_values(record.values)[0].data == b"1"
    assert verdict_of(record) is Verdict.TRUSTED
    await put(full, "88.300.1/1", encode_values((value(1, b"bare"),)))
    with pytest.raises(StoreUnavailable, match="all the time"):
        await run(Restless(full, LOOKS))


async def test_a_mark_that_is_taken_off_ends_it(full):
    steps = backlog(full).sign(PREFIX, ORDERED)
    await anext(steps)
    await mark(full, "88.300.1", signed=False)
    with pytest.raises(StoreUnavailable, match="not to be signed"):
        await anext(steps)


async def test_nothing_to_sign(store):
    assert await run(store) == Progress()
