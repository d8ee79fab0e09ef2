import socket
from ipaddress import ip_network

import aiohttp
import pytest

from edge.addresses import Networks
from edge.server import serve
from identifiers.changes import Enterprise
from identifiers.names import Prefix
from identifiers.principals import Scope
from registry.commit import GroupCommit
from registry.http.app import registry_app
from registry.imports.service import Imports
from registry.keys import KeyRing
from registry.prefixes import Prefixes
from registry.service import Registry
from storage.memory import MemoryStore
from tests.unit.registry.world import NOW, PEPPER, SEALS, Api, audit, entry, now_ns, stored_key

NO_PROXIES = Networks(())


@pytest.fixture
async def store():
    """A store with two enterprises: 88.300.1 (and 88.300.1.5, another's) and 88.300.10."""
    memory = MemoryStore()
    for name in ("山西示例煤业", "示例物流", "第三家"):
        await memory.add_enterprise(Enterprise(id=0, name=name), audit())
    for prefix, owner, more in (
        ("88.300", 0, {}),
        ("88.300.1", 1, {}),
        ("88.300.1.5", 3, {}),
        ("88.300.10", 2, {}),
        ("88.300.2", 2, {"fold_suffix": True}),
        ("88.300.7", 1, {"enabled": False}),
    ):
        await memory.home_prefix(entry(prefix, owner, **more), audit())
    for key in (
        stored_key("one", 1),
        stored_key("two", 2),
        stored_key("reader", 1, frozenset({Scope.READ})),
        stored_key("old", 1, expires_at=NOW),
        stored_key("far", 1, networks=(ip_network("10.0.0.0/8"),)),
        stored_key("part", 1, prefixes=(Prefix.parse("88.300.1.2"),)),
        stored_key("writer", 1, frozenset({Scope.READ, Scope.WRITE})),
    ):
        await memory.add_key(key, audit())
    memory.audited.clear()
    return memory


@pytest.fixture
def commit(store):
    return GroupCommit(store)


@pytest.fixture
def registry(store, commit):
    return Registry(store, commit, Prefixes(store), SEALS)


@pytest.fixture
def imports(store):
    return Imports(store, Prefixes(store), SEALS, clock=now_ns, chunk_rows=3)


@pytest.fixture
async def serving(store, registry, imports):
    """Serve the API on a loopback port; returns a function that makes clients of it."""
    runners, sessions = [], []

    async def start(proxies=NO_PROXIES, **clocks):
        keys = KeyRing(store, PEPPER)
        app = registry_app(registry, imports, keys, proxies, **{"clock": now_ns, **clocks})
        bound = socket.create_server(("127.0.0.1", 0))
        runners.append(await serve(app, [bound]))
        sessions.append(aiohttp.ClientSession())
        return Api(sessions[-1], f"http://127.0.0.1:{bound.getsockname()[1]}")

    yield start
    for session in sessions:
        await session.close()
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def api(serving):
    return await serving()
