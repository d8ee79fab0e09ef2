"""Every constructor call of a worker; those of the registry are in ``registrar``.

The order of the cache tiers is here, and only here. What is entered into the stack first is closed
last: probes, then stores, then services, then the public listeners.
"""

import asyncio
import random
import secrets
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Final

import msgspec

from edge import farewell
from edge.addresses import Networks
from edge.connections import Connections
from edge.relay import RelayedAuthority
from edge.server import serve
from identifiers.errors import StoreUnavailable
from idnode.peers import Peer
from idnode.transport import Address
from node import connections, huge_pages, memory
from node.assignment import Role
from node.config import Settings
from node.countries import read_countries
from node.gauges import (
    cache_families,
    connection_families,
    database_families,
    freshness_check,
    freshness_families,
    relay_families,
    resolver_families,
    tier_families,
)
from node.joining import Checked, first_picture
from node.keys import Secret, load_or_make
from node.lifecycle import Begin, Running
from node.listeners import inherited
from node.metrics import Family
from node.pauses import watched
from node.registrar import begin_registry
from node.serving import serve_operations, serve_tls, site_of
from node.telling import Telling
from node.trust import read_roots
from resolver.clients import Clients
from resolver.counters import Counters, Event
from resolver.follower import Follower
from resolver.freshness import Freshness
from resolver.limits import Limits, ProvenPaths
from resolver.ports import RecordSource
from resolver.recursion import Recursion
from resolver.service import Resolver
from resolver.tiers.coalescing import Coalescing
from resolver.tiers.guarded import Guarded
from resolver.tiers.local import Bounds, LocalTier
from resolver.tiers.shared import SharedRecords
from resolver.transports.beyond import Beyond
from resolver.transports.certified import Certifier
from resolver.transports.handle import HandleExchange
from resolver.transports.http import HttpResolution
from resolver.transports.moving import Passage
from resolver.transports.tcp import TcpListener
from resolver.transports.udp import UdpListener
from resolver.turns import Turns
from resolver.vouching import Vouching
from storage.postgres import (
    Database,
    PostgresDirectory,
    PostgresFeed,
    PostgresRecords,
    PostgresTallies,
    check_schema,
)
from storage.redis import RedisServer, RedisSharedTier

_CACHE_SHARE: Final = 4
"""All workers together keep at most this part of the memory (1/n) in their caches."""


class _Tiers(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker answers from."""

    turns: Turns
    freshness: Freshness
    counters: Counters
    local: LocalTier
    shared: SharedRecords | None
    store: Guarded


async def begin_worker(running: Running) -> None:
    """Bring a resolver worker up: tiers, follower, listeners."""
    assignment, stack = running.assignment, running.stack
    await serve_operations(running)
    database = await stack.enter_async_context(
        Database(
            assignment.database,
            connections=connections.WORKER,
            durable=False,
            application=f"idnode-{assignment.name}",
        )
    )
    running.metrics.append(lambda: database_families(database.census()))
    feed = await stack.enter_async_context(PostgresFeed(database, assignment.database))
    tiers = await _tiers(running, database)
    walk = _recursion(running.settings)
    rates = Limits(secrets.randbits(64))
    resolver = Resolver(
        tiers.local, tiers.freshness, tiers.counters, time.monotonic, walk, limits=rates
    )
    follower = Follower(
        feed=feed,
        directories=Checked(PostgresDirectory(database), lambda: check_schema(database)),
        freshness=tiers.freshness,
        local=tiers.local,
        shared=tiers.shared,
        use=resolver.use,
        clock=time.monotonic,
    )
    running.caught_up = follower.caught_up
    running.background(follower.run(), "follower")
    running.background(tiers.local.run(), "early refresh")
    running.background(huge_pages.keep(), "huge pages")
    if await first_picture(follower.ready, assignment.siblings):
        with suppress(StoreUnavailable):  # then whoever wants one tells that himself
            await database.open(connections.QUESTIONS)
    telling = Telling(PostgresTallies(database), tiers.counters.take)
    stack.push_async_callback(telling.tell)
    running.background(telling.run(), "telling counts")
    tcp = await _listen(running, resolver, rates, tiers)
    _tell(running, tiers, tcp)


def _recursion(settings: Settings) -> Recursion | None:
    """Return how other nodes are asked, where they are."""
    if not settings.recursion:
        return None
    return Recursion(
        [Address(host=address.host, tcp=address.port) for address in settings.upstream],
        lambda address: Peer(address, draw=lambda: secrets.randbits(32)),
        clock=time.monotonic,
        epoch=time.time,
    )


async def _tiers(running: Running, database: Database) -> _Tiers:
    """Local tier, shared tier, store: each asks the next, and misses travel together."""
    freshness = Freshness()
    guarded = Guarded(PostgresRecords(database), freshness, time.monotonic)
    shared = await _shared_tier(running, guarded)
    turns = Turns()
    usual = Coalescing(guarded if shared is None else shared, turns=turns)
    authority = Coalescing(guarded, join_in_flight=False, turns=turns)
    for tier in (usual, authority):
        running.stack.push_async_callback(tier.close)
    bounds = _bounds(running.settings.workers)
    return _Tiers(
        turns=turns,
        freshness=freshness,
        counters=Counters(time.time, uuid.uuid4()),
        local=LocalTier(usual, authority, time.monotonic, random.random, bounds),
        shared=shared,
        store=guarded,
    )


async def _shared_tier(running: Running, behind: RecordSource) -> SharedRecords | None:
    url = running.assignment.redis
    if url is None:
        return None
    server = await running.stack.enter_async_context(RedisServer(url))
    mac = load_or_make(running.settings.keys_dir, Secret.CACHE)
    return SharedRecords(RedisSharedTier(server, mac), behind)


def _bounds(workers: int) -> Bounds:
    share = memory.total() // _CACHE_SHARE // workers
    return Bounds(octets=min(Bounds().octets, share))


async def _listen(
    running: Running, resolver: Resolver, rates: Limits, tiers: _Tiers
) -> TcpListener:
    """Serve HTTP, Handle over TCP and over UDP."""
    sockets, settings, stack = running.assignment.sockets, running.settings, running.stack
    counters = tiers.counters
    site, signer = site_of(running)
    clients = Clients(settings.trusted_networks)
    # What a datagram says of its sender proves nothing: for UDP nobody else is ever asked.
    connected = Clients(settings.trusted_networks, recursion=settings.recursion)
    proven = ProvenPaths()
    authority = None
    if running.assignment.relay:
        authority = await stack.enter_async_context(RelayedAuthority(running.assignment.relay))
        running.metrics.append(lambda: relay_families(authority.under_way))
    certifier = stack.enter_context(Certifier(signer))
    roots = read_roots(settings.trust_roots)
    vouching = Vouching(resolver, roots, time.time) if roots else None
    beyond = Beyond(authority=authority, certifier=certifier, rates=rates, vouching=vouching)
    exchange = HandleExchange(resolver, site, time.time, beyond=beyond)
    http = HttpResolution(
        resolver,
        site,
        clients=connected,
        proxies=settings.trusted_proxies,
        rates=rates,
        counters=counters,
        clock=time.monotonic,
        epoch=time.time,
        countries=await asyncio.to_thread(read_countries, settings.countries),
        exchange=exchange,
        authority=authority,
        turns=tiers.turns,
    )
    listening = [inherited(fd) for fd in sockets.tcp]
    at_addresses = zip(listening, settings.handle, strict=True)
    tcp = TcpListener(
        listening,
        exchange,
        clients=connected,
        rates=rates,
        proven=proven,
        counters=counters,
        clock=time.monotonic,
        login_first=[one for one, address in at_addresses if address in settings.login_first],
        passage=Passage(*map(inherited, sockets.moving)),
        turns=tiers.turns,
    )
    udp = UdpListener(
        [inherited(fd) for fd in sockets.udp],
        exchange,
        clients=clients,
        rates=rates,
        proven=proven,
        counters=counters,
        clock=time.monotonic,
        turns=tiers.turns,
    )
    runner = await serve(
        http.application(),
        [inherited(fd) for fd in sockets.http],
        trusted=settings.trusted_networks,
        turned_away=lambda: counters.happened(Event.OVERLOADED),
        connections=Connections(
            Networks((*settings.trusted_networks.networks, *settings.trusted_proxies.networks)),
            refused=lambda: counters.happened(Event.REFUSED),
        ),
        at_once=http.at_once,
    )
    stack.push_async_callback(runner.cleanup)
    await serve_tls(running, runner, sockets.https, clients=True)

    async def end() -> None:
        """Let others serve on: nothing that was taken is lost. Alone, close within a moment."""
        if running.succeeded:
            await asyncio.gather(udp.leave(), tcp.leave(), farewell.leave(runner))
        else:
            await udp.close()
            await tcp.close()

    await tcp.start()
    udp.start()
    stack.push_async_callback(end)
    return tcp


def _tell(running: Running, tiers: _Tiers, tcp: TcpListener) -> None:
    """Have probes and metrics tell of this worker."""
    freshness, local, shared = tiers.freshness, tiers.local, tiers.shared
    name, health = running.assignment.name, running.health
    pauses = running.stack.enter_context(watched(lambda: health.serving))
    running.metrics.append(lambda: pauses.families(name))

    def families() -> list[Family]:
        now = time.monotonic()
        return [
            *resolver_families(tiers.counters.snapshot()),
            *cache_families(
                entries=len(local),
                octets=local.octets,
                shared_usable=None if shared is None else shared.usable,
            ),
            *tier_families(
                questions=tiers.store.questions,
                names=tiers.store.names,
                hits=None if shared is None else shared.hits,
                misses=0 if shared is None else shared.misses,
            ),
            *freshness_families(freshness.age(now), believed=freshness.believed(now)),
            *connection_families(tcp.connections),
        ]

    async def fresh() -> str:
        return freshness_check(freshness, time.monotonic())

    async def shared_usable() -> str:
        return "ok" if shared is None or shared.usable else "passed by"

    running.metrics.append(families)
    running.health.check("freshness", fresh)
    if shared is not None:
        running.health.check("shared tier", shared_usable)


ROLES: Final[Mapping[Role, Begin]] = MappingProxyType(
    {Role.WORKER: begin_worker, Role.REGISTRY: begin_registry}
)
