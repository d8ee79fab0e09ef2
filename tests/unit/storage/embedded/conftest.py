"""Directories and processes for the tests of the embedded servers."""

import asyncio
import json
import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[4]
OWNER = Path(__file__).with_name("owner.py")
REACH = """import sys, uvloop, storage.embedded.postgres, storage.embedded.valkey
from storage.embedded.binaries import find_postgres, find_valkey
open(sys.argv[1]), find_postgres(None), find_valkey(None)
"""
"""What somebody must be able to do who is to start `OWNER`."""


def holders(home: Path) -> list[int]:
    """Every process of the servers of ``home``: all of them have inherited a lock."""
    locks = {str(home / "postgres.lock"), str(home / "valkey.lock")}
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            if any(str(fd.readlink()) in locks for fd in (process / "fd").iterdir()):
                found.append(int(process.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it ended meanwhile, or is somebody else's
    return found


async def end_of(pid: int) -> None:
    """Return when a process, whose parent need not be us, has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, ended.set)
    try:
        await asyncio.wait_for(ended.wait(), 30)
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


async def appearance(path: Path) -> None:
    """Return when a file has been made."""
    while not path.exists():  # noqa: ASYNC110, ASYNC240 a file tells nobody that it appears
        await asyncio.sleep(0.001)


class Owner:
    """A process that starts both servers and waits; see ``owner.py``."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def ready(self) -> dict[str, Any]:
        """Its ``dsn``, ``url`` and the ``pids`` of its servers."""
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), 60)
        assert line, "the owner ended before it was ready; see its stderr"
        told: dict[str, Any] = json.loads(line)
        return told

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


def python_environment() -> dict[str, str]:
    path = os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])
    return {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.defpath}


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory for a node's data that an ordinary user can reach; no server outlives it."""
    with tempfile.TemporaryDirectory(prefix="idnode-test-", dir="/tmp") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path
        assert holders(path) == []


@pytest.fixture
def root() -> None:
    """Skips where the tests do not run as root."""
    _require_root()


def _require_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root has to choose, and can choose, as whom a process runs")


@pytest.fixture
def processes_of() -> Callable[[Path], list[int]]:
    """See `holders`."""
    return holders


@pytest.fixture
def process_end() -> Callable[[int], Awaitable[None]]:
    """See `end_of`."""
    return end_of


@pytest.fixture
def file_made() -> Callable[[Path], Awaitable[None]]:
    """See `appearance`."""
    return appearance


@pytest.fixture
async def new_owner(home: Path) -> AsyncIterator[Callable[..., Awaitable[Owner]]]:
    """Start an owner of both servers of ``home``; those still alive at the end are killed."""
    owners: list[Owner] = []

    async def start(loop: str = "asyncio", python: Sequence[str] = (sys.executable,)) -> Owner:
        process = await asyncio.create_subprocess_exec(
            *python,
            str(OWNER),
            str(home),
            loop,
            stdout=asyncio.subprocess.PIPE,
            env=python_environment(),
        )
        owners.append(Owner(process))
        return owners[-1]

    yield start
    servers = holders(home)
    for owner in owners:
        await owner.kill()
    await asyncio.gather(*map(end_of, servers))


@pytest.fixture
async def as_ordinary_user() -> list[str]:
    """Start of a command line that runs Python as an ordinary user.

    Where that user cannot reach this Python or our packages, below a private home, he gets the
    right to read and to pass all directories, and none to write.
    """
    _require_root()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("setpriv (util-linux) is not there to run a process as an ordinary user")
    user = [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups"]
    reading = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    # Else access(2), by which programs are looked for, does not count what an ordinary user may.
    counting = ["--securebits=+no_setuid_fixup"]
    refused = []
    for command in ([*user, sys.executable], [*user, *reading, *counting, sys.executable]):
        process = await asyncio.create_subprocess_exec(
            *(*command, "-c", REACH, str(OWNER)),
            stderr=asyncio.subprocess.PIPE,
            cwd="/",
            env=python_environment(),
        )
        _, said = await process.communicate()
        if process.returncode == 0:
            return command
        refused.append(said.decode(errors="replace"))
    pytest.fail("an ordinary user cannot run this Python with our packages:\n" + "\n".join(refused))
