"""The supervisor: owns the listening sockets and keeps the children alive. It serves nothing.

Order of a start: lock, sockets, children (who import meanwhile), embedded servers, then the
children are told what to do; the registry prepares the database before the workers use it. Order
of an end: children finish what they are at, sockets close, embedded servers stop.
"""

import asyncio
import contextlib
import os
import resource
import signal
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, assert_never

import msgspec

from node import log, servers
from node.assignment import Assignment, Role
from node.children import MODULE, Child
from node.config import Settings, given, load
from node.control import Question, converse
from node.listeners import bound, listen_unix
from node.listening import Listening, control_directory
from node.lock import only_node
from node.orders import Orders
from node.precedence import niceness_of
from node.readers import At, Embedded, Without
from node.seats import CannotStart, Seat
from node.stopping import Stop, stop_signals
from node.tenure import PULSE
from node.totals import Totals
from storage.embedded.errors import EmbeddedServerError
from storage.embedded.place import write_private
from storage.embedded.server import Server

PATIENCE: Final = 20.0
"""Seconds that children get to finish, after the drain delay."""


class Kind(StrEnum):
    """What is run."""

    NODE = "node"
    """Everything, with embedded servers where no URL was given."""
    RESOLVER = "resolver"
    REGISTRY = "registry"


class Urls(msgspec.Struct, frozen=True):
    """Where database and shared tier are."""

    database: str
    redis: str | None


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What commands of the same machine need to know of a running node (mode 0600)."""

    pid: int
    control: str
    database: str
    addresses: dict[str, str | None]


Announce = Callable[[dict[str, str | None], str | None], None]
"""Is told the real addresses and the credentials file, once everything serves."""


def crew_of(kind: Kind, workers: int) -> dict[str, Role]:
    """Return the names of the children, each with its role."""
    resolving = {f"worker-{number}": Role.WORKER for number in range(workers)}
    match kind:
        case Kind.NODE:
            return {"registry": Role.REGISTRY, **resolving}
        case Kind.RESOLVER:
            return resolving
        case Kind.REGISTRY:
            return {"registry": Role.REGISTRY}
        case _:
            assert_never(kind)


class Supervisor:
    """One run of a node.

    Args:
        kind: what is run.
        settings: in force.
        environ: what `settings` were loaded from; children load them again from it, and a reload.
        demo: the registry makes the sample data.
        announce: called once, when every child serves.
        module: what children run.
        pulse: seconds between two signs of life of a child.
    """

    def __init__(
        self,
        kind: Kind,
        settings: Settings,
        environ: Mapping[str, str],
        *,
        announce: Announce,
        demo: bool = False,
        module: str = MODULE,
        pulse: float = PULSE,
    ) -> None:
        self._kind = kind
        self._settings = settings
        self._said = environ
        self._given = given(environ)
        # What children need of the environment, but nothing that could be a secret of ours.
        self._environ = {k: v for k, v in environ.items() if not k.startswith("IDNODE_")}
        self._announce = announce
        self._demo = demo
        self._module = module
        self._pulse = pulse
        self._crew = crew_of(kind, settings.workers)
        self._urls: asyncio.Future[Urls] = asyncio.get_running_loop().create_future()
        self._seats: dict[str, Seat] = {}

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT. SIGHUP is an order to reload.

        Raises `CannotStart`, `CannotListen`, `AlreadyRunning`.
        """
        data = self._settings.data_dir
        _make_usable(data)
        _raise_descriptor_limit()
        async with contextlib.AsyncExitStack() as stack:
            lock = await stack.enter_async_context(only_node(data, self._kind))
            control = stack.enter_context(control_directory(data / self._kind))
            listening = Listening.open(self._settings, self._crew, control)
            stack.callback(listening.close)
            totals = Totals(listening.siblings())
            self._seats = {name: self._seat(name, listening, lock, totals) for name in self._crew}
            orders = Orders(self._seats, self._said, self._given, self._apply)
            stop = stack.enter_context(stop_signals(orders.reload))
            await self._obey(stack, listening, orders, totals)
            await self._live(stack, listening, stop)

    async def _obey(
        self,
        stack: contextlib.AsyncExitStack,
        listening: Listening,
        orders: Orders,
        totals: Totals,
    ) -> None:
        """Take orders, and tell what was counted."""
        server = await converse(
            listen_unix(Path(listening.supervisor())),
            {
                Question.METRICS: lambda: totals.families(self._seats),
                Question.RELOAD: orders.reload,
                Question.RESTART_WORKERS: lambda: orders.restart(workers_only=True),
                Question.RESTART_ALL: lambda: orders.restart(workers_only=False),
            },
        )
        stack.callback(server.close)

    def _apply(self, texts: Mapping[str, str]) -> None:
        """Have the supervisor itself follow settings that its children follow already."""
        self._settings = load(texts)
        log.configure(self._settings.log_level, "supervisor", again=True)

    async def _live(
        self, stack: contextlib.AsyncExitStack, listening: Listening, stop: Stop
    ) -> None:
        work = asyncio.create_task(self._work(stack, listening))
        asked = asyncio.create_task(stop.asked.wait())
        try:
            await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()  # raises: it never ends by itself
        finally:
            asked.cancel()
            await self._drain(listening, stop)
            work.cancel()
            await asyncio.wait({work})

    async def _work(self, stack: contextlib.AsyncExitStack, listening: Listening) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for seat in self._seats.values():
                    group.create_task(seat.keep())
                self._urls.set_result(await self._start_servers(stack, group))
                for seat in self._seats.values():
                    await seat.ready.wait()
                self._tell(stack, listening)
        except ExceptionGroup as several:
            why: Exception = several
            while isinstance(why, ExceptionGroup):  # the servers are started in a group of theirs
                why = why.exceptions[0]
            raise why from None

    def _tell(self, stack: contextlib.AsyncExitStack, listening: Listening) -> None:
        addresses = listening.announced()
        path = self._settings.data_dir / f"{self._kind}.state"
        state = State(
            pid=os.getpid(),
            control=listening.supervisor(),
            database=self._urls.result().database,
            addresses=addresses,
        )
        stack.callback(path.unlink, missing_ok=True)
        write_private(path, msgspec.json.encode(state).decode())
        found = (seat.credentials for seat in self._seats.values())
        self._announce(addresses, next(filter(None, found), None))

    async def _start_servers(
        self, stack: contextlib.AsyncExitStack, group: asyncio.TaskGroup
    ) -> Urls:
        async def started(make: Callable[[Settings], Server]) -> str:
            server = make(self._settings)
            stack.push_async_callback(server.stop)
            try:
                url = await server.start()
            except EmbeddedServerError as why:
                raise CannotStart(str(why)) from why
            group.create_task(servers.keep(server))
            return url

        async def redis() -> str | None:
            match self._settings.redis:
                case Without():
                    return None
                case At(url=url):
                    return url
                case Embedded():
                    return await started(_valkey)
                case _ as never:
                    assert_never(never)

        async def database() -> str:
            match self._settings.database:
                case At(url=url):
                    return url
                case Embedded():
                    return await started(_postgres)
                case _ as never:
                    assert_never(never)

        # Neither goes on by itself when the other cannot start: there would be no group any more.
        async with asyncio.TaskGroup() as starting:
            urls = starting.create_task(database()), starting.create_task(redis())
        return Urls(urls[0].result(), urls[1].result())

    def _seat(self, name: str, listening: Listening, lock: int, totals: Totals) -> Seat:
        async def spawn(name: str) -> Child:
            # Only its own sockets: another process's copy would keep a closed one accepting.
            with listening.lent(name) as sockets:
                return await Child.spawn(
                    name,
                    sockets=sockets,
                    inherited=(lock,),
                    environ=self._environ,
                    module=self._module,
                    niceness=niceness_of(self._crew[name]),
                )

        async def brief(child: Child, texts: Mapping[str, str]) -> Assignment:
            urls = await asyncio.shield(self._urls)
            registry = self._seats.get("registry")
            if registry is not None and name != "registry":
                await registry.prepared.wait()
            return Assignment(
                name=name,
                role=self._crew[name],
                settings=dict(texts),
                database=urls.database,
                redis=urls.redis,
                sockets=child.sockets,
                siblings=listening.siblings(),
                supervisor=listening.supervisor(),
                public=listening.public(load(texts)),
                http=tuple(map(str, map(bound, listening.http))),
                https=tuple(map(str, map(bound, listening.https))),
                relay=listening.relay_path(),
                prepare=name == "registry" and not self._seats[name].was_ready,
                demo=self._demo,
            )

        return Seat(
            name,
            self._given,
            spawn,
            brief,
            install=listening.install,
            retired=totals.retire,
            overlaps=self._crew[name] is Role.WORKER,
            pulse=self._pulse,
        )

    async def _drain(self, listening: Listening, stop: Stop) -> None:
        """Let the children finish; on a second signal, do not."""
        delay = self._settings.drain_delay
        ending = asyncio.create_task(self._end_children(delay + PATIENCE))
        hurry = asyncio.create_task(stop.hurry.wait())
        either: set[asyncio.Task[Any]] = {ending, hurry}
        # While the delay lasts, load balancers learn from /readyz that we go, and still find us.
        await asyncio.wait(either, timeout=delay, return_when=asyncio.FIRST_COMPLETED)
        listening.close()
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if hurry.done():
            for seat in self._seats.values():
                seat.send(signal.SIGKILL)
        hurry.cancel()
        await ending

    async def _end_children(self, patience: float) -> None:
        async with asyncio.TaskGroup() as group:
            for seat in self._seats.values():
                group.create_task(seat.stop(patience))


def _make_usable(data_dir: Path) -> None:
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError as why:
        told = f"IDNODE_DATA_DIR {data_dir} is a file: it must be a directory"
        raise CannotStart(told) from why
    except OSError as why:
        raise CannotStart(f"IDNODE_DATA_DIR {data_dir} cannot be made: {why.strerror}") from why
    if not os.access(data_dir, os.R_OK | os.W_OK | os.X_OK):
        raise CannotStart(f"IDNODE_DATA_DIR {data_dir} cannot be written to by this user")


def _raise_descriptor_limit() -> None:
    # For the children too: each connection of a worker takes one, and 1,024 is the usual limit.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


# Their drivers take a moment to import, and are not needed for servers that run already.


def _postgres(settings: Settings) -> Server:
    from node.embedded import postgres  # noqa: PLC0415 -- see above

    return postgres(settings)


def _valkey(settings: Settings) -> Server:
    from node.embedded import valkey  # noqa: PLC0415 -- see above

    return valkey(settings)
