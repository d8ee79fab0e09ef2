"""Looks at a node and at the processors: the moments between which a step is measured."""

import time
import urllib.request
from collections.abc import Sequence
from contextlib import suppress

import psutil

from loadtest.suites import readings
from loadtest.suites.readings import Look, Reading

_PATIENCE = 20.0
_STORES = ("postgres", "valkey-server", "redis-server")


class Probe:
    """Looks at the node with this address of operations; `pid` of its supervisor, 0: elsewhere."""

    def __init__(self, ops: tuple[str, int], pid: int) -> None:
        host = f"[{ops[0]}]" if ":" in ops[0] else ops[0]
        self._url = f"http://{host}:{ops[1]}/metrics"
        self._pid = pid

    def read(self) -> Reading:
        """Return what the node says of itself. Raises `OSError`."""
        with urllib.request.urlopen(self._url, timeout=_PATIENCE) as answer:  # noqa: S310 -- http
            return readings.read(answer.read().decode())

    def look(self) -> Look:
        """Take a reading, and one of the processors. Raises `OSError`."""
        node = self.read()
        return Look(
            at=time.monotonic(),
            node=node,
            driver=time.process_time(),
            stores=_stores(self._pid),
            machine=_busy(psutil.cpu_times()),
        )


def _stores(pid: int) -> float:
    if not pid:
        return 0.0
    spent = 0.0
    with suppress(psutil.NoSuchProcess):  # the node is gone: its users will tell
        for server in psutil.Process(pid).children():
            if server.name() in _STORES:
                spent += sum(_spent(one) for one in [server, *server.children(recursive=True)])
    return spent


def _spent(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):  # a connection that was closed meanwhile
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0


def _busy(times: Sequence[float]) -> float:
    """Seconds that all processors together were not idle (user, nice, system first in the row)."""
    return sum(times[:3]) + sum(times[5:7])
