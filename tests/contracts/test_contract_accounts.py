"""Accounts and their log-ins: what was written counts, and nothing is written twice."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from identifiers.accounts import AccountKind, AccountState, StoredAccount, StoredLogin
from identifiers.changes import AuditEntry, Enterprise
from identifiers.principals import Role
from registry.access.ports import AccountStore
from storage.memory import MemoryAccounts, MemoryStore
from storage.postgres import Database, Nudge, PostgresAccounts, PostgresStore

AUDIT = AuditEntry(at=1, actor="a", action="x", subject="s", request="r")
NOW = 1_800_000_000
DAY = 86_400


ENTERPRISE = Enterprise(id=0, name="示例煤业")


@pytest.fixture
async def in_memory() -> AccountStore:
    memory = MemoryStore()
    await memory.add_enterprise(ENTERPRISE, AUDIT)
    return MemoryAccounts(memory)


@pytest.fixture
async def in_tables(dsn: str) -> AsyncIterator[AccountStore]:
    async with Database(dsn, connections=4) as database, Nudge(dsn) as nudge:
        await PostgresStore(database, nudge).add_enterprise(ENTERPRISE, AUDIT)
        yield PostgresAccounts(database)


@pytest.fixture(params=["in_memory", "in_tables"])
def stores(request: pytest.FixtureRequest) -> AccountStore:
    """Return a store of accounts beside an enterprise with the number 1."""
    return request.getfixturevalue(request.param)


def account(name="li", **more):
    made = StoredAccount(
        id=0,
        name=name,
        role=Role.OWNER,
        enterprise=1,
        kind=AccountKind.PERSON,
        proof=b"\1proof",
        created_at=NOW,
        changed_at=NOW,
    )
    return replace(made, **more)


def login(number, text="a", **more):
    made = StoredLogin(
        id=text * 16, account=number, hashed=b"h" * 32, created_at=NOW, expires_at=NOW + DAY
    )
    return replace(made, **more)


async def test_an_account_is_found_by_number_and_name(stores):
    number = await stores.add_account(account(), AUDIT)
    kept = account(id=number)
    assert await stores.account(number) == kept
    assert await stores.account_named("li") == kept
    assert await stores.account_named("Li") is None
    assert await stores.account(number + 1) is None


async def test_a_name_is_given_once(stores):
    made = await asyncio.gather(*(stores.add_account(account(), AUDIT) for _ in range(4)))
    assert sum(number is not None for number in made) == 1


async def test_an_account_of_no_enterprise_is_refused(stores):
    with pytest.raises(ValueError, match="no enterprise 7"):
        await stores.add_account(account(enterprise=7), AUDIT)


async def test_pages_of_one_enterprise_and_of_all(stores):
    numbers = [await stores.add_account(account(f"a{n}"), AUDIT) for n in range(3)]
    nodes = await stores.add_account(account("node", enterprise=None, role=Role.AUDITOR), AUDIT)
    assert [a.id for a in await stores.accounts(1, 0, 2)] == numbers[:2]
    assert [a.id for a in await stores.accounts(1, numbers[1], 9)] == numbers[2:]
    assert [a.id for a in await stores.accounts(None, 0, 9)] == [*numbers, nodes]
    assert await stores.accounts(2, 0, 9) == []


async def test_a_change_ends_the_log_ins_and_is_made_to_the_version_before(stores):
    number = await stores.add_account(account(), AUDIT)
    await stores.add_login(login(number), AUDIT, version=1)
    changed = account(id=number, state=AccountState.DISABLED, proof=b"\1other", version=2)
    assert await stores.change_account(changed, AUDIT, ends_at=NOW + 5)
    assert await stores.login("a" * 16) == (login(number, revoked_at=NOW + 5), changed)
    assert not await stores.change_account(replace(changed, version=2), AUDIT, ends_at=NOW + 6)
    assert not await stores.change_account(replace(changed, id=number + 9), AUDIT, ends_at=NOW)


async def test_failures_are_counted_until_a_log_in_succeeds(stores):
    number = await stores.add_account(account(), AUDIT)
    await stores.refused(number, NOW + 1, AUDIT)
    await stores.refused(number, NOW + 2, AUDIT)
    await stores.refused(0, NOW + 2, AUDIT)
    assert await stores.account(number) == account(id=number, failed=2, failed_at=NOW + 2)
    assert await stores.add_login(login(number), AUDIT, version=1)
    assert (await stores.account(number)).failed == 0


async def test_whoever_was_disabled_meanwhile_does_not_come_in(stores):
    number = await stores.add_account(account(), AUDIT)
    disabled = account(id=number, state=AccountState.DISABLED, version=2)
    await stores.change_account(disabled, AUDIT, ends_at=NOW)
    assert not await stores.add_login(login(number), AUDIT, version=2)
    assert not await stores.add_login(login(number + 1, "b"), AUDIT, version=1)
    assert await stores.login("a" * 16) is None


async def test_whoever_proved_an_earlier_password_does_not_come_in(stores):
    number = await stores.add_account(account(), AUDIT)
    await stores.change_account(account(id=number, proof=b"\1other", version=2), AUDIT, ends_at=NOW)
    assert not await stores.add_login(login(number), AUDIT, version=1)
    assert await stores.login("a" * 16) is None
    assert await stores.add_login(login(number), AUDIT, version=2)


async def test_a_log_in_is_ended_once(stores):
    number = await stores.add_account(account(), AUDIT)
    await stores.add_login(login(number), AUDIT, version=1)
    assert await stores.end_login("a" * 16, NOW + 3, AUDIT)
    assert not await stores.end_login("a" * 16, NOW + 4, AUDIT)
    assert not await stores.end_login("b" * 16, NOW + 4, AUDIT)
    assert (await stores.login("a" * 16))[0].revoked_at == NOW + 3


async def test_what_expired_long_ago_is_dropped(stores):
    number = await stores.add_account(account(), AUDIT)
    await stores.add_login(login(number), AUDIT, version=1)
    later = NOW + 3 * DAY
    newer = login(number, "b", created_at=later, expires_at=later + DAY)
    await stores.add_login(newer, AUDIT, version=1)
    assert await stores.login("a" * 16) is None
    assert await stores.login("b" * 16) is not None
