"""The embedded Valkey: the shared cache tier and wake-ups, on a Unix socket.  It stores nothing."""

import os
import secrets
import signal
from pathlib import Path
from urllib.parse import quote

import redis.asyncio
import redis.exceptions

from storage.embedded.binaries import find_valkey
from storage.embedded.errors import StartFailedError
from storage.embedded.identity import Plain
from storage.embedded.lock import exclusive
from storage.embedded.log import BoundedLog
from storage.embedded.place import Place, prepare_socket_directory, release_socket_directory
from storage.embedded.process import Answer, Child

_SOCKET = "valkey.sock"
_STOP = ((signal.SIGTERM, 5.0),)


class EmbeddedValkey:
    """A Valkey server without persistence; fits `storage.embedded.server.Server`.

    The password is chosen once per object, so that clients find the server again after a restart.

    Args:
        data_dir: names the log, the lock and the socket directory beside it (`place`).
        maxmemory: bytes; beyond them the least frequently used entries go.
        program: ``valkey-server`` to use instead of the wheel's.
        patience: seconds to wait for a previous server on the same place to end.
        silence: seconds without an answer after which a start has failed.
    """

    name = "valkey"

    def __init__(
        self,
        data_dir: Path,
        *,
        maxmemory: int,
        program: Path | None = None,
        patience: float = 10.0,
        silence: float = 10.0,
    ) -> None:
        self._place = Place(data_dir.resolve())
        self._maxmemory = maxmemory
        self._program = program
        self._patience = patience
        self._silence = silence
        self._socket = self._place.socket_directory(_SOCKET, os.geteuid()) / _SOCKET
        self._password = secrets.token_urlsafe(32)
        self._log = BoundedLog(self._place.log)
        self._child: Child | None = None

    @property
    def url(self) -> str:
        """The address for ``redis.asyncio.Redis.from_url``."""
        return f"unix://{quote(str(self._socket))}?password={self._password}"

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._child.pid if self._child is not None and self._child.running else None

    async def start(self) -> str:
        """Start the server; gives its address once it answers a PING.

        Raises:
            RuntimeError: it is running already, or this is not the main thread.
            EmbeddedServerError: see `storage.embedded.errors`.
        """
        if self.pid is not None:
            raise RuntimeError("this Valkey is running already")
        try:
            return await self._start()
        except OSError as error:
            raise StartFailedError(f"the Valkey of {self._place.data}: {error}") from error

    async def wait(self) -> int:
        """Return the exit status (negative: the signal) once the server has ended."""
        if self._child is None:
            raise RuntimeError("this Valkey was not started")
        return await self._child.wait()

    async def stop(self) -> None:
        """End the server."""
        if self._child is None:
            return
        await self._child.stop(_STOP)
        release_socket_directory(self._place, self._socket.parent)

    async def _start(self) -> str:
        program = find_valkey(self._program)
        self._place.data.parent.mkdir(parents=True, exist_ok=True)
        what = f"the Valkey of {self._place.data}"
        async with exclusive(self._place.lock, what=what, patience=self._patience) as lock:
            prepare_socket_directory(self._socket.parent, Plain())
            config = _as_stdin(configuration(self._socket, self._password, self._maxmemory))
            try:
                self._child = await Child.spawn(
                    [str(program), "-"],
                    death_signal=signal.SIGTERM,
                    log=self._log,
                    lock=lock,
                    identity=Plain(),
                    stdin=config,
                )
            finally:
                os.close(config)
        try:
            await self._child.until_ready(self._ask, self._silence)
        except BaseException:
            await self.stop()
            raise
        return self.url

    async def _ask(self) -> Answer:
        client = redis.asyncio.Redis.from_url(self.url, socket_timeout=5.0)
        try:
            await client.ping()
        except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError):
            return Answer.NONE
        finally:
            await client.aclose()
        return Answer.READY


def configuration(socket: Path, password: str, maxmemory: int) -> bytes:
    """The configuration file that the server reads from stdin.

    On stdin, so that the password is neither in the list of processes nor on disk.
    """
    settings = (
        ("port", "0"),
        ("unixsocket", os.fsdecode(socket)),
        ("unixsocketperm", "600"),
        ("requirepass", password),
        ("save", ""),
        ("appendonly", "no"),
        ("maxmemory", str(maxmemory)),
        ("maxmemory-policy", "allkeys-lfu"),
    )
    return b"".join(os.fsencode(f'{key} "{value}"\n') for key, value in settings)


def _as_stdin(content: bytes) -> int:
    """Give a descriptor to read the content from; it fits a pipe's buffer (64 KiB, pipe(7))."""
    reader, writer = os.pipe()
    try:
        os.write(writer, content)
    finally:
        os.close(writer)
    return reader
