"""The shared tier when its server fails, lies, is full or comes back with old contents."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import pytest
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff

from identifiers.changes import Leased
from identifiers.errors import StoreUnavailable
from identifiers.records import Record
from storage.embedded.binaries import find_valkey
from storage.embedded.valkey import EmbeddedValkey
from storage.redis import RedisServer, RedisSharedTier
from storage.redis.sealed import Seals
from tests.contracts.units import record

KEY = "88.300.1/A"
MAC_KEY = b"k" * 32


class Clock:
    """Monotonic seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def valkey(tmp_path: Path) -> AsyncIterator[EmbeddedValkey]:
    server = EmbeddedValkey(tmp_path / "data", maxmemory=64 * 2**20)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def server(valkey: EmbeddedValkey, clock: Clock) -> AsyncIterator[RedisServer]:
    async with RedisServer(valkey.url, clock=clock) as server:
        yield server


@pytest.fixture
def tier(server: RedisServer) -> RedisSharedTier:
    return RedisSharedTier(server, MAC_KEY, look_seconds=5)


@pytest.fixture
async def raw(valkey: EmbeddedValkey) -> AsyncIterator[Any]:
    async with redis.asyncio.Redis.from_url(valkey.url) as client:
        yield client


async def look(tier: RedisSharedTier, key: str = KEY) -> Record | Leased | None:
    (found,) = await tier.look([key])
    return found


async def store(tier: RedisSharedTier, stored: Record) -> None:
    (granted,) = await tier.look([stored.key])
    assert isinstance(granted, Leased)
    await tier.fill([(granted, stored)])
    assert await look(tier, stored.key) == stored


# gone and back


async def test_an_absent_server_is_asked_once_and_then_given_a_pause(
    valkey: EmbeddedValkey, tier: RedisSharedTier, clock: Clock
) -> None:
    await store(tier, record(KEY))
    await valkey.stop()
    with pytest.raises(StoreUnavailable, match="away"):
        await look(tier)
    with pytest.raises(StoreUnavailable, match="pause"):
        await look(tier)
    await valkey.start()
    with pytest.raises(StoreUnavailable, match="pause"):
        await look(tier)
    clock.now += 0.25
    assert isinstance(await look(tier), Leased)


async def test_a_server_that_hangs_is_given_up_after_three_calls(
    valkey: EmbeddedValkey, server: RedisServer, tier: RedisSharedTier, clock: Clock
) -> None:
    await store(tier, record(KEY))
    hasty = RedisSharedTier(server, MAC_KEY)
    process = psutil.Process(valkey.pid)
    process.suspend()
    try:
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match="slow"):
                await look(hasty)
        with pytest.raises(StoreUnavailable, match="pause"):
            await look(hasty)
    finally:
        process.resume()
    clock.now += 0.25
    # Nothing that this worker did not hear of was lost meanwhile.
    assert await look(tier) == record(KEY)


async def test_news_that_did_not_reach_the_server_are_not_undone_by_its_return(
    valkey: EmbeddedValkey, tier: RedisSharedTier, clock: Clock
) -> None:
    await store(tier, record(KEY, 1))
    process = psutil.Process(valkey.pid)
    process.suspend()
    try:
        with pytest.raises(StoreUnavailable):
            await tier.supersede([(KEY, 2)])
        await tier.supersede([(KEY, 3)])  # it trusts nothing any more: no need to reach it
    finally:
        process.resume()
    clock.now += 0.25
    granted = await look(tier)
    assert isinstance(granted, Leased)
    await tier.fill([(granted, record(KEY, 3))])
    assert await look(tier) == record(KEY, 3)


class Persistent:
    """A Valkey of somebody else's, with `save` on: it comes back with what its file holds."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.url = f"unix://{place}/socket"

    async def start(self) -> None:
        place = self._place
        options = ("--port", "0", "--unixsocket", f"{place}/socket", "--dir", str(place))
        self._process = await asyncio.create_subprocess_exec(
            find_valkey(None), *options, "--save", "3600 1", stdout=asyncio.subprocess.DEVNULL
        )
        async with redis.asyncio.Redis.from_url(
            self.url, retry=Retry(ConstantBackoff(0.05), 200)
        ) as client:
            await client.ping()

    async def kill(self) -> None:
        self._process.kill()
        await self._process.wait()


@pytest.fixture
async def persistent() -> AsyncIterator[Persistent]:
    with TemporaryDirectory() as place:  # short: the path of a socket has 107 octets at most
        server = Persistent(Path(place))
        await server.start()
        yield server
        await server.kill()


async def test_a_server_that_comes_back_with_what_was_replaced_is_not_believed(
    persistent: Persistent,
) -> None:
    async with (
        RedisServer(persistent.url) as server,
        redis.asyncio.Redis.from_url(persistent.url) as raw,
    ):
        tier = RedisSharedTier(server, MAC_KEY, look_seconds=5)
        await store(tier, record(KEY, 1))
        await raw.save()  # as BGSAVE does, but that it answers when it is done
        await tier.supersede([(KEY, 2)])
        await persistent.kill()
        await persistent.start()
        assert await raw.exists(f"idnode:4:r:{KEY}")
        for _ in range(3):
            assert not isinstance(await look(tier), Record)
        await raw.delete(f"idnode:4:l:{KEY}")
        await store(tier, record(KEY, 2))


async def test_connections_to_a_former_server_are_made_anew(
    server: RedisServer, tier: RedisSharedTier, raw: Any, clock: Clock
) -> None:
    # Contents with another history, as after a failover, behind the same address and process.
    await store(tier, record(KEY))
    told: list[None] = []
    server.when_replaced(lambda: told.append(None))
    await asyncio.gather(*(look(tier) for _ in range(3)))
    await raw.execute_command("REPLICAOF", "127.0.0.1", "1")
    await raw.execute_command("REPLICAOF", "NO", "ONE")
    assert await look(tier) == record(KEY)
    assert not told
    await raw.client_kill_filter(_type="normal", skipme=True)
    with suppress(StoreUnavailable):
        await look(tier)
    clock.now += 5
    assert isinstance(await look(tier), Leased)
    assert len(told) == 1


async def test_a_flush_costs_a_miss_and_voids_leases(tier: RedisSharedTier, raw: Any) -> None:
    await store(tier, record(KEY))
    (granted,) = await tier.look(["88.300.1/B"])
    assert isinstance(granted, Leased)
    await raw.flushall()
    await tier.fill([(granted, record("88.300.1/B"))])
    assert isinstance(await look(tier, "88.300.1/B"), Leased)
    await store(tier, record(KEY))


async def test_scripts_are_sent_again_to_a_server_that_lost_them(
    tier: RedisSharedTier, raw: Any
) -> None:
    await store(tier, record(KEY))
    await raw.script_flush()
    assert await look(tier) == record(KEY)


async def test_a_step_of_the_server_s_clock_does_no_harm(tier: RedisSharedTier, raw: Any) -> None:
    # As if it had been an hour ahead until now: grants go on rising.
    ahead = 2**53 - 2**40
    await raw.set("idnode:4:clock", ahead)
    await store(tier, record(KEY))
    tier.forget()
    assert isinstance(await look(tier), Leased)
    assert int(await raw.get("idnode:4:clock")) > ahead


# what it may hold


@pytest.mark.parametrize("garbage", [b"", b"V", b"garbage" * 20, b"\xff" * 100, b"T"])
async def test_garbage_is_a_miss(tier: RedisSharedTier, raw: Any, garbage: bytes) -> None:
    await look(tier, "88.300.1/OTHER")
    await raw.set(f"idnode:4:r:{KEY}", garbage)
    assert isinstance(await look(tier), Leased)


async def test_a_foreign_type_is_a_miss_and_is_replaced(tier: RedisSharedTier, raw: Any) -> None:
    await raw.rpush(f"idnode:4:r:{KEY}", "a", "b")
    await store(tier, record(KEY))


async def test_a_value_that_lost_a_bit_is_a_miss_and_is_discarded(
    tier: RedisSharedTier, raw: Any
) -> None:
    await store(tier, record(KEY))
    name = f"idnode:4:r:{KEY}"
    good = await raw.get(name)
    for at in (5, 20, 35, 60, len(good) - 1):
        bad = good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]
        await raw.set(name, bad)
        assert isinstance(await look(tier), Leased)
    await store_again(tier, raw)


async def store_again(tier: RedisSharedTier, raw: Any) -> None:
    assert await raw.get(f"idnode:4:r:{KEY}") is None
    await raw.delete(f"idnode:4:l:{KEY}")
    await store(tier, record(KEY))


async def test_a_value_moved_from_another_name_is_a_miss(tier: RedisSharedTier, raw: Any) -> None:
    await store(tier, record(KEY))
    await raw.copy(f"idnode:4:r:{KEY}", "idnode:4:r:88.300.1/B")
    assert await look(tier, "88.300.1/B") == Leased("")


async def test_a_value_sealed_by_someone_else_is_a_miss(tier: RedisSharedTier, raw: Any) -> None:
    await look(tier, "88.300.1/OTHER")
    await raw.set(f"idnode:4:r:{KEY}", Seals(b"x" * 32).seal(record(KEY), 10**16 - 2))
    assert await look(tier) == Leased("")
    await store_again(tier, raw)


async def test_a_lease_that_nobody_can_use_fills_nothing(tier: RedisSharedTier) -> None:
    await tier.fill([(Leased(""), record(KEY))])
    assert isinstance(await look(tier), Leased)


# full, read-only, crowded


async def test_a_full_server_still_gives_what_it_has(tier: RedisSharedTier, raw: Any) -> None:
    await store(tier, record(KEY))
    await raw.config_set("maxmemory-policy", "noeviction")
    await raw.config_set("maxmemory", 1)
    assert await look(tier) == record(KEY)
    assert await look(tier, "88.300.1/B") == Leased("")
    await tier.supersede([(KEY, 2)])  # there is no memory for a tombstone: it is deleted
    assert await look(tier) == Leased("")
    await raw.config_set("maxmemory", 0)
    await store(tier, record(KEY, 2))


async def test_a_read_only_server_is_trusted_no_further_than_news_reach(
    tier: RedisSharedTier, raw: Any
) -> None:
    await store(tier, record(KEY))
    await raw.replicaof("127.0.0.1", "1")
    assert await look(tier) == record(KEY)
    with pytest.raises(StoreUnavailable, match="refuses"):
        await tier.supersede([(KEY, 2)])
    assert isinstance(await look(tier), Leased)


async def test_more_callers_than_connections(valkey: EmbeddedValkey) -> None:
    async with RedisServer(valkey.url, connections=1) as server:
        tier = RedisSharedTier(server, MAC_KEY, look_seconds=5)
        results = await asyncio.gather(*(look(tier) for _ in range(5)), return_exceptions=True)
        assert sum(isinstance(r, StoreUnavailable) for r in results) == 4


async def test_cancelled_callers_leave_no_answer_for_others(
    tier: RedisSharedTier,
) -> None:
    names = [f"88.300.1/N{n}" for n in range(20)]
    await look(tier)
    for name in names:
        await store(tier, record(name))
    for steps in range(40):
        caller = asyncio.create_task(tier.look(names[:7]))
        for _ in range(steps):
            await asyncio.sleep(0)
        caller.cancel()
        await asyncio.wait({caller})
        found = await tier.look(names[7:])
        assert [r and r.key for r in found if not isinstance(r, Leased)] == names[7:]


async def test_a_wrong_password(valkey: EmbeddedValkey) -> None:
    url = valkey.url.rsplit("=", 1)[0] + "=wrong"
    async with RedisServer(url) as server:
        with pytest.raises(StoreUnavailable):
            await RedisSharedTier(server, MAC_KEY).look([KEY])


def test_the_key_of_the_seals_has_its_length(valkey_server: str) -> None:
    with pytest.raises(ValueError, match="16 octets"):
        RedisSharedTier(RedisServer(valkey_server), bytes(16))


async def test_ttls_are_spread(server: RedisServer, raw: Any) -> None:
    for chance, low, high in ((0.0, 50, 90), (0.999, 100, 110)):
        tier = RedisSharedTier(
            server,
            MAC_KEY,
            ttl=100,
            look_seconds=5,
            chance=lambda c=chance: c,
            namespace=f"t{chance}",
        )
        await store(tier, record(KEY))
        assert low * 1000 < await raw.pttl(f"t{chance}:4:r:{KEY}") <= high * 1000


async def test_leases_and_tombstones_end(tier: RedisSharedTier, raw: Any) -> None:
    await store(tier, record(KEY))
    await tier.supersede([(KEY, 2)])
    assert 10_000 < await raw.pttl(f"idnode:4:r:{KEY}") <= 60_000
    assert isinstance(await look(tier), Leased)
    assert 0 < await raw.pttl(f"idnode:4:l:{KEY}") <= 10_000
