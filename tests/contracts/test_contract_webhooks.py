"""WebhookStore."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
import pytest

from identifiers.feeds import Place
from identifiers.webhooks import Delivery, Webhook, resumed, settled
from registry.business.webhooks import WebhookStore
from storage.memory import MemoryStore, MemoryWebhooks
from storage.postgres import Database, PostgresWebhooks
from tests.contracts.units import AUDIT


@pytest.fixture
def memory_kept() -> WebhookStore:
    return MemoryWebhooks(MemoryStore())


@pytest.fixture
async def postgres_kept(dsn: str) -> AsyncIterator[WebhookStore]:
    async with Database(dsn, connections=3) as database:
        yield PostgresWebhooks(database)


@pytest.fixture(params=["memory", "postgres"])
def kept(request: pytest.FixtureRequest) -> WebhookStore:
    found: WebhookStore = request.getfixturevalue(f"{request.param}_kept")
    return found


def hook(name: str = "erp", **more: Any) -> Webhook:
    fields: dict[str, Any] = {
        "enterprise": 1,
        "url": "https://erp.example/",
        "sealed": b"\0sealed",
        "place": Place(5, 2),
        "next_at": 100,
        "created_at": 100,
    }
    return Webhook(name=name, **(fields | more))


def attempt(number: int, status: int = 500) -> Delivery:
    return Delivery(
        number=UUID(int=number),
        at=1000 + number,
        attempt=number,
        changes=3,
        status=status,
        error="" if status else "it took too long",
        milliseconds=7,
    )


async def test_a_webhook_is_read_back_as_it_was(kept: WebhookStore) -> None:
    assert await kept.add(hook(), 9, AUDIT) is True
    assert await kept.add(hook(url="https://other.example/"), 9, AUDIT) is False
    assert await kept.find(1, "erp") == hook()
    assert await kept.find(2, "erp") is None
    assert await kept.list(1) == [hook()]
    assert await kept.list(2) == []


async def test_an_enterprise_has_so_many(kept: WebhookStore) -> None:
    assert await kept.add(hook("a"), 2, AUDIT)
    assert await kept.add(hook("b"), 2, AUDIT)
    assert await kept.add(hook("c"), 2, AUDIT) is None
    assert await kept.add(hook("a"), 2, AUDIT) is False
    assert await kept.add(hook("c", enterprise=2), 2, AUDIT)


async def test_what_is_due_is_neither_parked_nor_put_off(kept: WebhookStore) -> None:
    await kept.add(hook("now"), 9, AUDIT)
    await kept.add(hook("later", next_at=500), 9, AUDIT)
    assert [one.name for one in await kept.due(100, 9)] == ["now"]
    assert [one.name for one in await kept.due(500, 9)] == ["now", "later"]
    assert [one.name for one in await kept.due(500, 1)] == ["now"]
    parked = msgspec.structs.replace(hook("now"), parked=True)
    assert await kept.keep(hook("now"), parked, None, 9)
    assert [one.name for one in await kept.due(500, 9)] == ["later"]


async def test_what_signs_is_replaced_once_and_attempts_leave_it(kept: WebhookStore) -> None:
    await kept.add(hook(), 9, AUDIT)
    assert await kept.renew(hook(), b"\0other", AUDIT)
    assert not await kept.renew(hook(), b"\0third", AUDIT)
    assert not await kept.renew(hook("none"), b"\0third", AUDIT)
    assert await kept.keep(hook(), settled(hook(), Place(6, 1), attempt(1, 204)), None, 9)
    found = await kept.find(1, "erp")
    assert found is not None
    assert (found.sealed, found.place) == (b"\0other", Place(6, 1))


async def test_attempts_are_kept_the_newest_first(kept: WebhookStore) -> None:
    await kept.add(hook(), 9, AUDIT)
    now = hook()
    for number in range(1, 6):
        after = settled(now, Place(9, 1), attempt(number, 0 if number == 5 else 500))
        assert await kept.keep(now, after, attempt(number, 0 if number == 5 else 500), 3)
        now = after
    assert await kept.find(1, "erp") == now
    found = await kept.deliveries(1, "erp", 9)
    assert found == [attempt(5, 0), attempt(4), attempt(3)]
    assert await kept.deliveries(1, "erp", 1) == [attempt(5, 0)]


async def test_what_was_told_meanwhile_is_not_told_over(kept: WebhookStore) -> None:
    await kept.add(hook(), 9, AUDIT)
    after = settled(hook(), Place(9, 1), attempt(1, 204))
    assert await kept.keep(hook(), after, attempt(1, 204), 9)
    assert not await kept.keep(hook(), after, attempt(2, 204), 9)
    assert await kept.deliveries(1, "erp", 9) == [attempt(1, 204)]
    assert await kept.keep(after, resumed(after, 5), AUDIT, 9)


async def test_what_is_removed_is_gone_with_its_attempts(kept: WebhookStore) -> None:
    await kept.add(hook(), 9, AUDIT)
    await kept.keep(hook(), settled(hook(), Place(9, 1), attempt(1)), attempt(1), 9)
    assert await kept.remove(1, "erp", AUDIT)
    assert not await kept.remove(1, "erp", AUDIT)
    assert await kept.deliveries(1, "erp", 9) == []
    assert not await kept.keep(hook(), hook(), None, 9)
