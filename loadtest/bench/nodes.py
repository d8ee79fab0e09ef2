"""A real node for the run, and the bare references, each on the processor it is measured on."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from loadtest.bench import asking

SERVER_CPU: Final = 0
DRIVER_CPU: Final = 1
_COMMAND: Final = (str(Path(sys.executable).with_name("idnode")),)
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_REST: Final = 0.1
"""Of a processor, is used by a node at rest."""
_LOOK: Final = 0.5
_PATIENCE: Final = 60.0
"""Seconds in which a node stops: a large one writes a checkpoint."""


class Node:
    """A running `idnode serve`; `pid` is its supervisor's."""

    def __init__(self, environment: Mapping[str, str], ready: Mapping[str, Any], pid: int) -> None:
        self._environment = dict(environment)
        self.ready = ready
        self.pid = pid

    def command(self, *arguments: str) -> str:
        """Run an `idnode` command against the node and return what it prints."""
        done = subprocess.run(  # noqa: S603 -- our own command line
            [*_COMMAND, *arguments],
            env=self._environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return done.stdout.strip()

    def address(self, name: str) -> tuple[str, int]:
        """Return host and port of one of the ready line's addresses."""
        host, _, port = str(self.ready[name]).rpartition("://")[2].rpartition(":")
        return host.strip("[]"), int(port)

    def metric(self, name: str, label: str = "") -> float:
        """Return the sum of a metric's samples, of those with `label` in their braces if given."""
        host, port = self.address("ops")
        with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        samples = (
            line.rpartition(" ") for line in lines if line.startswith((name + "{", name + " "))
        )
        return sum(float(value) for sample, _, value in samples if label in sample)

    def processes(self) -> dict[str, list[int]]:
        """Return the process ids by role, as the node itself tells them."""
        host, port = self.address("ops")
        with urllib.request.urlopen(f"http://{host}:{port}/readyz?verbose", timeout=10) as answer:
            told = json.load(answer)
        roles: dict[str, list[int]] = {}
        for process in told["processes"]:
            roles.setdefault(process["role"], []).append(process["pid"])
        return roles


@contextmanager
def node(*, workers: int = 1, extra: Mapping[str, str] | None = None) -> Iterator[Node]:
    """Run a node on free ports and fresh data until the block ends; `extra` is its environment."""
    with tempfile.TemporaryDirectory(prefix="idnode-bench-") as folder:
        environment = os.environ | {
            "IDNODE_DATA_DIR": folder,
            "IDNODE_WORKERS": str(workers),
            "IDNODE_PREFIX": "88.300",
            "IDNODE_LOG_LEVEL": "warning",
            **(extra or {}),
        }
        for name in ("HANDLE", "HTTP", "REGISTRY", "OPS"):
            environment[f"IDNODE_{name}_ADDR"] = "127.0.0.1:0"
        with (
            (Path(folder) / "serve.log").open("wb") as log,
            subprocess.Popen(  # noqa: S603 -- our own command line
                [*_COMMAND, "serve"], env=environment, stdout=subprocess.PIPE, stderr=log
            ) as served,
        ):
            try:
                line = served.stdout.readline() if served.stdout else b""
                if not line:
                    sys.exit(f"the node did not start:\n{(Path(folder) / 'serve.log').read_text()}")
                yield Node(environment, json.loads(line), served.pid)
            finally:
                _end(served)


def _end(served: subprocess.Popen[bytes]) -> None:
    served.terminate()
    try:
        served.wait(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        served.kill()  # its children die with it
        served.wait()
        raise


def unwind_on_signals() -> None:
    """Have signals to end raise `KeyboardInterrupt`: nodes are stopped and their data go.

    SIGINT too: a shell has it ignored in what it starts in the background.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


@contextmanager
def redis_stopped(node: Node) -> Iterator[None]:
    """Stop the embedded Redis of a node until the block ends: it takes questions, answers none."""
    redis = child(node.pid, "valkey-server")
    os.kill(redis, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(redis, signal.SIGCONT)


def settle(node: Node, patience: float) -> float:
    """Wait until the node is at rest: what was written is projected, checkpointed and vacuumed.

    At rest the projection has nothing to do and all processes together use less than a tenth
    of a processor; after `patience` seconds that is waited for no more. Returns how many seconds it
    took.
    """
    began = now = time.monotonic()
    spent = used(node.pid)
    while now - began < patience:
        time.sleep(_LOOK)
        before, spent, then, now = spent, used(node.pid), now, time.monotonic()
        idle = spent - before < _REST * (now - then)
        # It rests between its steps: that it works little does not mean that it is done.
        if idle and not node.metric("idnode_projection_lag_seconds"):
            break
    return now - began


def used(ancestor: int) -> float:
    """Return the processor time that a process and all below it have used so far, in seconds."""
    seconds = 0.0
    for pid in _family(ancestor):
        with suppress(FileNotFoundError, ProcessLookupError):
            seconds += cpu_seconds(pid)
    return seconds


def _family(ancestor: int) -> set[int]:
    parents = {pid: parent for pid, _, parent in _running()}
    family = {ancestor}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return family


def child(parent: int, program: str) -> int:
    """Return the child process that runs `program`. Raises `ProcessLookupError` without one."""
    for pid, name, its_parent in _running():
        if (name, its_parent) == (program, parent):
            return pid
    raise ProcessLookupError(f"process {parent} runs no {program}")


def _running() -> Iterator[tuple[int, str, int]]:
    """Yield process id, program and parent of every process."""
    # Not glob(): it looks at each file that it names, and processes end meanwhile.
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(FileNotFoundError, ProcessLookupError):  # ended since it was listed
            pid, _, rest = (entry / "stat").read_text().partition(" (")
            name, _, fields = rest.rpartition(") ")
            yield int(pid), name, int(fields.split()[1])


@contextmanager
def reference(
    kind: str, answers: Mapping[bytes, bytes], module: str = "loadtest.bench.references"
) -> Iterator[tuple[int, int]]:
    """Run a bare server on the server's processor; give its process id and port."""
    with subprocess.Popen(  # noqa: S603 -- our own modules
        [sys.executable, "-m", module, kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as served:
        try:
            assert served.stdin is not None  # noqa: S101 -- Popen was asked for pipes
            assert served.stdout is not None  # noqa: S101 -- as above
            served.stdin.write(msgspec.msgpack.encode(answers))
            served.stdin.close()
            port = int(served.stdout.readline())
            pin([served.pid], SERVER_CPU)
            yield served.pid, port
        finally:
            served.kill()


@contextmanager
def c_echo() -> Iterator[tuple[int, int] | None]:
    """Run a C program that echoes datagrams, as `reference` does; None without a compiler."""
    with asking.compiled("echo") as program:
        if program is None:
            yield None
            return
        with subprocess.Popen([program], stdout=subprocess.PIPE) as served:  # noqa: S603 -- ours
            try:
                port = int(served.stdout.readline()) if served.stdout else 0
                pin([served.pid], SERVER_CPU)
                yield served.pid, port
            finally:
                served.kill()


def pin(processes: Iterable[int], cpu: int) -> None:
    """Keep processes, with all their threads, on one processor."""
    for pid in processes:
        with suppress(FileNotFoundError, ProcessLookupError):  # ended since it was listed
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), {cpu})


def unpin(node: Node) -> None:
    """Let this process and all of the node use every processor."""
    for pid in (os.getpid(), *_family(node.pid)):
        with suppress(FileNotFoundError, ProcessLookupError):  # ended since it was listed
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), range(os.cpu_count() or 1))


def pin_to_processors(node: Node) -> None:
    """Keep the workers on one processor; this process and the rest of the node on the other."""
    workers = set(node.processes()["worker"])
    pin(workers, SERVER_CPU)
    # Whom the supervisor starts later is free, as it is itself.
    pin({os.getpid(), *_family(node.pid)} - workers - {node.pid}, DRIVER_CPU)


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used so far."""
    return sum(cpu_times(pid))


def cpu_times(pid: int) -> tuple[float, float]:
    """Return the seconds that a process has used so far: in its program, and in the kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) / _TICKS, int(fields[12]) / _TICKS
