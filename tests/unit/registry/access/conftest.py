import itertools
from types import SimpleNamespace

import pytest

from identifiers.accounts import account_name
from identifiers.changes import Enterprise
from identifiers.principals import Operator, Role
from identifiers.relay import Channel, Origin
from registry.access.accounts import Accounts, NewAccount
from registry.access.logins import Entry, Logins
from registry.access.passwords import Cost, Passwords
from registry.access.programs import Safe
from registry.attempts import Attempts
from storage.memory import MemoryAccounts, MemoryStore
from tests.unit.registry.world import NOW, PEPPER, asked, audit

CHEAP = Cost(16, 1, 1)
PASSWORD = "correct horse battery"


def entry(address=None, at=NOW, steady=0.0, *, trusted=True):
    origin = Origin(channel=Channel.HTTP, address=address, trusted=trusted, secure=True)
    return Entry(origin=origin, at=at * 1000, monotonic=steady, request_id="r")


class Desk(SimpleNamespace):
    """Accounts and log-ins on a store in memory, with two enterprises."""

    async def person(self, name="li", role="owner", enterprise=1, password=PASSWORD):
        new = NewAccount(name=name, role=Role(role), enterprise=enterprise, password=password)
        return (await self.accounts.add(new, self.asked)).account

    async def program(self, name="app", role="operator", enterprise=1):
        new = NewAccount(name=name, role=Role(role), enterprise=enterprise, password=None)
        return await self.accounts.add(new, self.asked)

    async def stored(self, name):
        return await self.kept.account_named(account_name(name))


@pytest.fixture
async def desk():
    store = MemoryStore()
    for name in ("一", "二"):
        await store.add_enterprise(Enterprise(id=0, name=name), audit())
    store.audited.clear()
    kept, passwords, safe = MemoryAccounts(store), Passwords(CHEAP), Safe(b"k" * 32)
    numbers = itertools.count(1)

    def chance(size):
        return next(numbers).to_bytes(4).rjust(size, b"\xa5")

    return Desk(
        store=store,
        kept=kept,
        passwords=passwords,
        accounts=Accounts(kept, store, passwords, safe, chance),
        logins=Logins(kept, PEPPER, passwords, safe, Attempts(), chance),
        asked=asked(Operator("root"), changes=0),
    )
