"""A resolver over the stores in memory, wired as the node wires it, under a clock of our own."""

import asyncio
import time
from ipaddress import IPv4Address

import msgspec
import pytest

from edge.addresses import LOOPBACK_AND_PRIVATE, Networks
from identifiers.changes import AuditEntry, ChangeKind, Delegated, Touched, Writes, Written
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.names import Handle, Prefix
from identifiers.queries import Query
from identifiers.records import Record, State
from identifiers.routes import record_key
from identifiers.wire.handle import bodies, message
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message
from identifiers.wire.handle.site import Interface, Server, Site
from identifiers.wire.handle.values import encode_values
from resolver.clients import Clients
from resolver.counters import Counters
from resolver.follower import Follower
from resolver.freshness import Freshness
from resolver.limits import Limits, ProvenPaths, Rates
from resolver.service import Resolver
from resolver.tiers.coalescing import Batching, Coalescing
from resolver.tiers.guarded import Guarded
from resolver.tiers.local import Bounds, LocalTier
from resolver.tiers.shared import SharedRecords
from resolver.transports.beyond import Beyond
from resolver.transports.handle import HandleExchange
from resolver.vouching import Vouching
from storage.memory import MemorySharedTier, MemoryStore

EAGER = Batching(gap=0.0)
AUDIT = AuditEntry(at=0, actor="test", action="test", subject="test", request="test")
SITE = Site(
    serial=1,
    servers=(
        Server(
            id=1,
            address=IPv4Address("127.0.0.1"),
            public_key=b"",
            interfaces=(Interface(2, 0, 2641), Interface(2, 1, 2641)),
        ),
    ),
)


class Clock:
    """Stands still until it is moved; the wall is as far away as in 2026."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def wall(self):
        return self.now + 1_780_000_000.0


def ask(handle, **fields):
    return Query(handle=handle.encode(), **fields)


class Somebody:
    """The registry's place (`resolver.ports.Authority`): answers as it is told, keeps what came."""

    def __init__(self, *replies):
        self.replies = replies
        self.error = None
        """Raised at the end of the replies."""
        self.hold = None
        """Waited for before each reply but the first."""
        self.came = []
        self.taken = 0
        """Replies that were asked for."""
        self.under_way = 0

    async def message(self, request, origin):
        self.came.append((request, origin))
        self.under_way += 1
        try:
            for at, reply in enumerate(self.replies):
                if at and self.hold is not None:
                    await self.hold.wait()
                self.taken += 1
                yield reply
            if self.error is not None:
                raise self.error
        finally:
            self.under_way -= 1

    async def http(self, request, origin):
        self.came.append((request, origin))
        if self.error is not None:
            raise self.error
        return self.replies[0]


class World:
    """A worker's resolver; `clock` moves by hand unless `real_time`."""

    def __init__(
        self,
        *,
        shared=True,
        real_time=False,
        rates=None,
        bounds=None,
        trusted=True,
        authority=None,
        certifier=None,
        roots=None,
        verifying=64,
        patience=EAGER.patience,
    ):
        self.clock = time.monotonic if real_time else Clock()
        wall = time.time if real_time else self.clock.wall
        self.store = MemoryStore()
        self.tier = MemorySharedTier(clock=self.clock) if shared else None
        self.freshness = Freshness()
        self.counters = Counters(wall)
        guarded = Guarded(self.store, self.freshness, self.clock)
        self.shared = SharedRecords(self.tier, guarded) if shared else None
        batching = msgspec.structs.replace(EAGER, patience=patience)
        past_caches = Coalescing(guarded, batching, join_in_flight=False)
        self.local = LocalTier(
            Coalescing(self.shared or guarded, batching),
            past_caches,
            self.clock,
            lambda: 0.0,
            bounds or Bounds(),
        )
        self.limits = Limits(1, rates or Rates(buckets=1 << 12))
        self.resolver = Resolver(
            self.local, self.freshness, self.counters, self.clock, limits=self.limits
        )
        self.follower = Follower(
            feed=self.store,
            directories=self.store,
            freshness=self.freshness,
            local=self.local,
            shared=self.shared,
            use=self.resolver.use,
            clock=self.clock,
        )
        self.clients = Clients(LOOPBACK_AND_PRIVATE if trusted else Networks([]))
        self.proven = ProvenPaths()
        self.authority = authority
        vouching = Vouching(self.resolver, roots, wall, verifying) if roots else None
        beyond = Beyond(
            authority=authority, certifier=certifier, rates=self.limits, vouching=vouching
        )
        self.exchange = HandleExchange(self.resolver, SITE, wall, beyond=beyond)
        self.trusted = self.clients.of("127.0.0.1")
        self.stranger = self.clients.of("203.0.113.7")

    async def home(self, prefix, kind=PrefixKind.ENTERPRISE, **fields):
        entry = PrefixEntry(prefix=Prefix.parse(prefix), kind=kind, enterprise=0, **fields)
        await self.store.home_prefix(entry, AUDIT)

    async def delegate(self, prefix, *, away=True):
        """Mark a prefix, and nothing else."""
        moved = Delegated(Prefix.parse(prefix), away=away)
        key = record_key(prefix)
        await self.store.write(Touched(keys=(key,)), lambda _: (Writes(delegated=(moved,)), None))

    async def put(self, handle, *values, key=None, state=State.ACTIVE, reason=""):
        """Write the next version of a record and return it."""
        key = key or Handle.parse(handle).key()

        def decide(current):
            old = current.records.get(key)
            record = Record(
                key=key,
                name=handle,
                version=1 if old is None else old.version + 1,
                state=state,
                values=encode_values(values),
                changed_at=0,
                reason=reason,
            )
            kind = ChangeKind.CREATED if old is None else ChangeKind.UPDATED
            return Writes(records=(Written(None, kind, record),)), record

        return await self.store.write(Touched(keys=(key,)), decide)

    async def look(self, handle, client=None, **fields):
        """Resolve as a transport does: at once, or by asking."""
        query, client = ask(handle, **fields), client or self.trusted
        now = self.clock()
        outcome = self.resolver.answer_now(query, client, now)
        return outcome if outcome is not None else await self.resolver.answer(query, client, now)

    @staticmethod
    def question(handle, request_id=7, *, flags=0x19000000, indexes=(), types=()):
        """Return the bytes of a resolution request, envelope first."""
        body = bodies.Asked(handle, indexes, types)
        header = Header(op_code=1, flags=flags)
        return message.encode(Message(request_id=request_id, header=header, body=body))

    @staticmethod
    def request(op_code, body, **fields):
        """Return the bytes of any request."""
        header = Header(op_code=op_code, flags=0x19000000)
        return message.encode(Message(request_id=7, header=header, body=body, **fields))

    @staticmethod
    async def until(condition):
        """Turn the loop until `condition()` holds; a turn takes no time of its own."""
        for _ in range(100_000):
            if condition():
                return
            await asyncio.sleep(0)
        pytest.fail("it never came to that")

    def serving(self):
        """What the listeners want to be made with."""
        return {
            "clients": self.clients,
            "rates": self.limits,
            "proven": self.proven,
            "counters": self.counters,
            "clock": self.clock,
        }
