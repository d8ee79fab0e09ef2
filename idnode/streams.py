"""The Handle protocol over TCP: one connection kept open, questions pipelined on it.

A server that closes after each reply, as some do, is asked over a connection for each question:
what is only read may be asked twice.
"""

import asyncio
import contextlib
import os
from typing import Final

from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle.envelope import decode_envelope
from identifiers.wire.handle.framing import NEED_DATA, TcpFramer
from idnode.errors import Garbled, Unreachable
from idnode.questions import UNREAD_REQUEST

PATIENCE: Final = 10.0
"""Seconds for a connection, and for a reply."""
_CHUNK: Final = 1 << 16
_TRIES: Final = 2
"""An open connection may turn out to be closed; a new one may not."""


class _Connection:
    """One connection and what waits for replies on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._framer = TcpFramer()
        self.asked = 0
        self.answered = 0
        self.open = True
        self._reading = asyncio.create_task(self._read())

    async def ask(self, request: bytes, request_id: int) -> bytes:
        """Send a request and return its reply. Raises ConnectionError or `Garbled`."""
        reply: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = reply
        self.asked += 1
        try:
            self._writer.write(request)
            await self._writer.drain()
            return await reply
        finally:
            del self._waiting[request_id]

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.wait({self._reading})
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _read(self) -> None:
        why: Exception = ConnectionResetError("the server closed the connection")
        try:
            while data := await self._reader.read(_CHUNK):
                self._take(data)
        except ConnectionError as lost:
            why = lost
        except (ProtocolError, Garbled) as nonsense:
            why = Garbled(f"the server's stream cannot be read: {nonsense}")
        finally:
            self.open = False
            self._writer.close()
            for reply in self._waiting.values():
                if not reply.done():
                    reply.set_exception(why)

    def _take(self, data: bytes) -> None:
        self._framer.feed(data)
        while (message := self._framer.next_message()) is not NEED_DATA:
            request_id = decode_envelope(message).request_id
            reply = self._waiting.get(request_id)
            if request_id == UNREAD_REQUEST and len(self._waiting) == 1:
                (reply,) = self._waiting.values()
            if reply is not None and not reply.done():
                self.answered += 1
                reply.set_result(message)


class Streams:
    """Keeps a connection to one server for as long as the server does."""

    def __init__(self, host: str, port: int, patience: float = PATIENCE) -> None:
        self._host = host
        self._port = port
        self._patience = patience
        self._connection: _Connection | None = None
        self._connecting = asyncio.Lock()
        self._pipelining = True
        self.connections = 0
        """How many were made."""

    async def ask(self, request: bytes, request_id: int) -> bytes:
        """Send a request and return its reply. Raises `Unreachable` or `Garbled`."""
        try:
            async with asyncio.timeout(self._patience):
                for _ in range(_TRIES):
                    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                        return await self._try(request, request_id)
        except TimeoutError:
            raise Unreachable(f"{self._where()}: no answer in {self._patience:g} s") from None
        except OSError as why:
            # asyncio's own words name the address once more and not the reason.
            reason = os.strerror(why.errno) if why.errno and why.errno > 0 else str(why)
            raise Unreachable(f"{self._where()}: {reason}") from why
        raise Unreachable(f"{self._where()}: the server closes connections without an answer")

    async def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            await self._connection.close()

    async def _try(self, request: bytes, request_id: int) -> bytes:
        if not self._pipelining:
            return await self._alone(request, request_id)
        async with self._connecting:
            if self._connection is None or not self._connection.open:
                self._connection = await self._connect()
        connection = self._connection
        try:
            return await connection.ask(request, request_id)
        except ConnectionError:
            if connection.asked == 1 or connection.answered > 1:
                raise
            # Of several questions it took one: a server that closes after each reply.
            self._pipelining = False
            return await self._alone(request, request_id)

    async def _alone(self, request: bytes, request_id: int) -> bytes:
        """Ask over a connection for this question only, one after the other."""
        async with self._connecting:
            connection = await self._connect()
            try:
                return await connection.ask(request, request_id)
            finally:
                await connection.close()

    async def _connect(self) -> _Connection:
        self.connections += 1
        return _Connection(*await asyncio.open_connection(self._host, self._port))

    def _where(self) -> str:
        return f"{self._host} port {self._port}, TCP"
