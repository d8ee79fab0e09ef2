"""What the supervisor and its children tell each other, one JSON object on a line each.

They talk over a socket pair that the child inherits: nobody else can read it, so it may carry what
must not stand in an argument list or an environment (the database's password).
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Final

import msgspec

from node.metrics import Family

LONGEST_LINE: Final = 1 << 20
"""Octets of one message."""


class Role(StrEnum):
    """What a child does."""

    WORKER = "worker"
    """Answers look-ups: Handle over UDP and TCP, HTTP."""
    REGISTRY = "registry"
    """The only writer: registration API; prepares the database when the node starts."""


class Sockets(msgspec.Struct, frozen=True, kw_only=True):
    """Descriptors of inherited listening sockets, by what is served there."""

    udp: tuple[int, ...] = ()
    tcp: tuple[int, ...] = ()
    http: tuple[int, ...] = ()
    registry: tuple[int, ...] = ()
    ops: tuple[int, ...] = ()
    https: tuple[int, ...] = ()
    registry_tls: tuple[int, ...] = ()
    relay: tuple[int, ...] = ()
    moving: tuple[int, ...] = ()
    """Two ends of a pair: connections of workers that leave go in at one, and out at the other."""
    control: int = -1

    def all(self) -> tuple[int, ...]:
        """Return every descriptor."""
        groups = (self.udp, self.tcp, self.http, self.registry, self.ops)
        more = (self.https, self.registry_tls, self.relay, self.moving)
        return (*(fd for group in (*groups, *more) for fd in group), self.control)


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a child needs to know to begin.

    `settings` are the texts of the node's settings (`node.config.load`); `database` and `redis` are
    the URLs in force. `siblings` are the control sockets of all children by name, its own too;
    `supervisor` is that of the supervisor.
    `public` is where clients reach the Handle listeners, `http` and `https` where those listen.
    `relay` is the socket of the registry, empty without one.
    """

    name: str
    role: Role
    settings: dict[str, str]
    database: str
    redis: str | None
    sockets: Sockets
    siblings: dict[str, str]
    supervisor: str = ""
    public: tuple[str, ...] = ()
    http: tuple[str, ...] = ()
    https: tuple[str, ...] = ()
    relay: str = ""
    prepare: bool = False
    """Bring the database to this version, and home what the settings say, before anything else."""
    demo: bool = False
    """When preparing, make the demo's sample too."""


class Prepared(msgspec.Struct, frozen=True, tag=True):
    """The database has the schema of this version: others may use it."""


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The child serves. `credentials`: the file with the demo's keys, when it made or found one."""

    credentials: str | None = None


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The child cannot begin; `message` says why and what to do."""

    message: str


class Counted(msgspec.Struct, frozen=True, tag=True):
    """What the child counted since it began; told every second, so it is a sign of life too."""

    families: tuple[Family, ...]


Report = Prepared | Ready | Failed | Counted

_encoder: Final = msgspec.json.Encoder()
_reports: Final = msgspec.json.Decoder(Report)
_assignments: Final = msgspec.json.Decoder(Assignment)


class SupervisorEnd:
    """The supervisor's end of the line to one child."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, pair: socket.socket) -> "SupervisorEnd":
        """Talk over one end of a socket pair."""
        return cls(*await asyncio.open_connection(sock=pair, limit=LONGEST_LINE))

    def assign(self, assignment: Assignment) -> None:
        """Tell the child what to do; a child that has ended is not told."""
        self._writer.write(_encoder.encode(assignment) + b"\n")

    async def reports(self) -> AsyncIterator[Report]:
        """Yield what the child reports, until it ends; then hang up."""
        try:
            while (line := await self._reader.readline()).endswith(b"\n"):
                yield _reports.decode(line)
        except ConnectionError:  # it ended before it read what was sent
            return
        finally:
            self._writer.close()


class ChildEnd:
    """A child's end of the line. Plain blocking calls: the child has nothing else to do yet.

    Only `offer` is for a child that serves: it never waits for the supervisor.
    """

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._unsent = b""

    def wait(self) -> Assignment | None:
        """Return what to do; None when the supervisor is gone."""
        with self._socket.makefile("rb") as lines:
            line = lines.readline(LONGEST_LINE)
        return _assignments.decode(line) if line.endswith(b"\n") else None

    def report(self, report: Report) -> None:
        """Tell the supervisor; one that is gone is not told."""
        line, self._unsent = self._unsent + _encoder.encode(report) + b"\n", b""
        try:
            self._socket.sendall(line)
        except ConnectionError:
            return

    def offer(self, report: Report) -> None:
        """Tell the supervisor if it listens; a report that it has no room for is left out."""
        line = self._unsent or _encoder.encode(report) + b"\n"
        try:
            sent = self._socket.send(line, socket.MSG_DONTWAIT)
        except BlockingIOError:
            sent = 0 if self._unsent else len(line)
        except ConnectionError:
            sent = len(line)
        self._unsent = line[sent:]
