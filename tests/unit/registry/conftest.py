import pytest

from identifiers.changes import Enterprise
from identifiers.principals import Scope
from registry.commit import GroupCommit
from registry.prefixes import Prefixes
from registry.service import Registry
from storage.memory import MemoryStore
from tests.unit.registry.world import audit, entry, stored_key


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
    return Registry(store, commit, Prefixes(store))
