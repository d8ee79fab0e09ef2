"""The Handle protocol over TCP: one connection kept open, questions pipelined on it.

A server that closes after each reply, as some do, is asked over a connection for each question:
what is only read may be asked twice.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import Final

from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle.envelope import decode_envelope
from identifiers.wire.handle.framing import NEED_DATA, TcpFramer
from idnode.errors import FateUnknown, Garbled, Unreachable, reason_of
from idnode.questions import UNREAD_REQUEST

PATIENCE: Final = 10.0
"""Seconds for a connection, and for a reply."""
WAITING: Final = 16
"""Messages of one reply that wait to be taken; then nothing more is read from the connection."""
_CHUNK: Final = 1 << 16
_TRIES: Final = 2
"""An open connection may turn out to be closed; a new one may not."""
_CLOSED: Final = (ConnectionResetError, BrokenPipeError)


class _Replies:
    """The messages that answer one request, at most `WAITING` of them not yet taken."""

    def __init__(self) -> None:
        self._messages: deque[bytes] = deque()
        self._why: Exception | None = None
        self._there = asyncio.Event()
        self._room = asyncio.Event()

    async def put(self, message: bytes) -> None:
        """Add a message, once there is room for it."""
        self._messages.append(message)
        self._there.set()
        if len(self._messages) >= WAITING:
            self._room.clear()
            await self._room.wait()

    def fail(self, why: Exception) -> None:
        """Nothing more comes."""
        self._why = why
        self._there.set()

    def abandon(self) -> None:
        """Nobody takes what comes."""
        self._messages.clear()
        self._room.set()

    async def take(self) -> bytes:
        """Return the next message. Raises ConnectionError or `Garbled` when there will be none."""
        while not self._messages:
            if self._why is not None:
                raise self._why
            self._there.clear()
            await self._there.wait()
        self._room.set()
        return self._messages.popleft()


class _Connection:
    """One connection and what waits for replies on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._waiting: dict[int, _Replies] = {}
        self._framer = TcpFramer()
        self.asked = 0
        self.answered = 0
        self.open = True
        self._reading = asyncio.create_task(self._read())

    @contextlib.asynccontextmanager
    async def asking(self, request: bytes, request_id: int) -> AsyncIterator[_Replies]:
        """Send a request and give the queue that its replies come in. Raises ConnectionError."""
        replies = self._waiting[request_id] = _Replies()
        self.asked += 1
        try:
            self._writer.write(request)
            await self._writer.drain()
            yield replies
        finally:
            del self._waiting[request_id]
            replies.abandon()

    async def ask(self, request: bytes, request_id: int) -> bytes:
        """Send a request and return its reply. Raises ConnectionError or `Garbled`."""
        async with self.asking(request, request_id) as replies:
            return await replies.take()

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.wait({self._reading})
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _read(self) -> None:
        why: Exception = ConnectionResetError("the server closed the connection")
        try:
            while data := await self._reader.read(_CHUNK):
                await self._take(data)
        except ConnectionError as lost:
            why = lost
        except (ProtocolError, Garbled) as nonsense:
            why = Garbled(f"the server's stream cannot be read: {nonsense}")
        finally:
            self.open = False
            self._writer.close()
            for replies in self._waiting.values():
                replies.fail(why)

    async def _take(self, data: bytes) -> None:
        self._framer.feed(data)
        while (message := self._framer.next_message()) is not NEED_DATA:
            request_id = decode_envelope(message).request_id
            replies = self._waiting.get(request_id)
            if request_id == UNREAD_REQUEST and len(self._waiting) == 1:
                (replies,) = self._waiting.values()
            if replies is not None:
                self.answered += 1
                await replies.put(message)


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

    async def ask(self, request: bytes, request_id: int, *, repeatable: bool = True) -> bytes:
        """Send a request and return its reply.

        Raises `Unreachable` or `Garbled`, and `FateUnknown` in place of the first for a request
        that is not `repeatable` and may have been received.
        """
        sent = False
        with self._telling(lambda: sent and not repeatable):
            async with asyncio.timeout(self._patience):
                for _ in range(_TRIES if repeatable else 1):
                    with contextlib.suppress(*_CLOSED if repeatable else ()):
                        async with self._connected(alone=not self._pipelining) as connection:
                            sent = True
                            return await self._asked(connection, request, request_id)
        raise Unreachable(f"{self._where()}: the server closes connections without an answer")

    async def messages(self, request: bytes, request_id: int) -> AsyncGenerator[bytes]:
        """Send a request and yield the messages of its reply, for as long as they are taken.

        Raises as `ask`, each message within the patience.
        """
        with self._telling(lambda: False):
            async with (
                self._connected(alone=not self._pipelining) as connection,
                connection.asking(request, request_id) as replies,
            ):
                while True:
                    async with asyncio.timeout(self._patience):
                        message = await replies.take()
                    yield message

    async def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            await self._connection.close()

    async def _asked(self, connection: _Connection, request: bytes, request_id: int) -> bytes:
        try:
            return await connection.ask(request, request_id)
        except ConnectionError:
            if connection.asked > 1 and connection.answered <= 1:
                # Of several questions it took one: a server that closes after each reply.
                self._pipelining = False
            raise

    @contextlib.asynccontextmanager
    async def _connected(self, *, alone: bool) -> AsyncIterator[_Connection]:
        """Give the connection that is open, or `alone` one for this question only, in turn."""
        if not alone:
            async with self._connecting:
                if self._connection is None or not self._connection.open:
                    self._connection = await self._connect()
            yield self._connection
            return
        async with self._connecting:
            connection = await self._connect()
            try:
                yield connection
            finally:
                await connection.close()

    async def _connect(self) -> _Connection:
        self.connections += 1
        return _Connection(*await asyncio.open_connection(self._host, self._port))

    @contextlib.contextmanager
    def _telling(self, doubtful: Callable[[], bool]) -> Iterator[None]:
        """Tell errors of the connection as ours; `doubtful`: the server may have acted."""
        try:
            yield
        except TimeoutError:
            why = f"{self._where()}: no answer in {self._patience:g} s"
            raise FateUnknown(why) if doubtful() else Unreachable(why) from None
        except OSError as error:
            why = f"{self._where()}: {reason_of(error)}"
            raise FateUnknown(why) if doubtful() else Unreachable(why) from error

    def _where(self) -> str:
        return f"{self._host} port {self._port}, TCP"
