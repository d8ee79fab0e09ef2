"""Keys, accounts and webhooks: a request has one effect, and its answer is kept with that."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from identifiers.accounts import AccountKind, StoredAccount
from identifiers.changes import Enterprise, FirstAnswer, RequestKey, StoredAnswer, StoredKey
from identifiers.errors import AnsweredBefore, FateUnknown
from identifiers.feeds import Place
from identifiers.principals import Role, Scope
from identifiers.webhooks import Webhook
from storage.memory import MemoryAccounts, MemoryStore, MemoryWebhooks
from storage.postgres import Database, Nudge, PostgresAccounts, PostgresStore, PostgresWebhooks
from tests.contracts.units import AUDIT

REQUEST = RequestKey("key:k1", "once")
KEY = StoredKey(
    id="k2",
    enterprise=1,
    hashed=b"h" * 32,
    scopes=frozenset({Scope.READ}),
    prefixes=(),
    networks=(),
    label="",
    created_at=1,
    expires_at=9_000,
)
ACCOUNT = StoredAccount(
    id=0,
    name="li",
    role=Role.READER,
    enterprise=1,
    kind=AccountKind.PERSON,
    proof=b"p",
    created_at=1,
    changed_at=1,
)
HOOK = Webhook(
    enterprise=1,
    name="erp",
    url="https://erp.example/",
    sealed=b"sealed",
    place=Place(5, 2),
    next_at=100,
    created_at=100,
)


class Rooms:
    """The stores beside one enterprise, which has the number 1."""

    def __init__(self, store: Any, accounts: Any, webhooks: Any) -> None:
        self.store, self.accounts, self.webhooks = store, accounts, webhooks

    async def rotate(self, once: FirstAnswer[Any]) -> object:
        return await self.store.rotate_key(replace(KEY, id="k3", replaces="k2"), 50, AUDIT, once)

    async def prepared(self) -> None:
        await self.store.add_key(KEY, AUDIT)
        await self.accounts.add_account(ACCOUNT, AUDIT)
        await self.webhooks.add(HOOK, 9, AUDIT)

    async def effects(self) -> Sequence[object]:
        return (
            await self.store.keys_page(None, "", 9),
            await self.accounts.accounts(None, 0, 9),
            await self.webhooks.list(1),
        )


@pytest.fixture
async def in_memory() -> Rooms:
    store = MemoryStore()
    return Rooms(store, MemoryAccounts(store), MemoryWebhooks(store))


@pytest.fixture
async def in_tables(dsn: str) -> AsyncIterator[Rooms]:
    async with Database(dsn, connections=4) as database, Nudge(dsn) as nudge:
        yield Rooms(
            PostgresStore(database, nudge), PostgresAccounts(database), PostgresWebhooks(database)
        )


@pytest.fixture(params=["in_memory", "in_tables"])
def found(request: pytest.FixtureRequest) -> Rooms:
    stores: Rooms = request.getfixturevalue(request.param)
    return stores


@pytest.fixture
async def rooms(found: Rooms) -> Rooms:
    await found.store.add_enterprise(Enterprise(id=0, name="示例煤业"), AUDIT)
    await found.prepared()
    return found


Do = Callable[[Rooms, FirstAnswer[Any]], Awaitable[object]]
DOING: dict[str, Do] = {
    "add_key": lambda r, once: r.store.add_key(replace(KEY, id="k3"), AUDIT, once),
    "rotate_key": Rooms.rotate,
    "add_account": lambda r, once: r.accounts.add_account(replace(ACCOUNT, name="wu"), AUDIT, once),
    "change_account": lambda r, once: r.accounts.change_account(
        replace(ACCOUNT, id=1, proof=b"q", version=2), AUDIT, ends_at=9, once=once
    ),
    "add_webhook": lambda r, once: r.webhooks.add(replace(HOOK, name="mes"), 9, AUDIT, once),
    "renew_webhook": lambda r, once: r.webhooks.renew(HOOK, b"other", AUDIT, once),
}
REFUSED: dict[str, Do] = {
    "rotate_key": lambda r, once: r.store.rotate_key(
        replace(KEY, id="k3", replaces="none"), 50, AUDIT, once
    ),
    "add_account": lambda r, once: r.accounts.add_account(ACCOUNT, AUDIT, once),
    "change_account": lambda r, once: r.accounts.change_account(
        replace(ACCOUNT, id=1, version=7), AUDIT, ends_at=9, once=once
    ),
    "add_webhook": lambda r, once: r.webhooks.add(HOOK, 9, AUDIT, once),
    "too_many_webhooks": lambda r, once: r.webhooks.add(replace(HOOK, name="mes"), 1, AUDIT, once),
    "renew_webhook": lambda r, once: r.webhooks.renew(
        replace(HOOK, sealed=b"no"), b"other", AUDIT, once
    ),
}


def first(body: bytes = b"first", results: list[object] | None = None) -> FirstAnswer[Any]:
    def of(result: object) -> StoredAnswer | None:
        if results is not None:
            results.append(result)
        if (result is None and results is not None) or result is False:
            return None
        return StoredAnswer(request=REQUEST, digest=b"d" * 32, status=201, body=body)

    return FirstAnswer(REQUEST, of)


@pytest.mark.parametrize("name", DOING)
async def test_a_repetition_does_nothing_and_gets_the_answer(rooms: Rooms, name: str) -> None:
    before = await rooms.effects()
    await DOING[name](rooms, first())
    after = await rooms.effects()
    assert after != before
    with pytest.raises(AnsweredBefore) as told:
        await DOING[name](rooms, first(b"second"))
    assert told.value.answer.body == b"first"
    assert await rooms.store.answer(REQUEST) == told.value.answer
    assert await rooms.effects() == after


@pytest.mark.parametrize("name", DOING)
async def test_of_several_at_the_same_time_one_has_an_effect(rooms: Rooms, name: str) -> None:
    tries = [DOING[name](rooms, first(b"%d" % number)) for number in range(4)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    before = [one for one in results if isinstance(one, AnsweredBefore)]
    (done,) = (n for n, one in enumerate(results) if not isinstance(one, BaseException))
    assert [one.answer.body for one in before] == [b"%d" % done] * 3


@pytest.mark.parametrize("name", REFUSED)
async def test_of_what_was_refused_no_answer_is_kept(rooms: Rooms, name: str) -> None:
    results: list[object] = []
    before = await rooms.effects()
    await REFUSED[name](rooms, first(results=results))
    assert await rooms.store.answer(REQUEST) is None
    assert await rooms.effects() == before
    assert not any(results)


@pytest.mark.parametrize("name", DOING)
async def test_an_answer_that_was_lost_is_found_again(name: str) -> None:
    store = MemoryStore()
    rooms = Rooms(store, MemoryAccounts(store), MemoryWebhooks(store))
    await store.add_enterprise(Enterprise(id=0, name="示例煤业"), AUDIT)
    await rooms.prepared()
    store.lose_next_answer = True
    with pytest.raises(FateUnknown):
        await DOING[name](rooms, first())
    with pytest.raises(AnsweredBefore):
        await DOING[name](rooms, first())
