"""Whatever happens between two questions: finished replies tell what the general codec tells.

Questions come again and again, so that their replies stand in front; between them identifiers
change, news arrive or are late, records are read past the caches, prefixes come and go, everything
is forgotten, time passes.
"""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from identifiers.directory import PrefixDirectory, PrefixEntry, PrefixKind
from identifiers.names import Prefix
from identifiers.records import State
from identifiers.values import Value
from resolver.transports.handle import Reply
from tests.unit.resolver.world import World

HANDLES = ("88.300.1/A", "88.300.1/B", "88.300.2/A")
SHORT = (Value(index=1, type="URL", data=b"https://example.org/1"),)
PART = (*SHORT, Value(index=2, type="NOTE", data=b"for us", permissions=0x0C))
LONG = (Value(index=3, type="NOTE", data=bytes(500)),)
handles = st.sampled_from(HANDLES)
STEPS = st.one_of(
    st.tuples(st.just("ask"), handles, st.sampled_from([0x1900_0000, 0, 0x9900_0000])),
    st.tuples(st.just("ask"), handles, st.just(0x1900_0000)),
    st.tuples(st.just("write"), handles, st.sampled_from([SHORT, PART, LONG, ()])),
    st.tuples(st.just("end"), handles, st.sampled_from([State.SUSPENDED, State.DELETED])),
    st.tuples(st.just("refresh"), handles, st.none()),
    st.tuples(st.just("look"), handles, st.none()),
    st.tuples(st.just("news"), st.none(), st.none()),
    st.tuples(st.just("forget"), st.none(), st.none()),
    st.tuples(st.just("switch"), st.sampled_from(["88.300.1", "88.300.2"]), st.booleans()),
    st.tuples(st.just("let_pass"), st.sampled_from([0.3, 3.0, 5.0]), st.none()),
    st.tuples(st.just("live_on"), st.sampled_from([100.0, 280.0, 310.0]), st.none()),
)


class Run:
    def __init__(self):
        self.world = World()
        self.told_from_front = 0

    async def begin(self):
        for prefix in ("88.300.1", "88.300.2"):
            await self.world.home(prefix)
        await self.world.follower.step()
        for handle in HANDLES:
            await self.write(handle, SHORT)
            await self.world.follower.step()
            await self.look(handle)
            self.world.exchange.plain(
                self.world.question(handle), self.world.trusted, self.world.clock.now
            )
            await self.ask(handle, 0x1900_0000)

    async def ask(self, handle, flags):
        here = self.world
        client, now = here.trusted, here.clock.now
        for number in range(4):
            whole = here.question(handle, number, flags=flags)
            without_credential = whole[:16] + (len(whole) - 24).to_bytes(4, "big") + whole[20:-4]
            for request in (whole, without_credential):
                expected = here.exchange.general(request, client, now)
                assert here.exchange.at_once(request, client, now) == expected
                out = []
                taken = here.exchange.repeat(request * 2, client, now, out, 9, 9_000)
                if taken != (0, 0):
                    assert isinstance(expected, Reply)
                    assert taken == (2, 2 * len(request))
                    assert b"".join(out) == 2 * expected.data
                self.told_from_front += here.local.front.find(request[40:]) is not None

    async def write(self, handle, values):
        await self.world.put(handle, *values)

    async def end(self, handle, state):
        await self.world.put(handle, state=state)

    async def refresh(self, handle, _):
        await self.world.local.refresh([handle])

    async def look(self, handle, _=None):
        await self.world.look(handle)

    async def news(self, *_):
        await self.world.follower.step()

    async def forget(self, *_):
        self.world.local.clear()

    async def switch(self, prefix, on):
        entries = [
            PrefixEntry(
                prefix=Prefix.parse(name),
                kind=PrefixKind.ENTERPRISE,
                enterprise=0,
                enabled=on or name != prefix,
            )
            for name in ("88.300.1", "88.300.2")
        ]
        self.world.resolver.use(PrefixDirectory(entries))

    async def let_pass(self, seconds, _):
        self.world.clock.now += seconds

    async def live_on(self, seconds, _):
        self.world.clock.now += seconds
        await self.news()


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=30))
def test_what_stands_in_front_is_what_is_answered(steps):
    async def run():
        here = Run()
        await here.begin()
        assert here.told_from_front
        for step, *words in steps:
            await getattr(here, step)(*words)
            for handle in HANDLES:
                await here.ask(handle, 0x1900_0000)

    asyncio.run(run())
