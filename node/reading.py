"""The registry's reader process: started beside it, anew whenever it ends, and ended with it."""

import asyncio
import signal
import sys
from socket import socket
from typing import Final

import structlog

from node.precedence import READER
from node.restarts import History
from storage.embedded.identity import Plain
from storage.embedded.process import ending_with_parent

MODULE: Final = "registry.reading"
_log = structlog.get_logger(__name__)


async def keep_reader(listener: socket) -> None:
    """Have a reader answer on a listening socket, until this is cancelled.

    Bodies that come while it is replaced wait in the socket, which stays open.
    """
    clock = asyncio.get_running_loop().time
    history = History()
    while True:
        began = clock()
        status = await _run(listener)
        history = history.after(clock() - began)
        _log.warning("reader ended", status=status, restart_in=history.delay)
        await asyncio.sleep(history.delay)


async def _run(listener: socket) -> int:
    # -P: a directory called registry where the operator happens to stand is not ours.
    command = [sys.executable, "-P", "-m", MODULE, str(listener.fileno())]
    process = await asyncio.create_subprocess_exec(
        *ending_with_parent(
            command, death_signal=signal.SIGKILL, identity=Plain(), niceness=READER
        ),
        stdin=asyncio.subprocess.DEVNULL,
        pass_fds=(listener.fileno(),),
        start_new_session=True,
    )
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
