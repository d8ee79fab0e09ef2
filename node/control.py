"""How the processes of a node ask each other: a question on a line, an answer on a line.

Each child answers on a Unix socket of its own that only the node's user may connect to.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

import msgspec

from node.assignment import Role
from node.metrics import Family

PATIENCE: Final = 2.0
"""Seconds that a sibling gets to answer; one that is being replaced does not."""
CHECK_PATIENCE: Final = 1.0
_LONGEST: Final = 16 << 20
T = TypeVar("T")


class Question(StrEnum):
    """What may be asked."""

    STATE = "state"
    METRICS = "metrics"
    CAUGHT_UP = "caught up"
    """Does this process know all that was committed by now? It looks, and then answers."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """How a process is. `checks` have ``ok``, or what is wrong, by what was checked."""

    name: str
    role: Role
    pid: int
    ready: bool
    checks: dict[str, str]


class Health:
    """What a process knows about itself. Checks are asked when somebody wants to know."""

    def __init__(self, name: str, role: Role) -> None:
        self.serving = False
        self.draining = False
        self._name = name
        self._role = role
        self._checks: dict[str, Callable[[], Awaitable[str]]] = {}

    def check(self, what: str, find_out: Callable[[], Awaitable[str]]) -> None:
        """Have `find_out` asked about `what`; it answers ``ok`` or what is wrong, within a second.

        An answer that comes later is not waited for.
        """
        self._checks[what] = find_out

    async def state(self) -> State:
        """Return how this process is."""
        told = await asyncio.gather(*(_in_time(find_out) for find_out in self._checks.values()))
        return State(
            name=self._name,
            role=self._role,
            pid=os.getpid(),
            ready=self.serving and not self.draining,
            checks=dict(zip(self._checks, told, strict=True)),
        )


async def _in_time(find_out: Callable[[], Awaitable[str]]) -> str:
    try:
        async with asyncio.timeout(CHECK_PATIENCE):
            return await find_out()
    except TimeoutError:
        return "no answer in time"


async def answer(
    listener: socket.socket,
    health: Health,
    metrics: Callable[[], list[Family]],
    caught_up: Callable[[], Awaitable[bool]],
) -> asyncio.Server:
    """Answer questions on a listening Unix socket until the returned server is closed."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            match (await reader.readline()).decode().strip():
                case Question.STATE:
                    writer.write(msgspec.json.encode(await health.state()) + b"\n")
                case Question.METRICS:
                    writer.write(msgspec.json.encode(metrics()) + b"\n")
                case Question.CAUGHT_UP:
                    writer.write(msgspec.json.encode(await caught_up()) + b"\n")
                case _:
                    pass
            await writer.drain()
        except (ConnectionError, ValueError):  # gone, or not one of us
            return
        finally:
            writer.close()

    return await asyncio.start_unix_server(talk, sock=listener)


async def ask_all(
    siblings: Mapping[str, str], question: Question, kind: type[T], patience: float = PATIENCE
) -> dict[str, T | None]:
    """Ask every process at once; None where one gives no answer in time."""
    answers = await asyncio.gather(
        *(_ask(path, question, kind, patience) for path in siblings.values())
    )
    return dict(zip(siblings, answers, strict=True))


async def _ask(path: str, question: Question, kind: Any, patience: float) -> Any:
    try:
        async with asyncio.timeout(patience):
            reader, writer = await asyncio.open_unix_connection(path, limit=_LONGEST)
            try:
                writer.write(f"{question.value}\n".encode())
                line = await reader.readline()
            finally:
                writer.close()
        return msgspec.json.decode(line, type=kind)
    except (OSError, ValueError, TimeoutError):
        # Being replaced: it has not answered, or its answer was cut. Told as missing.
        return None
