"""Handle over TCP: who is let in, for how long, and how connections end when the node does.

What happens within a connection is in ``pipeline``.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from functools import partial
from socket import socket
from typing import Final

import msgspec

from resolver.clients import Client, Clients
from resolver.complaints import Complaints
from resolver.counters import Counters, Event
from resolver.limits import Limits, ProvenPaths
from resolver.transports.desk import Desk, Pace, Seats, answer_together
from resolver.transports.handle import HandleExchange
from resolver.transports.misses import Gathering, Misses
from resolver.transports.moving import Moved, Passage
from resolver.transports.pipeline import Connection
from resolver.turns import Turns

_SWEEP: Final = 0.5
"""Seconds between looks at all deadlines."""
_BACKLOG: Final = 1024
_LOOK_AGAIN: Final = 0.01
"""Seconds between two looks at connections that are to leave."""
_MOVED_AT_ONCE: Final = 64


class TcpBounds(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one worker's TCP (`assurance` R-DOS-2). Only `connections` binds the trusted."""

    connections: int = 4096
    per_host: int = 64
    per_network: int = 256
    misses: int = 4096
    """Look-ups of all connections that wait for the store, and requests for the registry."""
    long_messages: int = 64
    """Long messages of strangers that are on their way: what they may have us keep."""
    drain: float = 5.0
    """Seconds that connections get to become quiet when the listener is closed."""
    leaving: float = 12.0
    """The same when another worker takes them over: until what waits for others is answered."""
    pace: Pace = Pace()


class TcpListener:
    """Accepts on listening sockets that were opened elsewhere. `clock` is monotonic.

    `login_first` are those of `sockets` whose clients expect to be told to log in before they
    administer, and not a challenge to each operation.
    """

    def __init__(
        self,
        sockets: Iterable[socket],
        exchange: HandleExchange,
        *,
        clients: Clients,
        rates: Limits,
        proven: ProvenPaths,
        counters: Counters,
        clock: Callable[[], float],
        login_first: Collection[socket] = (),
        passage: Passage | None = None,
        turns: Turns | None = None,
        bounds: TcpBounds = TcpBounds(),  # noqa: B008 -- frozen
    ) -> None:
        self._sockets = tuple(sockets)
        self._login_first = login_first
        self._passage = passage
        self._arriving: set[asyncio.Task[object]] = set()
        self._rates = rates
        self._proven = proven
        self._counters = counters
        self._clock = clock
        self._bounds = bounds
        self._connections: set[Connection] = set()
        self._hosts: Counter[tuple[int, int]] = Counter()
        self._networks: Counter[tuple[int, int]] = Counter()
        self._misses = Misses(bounds.misses)
        turns = Turns() if turns is None else turns
        self._gathering = Gathering(
            self._misses,
            bounds.misses,
            partial(answer_together, exchange, clock),
            lambda: turns.misses(clock()),
        )
        self._servers: list[asyncio.Server] = []
        self._sweeper: asyncio.TimerHandle | None = None
        self._empty = asyncio.Event()
        self._desk = Desk(
            exchange=exchange,
            clients=clients,
            counters=counters,
            clock=clock,
            misses=self._misses,
            gathering=self._gathering,
            turns=turns,
            pace=bounds.pace,
            complaints=Complaints(),
            long=Seats(bounds.long_messages),
            admit=self._admit,
            leave=self._leave,
        )

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._connections)

    async def start(self) -> None:
        """Begin to accept."""
        loop = asyncio.get_running_loop()
        for listening in self._sockets:
            accepted = partial(Connection, self._desk, login_first=listening in self._login_first)
            self._servers.append(
                await loop.create_server(accepted, sock=listening, backlog=_BACKLOG)
            )
        if self._passage is not None:
            loop.add_reader(self._passage.out, self._take_over, self._passage)
        self._sweeper = loop.call_later(_SWEEP, self._sweep)

    async def leave(self) -> None:
        """Accept no more, hand connections over as they become quiet, and close what is left."""
        await self._accept_no_more()
        until = self._clock() + self._bounds.leaving
        while self._passage is not None and self._connections and self._clock() < until:
            for connection in tuple(self._connections):
                connection.move(self._passage)
            await asyncio.sleep(_LOOK_AGAIN)
        await self.close()

    async def close(self) -> None:
        """Accept no more, close connections as they become quiet, and cut what does not."""
        await self._accept_no_more()
        for connection in tuple(self._connections):
            connection.drain()
        self._empty.clear()
        if self._connections:
            try:
                async with asyncio.timeout(self._bounds.drain):
                    await self._empty.wait()
            except TimeoutError:
                for connection in tuple(self._connections):
                    connection.cut()
        await self._misses.close(0.0)
        if self._sweeper is not None:
            self._sweeper.cancel()

    async def _accept_no_more(self) -> None:
        for server in self._servers:
            server.close()
        if self._passage is not None:
            asyncio.get_running_loop().remove_reader(self._passage.out)
        if self._arriving:
            await asyncio.wait(self._arriving)

    def _take_over(self, passage: Passage) -> None:
        for _ in range(_MOVED_AT_ONCE):
            arrived = passage.take()
            if arrived is None:
                return
            task = asyncio.ensure_future(self._adopt(*arrived))
            self._arriving.add(task)
            task.add_done_callback(self._arriving.discard)

    async def _adopt(self, opened: socket, moved: Moved) -> None:
        adopted = partial(Connection, self._desk, login_first=moved.login_first, moved=moved)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(adopted, opened)
        except OSError:
            opened.close()  # its peer has gone meanwhile

    def _admit(self, connection: Connection) -> bool:
        client, now = connection.client, self._clock()
        if connection.moved is None:
            if not self._room_for(client, now):
                self._counters.happened(Event.REFUSED)
                return False
            self._counters.happened(Event.ACCEPTED)
        self._connections.add(connection)
        self._hosts[client.host] += 1
        self._networks[client.network] += 1
        self._proven.prove(client, now)
        return True

    def _room_for(self, client: Client, now: float) -> bool:
        bounds = self._bounds
        if len(self._connections) >= bounds.connections:
            return False
        return client.trusted or (
            self._hosts[client.host] < bounds.per_host
            and self._networks[client.network] < bounds.per_network
            and self._rates.connections(client, now)
        )

    def _leave(self, connection: Connection) -> None:
        if connection not in self._connections:
            return
        self._connections.discard(connection)
        for counts, key in (
            (self._hosts, connection.client.host),
            (self._networks, connection.client.network),
        ):
            counts[key] -= 1
            if not counts[key]:
                del counts[key]
        if not self._connections:
            self._empty.set()

    def _sweep(self) -> None:
        now = self._clock()
        for connection in tuple(self._connections):
            if connection.deadline <= now:
                connection.expire()
        self._sweeper = asyncio.get_running_loop().call_later(_SWEEP, self._sweep)
