"""How long after its acknowledgement a write is what every worker answers.

One identifier is written again and again over the registration API. After each acknowledgement the
workers are asked in turn, each over a connection of its own, until all tell the new value; then all
are asked once more, and none may have gone back.
"""

import http.client
import json
import socket
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from loadtest.bench import nodes, streams, wire

PATIENCE: Final = 5.0
"""Seconds after which a write counts as not told."""
_PAUSE: Final = 0.001
"""Seconds between two rounds of questions: what the figures are exact to."""
_TRIES: Final = 256
"""Connections made to reach every worker: the system deals them out as it likes."""
_ACKNOWLEDGED: Final = (200, 201)


def measure(node: nodes.Node, key: str, handle: str, *, writes: int) -> dict[str, Any]:
    """Write `handle` `writes` times while Redis is up, and as often while it is stopped.

    Times are milliseconds, None where nothing was told in time. `wrong` counts the writes that a
    worker did not tell within `PATIENCE`, or went back behind. Raises `ConnectionError` when a
    write is refused or a worker cannot be reached.
    """
    with _one_to_each(node) as links:
        trial = _Trial(node, key, handle, links)
        trial.seconds()  # every worker has to learn of the prefix first
        up = [trial.seconds() for _ in range(writes)]
        with nodes.redis_stopped(node):
            stopped = [trial.seconds() for _ in range(writes)]
        return {
            "workers": len(links),
            "writes": 2 * writes,
            "redis_up": _summary(up),
            "redis_stopped": _summary(stopped),
            "wrong": (up + stopped).count(None),
        }


def _summary(seconds: Sequence[float | None]) -> dict[str, float | None]:
    told = [1000 * took for took in seconds if took is not None]
    return {
        "median_ms": round(statistics.median(told), 1) if told else None,
        "max_ms": round(max(told), 1) if told else None,
    }


class _Trial:
    """One identifier, its writer, and a connection to each worker."""

    def __init__(
        self, node: nodes.Node, key: str, handle: str, links: Sequence[socket.socket]
    ) -> None:
        self._node, self._key, self._handle, self._links = node, key, handle, links
        self._written = 0

    def seconds(self) -> float | None:
        """Write; return how long the last worker took to tell it, None when one did not."""
        self._written += 1
        value = f"https://fresh.example/{self._written}/"
        self._write(value)
        acknowledged = time.monotonic()
        behind = list(self._links)
        while behind := [link for link in behind if not self._tells(link, value)]:
            if time.monotonic() - acknowledged > PATIENCE:
                return None
            time.sleep(_PAUSE)
        took = time.monotonic() - acknowledged
        return took if all(self._tells(link, value) for link in self._links) else None

    def _write(self, value: str) -> None:
        link = http.client.HTTPConnection(*self._node.address("registry"), timeout=30)
        document = {"values": [{"index": 1, "type": "URL", "data": value}]}
        link.request(
            "PUT",
            f"/api/v1/identifiers/{quote(self._handle)}",
            body=json.dumps(document),
            headers={
                "Authorization": f"Bearer {self._key}",
                "Content-Type": "application/json",
            },
        )
        answer = link.getresponse()
        told = answer.read()
        link.close()
        if answer.status not in _ACKNOWLEDGED:
            raise ConnectionError(f"a write was not acknowledged: {answer.status} {told!r}")

    def _tells(self, link: socket.socket, value: str) -> bool:
        question = wire.resolution(self._handle, self._written)
        link.sendall(question)
        answer = streams.read_message(link)
        return wire.is_success(answer, question) and value.encode() in answer


@contextmanager
def _one_to_each(node: nodes.Node) -> Iterator[list[socket.socket]]:
    """Connect to each worker over TCP; close the connections when the block ends."""
    workers = set(node.processes()["worker"])
    question = wire.resolution("0.NA/0.NA", 1)
    with ExitStack() as stack:
        links: dict[int, socket.socket] = {}
        for _ in range(_TRIES):
            link = stack.enter_context(socket.create_connection(node.address("handle"), timeout=30))
            link.sendall(question)
            streams.read_message(link)  # now somebody has taken the connection
            links.setdefault(_holder(link, workers), link)
            if links.keys() == workers:
                yield list(links.values())
                return
    raise ConnectionError(f"{_TRIES} connections reached only {len(links)} of {len(workers)}")


def _holder(link: socket.socket, processes: set[int]) -> int:
    """Return which process has the other end of a connection over IPv4 on this machine."""
    ours, theirs = link.getsockname()[1], link.getpeername()[1]
    ends = f":{theirs:04X}", f":{ours:04X}"
    for line in Path("/proc/net/tcp").read_text().splitlines():
        fields = line.split()
        if (fields[1][-5:], fields[2][-5:]) == ends:
            opened = f"socket:[{fields[9]}]"
            return next(pid for pid in processes if opened in _open_files(pid))
    raise ConnectionError("a connection that just answered is gone")


def _open_files(pid: int) -> Iterator[str]:
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            yield str(file.readlink())
