"""Every constructor call of the two roles. The order of the cache tiers is here, and only here.

What is entered into the stack first is closed last: probes, then stores, then services, then the
public listeners.
"""

import random
import secrets
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from types import MappingProxyType
from typing import Final

import msgspec
from aiohttp import web

from edge.relay import SERVER_LIMITS, RelayedAuthority
from edge.server import serve
from edge.tls import Handshakes, TlsSites
from identifiers.keys.public import Policy
from identifiers.keys.signers import Signer
from identifiers.principals import Operator
from identifiers.wire.handle.site import Site
from idnode.peers import Peer
from idnode.transport import Address
from node import connections, memory
from node.assignment import Role
from node.certificates import material
from node.config import Settings
from node.demo import Furnisher
from node.gauges import (
    administration_families,
    bulk_families,
    cache_families,
    connection_families,
    database_families,
    freshness_check,
    freshness_families,
    resolver_families,
)
from node.joining import Checked, first_picture
from node.keys import Secret, load_or_make, site_signer
from node.lifecycle import Begin, Running
from node.listeners import inherited
from node.metrics import Family
from node.observed import Observed
from node.ops import Operations
from node.projecting import Projecting
from node.roots import home_roots
from node.settling import Settling
from node.site import site_record
from node.trust import read_roots
from node.upkeep import answers, keep_up, once_reachable
from registry.administration import Administration, Ordered
from registry.attempts import Attempts
from registry.commit import GroupCommit
from registry.handle.homing import Homing
from registry.handle.service import Habits, HandleAdministration
from registry.http.app import registry_app
from registry.identities import Identities
from registry.imports.service import Imports
from registry.keys import KeyRing
from registry.prefixes import Prefixes
from registry.relay import relay_app
from registry.rest.app import RestForm, add_rest
from registry.seals import Seals
from registry.service import Registry
from registry.signatures import Signatures
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
from resolver.transports.tcp import TcpListener
from resolver.transports.udp import UdpListener
from resolver.vouching import Vouching
from storage.postgres import (
    Database,
    Nudge,
    PostgresDirectory,
    PostgresFeed,
    PostgresRecords,
    PostgresReverse,
    PostgresStore,
    ReverseProjection,
    check_schema,
    maintain,
    migrate,
)
from storage.redis import RedisServer, RedisSharedTier

_CACHE_SHARE: Final = 4
"""All workers together keep at most this part of the memory (1/n) in their caches."""


class _Tiers(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker answers from."""

    freshness: Freshness
    counters: Counters
    local: LocalTier
    shared: SharedRecords | None


async def begin_worker(running: Running) -> None:
    """Bring a resolver worker up: tiers, follower, listeners."""
    assignment, stack = running.assignment, running.stack
    await _serve_operations(running)
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
    resolver = Resolver(tiers.local, tiers.freshness, tiers.counters, time.monotonic, walk)
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
    await first_picture(follower.ready, assignment.siblings)
    tcp = await _listen(running, resolver, tiers.counters)
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
    usual = Coalescing(guarded if shared is None else shared)
    authority = Coalescing(guarded, join_in_flight=False)
    for tier in (usual, authority):
        running.stack.push_async_callback(tier.close)
    bounds = _bounds(running.settings.workers)
    return _Tiers(
        freshness=freshness,
        counters=Counters(time.time),
        local=LocalTier(usual, authority, time.monotonic, random.random, bounds),
        shared=shared,
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


async def _listen(running: Running, resolver: Resolver, counters: Counters) -> TcpListener:
    """Serve HTTP, Handle over TCP and over UDP."""
    sockets, settings, stack = running.assignment.sockets, running.settings, running.stack
    site, signer = _site(running)
    clients = Clients(settings.trusted_networks)
    # What a datagram says of its sender proves nothing: for UDP nobody else is ever asked.
    connected = Clients(settings.trusted_networks, recursion=settings.recursion)
    rates, proven = Limits(secrets.randbits(64)), ProvenPaths()
    authority = None
    if running.assignment.relay:
        authority = await stack.enter_async_context(RelayedAuthority(running.assignment.relay))
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
        exchange=exchange,
        authority=authority,
    )
    tcp = TcpListener(
        [inherited(fd) for fd in sockets.tcp],
        exchange,
        clients=connected,
        rates=rates,
        proven=proven,
        counters=counters,
        clock=time.monotonic,
    )
    udp = UdpListener(
        [inherited(fd) for fd in sockets.udp],
        exchange,
        clients=clients,
        rates=rates,
        proven=proven,
        counters=counters,
        clock=time.monotonic,
    )
    runner = await serve(
        http.application(),
        [inherited(fd) for fd in sockets.http],
        trusted=settings.trusted_networks,
        turned_away=lambda: counters.happened(Event.OVERLOADED),
    )
    stack.push_async_callback(runner.cleanup)
    await _serve_tls(running, runner, sockets.https, clients=True)
    await tcp.start()
    stack.push_async_callback(tcp.close)
    udp.start()
    stack.push_async_callback(udp.close)
    return tcp


async def _serve_tls(
    running: Running, runner: web.AppRunner, sockets: Sequence[int], *, clients: bool
) -> None:
    """Serve an application over TLS too, where there are sockets for it."""
    if sockets:
        sites = TlsSites(
            runner,
            [inherited(fd) for fd in sockets],
            material(running.settings, clients=clients),
            Handshakes(time.monotonic),
        )
        await sites.start()
        running.background(sites.watch(), "certificates")


def _site(running: Running) -> tuple[Site, Signer]:
    """Return what this node tells of itself, and its key."""
    assignment, signer = running.assignment, site_signer(running.settings.keys_dir)
    site = site_record(
        assignment.public, key=signer.public, http=assignment.http, https=assignment.https
    )
    return site, signer


def _tell(running: Running, tiers: _Tiers, tcp: TcpListener) -> None:
    """Have probes and metrics tell of this worker."""
    freshness, local, shared = tiers.freshness, tiers.local, tiers.shared

    def families() -> list[Family]:
        now = time.monotonic()
        return [
            *resolver_families(tiers.counters.snapshot()),
            *cache_families(
                entries=len(local),
                octets=local.octets,
                shared_usable=None if shared is None else shared.usable,
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


async def begin_registry(running: Running) -> None:
    """Bring the registry up: the database's schema, the service, its API."""
    assignment, settings, stack = running.assignment, running.settings, running.stack
    await _serve_operations(running)
    if assignment.prepare:
        await once_reachable(lambda: migrate(assignment.database))
    running.prepared()
    pepper = load_or_make(settings.keys_dir, Secret.PEPPER)
    database = await stack.enter_async_context(
        Database(
            assignment.database,
            connections=connections.REGISTRY,
            application="idnode-registry",
        )
    )
    running.health.check("database", lambda: answers(database))
    running.metrics.append(lambda: database_families(database.census()))
    nudge = await stack.enter_async_context(Nudge(assignment.database))
    store = PostgresStore(database, nudge)
    commit = GroupCommit(store)
    stack.push_async_callback(commit.close)
    prefixes = Prefixes(store)
    seals = Seals(load_or_make(settings.keys_dir, Secret.SEAL))
    signatures = Signatures(site_signer(settings.keys_dir))
    registry = Registry(
        store, commit, prefixes, seals, settings.administrators, signatures=signatures
    )
    keys = KeyRing(store, pepper)
    if assignment.prepare:
        await _prepare(running, store, registry, keys, Administration(store, pepper), seals)
    running.background(keep_up(lambda: maintain(database)), "maintenance")
    imports = Imports(store, prefixes, seals)
    running.metrics.append(lambda: bulk_families(imports.rows))
    projecting = Projecting(
        "reverse", ReverseProjection(database).advance, lambda: imports.rows.rows
    )
    running.metrics.append(projecting.families)
    running.background(projecting.run(), "reverse look-up")
    app = registry_app(registry, imports, keys, settings.trusted_proxies)
    observed = Observed()
    observed.watch(app)
    running.metrics.append(observed.families)
    sockets = [inherited(fd) for fd in assignment.sockets.registry]
    runner = await serve(app, sockets, log_requests=True)
    stack.push_async_callback(runner.cleanup)
    await _serve_tls(running, runner, assignment.sockets.registry_tls, clients=False)
    await _serve_relay(running, registry, store, prefixes, seals, PostgresReverse(database))


async def _serve_relay(  # noqa: PLR0917 -- what both ways to administer are made of
    running: Running,
    registry: Registry,
    store: PostgresStore,
    prefixes: Prefixes,
    seals: Seals,
    reverse: PostgresReverse,
) -> None:
    """Serve the Handle protocol's administration and the REST form to the workers."""
    assignment, settings, stack = running.assignment, running.settings, running.stack
    site, signer = _site(running)
    administration = Administration(store, load_or_make(settings.keys_dir, Secret.PEPPER))
    policy = Policy(legacy=settings.legacy_keys)
    identities = Identities(store, prefixes, seals, policy)
    attempts = Attempts()
    settled = Settling(assignment.siblings).settled
    handle = HandleAdministration(
        registry=registry,
        administration=administration,
        store=store,
        prefixes=prefixes,
        identities=identities,
        site=site,
        signer=signer,
        habits=Habits(
            login_first=settings.login_first, passwords=settings.password_login, policy=policy
        ),
        attempts=attempts,
        settled=settled,
    )
    running.metrics.append(lambda: administration_families(handle.known, handle.answered))
    relay = [inherited(fd) for fd in assignment.sockets.relay]
    beside = relay_app(handle)
    rest = RestForm(
        registry=registry,
        store=store,
        prefixes=prefixes,
        identities=identities,
        homing=Homing(registry, administration, prefixes),
        reverse=reverse,
        attempts=attempts,
        settled=settled,
    )
    add_rest(beside, rest)
    runner = await serve(beside, relay, limits=SERVER_LIMITS)
    stack.push_async_callback(runner.cleanup)


async def _prepare(  # noqa: PLR0917 -- what there is when nothing is served yet
    running: Running,
    store: PostgresStore,
    registry: Registry,
    keys: KeyRing,
    administration: Administration,
    seals: Seals,
) -> None:
    """Home the secondary prefixes of the settings, and make the demo's sample."""
    settings = running.settings
    at = time.time_ns() // 1_000_000
    ordered = Ordered(operator=Operator("node"), at=at, request_id=f"start-{at}")
    await home_roots(administration, settings.prefixes, ordered)
    if running.assignment.demo:
        furnisher = Furnisher(
            registry=registry,
            administration=administration,
            store=store,
            keys=keys,
            seals=seals,
            ordered=ordered,
        )
        path = await furnisher.furnish(settings.prefixes[0], settings.data_dir)
        running.credentials = str(path)


async def _serve_operations(running: Running) -> None:
    """Serve probes and metrics, where this process is the one that does."""
    sockets = [inherited(fd) for fd in running.assignment.sockets.ops]
    if sockets:
        operations = Operations(running.health, running.assignment.siblings, version("idnode"))
        runner = await serve(operations.app(), sockets)
        running.stack.push_async_callback(runner.cleanup)


ROLES: Final[Mapping[Role, Begin]] = MappingProxyType(
    {Role.WORKER: begin_worker, Role.REGISTRY: begin_registry}
)
