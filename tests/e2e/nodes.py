"""A real node in a directory of its own, on free ports: started, asked, hurt and stopped."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from identifiers.wire.handle.codes import ResponseCode
from idnode import HandleClient, HttpResolver, RegistryClient
from idnode.handle import Transport
from idnode.resolution import Resolution
from node.commands.administer import (
    adding_enterprise,
    administer,
    creating_key,
    homing_prefix,
)
from node.commands.orders import running
from node.config import load
from node.control import Question, ask

COMMAND = (sys.executable, "-P", "-m", "node.cli")
PREFIX = "88.300"
POLL = 0.02
"""Seconds between two looks at what only another process knows."""


async def until(condition: Callable[[], Any]) -> Any:
    """Wait until `condition` (plain or async) is true, and return what it gave."""
    while True:
        found = condition()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return found
        await asyncio.sleep(POLL)


async def looked_up(client: HandleClient | HttpResolver, handle: str) -> Resolution:
    """Look a handle up. A node that is too busy says so within a third of a second: ask again."""

    async def asked() -> Resolution | None:
        told = await client.resolve(handle)
        return None if told.code == ResponseCode.SERVER_BUSY else told

    return await until(asked)


async def all_looked_up(client: HttpResolver, handles: Sequence[str]) -> list[Resolution]:
    """Look handles up together; those that the node was too busy for are asked again."""
    told: dict[str, Resolution] = {}

    async def asked() -> bool:
        missing = [handle for handle in handles if handle not in told]
        answers = zip(missing, await client.resolve_many(missing), strict=True)
        told.update((h, one) for h, one in answers if one.code != ResponseCode.SERVER_BUSY)
        return len(told) == len(handles)

    await until(asked)
    return [told[handle] for handle in handles]


class DidNotStart(AssertionError):
    """The node ended before it was ready."""


class Node:
    """One `idnode` process and what belongs to it.

    Args:
        directory: for its data (`data_dir`) and its log.
        command: ``serve``, ``demo``, ``resolver`` or ``registry``.
        settings: over the defaults: free ports, two workers.
    """

    def __init__(
        self, directory: Path, command: str = "serve", settings: Mapping[str, str] | None = None
    ) -> None:
        self.directory = directory
        self.data_dir = directory / "var"
        self.log = directory / "node.log"
        self.command_name = command
        outside = {k: v for k, v in os.environ.items() if not k.startswith("IDNODE_")}
        self.environment = outside | {
            "IDNODE_DATA_DIR": str(self.data_dir),
            "IDNODE_WORKERS": "2",
            "IDNODE_PREFIX": PREFIX,
            **{f"IDNODE_{n}_ADDR": "127.0.0.1:0" for n in ("HANDLE", "HTTP", "REGISTRY", "OPS")},
            **(settings or {}),
        }
        self.api_key = ""
        """Of the enterprise with the prefix `prefix`."""
        self.prefix = f"{PREFIX}.1"
        self.ready: dict[str, Any] = {}
        """The ready line of the last start."""
        self._process: subprocess.Popen[bytes] | None = None

    # life

    async def start(self) -> "Node":
        """Start it and wait for its ready line. Raises `DidNotStart` with the end of its log."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 -- returns at once
                [*COMMAND, self.command_name],
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                stdin=subprocess.DEVNULL,
                # A terminal's Ctrl-C reaches a whole process group; so must ours.
                start_new_session=True,
            )
        line = await asyncio.to_thread(self._process.stdout.readline)
        if not line:
            status = await self.wait()
            raise DidNotStart(f"exit status {status}:\n{self.log.read_text()[-4000:]}")
        self.ready = json.loads(line)
        return self

    async def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Stop it as Ctrl-C does and return the exit status; nothing of it is left."""
        family = self.family()
        if self.running:
            os.killpg(self.pid, number)
        status = await self.wait()
        await self.all_gone(family)
        return status

    async def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to one process by name and return its pid.

        Names: ``supervisor``, ``postgres``, ``valkey``, and those of `pids`.
        """
        pid = (await self.pids())[name]
        os.kill(pid, number)
        return pid

    async def replaced(self, name: str, old: int) -> int:
        """Wait until another process has this name and serves; return its pid."""

        async def other() -> int:
            state = await self.state()
            if state is None:
                return 0
            if name in {"postgres", "valkey"}:
                pid = self.servers().get(name, 0)
            else:
                pid = next(
                    (p["pid"] for p in state["processes"] if p["name"] == name and p["ready"]), 0
                )
            return pid if pid != old else 0

        return await until(other)

    async def all_gone(self, family: list[psutil.Process]) -> None:
        """Wait until no process of `family` (`Node.family`, taken before) runs."""
        await until(lambda: not any(_runs(process) for process in family))

    async def wait(self) -> int:
        """Return the exit status, once it has ended."""
        status = await asyncio.to_thread(self._process.wait)
        self._process.stdout.close()
        return status

    @property
    def running(self) -> bool:
        """Whether the supervisor runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The supervisor."""
        return self._process.pid

    # what it consists of

    def family(self) -> list[psutil.Process]:
        """Return the supervisor and all processes below it."""
        if not self.running:
            return []
        supervisor = psutil.Process(self.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    def servers(self) -> dict[str, int]:
        """Return the embedded servers' pids by name."""
        found = {}
        for process in psutil.Process(self.pid).children():
            try:
                name = Path(process.cmdline()[0]).name
            except (psutil.NoSuchProcess, IndexError):
                continue
            if name in {"postgres", "valkey-server"}:
                found[name.removesuffix("-server")] = process.pid
        return found

    async def pids(self) -> dict[str, int]:
        """Return all pids by name: supervisor, registry, worker-0 …, postgres, valkey."""
        state = await until(self.state)
        children = {process["name"]: process["pid"] for process in state["processes"]}
        return {"supervisor": self.pid, **children, **self.servers()}

    async def state(self) -> dict[str, Any] | None:
        """Return what ``/readyz?verbose`` tells; None: nobody answers just now."""
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
                session.get(f"{self.url('ops')}/readyz?verbose") as answer,
            ):
                return await answer.json()
        except (aiohttp.ClientError, TimeoutError):
            return None

    async def metrics(self) -> dict[str, float]:
        """Return all samples by name and labels, as they are written."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.url('ops')}/metrics") as answer,
        ):
            lines = (await answer.text()).splitlines()
        pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs}

    # how it is reached

    def address(self, role: str) -> tuple[str, int]:
        """Return host and port of ``handle``, ``http``, ``registry`` or ``ops``."""
        host, _, port = self.ready[role].partition(",")[0].rpartition(":")
        return host.strip("[]"), int(port)

    def url(self, role: str) -> str:
        """Return the base URL of ``http``, ``registry`` or ``ops``."""
        return f"http://{self.ready[role].partition(',')[0]}"

    def handle(self, transport: Transport = Transport.UDP_THEN_TCP) -> HandleClient:
        """Return a client of the Handle listeners, to be entered."""
        return HandleClient(*self.address("handle"), transport=transport)

    def http(self) -> HttpResolver:
        """Return a client of HTTP resolution, to be entered."""
        return HttpResolver(self.url("http"))

    def registry(self, **more: Any) -> RegistryClient:
        """Return a client of the registry with the enterprise's key, to be entered."""
        return RegistryClient(self.url("registry"), self.api_key, **more)

    async def command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        """Run an `idnode` command with this node's settings, real ports and key."""
        given = {"IDNODE_API_KEY": self.api_key} if self.api_key else {}
        for role in ("handle", "http", "registry", "ops"):
            if self.ready.get(role):
                given[f"IDNODE_{role.upper()}_ADDR"] = self.ready[role]
        done = await asyncio.to_thread(
            subprocess.run,
            [*COMMAND, *arguments],
            env=self.environment | given,
            capture_output=True,
            text=True,
            check=False,
        )
        if check:
            assert done.returncode == 0, done.stderr
        return done

    async def enrol(self, name: str = "示例煤业有限公司") -> None:
        """Make the first enterprise, its prefix and its key, as the operator's commands do."""
        settings = load(self.environment)
        enterprise = int(await administer(settings, adding_enterprise(name)))
        await administer(settings, homing_prefix(self.prefix, enterprise=enterprise))
        self.api_key = await administer(settings, creating_key(enterprise=enterprise))
        await self.settled()

    async def settled(self) -> None:
        """Wait until every worker answers from all that is committed by now.

        One whose look for news fails, the database being busy, is told to look again.
        """

        async def caught_up() -> bool:
            workers = [
                worker
                for state in running(self.data_dir)
                for worker in Path(state.control).parent.glob("worker-*.sock")
            ]
            return all([await ask(str(path), Question.CAUGHT_UP, bool, None) for path in workers])

        await until(caught_up)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
