"""Jobs over what needs more than a record: templates with unique entries; and for whom they run."""

import msgspec
import pytest

from identifiers.accounts import AccountKind, AccountState, StoredAccount
from identifiers.codes.industries import SHIPPED
from identifiers.jobs import JobAction, JobState, Under
from identifiers.principals import Account, Role, Scope
from registry.business.asking import By
from registry.business.job_running import JobRunner
from registry.business.jobs import JobOrder, Jobs, Opened
from registry.business.owners import KeptOwners
from registry.business.templates import Templates
from registry.commands import Create
from registry.commit import GroupCommit
from registry.imports.results import unpack
from registry.prefixes import Prefixes
from registry.service import Registry
from registry.shelf import Shelf
from registry.templating import Sketch
from storage.memory import MemoryAccounts, MemoryJobs, MemoryTemplates
from tests.unit.registry.world import NOW, SEALS, asked, audit, entry, handle, now_ns

COAL = {
    "prefix": "88.300",
    "version": "coal-1",
    "title": "煤炭批次",
    "industry": {"category": "B", "division": "06", "group": "061", "class": "0610"},
    "items": [{"name": "NO", "title": "批次号", "required": True, "unique": True}],
}
BY = By(actor="key:one", at=NOW * 1000, request_id="r")
NAMES = ("88.300.1/A", "88.300.1/B")


@pytest.fixture
def accounts(store):
    return MemoryAccounts(store)


@pytest.fixture
def owners(store, accounts):
    return KeptOwners(store, accounts)


@pytest.fixture
async def registry(store):
    templates = MemoryTemplates(store)
    shelf = Shelf(templates)
    made = Templates(templates, SHIPPED, shelf.forget)
    await made.write(COAL, BY)
    await made.publish("88.300", "coal-1", BY)
    return Registry(store, GroupCommit(store), Prefixes(store), SEALS, shelf=shelf)


async def register(registry, name, number):
    command = Create(handle=handle(name), values=())
    return await registry.create(command, asked(), Sketch("coal-1", {"NO": number}))


async def opened_job(store, jobs, action, principal=None, what=NAMES):
    order = JobOrder(action=action, reason="r", what=what, key=None, digest=b"d")
    opened = await Jobs(jobs, store, Prefixes(store)).open(order, asked(principal))
    assert isinstance(opened, Opened), opened
    return opened


async def run(store, registry, owners, action, principal=None):
    jobs = MemoryJobs(store)
    opened = await opened_job(store, jobs, action, principal)
    runner = JobRunner(jobs, store, registry, owners, clock=now_ns)
    while await runner.turn():
        pass
    return store.jobs[opened.job.id]


async def test_what_is_deleted_by_a_job_holds_nothing_any_more(store, registry, owners):
    for at, name in enumerate(NAMES):
        await register(registry, name, str(at))
    assert len(store.holders) == 2
    suspended = await run(store, registry, owners, JobAction.SUSPEND)
    assert (suspended.counts.changed, len(store.holders)) == (2, 2)
    await run(store, registry, owners, JobAction.ACTIVATE)
    deleted = await run(store, registry, owners, JobAction.DELETE)
    assert (deleted.counts.changed, store.holders) == (2, {})
    assert {record.version for record in store.records.values()} == {4}


async def test_a_job_is_done_for_an_account_as_long_as_that_is_active(
    store, registry, owners, accounts
):
    for at, name in enumerate(NAMES):
        await register(registry, name, str(at))
    stored = StoredAccount(
        id=0,
        name="boss",
        role=Role.OPERATOR,
        enterprise=1,
        kind=AccountKind.PERSON,
        proof=b"",
        created_at=1,
        changed_at=1,
    )
    number = await accounts.add_account(stored, audit())
    boss = Account(id=number, name="boss", role=Role.OPERATOR, enterprise=1)
    done = await run(store, registry, owners, JobAction.SUSPEND, boss)
    assert (done.owner, done.principal, done.counts.changed) == (
        f"account:{number}",
        "account:boss",
        2,
    )
    known = await accounts.account(number)
    disabled = msgspec.structs.replace(known, state=AccountState.DISABLED, version=2)
    assert await accounts.change_account(disabled, audit(), ends_at=NOW)
    stopped = await run(store, registry, owners, JobAction.ACTIVATE, boss)
    assert (stopped.why, stopped.counts.rows) == ("unauthenticated", 0)


async def test_a_job_tells_nothing_of_a_prefix_that_was_handed_on(store, registry, owners):
    await register(registry, NAMES[0], "1")
    jobs = MemoryJobs(store)
    opened = await opened_job(store, jobs, JobAction.SUSPEND, what=Under(prefix="88.300.1"))
    store.keep_prefix(entry("88.300.1", 2))
    later = Registry(store, GroupCommit(store), Prefixes(store), SEALS)
    runner = JobRunner(jobs, store, later, owners, clock=now_ns)
    while await runner.turn():
        pass
    done = store.jobs[opened.job.id]
    assert (done.state, done.counts.rows) == (JobState.DONE, 0)
    assert not list(unpack(await jobs.results(done.id, done.chunks)))


async def test_who_is_not_known_or_no_longer_in_force_is_nobody(owners):
    key = await owners.principal("key:far", NOW)
    assert (key.id, key.networks, Scope.STATE in key.scopes) == ("far", (), True)
    for owner in ("key:old", "key:none", "account:99"):
        assert await owners.principal(owner, NOW) is None
