"""Keys beyond their bounds are as keys that are not there."""

from ipaddress import ip_address, ip_network

import msgspec
import pytest
from structlog.testing import capture_logs

from identifiers.errors import StoreUnavailable
from identifiers.keys.bounds import UNBOUNDED, Bounds, KeyBounds
from identifiers.principals import HandleIdentity
from identifiers.records import Record, State
from identifiers.values import Value
from identifiers.wire.handle.values import encode_values
from registry.access.bounds import BOOK_SECONDS, MOST_TOLD, BoundsBook
from registry.identities import Identities
from registry.keyvalues import MOST_KEYS, KeyValues
from registry.prefixes import Prefixes
from registry.proofs import WRONG
from registry.seals import KEY_OCTETS, Seals
from storage.memory import MemoryKeyBounds
from tests.unit.registry.world import NOW, say

ADMIN = "0.NA/88.300.1"
SEALS = Seals(b"k" * KEY_OCTETS)
SECRET = b"password123"
ME, OTHER = HandleIdentity(ADMIN, 300), HandleIdentity(ADMIN, 301)
NEAR, FAR = ip_address("10.1.2.3"), ip_address("192.0.2.1")


class Clock:
    """Wall clock and steady one, which pass as they are told to."""

    def __init__(self):
        self.now = float(NOW)

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def bounds(store):
    return MemoryKeyBounds(store)


@pytest.fixture
def book(bounds, clock):
    return BoundsBook(bounds, clock, clock)


@pytest.fixture
def known(store, book):
    keys = [Value(index=one, type="HS_SECKEY", data=SECRET) for one in (300, 301)]
    store.records[ADMIN] = Record(
        key=ADMIN,
        name=ADMIN,
        version=1,
        state=State.ACTIVE,
        values=encode_values(SEALS.sealed(ADMIN, tuple(keys))),
        changed_at=NOW,
    )
    return Identities(store, Prefixes(store), SEALS, bounds=book)


@pytest.fixture
def bound(bounds, book):
    async def bound(*said, who=ME):
        await say(bounds, KeyBounds(who, Bounds(*said), "account:li", 1))
        book.forget()

    return bound


async def test_a_key_without_bounds_counts_from_everywhere(known):
    assert await known.check_secret(ME, SECRET) == ME
    assert await known.check_secret(ME, SECRET, FAR) == ME


async def test_a_key_that_expired_proves_nobody_and_the_others_do(known, bound, clock):
    await bound(NOW + 60)
    assert await known.check_secret(ME, SECRET, NEAR) == ME
    clock.now += 60
    assert await known.check_secret(ME, SECRET, NEAR) == WRONG
    assert await known.check_secret(OTHER, SECRET, NEAR) == OTHER
    # Index 0 stands for whichever of them counts.
    assert await known.check_secret(HandleIdentity(ADMIN, 0), SECRET, NEAR) == OTHER


async def test_keys_beyond_their_bounds_take_no_place_of_one_that_counts(known, bound, store, book):
    indexes = range(300, 300 + 3 * MOST_KEYS)
    keys = [Value(index=one, type="HS_SECKEY", data=SECRET) for one in indexes]
    values = encode_values(SEALS.sealed(ADMIN, tuple(keys)))
    store.records[ADMIN] = msgspec.structs.replace(store.records[ADMIN], values=values)
    any_of_them, last = HandleIdentity(ADMIN, 0), HandleIdentity(ADMIN, indexes[-1])
    for index in indexes[:-1]:
        await bound(NOW, who=HandleIdentity(ADMIN, index))
    with capture_logs() as told:
        assert await known.check_secret(any_of_them, SECRET, NEAR) == last
    assert len([line for line in told if line["event"] == "a key does not count"]) == MOST_TOLD
    # Of those that count the first are tried, and no more.
    for index in indexes[1 : 2 * MOST_KEYS]:
        await bound(who=HandleIdentity(ADMIN, index))
    found = await KeyValues(store, Prefixes(store), SEALS, None, book).counting(any_of_them, NEAR)
    assert [value.index for value in found.values] == [*indexes[1 : 1 + MOST_KEYS]]


async def test_a_key_counts_from_its_networks_only(known, bound):
    await bound(None, (ip_network("10.0.0.0/8"),))
    assert await known.check_secret(ME, SECRET, NEAR) == ME
    assert await known.check_secret(ME, SECRET, FAR) == WRONG
    assert await known.check_secret(ME, SECRET) == WRONG
    # Somebody else asks about an answer: where it was made is not known.
    assert await known.verify(ME, b"", b"", b"") == WRONG


async def test_whoever_is_known_is_until_his_key_expires(known, bound, clock):
    await bound(NOW + 60, (ip_network("10.0.0.0/8"),))
    proof = await known.proof(ME, NEAR)
    assert await known.stands(proof, NEAR)
    assert not await known.stands(proof, FAR)
    clock.now += 60
    assert not await known.stands(proof, NEAR)
    assert await known.proof(ME, NEAR) is None
    assert await known.key_value(ME) is not None  # it is there, for whom it does not prove


async def test_bounds_are_kept_for_two_seconds_and_forgotten_when_told(known, bounds, clock, book):
    assert await known.check_secret(ME, SECRET, NEAR) == ME
    await say(bounds, KeyBounds(ME, Bounds(NOW), "key:k", 1))
    assert await known.check_secret(ME, SECRET, NEAR) == ME
    clock.now += BOOK_SECONDS
    assert await known.check_secret(ME, SECRET, NEAR) == WRONG
    await say(bounds, KeyBounds(ME, UNBOUNDED, "key:k", 1))
    assert await known.check_secret(ME, SECRET, NEAR) == WRONG
    book.forget()
    assert await known.check_secret(ME, SECRET, NEAR) == ME


async def test_bounds_that_were_changed_while_they_were_read_are_not_kept(clock):
    class Slow:
        """A store that hears of new bounds just after it read the old ones."""

        asked = 0

        async def key_bounds(self, handle):
            self.asked += 1
            assert handle == ADMIN
            if self.asked == 1:
                book.forget()
            return []

    book = BoundsBook(slow := Slow(), clock, clock)
    value = Value(index=300, type="HS_PUBKEY", data=b"")
    for times in (1, 2, 2):
        assert await book.counting(ADMIN, (value,), None) == (value,)
        assert slow.asked == times


async def test_few_of_many_records_are_kept(bounds, clock, monkeypatch):
    monkeypatch.setattr("registry.access.bounds.MOST", 2)
    book = BoundsBook(bounds, clock, clock)
    for name in "ABCA":
        await book.counting(name, (), None)
    assert len(book) == 2


async def test_nobody_is_proved_while_bounds_cannot_be_read(known, store, book):
    assert await known.check_secret(ME, SECRET) == ME
    book.forget()
    store.down = True
    with pytest.raises(StoreUnavailable):
        await known.check_secret(ME, SECRET)
