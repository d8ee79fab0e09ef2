import asyncio

import pytest

from identifiers.changes import Enterprise
from identifiers.errors import StoreUnavailable
from registry.keys import CACHE_SECONDS, KeyRing, hashed, make_key
from storage.memory import MemoryStore
from tests.unit.registry.world import NOW, PEPPER, audit, stored_key, token


class CountingStore(MemoryStore):
    asked = 0

    async def key(self, key_id):
        self.asked += 1
        return await super().key(key_id)


@pytest.fixture
async def keys():
    store = CountingStore()
    await store.add_enterprise(Enterprise(id=0, name="山西示例煤业"), audit())
    await store.add_key(stored_key("one", 1), audit())
    await store.add_key(stored_key("old", 1, expires_at=NOW), audit())
    await store.add_key(stored_key("ended", 1), audit())
    await store.revoke_key("ended", NOW - 1, audit())
    return store


async def who(ring, key, monotonic=100.0):
    return await ring.principal(key, now=NOW, monotonic=monotonic)


@pytest.mark.parametrize("first", [0x00, 0x7F, 0xF8, 0xFB, 0xFF])
def test_an_id_looks_like_no_option(first):
    assert make_key(bytes((first, *range(40)))).id[0].isalpha()


async def test_a_key_names_its_principal(keys):
    principal = await who(KeyRing(keys, PEPPER), token("one"))
    assert (principal.id, principal.enterprise) == ("one", 1)


@pytest.mark.parametrize(
    "key",
    [
        "",
        ".",
        "one",
        "one.",
        "one.wrong",
        "nobody.secret-of-one",
        "one.secret-of-one ",
        "one.secret-of-one.more",
        "öne.secret-of-one",
        "x" * 33 + ".secret",
        token("old"),
        token("ended"),
    ],
)
async def test_anything_else_names_nobody(keys, key):
    assert await who(KeyRing(keys, PEPPER), key) is None


async def test_another_pepper_makes_every_key_wrong(keys):
    assert await who(KeyRing(keys, b"other"), token("one")) is None


@pytest.mark.parametrize("key", [token("one"), "nobody.x"])
async def test_the_store_is_asked_once_in_two_seconds(keys, key):
    ring = KeyRing(keys, PEPPER)
    for at in (100.0, 100.5, 100.0 + CACHE_SECONDS - 0.01):
        await who(ring, key, at)
    assert keys.asked == 1
    await who(ring, key, 100.0 + CACHE_SECONDS)
    assert keys.asked == 2


async def test_a_revoked_key_ends_when_the_memory_of_it_does(keys):
    ring = KeyRing(keys, PEPPER)
    assert await who(ring, token("one"), 100.0) is not None
    await keys.revoke_key("one", NOW, audit())
    assert await who(ring, token("one"), 100.0 + CACHE_SECONDS) is None


async def test_a_key_that_proved_right_is_known_again_and_a_wrong_one_is_not(keys):
    ring = KeyRing(keys, PEPPER)
    first = await who(ring, token("one"))
    for wrong in ("one.secret-of-on", "one.secret-of-onf", "one.s"):
        assert await who(ring, wrong) is None
        assert await who(ring, token("one")) == first
    assert await ring.principal(token("one"), now=NOW + 10**6, monotonic=100.0) is None


async def test_who_comes_while_a_key_is_read_waits_for_that(keys):
    ring = KeyRing(keys, PEPPER)
    first, gone, wrong = (
        asyncio.create_task(who(ring, key)) for key in (token("one"), token("one"), "one.wrong")
    )
    await asyncio.sleep(0)
    gone.cancel()
    assert ((await first).id, await wrong) == ("one", None)
    assert keys.asked == 1
    keys.down = True
    both = (who(ring, token("one"), 200.0) for _ in range(2))
    one, other = await asyncio.gather(*both, return_exceptions=True)
    assert (type(one), type(other)) == (StoreUnavailable, StoreUnavailable)
    assert one is not other
    assert keys.asked == 2
    keys.down = False
    assert (await who(ring, token("one"), 200.0)).id == "one"


async def test_an_unreachable_store_is_said(keys):
    keys.down = True
    with pytest.raises(StoreUnavailable):
        await who(KeyRing(keys, PEPPER), token("one"))


async def test_memory_is_bounded(keys, monkeypatch):
    monkeypatch.setattr("registry.keys._CACHED", 3)
    ring = KeyRing(keys, PEPPER)
    for n in range(10):
        await who(ring, f"nobody{n}.x")
    assert len(ring._cache) == 3
    await who(ring, "nobody9.x")
    assert keys.asked == 10


def test_a_new_key_has_256_bits_and_keeps_its_secret():
    new = make_key(bytes(range(41)))
    assert new.token.startswith(new.id + ".")
    assert len(new.token.partition(".")[2]) == 43
    assert new.token not in repr(new)
    assert len(hashed(new.token, PEPPER)) == 32


def test_a_key_needs_all_its_random_octets():
    with pytest.raises(ValueError, match="41"):
        make_key(b"few")
