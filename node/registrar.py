"""Every constructor call of the registry process: the only writer, and whoever knows somebody."""

import gc
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from edge.relay import SERVER_LIMITS
from edge.server import serve
from identifiers.errors import StoreUnavailable
from identifiers.keys.public import Policy
from identifiers.principals import Operator
from node import connections
from node.access import make_access, make_metering
from node.business import begin_business
from node.config import Settings
from node.demo import Furnisher
from node.gauges import (
    administration_families,
    bulk_families,
    database_families,
    remote_key_families,
)
from node.key_checks import agree, confirm
from node.keys import Secret, load, site_signer
from node.life import begin_life
from node.lifecycle import Running
from node.listeners import inherited, listen_unix
from node.observed import Observed
from node.prefixes import begin_proving, prefix_office
from node.readers import named
from node.reading import keep_reader
from node.registers import registers
from node.roots import home_roots
from node.searching import begin_search
from node.serving import serve_operations, serve_tls, site_of
from node.settling import Settling
from node.snms import snms_nouns
from node.templates import adopt_shipped, make_templating
from node.trust import read_site
from node.upkeep import answers, keep_up, once_reachable
from registry.access.bounds import BoundsBook
from registry.administration import Administration, Ordered
from registry.asking import NodeKeys
from registry.attempts import Attempts
from registry.commit import GroupCommit
from registry.elsewhere import Elsewhere
from registry.handle.homing import Homing
from registry.handle.service import Habits, HandleAdministration
from registry.http.app import registry_app
from registry.identities import Identities
from registry.imports.service import Imports
from registry.keys import KeyRing
from registry.prefixes import Prefixes
from registry.reading.reader import ReaderProcess
from registry.relay import relay_app
from registry.rest.app import RestForm, add_rest
from registry.seals import Seals
from registry.service import Registry
from registry.signing import Signatures
from storage.postgres import (
    Database,
    Nudge,
    PostgresReverse,
    PostgresStore,
    maintain,
    migrate,
)

_READING: Final = "reading.sock"
"""Where the registry has bulk input read, beside its control socket."""
_YOUNG: Final = 10_000
"""Objects made beyond those gone after which young ones are looked through for garbage. A group of
single writes is some thousands, none of them garbage: at Python's own 700 that is done 60 times for
each thousand of writes, and takes a fifteenth of all time."""


async def begin_registry(running: Running) -> None:
    """Bring the registry up: the database's schema, the service, its API."""
    assignment, settings, stack = running.assignment, running.settings, running.stack
    gc.set_threshold(_YOUNG)
    await serve_operations(running)
    if assignment.prepare:
        await once_reachable(lambda: migrate(assignment.database), named(settings.database))
    database = await stack.enter_async_context(
        Database(
            assignment.database,
            connections=connections.REGISTRY,
            application="idnode-registry",
        )
    )
    await _settle_keys(running, database)
    running.prepared()
    pepper = load(settings.keys_dir, Secret.PEPPER)
    running.health.check("database", lambda: answers(database))
    running.metrics.append(lambda: database_families(database.census()))
    nudge = await stack.enter_async_context(Nudge(assignment.database))
    rate = None if assignment.demo else settings.request_rate
    metering = make_metering(database, nudge, rate)
    store = metering.store
    commit = GroupCommit(store)
    stack.push_async_callback(commit.close)
    prefixes = Prefixes(store)
    seals = Seals(load(settings.keys_dir, Secret.SEAL))
    signatures = Signatures(site_signer(settings.keys_dir))
    templating = make_templating(database, registers(settings.data_dir).trades, prefixes)
    registry = Registry(
        store,
        commit,
        prefixes,
        seals,
        settings.administrators,
        signatures=signatures,
        shelf=templating.shelf,
    )
    keys = KeyRing(store, pepper)
    if assignment.prepare:
        await _prepare(running, store, registry, keys, Administration(store, pepper), seals)
        if assignment.demo:
            at = time.time_ns() // 1_000_000
            await adopt_shipped(templating.templates, settings.prefixes[0], at)
    running.background(keep_up(lambda: maintain(database)), "maintenance")
    reading = listen_unix(Path(assignment.siblings[assignment.name]).with_name(_READING))
    stack.callback(reading.close)
    running.background(keep_reader(reading), "reader")
    reader = ReaderProcess(reading.getsockname())
    imports = Imports(
        store,
        prefixes,
        seals,
        signatures=signatures,
        shelf=templating.shelf,
        reader=reader,
    )
    running.metrics.append(lambda: bulk_families(imports.rows))
    access = make_access(database, metering, settings.keys_dir, prefixes)
    changed = begin_proving(running, database, nudge, prefixes.forget)
    app = registry_app(
        registry,
        imports,
        keys,
        settings.trusted_proxies,
        reader=reader,
        logins=access.logins,
        trusted=settings.trusted_networks,
        rates=metering.rates,
        nouns=(
            *access.nouns,
            *templating.nouns,
            *begin_search(running, database, prefixes, lambda: imports.rows.rows + commit.written),
            *await begin_life(
                running,
                database,
                store,
                prefixes,
                registry,
                lambda: imports.rows.rows + commit.written,
            ),
            *begin_business(running, database, nudge, changed),
            *prefix_office(database, nudge, settings, changed).nouns,
            *snms_nouns(
                database,
                nudge,
                settings,
                registry,
                prefixes,
                templating.shelf,
                access.logins,
                changed,
            ),
        ),
    )
    observed = Observed()
    running.metrics.append(observed.families)
    sockets = [inherited(fd) for fd in assignment.sockets.registry]
    runner = await serve(app, sockets, log_requests=True, observe=observed.note)
    stack.push_async_callback(runner.cleanup)
    await serve_tls(running, runner, assignment.sockets.registry_tls, clients=False)
    reverse = PostgresReverse(database)
    await _serve_relay(running, registry, store, prefixes, seals, reverse, access.bounds)


async def _settle_keys(running: Running, database: Database) -> None:
    """Connect, and see that the secrets are the database's; nobody uses either before.

    Raises `UnfitKey`.
    """
    settings, prepare = running.settings, running.assignment.prepare
    where = named(settings.database)
    if prepare:
        # Making the first connection may take longer than anything waits for one.
        await once_reachable(database.verify, where)
    with suppress(StoreUnavailable):  # then whoever wants one tells that himself
        await database.open(connections.AT_ONCE)
        if not prepare:
            await confirm(database, settings.keys_dir)
    if prepare:
        await once_reachable(lambda: agree(database, settings.keys_dir), where)


async def _serve_relay(  # noqa: PLR0917 -- what both ways to administer are made of
    running: Running,
    registry: Registry,
    store: PostgresStore,
    prefixes: Prefixes,
    seals: Seals,
    reverse: PostgresReverse,
    bounds: BoundsBook,
) -> None:
    """Serve the Handle protocol's administration and the REST form to the workers."""
    assignment, settings, stack = running.assignment, running.settings, running.stack
    site, signer = site_of(running)
    administration = Administration(store, load(settings.keys_dir, Secret.PEPPER))
    policy = Policy(legacy=settings.legacy_keys)
    elsewhere = remote_keys(settings, policy)
    if elsewhere is not None:
        running.metrics.append(lambda: remote_key_families(elsewhere.asked))
    identities = Identities(store, prefixes, seals, policy, elsewhere, bounds)
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
        habits=Habits(passwords=settings.password_login, policy=policy),
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
        signer=signer,
    )
    add_rest(beside, rest)
    runner = await serve(beside, relay, limits=SERVER_LIMITS)
    stack.push_async_callback(runner.cleanup)


def remote_keys(settings: Settings, policy: Policy) -> Elsewhere | None:
    """Return how other nodes are asked for keys; None: they are not. Raises `NotDone`."""
    above = read_site(settings.upstream_site)
    if not settings.remote_keys and not above:
        return None
    return Elsewhere(NodeKeys(settings.remote_keys, policy), above)


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
