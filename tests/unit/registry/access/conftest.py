import itertools
import socket
from types import SimpleNamespace

import aiohttp
import pytest

from edge.addresses import Networks
from edge.server import serve
from identifiers.accounts import account_name
from identifiers.changes import Enterprise
from identifiers.principals import Operator, Role
from identifiers.relay import Channel, Origin
from registry.access.accounts import Accounts, NewAccount
from registry.access.bounds import BoundsBook
from registry.access.key_pairs import KeyPairs
from registry.access.keys import Keys
from registry.access.logins import Entry, Logins
from registry.access.passwords import Cost, Passwords
from registry.access.programs import Safe
from registry.attempts import Attempts
from registry.http.account_operations import account_operations
from registry.http.app import registry_app
from registry.http.key_operations import key_operations
from registry.http.key_pair_operations import key_pair_operations
from registry.http.tokens import token_operations
from registry.keys import KeyRing
from registry.prefixes import Prefixes
from storage.memory import MemoryAccounts, MemoryKeyBounds, MemoryStore
from tests.unit.registry.world import NOW, PEPPER, Api, asked, audit, now_ns

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


TOKEN = "/api/v1/token"
PEOPLE = (
    ("li", Role.OWNER, 1),
    ("re", Role.READER, 1),
    ("op", Role.OPERATOR, 1),
    ("wu", Role.OWNER, 2),
    ("ad", Role.ADMINISTRATOR, None),
    ("rev", Role.REVIEWER, None),
    ("au", Role.AUDITOR, None),
)


@pytest.fixture
async def people(store, registry, imports):
    """Serve the API with `PEOPLE`, who are numbered from 1; gives a client."""
    kept, passwords, safe = MemoryAccounts(store), Passwords(CHEAP), Safe(b"k" * 32)
    accounts, keys = Accounts(kept, store, passwords, safe), Keys(store, PEPPER)
    logins = Logins(kept, PEPPER, passwords, safe, Attempts())
    bounds = MemoryKeyBounds(store)
    pairs = KeyPairs(store, bounds, Prefixes(store), BoundsBook(bounds))
    for name, role, whose in PEOPLE:
        account = NewAccount(name=name, role=role, enterprise=whose, password=PASSWORD)
        await accounts.add(account, asked(changes=0))
    app = registry_app(
        registry,
        imports,
        KeyRing(store, PEPPER),
        Networks(()),
        logins=logins,
        nouns=(
            lambda reception: token_operations(logins, reception),
            lambda reception: account_operations(accounts, logins, reception),
            lambda reception: key_operations(keys, reception),
            lambda reception: key_pair_operations(pairs, reception),
        ),
        clock=now_ns,
    )
    bound = socket.create_server(("127.0.0.1", 0))
    runner = await serve(app, [bound])
    async with aiohttp.ClientSession() as session:
        yield Api(session, f"http://127.0.0.1:{bound.getsockname()[1]}")
    await runner.cleanup()


async def entered(people, name, password=PASSWORD):
    return await people.post(TOKEN, {"name": name, "password": password}, key=None)


async def bearer(people, name, password=PASSWORD):
    answer = await entered(people, name, password)
    return {"key": None, "Authorization": f"Bearer {answer.json['token']}"}
