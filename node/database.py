"""The database of this node for a command: the given one, the running node's, or one for a time."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec

from node import embedded
from node.config import Settings
from node.lock import AlreadyRunning, only_node
from node.readers import At
from node.refusals import NotDone
from node.workers import Kind, State
from storage.embedded.cluster import holds_data


class StartingUp(RuntimeError):
    """A node is being started or stopped just now; its database cannot be used yet."""


def must_exist(settings: Settings) -> None:
    """Raise `NotDone` when no node ever worked with these settings' own database.

    A command that went on would make a new one, of which the node that is meant knows nothing.
    """
    try:
        there = isinstance(settings.database, At) or holds_own(settings) or _lock(settings)
    except PermissionError as why:
        raise NotDone(f"{why.filename} may not be read by this user") from None
    if not there:
        raise _none(settings)


def holds_own(settings: Settings) -> bool:
    """Say whether there is an embedded database, running or not."""
    return holds_data(embedded.postgres_data(settings))


def _lock(settings: Settings) -> bool:
    return (settings.data_dir / f"{Kind.NODE}.lock").exists()


def _none(settings: Settings) -> NotDone:
    return NotDone(
        f"there is no database in {settings.data_dir.absolute()}:"
        " is IDNODE_DATA_DIR the same as the node's?"
        " (A new node's is made by idnode serve, or by idnode migrate)"
    )


@asynccontextmanager
async def reachable(settings: Settings, *, make: bool = False) -> AsyncIterator[str]:
    """Give the DSN of this node's database, for as long as the block lasts.

    An embedded server that does not run is started for the time; only with `make` one that never
    did. Raises `NotDone`, `StartingUp`, and `EmbeddedServerError` when it cannot be started.
    """
    if isinstance(settings.database, At):
        yield settings.database.url
        return
    if not make:
        must_exist(settings)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(only_node(settings.data_dir, Kind.NODE))
        except AlreadyRunning as running:
            dsn = _of_running(settings.data_dir / f"{Kind.NODE}.state", running)
        else:
            if not make and not holds_own(settings):
                raise _none(settings)
            server = embedded.postgres(settings)
            stack.push_async_callback(server.stop)
            dsn = await server.start()
        yield dsn


def _of_running(path: Path, running: AlreadyRunning) -> str:
    try:
        return msgspec.json.decode(path.read_bytes(), type=State).database
    except (FileNotFoundError, msgspec.DecodeError):
        raise StartingUp(
            f"the node (pid {running.pid}) is starting or stopping: try again in a moment"
        ) from None
