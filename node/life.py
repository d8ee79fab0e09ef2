"""What there is in the registry process beside identifiers as they are: history, jobs."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from identifiers.errors import FateUnknown, StoreUnavailable
from node.keys import Secret, load
from node.lifecycle import Running
from node.metrics import counter
from node.projecting import Projecting
from registry.access.programs import Safe
from registry.business.feed import Feed
from registry.business.history import History
from registry.business.job_running import JobRunner
from registry.business.jobs import Jobs
from registry.business.owners import KeptOwners
from registry.business.relations import Relations
from registry.business.webhooks import Telling, Webhooks
from registry.http.app import Noun
from registry.http.feed import feed_noun
from registry.http.history import history_noun
from registry.http.relations import relations_noun
from registry.http.state_job_operations import jobs_noun
from registry.http.webhooks import telling, webhooks_noun
from registry.outgoing import PublicSender
from registry.prefixes import Prefixes
from registry.service import Registry
from storage.postgres import (
    Database,
    PostgresAccounts,
    PostgresFollowers,
    PostgresHistory,
    PostgresJobs,
    PostgresRelations,
    PostgresStore,
    PostgresWebhooks,
    RelationProjection,
)

POLL_SECONDS: Final = 5.0
"""How long a job of another process may wait unseen; of this one, none does."""
_SHARE: Final = 1.0
"""Seconds of rest for each second of work on jobs: half of the time is others'."""

_TELL_SECONDS: Final = 1.0
"""Between two looks for what webhooks are to be told."""

_log = structlog.get_logger(__name__)


async def begin_life(  # noqa: PLR0917 -- what all of it is made of
    running: Running,
    database: Database,
    store: PostgresStore,
    prefixes: Prefixes,
    registry: Registry,
    written: Callable[[], int],
) -> Sequence[Noun]:
    """Return the operations on what became of identifiers, and begin what goes on by itself.

    `written` counts what is written otherwise in this process.
    """
    wake = asyncio.Event()
    kept = PostgresJobs(database)
    owners = KeptOwners(store, PostgresAccounts(database))
    runner = JobRunner(kept, store, registry, owners)
    running.background(keep_at_jobs(runner, wake), "jobs")
    running.metrics.append(
        lambda: [
            counter(
                "idnode_job_rows_total",
                "Identifiers that bulk changes of state have dealt with.",
                {(): runner.rows},
            )
        ]
    )
    projecting = Projecting(
        "relations", RelationProjection(database), lambda: written() + runner.rows
    )
    running.metrics.append(projecting.families)
    running.background(projecting.run(), "relations")
    feed = Feed(PostgresFollowers(database), prefixes)
    hooks, safe = (
        PostgresWebhooks(database),
        Safe(load(running.settings.keys_dir, Secret.SEAL)),
    )
    loopback = running.settings.webhook_loopback
    sender = await running.stack.enter_async_context(PublicSender(loopback=loopback))
    teller = Telling(hooks, feed, safe, sender, telling)
    running.background(keep_telling(teller), "webhooks")
    running.metrics.append(
        lambda: [
            counter(
                "idnode_webhook_attempts_total",
                "Attempts to tell webhooks of changes.",
                {
                    (("outcome", "succeeded"),): teller.succeeded,
                    (("outcome", "failed"),): teller.failed,
                },
            )
        ]
    )
    return (
        feed_noun(feed),
        webhooks_noun(Webhooks(hooks, feed, safe, loopback=loopback)),
        relations_noun(Relations(PostgresRelations(database), store, prefixes)),
        history_noun(History(PostgresHistory(database), prefixes, registry)),
        jobs_noun(Jobs(kept, store, prefixes, wake=wake.set)),
    )


async def keep_at_jobs(runner: JobRunner, wake: asyncio.Event) -> None:
    """Take turn after turn until cancelled; while there is none, wait for news."""
    clock = asyncio.get_running_loop().time
    while True:
        began, busy = clock(), False
        try:
            busy = await runner.turn()
        except (StoreUnavailable, FateUnknown) as why:
            _log.warning("jobs put off", why=str(why))
        if busy:
            await asyncio.sleep(_SHARE * (clock() - began))
            continue
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await wake.wait()
        except TimeoutError:
            continue
        wake.clear()


async def keep_telling(teller: Telling) -> None:
    """Tell webhooks of what changes until cancelled; while nothing does, look every second."""
    while True:
        busy = False
        try:
            busy = await teller.turn()
        except (StoreUnavailable, FateUnknown) as why:
            _log.warning("webhooks put off", why=str(why))
        if not busy:
            await asyncio.sleep(_TELL_SECONDS)
