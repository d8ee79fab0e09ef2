import asyncio

import msgspec
import pytest

from identifiers.errors import StoreUnavailable
from identifiers.names import Prefix
from identifiers.principals import Anonymous, LoginFirst, MissingScope, NotYours, Operator, Scope
from registry.answers import Denied, Exists, KeyReused, Missing, Replayed, Saved
from registry.commands import Create, Delete, Patch, Put, Upsert, change_ids
from registry.effects import merkle_root, principal_name
from registry.prefixes import PICTURE_SECONDS, Prefixes
from storage.memory import MemoryStore
from tests.unit.registry.world import (
    NOW,
    api_key,
    asked,
    audit,
    entry,
    handle,
    once,
    upserts,
    value,
)


def create(name="88.300.1/A"):
    return Create(handle=handle(name), values=(value(1),))


async def test_everything_of_a_change_is_committed_together(registry, store):
    question = asked(once=once())
    answer = await registry.create(create(), question)
    assert isinstance(answer, Saved)
    (written,) = store.changes
    assert (written.change, written.record) == (question.changes[0], answer.record)
    assert [e.action for e in store.audited] == ["identifier.create"]
    assert store.answers[question.once.key].body == repr(answer).encode()


async def test_a_batch_is_audited_as_one_with_the_root_over_its_records(registry, store):
    one, two = (Upsert(handle=handle(f"88.300.1/{n}"), values=(value(1),)) for n in "AB")
    await registry.batch(upserts(one), asked())
    store.audited.clear()
    await registry.batch(upserts(one, two), asked(changes=2))
    assert [e.action for e in store.audited] == ["identifier.batch"]
    more = Upsert(handle=one.handle, values=(value(2),))
    await registry.batch(upserts(more, two), asked(changes=2))
    first, second = store.audited
    made = store.changes[1:3]
    assert [bool(change.leaf) for change in made] == [True, False]
    assert [msgspec.json.decode(entry.detail) for entry in (first, second)] == [
        {"created": 1, "updated": 0, "changes": [str(made[0].change)]},
        {"created": 0, "updated": 1, "changes": [str(made[1].change)]},
    ]
    for told, change in zip((first, second), store.changes[1:], strict=True):
        # Worked out anew: what was read is known by its leaf already.
        assert told.root == merkle_root([msgspec.structs.replace(change, leaf=b"")])
    await registry.batch(upserts(two), asked())
    assert len(store.audited) == 2


async def test_what_is_refused_is_remembered_and_not_audited(registry, store):
    await registry.create(create(), asked())
    store.audited.clear()
    question = asked(once=once())
    assert await registry.create(create(), question) == Exists(1)
    assert store.audited == []
    again = await registry.create(create(), asked(once=once()))
    assert again == Replayed(store.answers[question.once.key])
    assert await registry.create(create(), asked(once=once(digest=b"x" * 32))) == KeyReused()


@pytest.mark.parametrize(
    ("principal", "verdict"),
    [
        (Anonymous(), LoginFirst()),
        (Operator("root"), MissingScope(Scope.WRITE)),
        (api_key(enterprise=2), NotYours()),
        (api_key(scopes=frozenset({Scope.READ})), MissingScope(Scope.WRITE)),
    ],
)
async def test_others_are_denied_and_nothing_is_kept(registry, store, principal, verdict):
    question = asked(principal, once=once())
    assert await registry.create(create(), question) == Denied(verdict)
    assert (store.changes, store.answers) == ([], {})


async def test_an_operator_reads_everything(registry):
    await registry.create(create(), asked())
    operator = asked(Operator("root"))
    assert (await registry.read(handle("88.300.1/A"), operator)).version == 1
    page = await registry.page(Prefix.parse("88.300.1"), "", 10, operator)
    assert [r.key for r in page.records] == ["88.300.1/A"]
    assert await registry.delete(Delete(handle=handle("88.300.1/A")), operator) == Denied(
        MissingScope(Scope.DELETE)
    )


async def test_reading_what_is_not_there(registry):
    assert await registry.read(handle("88.300.1/A"), asked()) == Missing()


async def test_concurrent_writers_of_one_record_each_get_a_version(registry):
    commands = [Put(handle=handle("88.300.1/A"), values=(value(1, bytes([n])),)) for n in range(30)]
    answers = await asyncio.gather(*(registry.put(c, asked()) for c in commands))
    assert [a.record.version for a in answers] == list(range(1, 31))


async def test_concurrent_creates_of_one_name_have_one_winner(registry):
    answers = await asyncio.gather(*(registry.create(create(), asked()) for _ in range(10)))
    assert [type(a) for a in answers] == [Saved] + [Exists] * 9


async def test_a_patch_of_nothing(registry):
    assert await registry.patch(Patch(handle=handle("88.300.1/A")), asked()) == Missing()


# the picture of prefixes


class CountingStore(MemoryStore):
    pictures = 0

    async def directory(self):
        self.pictures += 1
        await asyncio.sleep(0)
        return await super().directory()


class SlowStore(MemoryStore):
    """Tells what it read once `told` is set."""

    def __init__(self):
        super().__init__()
        self.read, self.told = asyncio.Event(), asyncio.Event()

    async def directory(self):
        found = await super().directory()
        self.read.set()
        await self.told.wait()
        return found


async def test_prefixes_are_read_once_in_a_second_however_many_ask():
    store, now = CountingStore(), [100.0]
    prefixes = Prefixes(store, clock=lambda: now[0])
    await asyncio.gather(*(prefixes.picture() for _ in range(10)))
    assert store.pictures == 1
    await store.home_prefix(entry("88.300", 0), audit())
    now[0] += PICTURE_SECONDS - 0.01
    assert (await prefixes.picture()).exact("88.300") is None
    now[0] += 0.01
    assert (await prefixes.picture()).exact("88.300") is not None
    assert store.pictures == 2


async def test_a_picture_that_was_being_read_while_prefixes_changed_is_not_kept():
    store = SlowStore()
    prefixes = Prefixes(store, clock=lambda: 100.0)
    reading = asyncio.create_task(prefixes.picture())
    await store.read.wait()
    await store.home_prefix(entry("88.300", 0), audit())
    prefixes.forget()
    store.told.set()
    assert (await reading).exact("88.300") is None
    assert (await prefixes.picture()).exact("88.300") is not None


async def test_an_old_picture_is_not_used_when_the_store_is_away():
    store, now = CountingStore(), [100.0]
    prefixes = Prefixes(store, clock=lambda: now[0])
    await prefixes.picture()
    store.down = True
    await prefixes.picture()
    now[0] += PICTURE_SECONDS
    with pytest.raises(StoreUnavailable):
        await prefixes.picture()


# names and ids


def test_principals_have_names():
    assert principal_name(Anonymous()) == "anonymous"
    assert principal_name(api_key(id="x")) == "key:x"
    assert principal_name(Operator("root")) == "operator:root"


def test_change_ids_are_of_version_7():
    at = NOW * 1000 + 123
    first, second = change_ids(at, lambda count: bytes(range(count)), 2)
    for made in (first, second):
        assert (made.version, made.variant) == (7, "specified in RFC 4122")
        assert made.int >> 80 == at
    assert first != second
    assert str(change_ids(at, lambda count: b"\xff" * count, 1)[0]).endswith(
        "-7fff-bfff-ffffffffffff"
    )
