import asyncio
from itertools import pairwise

from identifiers.outcomes import Absent, Found, NotHomed
from identifiers.values import Value
from identifiers.wire.handle.resolution import decode_query
from resolver.transports.desk import Slot, Waiting, answer_together
from resolver.transports.handle import Asking
from resolver.transports.misses import Gathering, Misses
from tests.unit.resolver.world import ask

URL = Value(index=1, type="URL", data=b"https://example.org/1")


def noting(asked, gate=None):
    """Answer nobody, but note what is asked together; where there is a gate, wait for it."""

    async def answer(together):
        asked.append(together)
        if gate is not None:
            await gate.wait()

    return answer


async def test_misses_of_one_turn_are_answered_in_one_task():
    misses, asked, gate = Misses(10), [], asyncio.Event()
    gathering = Gathering(misses, 3, noting(asked, gate), lambda: 8)
    for name in "abc":
        assert not gathering.full
        gathering.add(name)
    assert gathering.full
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert asked == [["a", "b", "c"]]
    assert gathering.full
    gate.set()
    await misses.close(1.0)
    assert not gathering.full


async def test_a_pile_of_misses_is_begun_in_pieces_one_in_each_turn_of_the_loop():
    misses, asked = Misses(10), []
    gathering = Gathering(misses, 100, noting(asked), lambda: 2)
    for name in "abcde":
        gathering.add(name)
    begun = []
    for _ in range(5):
        begun.append(len(asked))
        await asyncio.sleep(0)
    assert asked == [["a", "b"], ["c", "d"], ["e"]]
    assert all(later - before <= 1 for before, later in pairwise(begun))


async def test_what_waits_for_its_turn_departs_at_once_when_it_is_told_to():
    misses, asked = Misses(10), []
    gathering = Gathering(misses, 100, noting(asked), lambda: 2)
    for name in "abcde":
        gathering.add(name)
    gathering.depart()
    await misses.close(1.0)
    assert asked == [list("abcde")]


async def test_what_was_gathered_departs_once():
    misses, asked = Misses(10), []
    gathering = Gathering(misses, 3, noting(asked), lambda: 8)
    gathering.add("a")
    gathering.depart()
    await asyncio.sleep(0)
    await misses.close(1.0)
    assert asked == [["a"]]


async def test_what_has_waited_is_answered_by_what_is_believed_then(world):
    first, then = [Value(index=1, type="URL", data=data) for data in (b"first", b"then")]
    await world.put("88.300.1/A", first)
    await world.look("88.300.1/A")
    told = []

    class Asker:
        client = world.trusted

        def told(self, answer, _slot, _began):
            told.append(answer)

        def send_on(self):
            pass

    asking = Asking(*decode_query(world.question("88.300.1/A")), b"")
    waiting = Waiting(asking, Asker(), Slot(), world.clock())
    await world.put("88.300.1/A", then)
    world.clock.now += 4.1
    await answer_together(world.exchange, world.clock, [waiting])
    (answer,) = told
    assert then.data in answer.data


async def test_queries_of_several_clients_are_answered_together_in_order(world):
    await world.put("88.300.1/A", URL)
    queries = [ask("88.300.1/A"), ask("88.300.1/B"), ask("20.500/A"), ask("88.300.1/A")]
    clients = [world.trusted, world.stranger, world.stranger, world.stranger]
    looks = world.tier.looks
    outcomes = await world.resolver.answer_together(
        list(zip(queries, clients, strict=True)), world.clock.now
    )
    assert [type(outcome) for outcome in outcomes] == [Found, Absent, NotHomed, Found]
    assert world.tier.looks == looks + 1
    assert world.counters.tallying.prefixes()["88.300.1"] == 3
    assert (await world.resolver.answer_together([], world.clock.now)) == []
