"""``check-config`` and ``migrate``."""

import asyncio
import sys
from collections.abc import Mapping

from identifiers.errors import StoreUnavailable
from node import config, named_files
from node.advice import shown
from node.commands.orders import running
from node.commands.run import tell
from node.connections import needed
from node.database import holds_own, reachable
from node.key_checks import DEPENDED_ON, confirm
from node.listeners import RECEIVE_BUFFER, receive_buffer
from node.readers import At, Embedded
from storage.postgres import Database
from storage.postgres import migrate as apply_pending


def check(environ: Mapping[str, str]) -> None:
    """Show the settings in force, and what is seldom meant.

    Raises `BadSettings`, and `UnfitKey` when a database that answers was made with other keys.
    """
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
    asyncio.run(_check_keys(settings))


async def _check_keys(settings: config.Settings) -> None:
    """Ask the database whether these keys are its own; starts none."""
    if (dsn := _answering(settings)) is None:
        missing = [name for name in DEPENDED_ON if not (settings.keys_dir / name).exists()]
        if missing and holds_own(settings):
            sys.stderr.write(
                f"idnode: there is a database, and no {' and no '.join(missing)} in"
                f" {settings.keys_dir.absolute()}: is IDNODE_KEYS_DIR right?\n"
            )
        return
    try:
        async with Database(dsn, connections=1, application="idnode-command") as database:
            await database.verify()  # waits for a busy server, as what follows does not
            await confirm(database, settings.keys_dir)
    except StoreUnavailable as why:
        reason = " ".join(str(why).split())
        sys.stdout.write(f"# the database was not asked whether these are its keys: {reason}\n")


def _answering(settings: config.Settings) -> str | None:
    if isinstance(settings.database, At):
        return settings.database.url
    return next((state.database for state in running(settings.data_dir)), None)


def migrate(environ: Mapping[str, str]) -> None:
    """Bring the database's schema to this version. Raises `BadSettings`, `Unsuitable`, …."""
    asyncio.run(_migrate(config.load(environ)))


async def _migrate(settings: config.Settings) -> None:
    async with reachable(settings, make=True) as dsn:
        applied = await apply_pending(dsn)
    for name in applied:
        sys.stdout.write(f"applied {name}\n")
    if not applied:
        sys.stdout.write("nothing to apply\n")
