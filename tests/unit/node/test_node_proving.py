"""How soon approvals are seen: every worker is asked, and the time is noted once."""

import asyncio
from itertools import count

import pytest

from identifiers.changes import Enterprise
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.names import Prefix
from node import control
from node.assignment import Role
from node.control import Health
from node.listeners import listen_unix
from node.proving import BOUNDS, Proving
from storage.memory import MemoryBusiness, MemoryStore
from storage.memory.prefixes import MemoryPrefixes
from tests.contracts.units import AUDIT

OWN = Prefix.parse("88.300.1")


class Worker:
    """One that knows all that is committed, or does not."""

    knows = True
    asked = 0

    async def caught_up(self):
        self.asked += 1
        return self.knows


@pytest.fixture
async def workers(tmp_path):
    found, servers, paths = [Worker(), Worker()], [], {}
    for number, worker in enumerate(found):
        path = tmp_path / f"worker-{number}.sock"
        health = Health(f"worker-{number}", Role.WORKER)
        servers.append(await control.answer(listen_unix(path), health, list, worker.caught_up))
        paths[f"worker-{number}"] = str(path)
    yield found, paths | {"registry": str(tmp_path / "nobody.sock")}
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def store():
    made = MemoryStore()
    await made.add_enterprise(Enterprise(id=0, name="甲"), AUDIT)
    return made


@pytest.fixture
def books(store):
    ticks = count(1_000, 700)
    return MemoryPrefixes(store, MemoryBusiness(store), lambda: next(ticks))


async def homed(store):
    entry = PrefixEntry(prefix=OWN, kind=PrefixKind.ENTERPRISE, enterprise=1)
    await store.home_prefix(entry, AUDIT)


async def test_it_is_noted_once_every_worker_knows(workers, store, books):
    found, paths = workers
    proving = Proving(books, paths)
    assert await proving.step() == 0
    assert found[0].asked == 0
    await homed(store)
    found[1].knows = False
    assert await proving.step() == 0
    assert (await books.holding(OWN)).resolvable_at == 0
    found[1].knows = True
    assert await proving.step() == 1
    one = await books.holding(OWN)
    assert one.effective_ms > 0
    assert await proving.step() == 0
    (family,) = proving.families()
    samples = {(sample.suffix, sample.labels): sample.value for sample in family.samples}
    assert family.name == "idnode_prefix_effective_seconds"
    assert samples["_count", ()] == 1
    assert samples["_sum", ()] == one.effective_ms / 1000
    assert samples["_bucket", (("le", "+Inf"),)] == 1


async def test_without_workers_nothing_is_claimed(store, books):
    await homed(store)
    assert await Proving(books, {"registry": "x"}).step() == 0
    assert (await books.holding(OWN)).resolvable_at == 0


async def test_what_takes_longer_than_all_bounds_is_counted(workers, store):
    _, paths = workers
    ticks = count(1_000, int(BOUNDS[-1] + 1) * 1000)
    books = MemoryPrefixes(store, MemoryBusiness(store), lambda: next(ticks))
    await homed(store)
    proving = Proving(books, paths)
    assert await proving.step() == 1
    last = [s for s in proving.families()[0].samples if s.suffix == "_bucket"][-2:]
    assert [sample.value for sample in last] == [0, 1]


async def test_it_looks_again_when_it_is_told_to_and_while_the_store_is_away(workers, store, books):
    _, paths = workers
    proving = Proving(books, paths)
    store.down = True
    running = asyncio.create_task(proving.run())
    await asyncio.sleep(0)
    store.down = False
    await homed(store)
    while not (await books.holding(OWN)).resolvable_at:
        proving.wake()
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
