import asyncio

import msgspec
import pytest

from identifiers.errors import StoreUnavailable
from identifiers.records import EMPTY_VALUES, Record, State
from identifiers.values import Value
from identifiers.wire.handle.values import encode_values
from resolver.tiers.local import NOTHING, Bounds, LocalTier
from resolver.tiers.partial import Incomplete
from resolver.view import Kept, looked_at


def record(key, version=1, values=EMPTY_VALUES):
    return Record(
        key=key, name=key, version=version, state=State.ACTIVE, values=values, changed_at=0
    )


def blob(size):
    """Return a blob of one public value that is `size` octets long."""
    empty = len(encode_values([Value(index=1, type="X", data=b"")]))
    return encode_values([Value(index=1, type="X", data=bytes(size - empty))])


class Source:
    """Gives `records`; with a `gate`, what it read before it waited."""

    def __init__(self, **records):
        self.records = records
        self.asked = []
        self.gate = None
        self.error = None

    async def fetch(self, keys):
        self.asked.append(list(keys))
        got = [self.records.get(key) for key in keys]
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return got


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


class Setting:
    def __init__(self, **bounds):
        self.now = 100.0
        self.chance = 0.0
        self.source, self.authority = Source(), Source()
        self.tier = LocalTier(
            self.source, self.authority, lambda: self.now, lambda: self.chance, Bounds(**bounds)
        )

    def look(self, key):
        there = self.tier.look(key, self.now)
        return there.record if isinstance(there, Kept) else there

    def outlived(self, key):
        there = self.tier.outlived(key)
        return None if there is None else there.record


@pytest.fixture
def at():
    return Setting()


async def test_a_record_is_kept_for_its_life(at):
    at.source.records = {"a": record("a")}
    assert await at.tier.fetch(["a", "a"]) == [record("a")] * 2
    assert await at.tier.fetch(["a"]) == [record("a")]
    assert at.source.asked == [["a"]]
    at.now += 299.0
    assert at.look("a") == record("a")
    at.now += 2.0
    assert at.look("a") is None
    assert at.outlived("a") == record("a")


async def test_lives_are_scattered_downwards(at):
    at.source.records = {"a": record("a")}
    at.chance = 0.999
    await at.tier.fetch(["a"])
    at.now += 271.0
    assert at.look("a") is None


async def test_an_unknown_name_is_known_as_such_for_five_seconds(at):
    assert await at.tier.fetch(["x"]) == [None]
    assert at.look("x") is NOTHING
    assert await at.tier.fetch(["x"]) == [None]
    assert at.source.asked == [["x"]]
    at.now += 5.0
    assert at.look("x") is None
    assert at.outlived("x") is None


async def test_news_drop_older_versions_and_unknown_names_only(at):
    at.source.records = {"a": record("a", 2), "b": record("b", 2)}
    await at.tier.fetch(["a", "b", "x"])
    at.tier.supersede([("a", 3), ("b", 2), ("x", 1), ("never seen", 9)])
    assert at.look("a") is None
    assert at.outlived("a") is None
    assert at.look("b") == record("b", 2)
    assert at.look("x") is None


async def test_an_entry_holds_while_it_would_be_found_again(at):
    at.source.records = {"a": record("a", 2), "b": record("b", 2)}
    await at.tier.fetch(["a", "b"])
    a, b = at.tier.look("a", at.now), at.tier.look("b", at.now)
    assert at.tier.holds(a, at.now)
    at.tier.supersede([("a", 3)])
    assert not at.tier.holds(a, at.now)
    assert at.tier.holds(b, at.now)
    at.now += 301.0
    assert not at.tier.holds(b, at.now)


async def test_an_entry_holds_no_more_when_a_newer_one_has_its_place(at):
    at.source.records = {"a": record("a", 1)}
    await at.tier.fetch(["a"])
    old = at.tier.look("a", at.now)
    at.authority.records = {"a": record("a", 2)}
    await at.tier.refresh(["a"])
    assert not at.tier.holds(old, at.now)
    assert at.tier.holds(at.tier.look("a", at.now), at.now)


async def test_an_entry_holds_no_more_when_others_drove_it_out():
    at = Setting(entries=20)
    at.source.records = {key: record(key) for key in map(str, range(60))}
    await at.tier.fetch(["0"])
    first = at.tier.look("0", at.now)
    for key in map(str, range(1, 60)):
        await at.tier.fetch([key])
        there = at.tier.outlived("0") is first
        assert at.tier.holds(first, at.now) is there
        if not there:
            return
        first.uses = 0  # nobody asked
    pytest.fail("it was never driven out")


async def test_how_often_all_was_forgotten_is_told(at):
    assert at.tier.cleared == 0
    at.tier.clear()
    assert at.tier.cleared == 1


@pytest.mark.parametrize("old", [record("a", 1), None])
async def test_a_fill_that_news_overtake_is_read_again_and_the_newer_kept(at, old):
    at.source.records = {"a": old}
    at.source.gate = asyncio.Event()
    reading = asyncio.create_task(at.tier.fetch(["a"]))
    await asyncio.sleep(0)
    at.tier.supersede([("a", 2)])
    at.authority.records = {"a": record("a", 2)}
    at.source.gate.set()
    assert await reading == [record("a", 2)]
    assert at.look("a") == record("a", 2)
    assert at.authority.asked == [["a"]]


async def test_who_joins_a_read_that_news_overtook_is_not_given_what_it_brings(at):
    at.source.records = {"a": record("a", 1), "b": record("b", 1)}
    at.source.gate = asyncio.Event()
    first = asyncio.create_task(at.tier.fetch(["a"]))
    await asyncio.sleep(0)
    at.tier.supersede([("a", 2)])
    second = asyncio.create_task(at.tier.fetch(["a", "b"]))
    await asyncio.sleep(0)
    at.authority.records = {"a": record("a", 2)}
    at.source.gate.set()
    assert await first == [record("a", 2)]
    assert await second == [record("a", 2), record("b", 1)]
    assert at.look("a") == record("a", 2)
    assert at.authority.asked == [["a"], ["a"]]


async def test_news_of_many_versions_hold_a_read_to_the_newest(at):
    at.source.records = {"a": record("a", 1)}
    at.source.gate = asyncio.Event()
    reading = asyncio.create_task(at.tier.fetch(["a"]))
    await asyncio.sleep(0)
    at.tier.supersede([("a", 3), ("a", 2)])
    at.tier.supersede([("a", 2)])
    at.authority.records = {"a": record("a", 2)}
    at.source.gate.set()
    assert await reading == [record("a", 2)]
    assert at.look("a") is None


async def test_what_is_overtaken_twice_is_told_and_not_kept(at):
    at.source.records = {"a": record("a", 1)}
    at.authority.records = {"a": record("a", 2)}
    at.source.gate, at.authority.gate = asyncio.Event(), asyncio.Event()
    reading = asyncio.create_task(at.tier.fetch(["a"]))
    await asyncio.sleep(0)
    at.tier.supersede([("a", 2)])
    at.source.gate.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    at.tier.supersede([("a", 3)])
    at.authority.gate.set()
    assert await reading == [record("a", 2)]
    assert at.look("a") is None


async def test_a_slow_old_read_does_not_replace_a_newer_record(at):
    at.source.records = {"a": record("a", 1)}
    at.source.gate = asyncio.Event()
    slow = asyncio.create_task(at.tier.fetch(["a"]))
    await asyncio.sleep(0)
    at.authority.records = {"a": record("a", 2)}
    assert await at.tier.refresh(["a"]) == [record("a", 2)]
    at.source.gate.set()
    await slow
    assert at.look("a") == record("a", 2)


async def test_a_slow_read_that_found_nothing_does_not_hide_a_record(at):
    at.source.gate = asyncio.Event()
    slow = asyncio.create_task(at.tier.fetch(["a"]))
    await asyncio.sleep(0)
    at.authority.records = {"a": record("a", 1)}
    await at.tier.refresh(["a"])
    at.source.gate.set()
    await slow
    assert at.look("a") == record("a", 1)


async def test_what_was_in_flight_when_everything_was_forgotten_is_read_again(at):
    at.source.records = {"a": record("a")}
    at.source.gate = asyncio.Event()
    reading = asyncio.create_task(at.tier.fetch(["a"]))
    await asyncio.sleep(0)
    at.tier.clear()
    at.authority.records = {"a": record("a", 2)}
    at.source.gate.set()
    assert await reading == [record("a", 2)]
    assert at.look("a") == record("a", 2)  # read after all was forgotten


async def test_what_is_read_while_everything_is_forgotten_again_is_not_kept(at):
    at.source.records = at.authority.records = {"a": record("a")}
    at.source.gate, at.authority.gate = asyncio.Event(), asyncio.Event()
    reading = asyncio.create_task(at.tier.fetch(["a"]))
    await asyncio.sleep(0)
    at.tier.clear()
    at.source.gate.set()
    await settle()
    assert at.authority.asked == [["a"]]
    at.tier.clear()
    at.authority.gate.set()
    assert await reading == [record("a")]
    assert at.look("a") is None
    assert len(at.tier) == at.tier.octets == 0


async def test_a_name_that_is_asked_for_all_the_time_is_kept_soon_after_all_was_forgotten(at):
    """Each asking begins before the former has ended; none may hand on that it was overtaken."""
    at.source.records = at.authority.records = {"a": record("a")}
    at.source.gate = asyncio.Event()
    first = asyncio.create_task(at.tier.fetch(["a"]))
    await asyncio.sleep(0)
    at.tier.clear()
    at.source.gate.set()
    at.authority.gate = asyncio.Event()
    await settle()
    assert at.authority.asked == [["a"]]
    others = asyncio.create_task(at.tier.fetch(["a"]))
    await asyncio.sleep(0)
    at.authority.gate.set()
    await asyncio.gather(first, others)
    assert at.look("a") == record("a")
    assert at.source.asked == [["a"]] * 2
    assert at.authority.asked == [["a"]]


async def test_refresh_asks_past_the_caches_and_keeps_the_answer(at):
    at.source.records = {"a": record("a", 1)}
    await at.tier.fetch(["a"])
    at.authority.records = {"a": record("a", 2)}
    assert await at.tier.refresh(["a", "a"]) == [record("a", 2)] * 2
    assert at.look("a") == record("a", 2)
    assert at.authority.asked == [["a"]]


async def test_the_least_recently_used_goes_first():
    at = Setting(entries=2)
    at.source.records = {key: record(key) for key in "abc"}
    await at.tier.fetch(["a"])
    await at.tier.fetch(["b"])
    at.look("a")
    await at.tier.fetch(["c"])
    assert [key for key in "abc" if at.look(key)] == ["a", "c"]


async def test_octets_are_bounded():
    at = Setting(octets=50_000)
    for number in range(100):
        key = f"k{number}"
        at.source.records = {key: record(key, values=blob(2000))}
        await at.tier.fetch([key])
        assert at.tier.octets <= 50_000
    assert 10 < len(at.tier) < 25
    assert at.look("k99") is not None


async def test_a_scan_of_unknown_names_drives_no_record_out():
    at = Setting(entries=2, unknown=3)
    at.source.records = {"a": record("a")}
    await at.tier.fetch(["a"])
    await at.tier.fetch([f"x{number}" for number in range(50)])
    assert at.look("a") == record("a")
    assert [at.look(f"x{number}") for number in (46, 47, 48, 49)] == [None, *[NOTHING] * 3]


async def test_what_is_here_is_not_lost_when_the_rest_cannot_be_had(at):
    at.source.records = {"a": record("a"), "b": record("b")}
    await at.tier.fetch(["a"])
    at.source.error = Incomplete("half", {"b": record("b")})
    with pytest.raises(Incomplete) as caught:
        await at.tier.fetch(["a", "b", "c"])
    assert caught.value.got == {"a": record("a"), "b": record("b")}
    assert at.look("b") == record("b")
    at.source.error = StoreUnavailable("all")
    with pytest.raises(Incomplete) as caught:
        await at.tier.fetch(["a", "c"])
    assert caught.value.got == {"a": record("a")}


async def test_a_new_version_takes_the_place_of_the_old_one(at):
    at.source.records = {"a": record("a", 1, blob(500))}
    await at.tier.fetch(["a"])
    before = at.tier.octets
    at.authority.records = {"a": msgspec.structs.replace(record("a", 2), values=blob(600))}
    await at.tier.refresh(["a"])
    assert at.tier.octets == before + 100
    assert len(at.tier) == 1


async def test_a_public_part_of_its_own_counts(at):
    mixed = [
        Value(index=1, type="X", data=bytes(100)),
        Value(index=2, type="Y", data=bytes(100), permissions=0x0C),
    ]
    at.source.records = {"a": record("a", 1, encode_values(mixed[:1]))}
    await at.tier.fetch(["a"])
    public = at.tier.octets
    at.authority.records = {"a": record("a", 2, encode_values(mixed))}
    await at.tier.refresh(["a"])
    assert at.tier.octets == public + len(encode_values(mixed))


async def test_what_is_sure_is_not_lost_when_the_second_reading_fails(at):
    at.source.records = {"a": record("a"), "b": record("b")}
    at.source.gate = asyncio.Event()
    reading = asyncio.create_task(at.tier.fetch(["a", "b"]))
    await asyncio.sleep(0)
    at.tier.supersede([("a", 2)])
    at.authority.error = StoreUnavailable("away")
    at.source.gate.set()
    with pytest.raises(Incomplete) as caught:
        await reading
    assert caught.value.got == {"b": record("b")}
    assert at.look("a") is None


async def test_a_hot_record_is_read_anew_before_its_life_ends(at):
    at.source.records = {"a": record("a"), "b": record("b")}
    await at.tier.fetch(["a", "b"])
    running = asyncio.create_task(at.tier.run())
    at.now += 280.0
    assert at.look("a") == record("a")
    at.now += 1.0
    assert at.look("a") == record("a")
    assert at.look("b") == record("b")
    for _ in range(5):
        await asyncio.sleep(0)
    assert at.source.asked == [["a", "b"], ["a"]]
    at.now += 30.0
    assert at.look("a") == record("a")
    assert at.look("b") is None
    running.cancel()


async def test_an_equal_record_that_was_read_anew_is_the_same_one(at):
    at.source.records = {"a": record("a")}
    (before,) = await at.tier.fetch(["a"])
    at.source.records = {"a": record("a")}
    at.now += 301.0
    await at.tier.fetch(["a"])
    assert at.look("a") is before


@pytest.mark.parametrize("looked_at_first", [True, False])
async def test_it_is_the_same_one_whoever_has_looked_whether_all_of_it_is_public(
    at, looked_at_first
):
    """The shared tier marks such records; the store, which is asked past it, does not."""
    bare = record("a", values=blob(40))
    marked = looked_at(bare)
    at.source.records = {"a": marked if looked_at_first else bare}
    at.authority.records = {"a": bare if looked_at_first else marked}
    await at.tier.fetch(["a"])
    before = at.tier.look("a", at.now)
    await at.tier.refresh(["a"])
    assert at.tier.look("a", at.now) is before
    at.authority.records = {"a": record("a", values=blob(41))}
    await at.tier.refresh(["a"])
    assert at.look("a") == at.authority.records["a"]
