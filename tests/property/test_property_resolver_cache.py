"""Whatever the order of writes, reads in flight and news: nothing older than the last news is kept.

Invariants I7 and I8 of the assurance plan in small: reads see the store when they leave and come
back whenever they like, or are given up; news tell every version committed before them.
"""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from identifiers.records import EMPTY_VALUES, Record, State
from resolver.tiers.coalescing import Batching, Coalescing
from resolver.tiers.local import LocalTier, Nothing
from resolver.view import Kept

KEYS = ("a", "b", "c")
STEPS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(KEYS)),
    st.tuples(st.just("fetch"), st.sets(st.sampled_from(KEYS), min_size=1)),
    st.tuples(st.just("refresh"), st.sets(st.sampled_from(KEYS), min_size=1)),
    st.tuples(st.just("land"), st.integers(0, 5)),
    st.tuples(st.just("news"), st.none()),
    st.tuples(st.just("anew"), st.none()),
    st.tuples(st.just("give_up"), st.integers(0, 5)),
    st.tuples(st.just("let_pass"), st.sampled_from([0.5, 6.0, 400.0])),
)


class Store:
    """Reads see what is stored when they leave, and land when they are let."""

    def __init__(self):
        self.versions = {}
        self.in_flight = []

    async def fetch(self, keys):
        seen = [self._record(key) for key in keys]
        landed = asyncio.get_running_loop().create_future()
        self.in_flight.append(landed)
        await landed
        return seen

    def _record(self, key):
        version = self.versions.get(key)
        if version is None:
            return None
        return Record(
            key=key,
            name=key,
            version=version,
            state=State.ACTIVE,
            values=EMPTY_VALUES,
            changed_at=0,
        )

    def land(self, number):
        if self.in_flight:
            self.in_flight.pop(number % len(self.in_flight)).set_result(None)


async def settle():
    for _ in range(6):
        await asyncio.sleep(0)


def version_of(kept):
    match kept:
        case Kept():
            return kept.record.version
        case Nothing():
            return 0
        case _:
            return None


class Run:
    """A tier over a store; `told` are the versions that everybody must have heard of."""

    def __init__(self):
        self.now = 0.0
        self.store = Store()
        patient = Batching(gap=0.0, patience=3600.0)
        self.tier = LocalTier(
            Coalescing(self.store, patient),
            Coalescing(self.store, patient, join_in_flight=False),
            lambda: self.now,
            lambda: 0.5,
        )
        self.told = {}
        self.readers = []

    def write(self, key):
        self.store.versions[key] = self.store.versions.get(key, 0) + 1

    def fetch(self, keys):
        self._start(self.tier.fetch, sorted(keys), self.told)

    def refresh(self, keys):
        self._start(self.tier.refresh, sorted(keys), self.store.versions)

    def land(self, number):
        self.store.land(number)

    def news(self, _):
        self.tier.supersede(self.store.versions.items())
        self.told = dict(self.store.versions)

    def anew(self, _):
        # The feed begins anew: what it would have told of the time before is never told.
        self.tier.clear()
        self.told = dict(self.store.versions)

    def give_up(self, number):
        if self.readers:
            self.readers[number % len(self.readers)].cancel()

    def let_pass(self, seconds):
        self.now += seconds

    def check(self):
        for key in KEYS:
            version = version_of(self.tier.look(key, self.now))
            assert version is None or version >= self.told.get(key, 0), "old, and kept"

    async def end(self):
        while self.store.in_flight:
            self.store.land(0)
            await settle()
        for reader in self.readers:
            if not reader.cancelled():
                reader.result()

    def _start(self, call, keys, known):
        self.readers.append(asyncio.create_task(self._read(call, keys, dict(known))))

    async def _read(self, call, keys, known):
        for key, record in zip(keys, await call(keys), strict=True):
            version = 0 if record is None else record.version
            assert known.get(key, 0) <= version <= self.store.versions.get(key, 0)


async def scenario(steps):
    run = Run()
    for what, argument in steps:
        getattr(run, what)(argument)
        await settle()
        run.check()
    await run.end()


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_nothing_older_than_the_last_news_is_kept_or_told(steps):
    asyncio.run(scenario(steps))
