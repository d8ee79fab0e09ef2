"""``check-config`` and ``migrate``."""

import asyncio
import sys
from collections.abc import Mapping

from node import config, named_files
from node.advice import shown
from node.commands.run import tell
from node.connections import needed
from node.database import reachable
from node.listeners import RECEIVE_BUFFER, receive_buffer
from node.readers import At, Embedded


def check(environ: Mapping[str, str]) -> None:
    """Show the settings in force, and what is seldom meant. Raises `BadSettings`."""
    settings = named_files.load(environ)
    for name, text in shown(settings).items():
        sys.stdout.write(f"{name}={text}\n")
    if isinstance(settings.database, At):
        fewest = needed(settings.workers)
        sys.stdout.write(f"# the database must allow {fewest} connections (max_connections)\n")
    else:
        sys.stdout.write("# IDNODE_DATABASE_URL is empty: a PostgreSQL is embedded\n")
    if isinstance(settings.redis, Embedded):
        sys.stdout.write("# IDNODE_REDIS_URL is empty: a Valkey is embedded\n")
    granted = receive_buffer()
    if granted < RECEIVE_BUFFER:
        sys.stdout.write(
            f"# questions over UDP may wait in {granted} octets: net.core.rmem_max is below"
            f" {RECEIVE_BUFFER}\n"
        )
    tell(environ, settings)


def migrate(environ: Mapping[str, str]) -> None:
    """Bring the database's schema to this version. Raises `BadSettings`, `Unsuitable`, …."""
    asyncio.run(_migrate(config.load(environ)))


async def _migrate(settings: config.Settings) -> None:
    from storage.postgres import migrate  # noqa: PLC0415 -- check-config does without

    async with reachable(settings, make=True) as dsn:
        applied = await migrate(dsn)
    for name in applied:
        sys.stdout.write(f"applied {name}\n")
    if not applied:
        sys.stdout.write("nothing to apply\n")
