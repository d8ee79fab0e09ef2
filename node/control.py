"""How the processes of a node ask each other: a question on a line, an answer on a line.

Each process answers on a Unix socket of its own that only the node's user may connect to. The
supervisor takes orders there too.
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
    RELOAD = "reload"
    """To the supervisor: read the settings again, and apply what can be applied."""
    RESTART_WORKERS = "restart workers"
    """To the supervisor: replace the workers one after the other."""
    RESTART_ALL = "restart all"
    """The same, and then the registry process."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """How a process is. `checks` have ``ok``, or what is wrong, by what was checked."""

    name: str
    role: Role
    pid: int
    ready: bool
    checks: dict[str, str]


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an order, in sentences for whoever gave it. Not `ok`: all is as it was."""

    ok: bool
    told: tuple[str, ...]


Answers = Mapping[Question, Callable[[], Awaitable[Any]]]
"""By question what finds the answer out."""


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
    """Answer what children are asked, as `converse` does."""

    async def counted() -> list[Family]:
        return metrics()

    return await converse(
        listener,
        {
            Question.STATE: health.state,
            Question.METRICS: counted,
            Question.CAUGHT_UP: caught_up,
        },
    )


async def converse(listener: socket.socket, answers: Answers) -> asyncio.Server:
    """Answer questions on a listening Unix socket until the returned server is closed."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            question = Question((await reader.readline()).decode().strip())
            if question in answers:
                writer.write(msgspec.json.encode(await answers[question]()) + b"\n")
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
        *(ask(path, question, kind, patience) for path in siblings.values())
    )
    return dict(zip(siblings, answers, strict=True))


async def ask(path: str, question: Question, kind: type[T], patience: float | None) -> T | None:
    """Ask one process; None when it gives no answer in time."""
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
