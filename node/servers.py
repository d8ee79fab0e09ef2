"""Keeps an embedded server running for as long as the node does."""

import asyncio

import structlog

from node.restarts import History
from storage.embedded.errors import EmbeddedServerError
from storage.embedded.server import Server

_log = structlog.get_logger(__name__)


async def keep(server: Server) -> None:
    """Start `server` again whenever it ends; it runs already. To be cancelled before its stop."""
    clock = asyncio.get_running_loop().time
    history = History()
    while True:
        began = clock()
        status = await server.wait()
        history = history.after(clock() - began)
        _log.warning("server ended", server=server.name, status=status, restart_in=history.delay)
        await asyncio.sleep(history.delay)
        while not await _started(server):
            history = history.after(0)
            await asyncio.sleep(history.delay)


async def _started(server: Server) -> bool:
    try:
        await server.start()
    except EmbeddedServerError as why:
        _log.error("server cannot start", server=server.name, why=str(why))
        return False
    _log.info("server ready", server=server.name)
    return True
