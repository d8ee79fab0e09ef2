"""Keys of other nodes: who is asked, how often, for how long, and what is kept."""

import asyncio

import pytest

from identifiers.directory import PrefixDirectory
from identifiers.elsewhere import Holder, Trouble
from identifiers.names import Handle
from identifiers.principals import HandleIdentity
from identifiers.values import Value
from registry import elsewhere
from registry.elsewhere import (
    KEPT,
    LONGEST_KEY,
    MOST,
    MOST_KEPT,
    MOST_KEYS,
    MOST_OF_HOLDER,
    MOST_OF_PREFIX,
    QUIET,
    Elsewhere,
    holder_of,
)
from tests.unit.registry.remote import SITES, FarNode, away
from tests.unit.registry.world import entry

ABOVE = (Value(index=1, type="HS_SITE", data=b"the node above"),)
FAR = Holder(SITES)
ME = HandleIdentity("88.300.1/ME", 300)
EPOCH = 1_800_000_000


class Clock:
    def __init__(self):
        self.now = 50.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def far():
    node = FarNode()
    node.put("300:88.300.1/ME", "HS_PUBKEY", b"key")
    return node


@pytest.fixture
def asking(far, clock):
    return Elsewhere(far, ABOVE, clock=clock, epoch=lambda: EPOCH)


DERIVED = (Value(index=2, type="HS_SITE.PREFIX", data=b"of derived"),)
DIRECTORY = PrefixDirectory(
    [
        entry("88.300", 0),
        entry("88.300.1", 1),
        away(entry("88.300.2", 1), SITES, DERIVED),
        away(entry("88.300.3", 1), enabled=False),
        away(entry("88.300.4", 1), (), ()),
        entry("88.301", 0, enabled=False),
    ]
)


@pytest.mark.parametrize(
    ("handle", "holder"),
    [
        ("88.300.2/U", Holder(SITES)),
        ("88.300.2.5/U", Holder(SITES)),
        ("0.NA/88.300.2.5", Holder(DERIVED)),
        ("88.300.3/U", None),
        ("88.300.4/U", Holder(())),
        ("88.300.1/U", None),
        ("88.300.9/U", None),
        ("0.NA/88.300.9", None),
        ("88.301.1/U", None),
        ("0.na/88.301.1", None),
        ("88.30/U", Holder(ABOVE, above=True)),
        ("88.3000.1/U", Holder(ABOVE, above=True)),
        ("0.NA/20.500.1", Holder(ABOVE, above=True)),
    ],
)
def test_who_is_asked(handle, holder):
    assert holder_of(DIRECTORY, Handle.parse(handle), ABOVE) == holder
    if holder is not None and holder.above:
        assert holder_of(DIRECTORY, Handle.parse(handle), ()) is None


async def test_a_key_is_kept_and_no_longer_than_its_ttl(asking, far, clock):
    far.put("300:88.300.1/ME", "HS_PUBKEY", b"key", ttl=60)
    first = await asking.keys(ME, FAR)
    assert [value.data for value in first.values] == [b"key"]
    clock.now += 59
    assert await asking.keys(ME, FAR) is first
    clock.now += 1
    assert await asking.keys(ME, FAR) is not first
    assert len(far.asked) == 2


@pytest.mark.parametrize(
    ("said", "life"),
    [
        ({"ttl": 86400}, KEPT),
        ({"ttl": EPOCH + 20, "absolute": True}, 20),
        ({"ttl": EPOCH - 20, "absolute": True}, -20),
        ({"ttl": 0}, 0),
    ],
)
async def test_how_long_a_key_lives(asking, far, clock, said, life):
    far.put("300:88.300.1/ME", "HS_PUBKEY", b"key", **said)
    assert (await asking.keys(ME, FAR)).until == clock.now + life


async def test_a_key_may_be_looked_at_anew(asking, far, clock):
    kept = await asking.keys(ME, FAR)
    assert await asking.keys(ME, FAR, anew=True) is kept
    clock.now += QUIET
    assert await asking.keys(ME, FAR, anew=True) is not kept
    assert len(far.asked) == 2


async def test_that_there_is_no_key_is_known_for_a_short_time(asking, far, clock):
    nobody = HandleIdentity("88.300.1/NOBODY", 300)
    for _ in range(3):
        assert (await asking.keys(nobody, FAR)).values == ()
    assert len(far.asked) == 1
    clock.now += QUIET
    await asking.keys(nobody, FAR)
    assert len(far.asked) == 2


async def test_only_keys_that_were_asked_for_count(asking, far):
    async def all_kinds(*_):
        return (
            Value(index=300, type="hs_pubkey", data=b"right"),
            Value(index=301, type="HS_PUBKEY", data=b"another"),
            Value(index=300, type="HS_SECKEY", data=b"secret"),
            Value(index=300, type="HS_PUBKEY", data=bytes(LONGEST_KEY + 1)),
        )

    far.public_keys = all_kinds
    assert [v.data for v in (await asking.keys(ME, FAR)).values] == [b"right"]
    any_key = await asking.keys(HandleIdentity(ME.handle, 0), FAR)
    assert [v.data for v in any_key.values] == [b"right", b"another"]


async def test_what_is_kept_is_bounded(asking, far, monkeypatch):
    monkeypatch.setattr(elsewhere, "MOST_KEPT", 2)
    for n in range(1, 4):
        await asking.keys(HandleIdentity("88.300.1/ME", n), FAR)
        asking.proved(HandleIdentity("88.300.1/ME", n), FAR)
    assert asking.standing(HandleIdentity("88.300.1/ME", 1), FAR) is None
    assert asking.standing(HandleIdentity("88.300.1/ME", 3), FAR) is not None
    await asking.keys(HandleIdentity("88.300.1/ME", 3), FAR)
    await asking.keys(HandleIdentity("88.300.1/ME", 1), FAR)
    assert len(far.asked) == 4
    assert MOST_KEPT * MOST_KEYS * LONGEST_KEY <= 16 << 20


@pytest.mark.parametrize("trouble", [t for t in Trouble if t is not Trouble.BUSY])
async def test_what_came_to_nothing_is_not_asked_at_once_again(asking, far, clock, trouble):
    far.trouble = trouble
    assert await asking.keys(ME, FAR) is trouble
    far.trouble = None
    assert await asking.verify(ME, FAR, b"", b"n", b"d") is trouble
    assert len(far.asked) == 1
    # Others are not to blame for it.
    assert (await asking.keys(HandleIdentity("88.300.2/ME", 300), FAR)).values == ()
    assert (await asking.keys(ME, Holder(ABOVE, above=True))).values
    clock.now += QUIET
    assert (await asking.keys(ME, FAR)).values


async def test_who_asks_for_what_nobody_has_shuts_nobody_out(asking, far, clock):
    nobody = HandleIdentity(ME.handle, 999)
    far.trouble = Trouble.NOWHERE
    assert await asking.verify(nobody, FAR, b"", b"n", b"d") is Trouble.NOWHERE
    far.trouble = None
    assert await asking.verify(nobody, FAR, b"", b"n", b"d") is Trouble.NOWHERE
    assert (await asking.keys(ME, FAR)).values
    clock.now += QUIET
    assert await asking.verify(nobody, FAR, b"", b"n", b"d") is False


async def test_a_node_that_is_busy_may_be_asked_again(asking, far):
    far.trouble = Trouble.BUSY
    assert await asking.keys(ME, FAR) is Trouble.BUSY
    far.trouble = None
    assert (await asking.keys(ME, FAR)).values


async def test_a_node_that_hangs_is_given_up(asking, far, monkeypatch):
    monkeypatch.setattr(elsewhere, "PATIENCE", 0.001)
    far.hold = asyncio.Event()
    assert await asking.keys(ME, FAR) is Trouble.SILENT
    assert far.waiting == 0


def identities(prefixes, each):
    return [HandleIdentity(f"{prefix}/U{n}", 300) for prefix in prefixes for n in range(each)]


@pytest.mark.parametrize(
    ("asked", "holders", "room"),
    [
        (identities(["88.300.1"], MOST_OF_PREFIX + 3), 1, MOST_OF_PREFIX),
        (identities([f"88.300.1.{n}" for n in range(9)], 4), 1, MOST_OF_HOLDER),
        (identities([f"88.300.{n}" for n in range(16)], 4), 16, MOST),
    ],
)
async def test_questions_under_way_are_bounded(asking, far, asked, holders, room):
    far.hold = asyncio.Event()
    sites = [Value(index=n, type="HS_SITE", data=b"s") for n in range(1, holders + 1)]
    tasks = [
        asyncio.create_task(asking.keys(one, Holder((sites[at * holders // len(asked)],))))
        for at, one in enumerate(asked)
    ]
    for _ in range(3):
        await asyncio.sleep(0)  # each has its turn
    assert {task.result() for task in tasks if task.done()} == {Trouble.BUSY}
    assert far.waiting == room
    far.hold.set()
    await asyncio.gather(*tasks)
    # The room is free again, and nothing is kept of it.
    assert (await asking.keys(ME, FAR)).values
    assert not asking._under_way


async def test_who_was_proved_is_known_for_a_while(asking, clock):
    asking.proved(ME, FAR)
    standing = asking.standing(ME, FAR)
    assert standing.until == clock.now + KEPT
    assert asking.standing(ME, Holder(ABOVE)) is None
    clock.now += KEPT
    assert not asking.stands(standing)
    assert asking.standing(ME, FAR) is None
    asking.proved(ME, FAR, clock.now + 5)
    assert asking.standing(ME, FAR).until == clock.now + 5
