"""Both HTTP services of a node on loopback, over the store in memory."""

import asyncio
import socket
import time
from contextlib import AsyncExitStack

from edge.addresses import LOOPBACK_AND_PRIVATE, Networks
from edge.server import serve
from identifiers.changes import AuditEntry, Enterprise, StoredKey
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.names import Prefix
from identifiers.principals import Scope
from identifiers.wire.handle.site import Site
from registry.business.feed import Feed
from registry.business.history import History
from registry.business.job_running import JobRunner
from registry.business.jobs import Jobs
from registry.business.owners import KeptOwners
from registry.business.relations import Relations
from registry.business.searching import Searching
from registry.commit import GroupCommit
from registry.http.app import registry_app
from registry.http.feed import feed_noun
from registry.http.history import history_noun
from registry.http.relations import relations_noun
from registry.http.search import search_noun
from registry.http.state_job_operations import jobs_noun
from registry.imports.service import Imports
from registry.keys import KeyRing, hashed
from registry.prefixes import Prefixes
from registry.seals import Seals
from registry.service import Registry
from resolver.clients import Clients
from resolver.counters import Counters
from resolver.follower import Follower
from resolver.freshness import Freshness
from resolver.limits import Limits
from resolver.service import Resolver
from resolver.tiers.coalescing import Coalescing
from resolver.tiers.guarded import Guarded
from resolver.tiers.local import LocalTier
from resolver.transports.http import HttpResolution
from storage.memory import (
    MemoryAccounts,
    MemoryFollowers,
    MemoryHistory,
    MemoryJobs,
    MemoryRelations,
    MemorySearch,
    MemoryStore,
)

PEPPER = bytes(32)
API_KEY = "one.secret-of-the-key"
NOBODY = Networks(())
AUDIT = AuditEntry(at=0, actor="test", action="test", subject="test", request="test")


async def both_ways(talk, protocol):
    """Listen on TCP and UDP with one port number; gives the server, the transport, the number."""
    loop = asyncio.get_running_loop()
    while True:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            udp, _ = await loop.create_datagram_endpoint(
                lambda: protocol, local_addr=("127.0.0.1", port)
            )
        except OSError:  # the number is somebody else's on UDP
            server.close()
            await server.wait_closed()
            continue
        return server, udp, port


def listener() -> tuple[socket.socket, str]:
    opened = socket.create_server(("127.0.0.1", 0))
    return opened, f"http://127.0.0.1:{opened.getsockname()[1]}"


class Services:
    """A registry and a resolver in front of one store."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.registry = ""
        self.http = ""
        self.follower: Follower | None = None
        self.jobs: JobRunner | None = None
        """Does what jobs ask for, when it is told to."""

    async def start(self, stack: AsyncExitStack) -> None:
        await self._furnish()
        prefixes = Prefixes(self.store)
        commit = GroupCommit(self.store)
        stack.push_async_callback(commit.close)
        registry = Registry(self.store, commit, prefixes, Seals(bytes(32)))
        jobs, owners = MemoryJobs(self.store), KeptOwners(self.store, MemoryAccounts(self.store))
        self.jobs = JobRunner(jobs, self.store, registry, owners, clock=time.time_ns, chunk=2)
        relations = Relations(MemoryRelations(self.store), self.store, prefixes)
        app = registry_app(
            registry,
            Imports(self.store, prefixes, Seals(bytes(32))),
            KeyRing(self.store, PEPPER),
            NOBODY,
            nouns=(
                search_noun(Searching(MemorySearch(self.store), prefixes)),
                history_noun(History(MemoryHistory(self.store), prefixes, registry)),
                relations_noun(relations),
                feed_noun(Feed(MemoryFollowers(self.store), prefixes)),
                jobs_noun(Jobs(jobs, self.store, prefixes)),
            ),
        )
        opened, self.registry = listener()
        stack.push_async_callback((await serve(app, [opened])).cleanup)
        opened, self.http = listener()
        stack.push_async_callback((await serve(self._resolution(), [opened])).cleanup)
        await self.follow()

    async def follow(self) -> None:
        """Let the resolver learn what was written."""
        assert await self.follower.step()

    def _resolution(self):
        clock = time.monotonic
        freshness, counters = Freshness(), Counters(time.time)
        guarded = Guarded(self.store, freshness, clock)
        local = LocalTier(
            Coalescing(guarded), Coalescing(guarded, join_in_flight=False), clock, lambda: 0.0
        )
        resolver = Resolver(local, freshness, counters, clock)
        self.follower = Follower(
            feed=self.store,
            directories=self.store,
            freshness=freshness,
            local=local,
            shared=None,
            use=resolver.use,
            clock=clock,
        )
        return HttpResolution(
            resolver,
            Site(serial=1, servers=()),
            clients=Clients(LOOPBACK_AND_PRIVATE),
            proxies=NOBODY,
            rates=Limits(1),
            counters=counters,
            clock=clock,
            epoch=time.time,
        ).application()

    async def _furnish(self) -> None:
        await self.store.add_enterprise(Enterprise(id=0, name="示例煤业"), AUDIT)
        for prefix, kind, owner in (
            ("88.300", PrefixKind.SECONDARY, 0),
            ("88.300.1", PrefixKind.ENTERPRISE, 1),
        ):
            entry = PrefixEntry(prefix=Prefix.parse(prefix), kind=kind, enterprise=owner)
            await self.store.home_prefix(entry, AUDIT)
        key = StoredKey(
            id="one",
            enterprise=1,
            hashed=hashed(API_KEY, PEPPER),
            scopes=frozenset(Scope),
            prefixes=(),
            networks=(),
            label="test",
            created_at=0,
            expires_at=1 << 40,
        )
        await self.store.add_key(key, AUDIT)
