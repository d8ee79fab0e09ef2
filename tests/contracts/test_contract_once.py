"""Whatever a request made: it has one effect, and its answer is kept with that."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from identifiers.accounts import AccountKind, StoredAccount
from identifiers.changes import Enterprise, FirstAnswer, RequestKey, StoredAnswer, StoredKey
from identifiers.enterprises.files import MOST_WAITING, Waiting
from identifiers.enterprises.ledger import (
    About,
    Application,
    Attachment,
    Identity,
    Ledger,
    Postings,
    Told,
    Wanted,
)
from identifiers.enterprises.review import Kind, Stage, Standing
from identifiers.errors import AnsweredBefore, FateUnknown
from identifiers.feeds import Place
from identifiers.principals import Role, Scope
from identifiers.webhooks import Webhook
from storage.memory import (
    MemoryAccounts,
    MemoryBusiness,
    MemoryCodes,
    MemoryStore,
    MemoryWebhooks,
)
from storage.postgres import (
    Database,
    Nudge,
    PostgresAccounts,
    PostgresBusiness,
    PostgresCodes,
    PostgresDocuments,
    PostgresStore,
    PostgresWebhooks,
)
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


IDENTITY = Identity(1, "91990000PDY00001XR")
APPLICATION = Application(
    id=UUID(int=1),
    kind=Kind.ADMISSION,
    identity=IDENTITY,
    name="示例煤业有限公司",
    standing=Standing(),
    told=Told(b"{}", b""),
    digest=b"d" * 32,
    submitted_at=10,
    changed_at=11,
)
DOCUMENT = Attachment(
    id=UUID(int=2), owner="node", media="image/png", size=3, sha256=b"s" * 32, uploaded_at=9
)
EVERY = Wanted(stages=tuple(Stage), kinds=tuple(Kind), enterprise=0)


class Rooms:
    """The stores beside one enterprise, which has the number 1."""

    def __init__(self, store: Any, accounts: Any, webhooks: Any, business: Any, files: Any) -> None:
        self.store, self.accounts, self.webhooks = store, accounts, webhooks
        self.business, self.files = business, files

    async def post(self, once: FirstAnswer[Any], *, does: bool = True) -> object:
        def decide(_: Ledger) -> tuple[Postings, bool]:
            made = Postings(application=APPLICATION, audit=(AUDIT,)) if does else Postings()
            return made, does

        return await self.business.post(About(identity=IDENTITY), decide, once)

    async def upload(self, once: FirstAnswer[Any], limit: Waiting = MOST_WAITING) -> object:
        return await self.files.keep(DOCUMENT, b"sealed", AUDIT, limit, once)

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
            await self.business.applications(EVERY, "", 9),
            await self.files.document(DOCUMENT.id),
        )


def in_dictionaries() -> Rooms:
    store = MemoryStore()
    business = MemoryBusiness(store)
    rooms = MemoryAccounts(store), MemoryWebhooks(store), business, business.documents
    return Rooms(store, *rooms)


@pytest.fixture
async def in_memory() -> Rooms:
    return in_dictionaries()


@pytest.fixture
async def in_tables(dsn: str) -> AsyncIterator[Rooms]:
    async with Database(dsn, connections=4) as database, Nudge(dsn) as nudge:
        yield Rooms(
            PostgresStore(database, nudge),
            PostgresAccounts(database),
            PostgresWebhooks(database),
            PostgresBusiness(database, nudge),
            PostgresDocuments(database),
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
    "post_application": Rooms.post,
    "keep_document": Rooms.upload,
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
    "post_nothing": lambda r, once: r.post(once, does=False),
    "too_many_documents": lambda r, once: r.upload(once, Waiting(documents=0, octets=0)),
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
    rooms = in_dictionaries()
    store = rooms.store
    await store.add_enterprise(Enterprise(id=0, name="示例煤业"), AUDIT)
    await rooms.prepared()
    store.lose_next_answer = True
    with pytest.raises(FateUnknown):
        await DOING[name](rooms, first())
    with pytest.raises(AnsweredBefore):
        await DOING[name](rooms, first())


async def test_a_document_that_is_there_is_the_answer_too(rooms: Rooms) -> None:
    await rooms.files.keep(DOCUMENT, b"sealed", AUDIT)
    twin = replace(DOCUMENT, id=UUID(int=3))
    assert await rooms.files.keep(twin, b"other", AUDIT, MOST_WAITING, first()) == DOCUMENT
    with pytest.raises(AnsweredBefore):
        await rooms.files.keep(twin, b"other", AUDIT, MOST_WAITING, first(b"second"))


@pytest.fixture
def memory_codes(in_memory: Rooms) -> tuple[Any, Any]:
    return MemoryCodes(in_memory.store), in_memory.store


@pytest.fixture
async def postgres_codes(dsn: str) -> AsyncIterator[tuple[Any, Any]]:
    async with Database(dsn, connections=4) as database, Nudge(dsn) as nudge:
        yield PostgresCodes(database), PostgresStore(database, nudge)


@pytest.fixture(params=["memory_codes", "postgres_codes"])
def giving(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    stores: tuple[Any, Any] = request.getfixturevalue(request.param)
    return stores


async def test_codes_are_given_by_the_answer_that_is_kept(giving: tuple[Any, Any]) -> None:
    codes, store = giving
    tries = [codes.answer(number, first(b"%d" % number)) for number in range(4)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    (given,) = (n for n, one in enumerate(results) if one is None)
    assert (await store.answer(REQUEST)).body == b"%d" % given
    told = [one.answer.body for one in results if isinstance(one, AnsweredBefore)]
    assert told == [b"%d" % given] * 3
