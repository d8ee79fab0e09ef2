"""The database of this node for a command: the given one, the running node's, or one for a time."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec

from node import embedded
from node.config import Settings
from node.lock import AlreadyRunning, only_node
from node.readers import At
from node.workers import Kind, State


class StartingUp(RuntimeError):
    """A node is being started or stopped just now; its database cannot be used yet."""


@asynccontextmanager
async def reachable(settings: Settings) -> AsyncIterator[str]:
    """Give the DSN of this node's database, for as long as the block lasts.

    An embedded server that does not run is started for the time. Raises `StartingUp`, and
    `EmbeddedServerError` when it cannot be started.
    """
    if isinstance(settings.database, At):
        yield settings.database.url
        return
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(only_node(settings.data_dir, Kind.NODE))
        except AlreadyRunning as running:
            dsn = _of_running(settings.data_dir / f"{Kind.NODE}.state", running)
        else:
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
