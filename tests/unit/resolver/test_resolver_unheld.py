import asyncio

import pytest

from identifiers.records import State
from identifiers.values import Value
from identifiers.wire.handle.codes import ResponseCode
from identifiers.wire.handle.message import decode
from resolver.counters import Result
from resolver.transports.handle import Asking, HandleExchange
from resolver.transports.repeats import Plain
from tests.unit.resolver.world import SITE, World

URL = Value(index=1, type="URL", data=b"https://example.org/1")
SECRET = Value(index=2, type="NOTE", data=b"for us", permissions=0x0C)


class Cold:
    """A worker that knows the shape of questions for names as long as ``88.300.1/A``."""

    def __init__(self, world):
        self.world = world
        self.exchange = HandleExchange(world.resolver, SITE, world.clock.wall)

    async def learn(self):
        await self.world.put("88.300.1/X", URL)
        asking = self.exchange.at_once(
            self.world.question("88.300.1/X"), self.world.trusted, self.world.clock.now
        )
        assert isinstance(asking, Asking)
        await self.exchange.together([(asking, self.world.trusted)], self.world.clock.now)

    def look(self, handle, request_id=9, **options):
        request = self.world.question(handle, request_id, **options)
        return self.exchange.look(request, self.world.trusted, self.world.clock.now)

    async def tell(self, *plain):
        asked = [(one, self.world.trusted) for one in plain]
        return await self.exchange.tell_together(asked, self.world.clock.now)

    def general(self, plain):
        """Return what the general codec answers, now that everything is held."""
        return self.exchange.general(plain.request, self.world.trusted, self.world.clock.now)


@pytest.fixture
async def at(world):
    cold = Cold(world)
    await cold.learn()
    return cold


async def test_a_question_of_a_shape_never_seen_is_read_whole(world):
    await world.put("88.300.1/A", URL)
    assert Cold(world).look("88.300.1/A") is None


async def test_names_that_are_not_held_are_told_as_the_general_codec_tells_them(at):
    await at.world.put("88.300.1/A", URL, SECRET)
    await at.world.put("88.300.1/B", URL)
    plain = [at.look(f"88.300.1/{name}", number) for number, name in enumerate("ABA")]
    assert all(isinstance(one, Plain) for one in plain)
    looks = at.world.tier.looks
    told = await at.tell(*plain)
    assert at.world.tier.looks == looks + 1
    assert at.world.counters.tallying.prefixes()["88.300.1"] == 4
    assert told == [at.general(one).data for one in plain]
    assert [decode(reply).request_id for reply in told] == [0, 1, 2]


async def test_what_was_told_so_is_held_and_told_at_once(at):
    await at.world.put("88.300.1/A", URL)
    (told,) = await at.tell(at.look("88.300.1/A"))
    assert at.look("88.300.1/A") == told


async def test_what_is_not_told_with_values_is_decided_as_ever(at):
    await at.world.put("88.300.1/A", SECRET)
    await at.world.put("88.300.1/B", URL, state=State.SUSPENDED, reason="not paid")
    await at.world.put("88.300.1/C", URL)
    plain = [at.look(f"88.300.1/{name}") for name in "ABCDB"]
    told = await at.tell(*plain)
    assert isinstance(told[2], bytes)
    assert [one.result for one in told if not isinstance(one, bytes)] == [
        Result.VALUES_ABSENT,
        Result.ABSENT,
        Result.ABSENT,
        Result.ABSENT,
    ]
    for one, answer in zip(plain, told, strict=True):
        if not isinstance(answer, bytes):
            assert answer.data == at.general(one).data


async def test_a_name_that_is_known_not_to_exist_is_not_asked_for_again(at):
    (told,) = await at.tell(at.look("88.300.1/Z"))
    assert told.result is Result.ABSENT
    assert at.look("88.300.1/Z") is None
    at.world.clock.now += 5.0
    assert isinstance(at.look("88.300.1/Z"), Plain)


@pytest.mark.parametrize("handle", ["88.300.1/", "77.300.1/A", "88.300.1a/A", "88.300.1/\0"])
async def test_names_that_are_no_keys_of_ours_are_read_whole(at, handle):
    assert at.world.resolver.unheld(handle, at.world.clock.now) is None


def test_nothing_is_ours_before_the_first_picture():
    world = World()
    assert world.resolver.unheld("88.300.1/A", world.clock.now) is None


async def test_who_asks_while_the_prefixes_change_is_told_by_the_new_picture(at):
    await at.world.put("88.300.1/A", URL)
    plain = at.look("88.300.1/A")
    await at.world.delegate("88.300.1")
    await at.world.follower.step()
    (told,) = await at.tell(plain)
    assert decode(told.data).header.response_code != ResponseCode.SUCCESS
    assert told.data == at.general(plain).data


async def test_who_asks_while_the_prefixes_change_is_told_also_when_no_cache_is_believed(at):
    """News of the prefixes came with the last proof, which has become too old meanwhile."""
    await at.world.put("88.300.1/A", URL)
    plain = at.look("88.300.1/A")
    await at.world.delegate("88.300.1")
    await at.world.follower.step()
    at.world.clock.now += 10.0
    (told,) = await asyncio.wait_for(at.tell(plain), 5)
    assert decode(told.data).header.response_code != ResponseCode.SUCCESS


async def test_a_prefix_that_changes_beside_leaves_the_answer_as_it_is(at):
    await at.world.put("88.300.1/A", URL)
    plain = at.look("88.300.1/A")
    await at.world.home("88.300.9")
    await at.world.follower.step()
    (told,) = await at.tell(plain)
    assert told.data == at.general(plain).data
    assert told.result is Result.FOUND


async def test_without_the_store_what_is_kept_is_told_and_the_rest_is_unavailable(at):
    await at.world.put("88.300.1/A", URL)
    await at.world.look("88.300.1/A")
    plain = Plain(
        at.world.question("88.300.1/A"),
        "88.300.1/A",
        at.look("88.300.1/B").shape,
        at.look("88.300.1/B").held,
    )
    at.world.store.down = True
    told = await at.tell(plain, at.look("88.300.1/B"))
    assert isinstance(told[0], bytes)
    assert told[1].result is Result.UNAVAILABLE
