"""Drive the registration API: callers that each post again as soon as they are answered.

An answer acknowledges what is durable, so a rate is one of durable identifiers.
"""

import json
import selectors
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, Final

from loadtest.bench import nodes

SINGLE_CALLERS: Final = 64
BATCH_CALLERS: Final = 4
BATCH: Final = 2000
"""Identifiers of one batch, as many as the API takes."""
_CREATED: Final = 201
_PIECE: Final = 262_144


def singles(
    node: nodes.Node, key: str, lines: Iterator[bytes], *, count: int, rounds: int
) -> dict[str, Any]:
    """Register `count` identifiers one a request, from `SINGLE_CALLERS` connections."""
    path, callers = "/api/v1/identifiers", SINGLE_CALLERS
    bodies = [line.rstrip() for line in islice(lines, count)]
    return _rates(node, key, path, bodies, _created_alone, callers=callers, each=1, rounds=rounds)


def batches(
    node: nodes.Node, key: str, lines: Iterator[bytes], *, count: int, rounds: int
) -> dict[str, Any]:
    """Register `count` identifiers, `BATCH` a request, from `BATCH_CALLERS` connections."""
    path, callers = "/api/v1/identifiers/batch", BATCH_CALLERS
    bodies = [
        b'{"items":[%s]}' % b",".join(line.rstrip() for line in islice(lines, BATCH))
        for _ in range(count // BATCH)
    ]
    return _rates(node, key, path, bodies, _created, callers=callers, each=BATCH, rounds=rounds)


def _created_alone(status: int, _: bytes) -> int:
    return int(status == _CREATED)


def _created(_: int, body: bytes) -> int:
    return sum(item["status"] == _CREATED for item in json.loads(body).get("items", ()))


def _rates(
    node: nodes.Node,
    key: str,
    path: str,
    bodies: list[bytes],
    created: Callable[[int, bytes], int],
    *,
    callers: int,
    each: int,
    rounds: int,
) -> dict[str, Any]:
    posts = [_post(path, key, body) for body in bodies]
    share = len(posts) // rounds
    rates, right = [], 0
    for at in range(rounds):
        part = posts[at * share : (at + 1) * share]
        start = time.monotonic()
        answers = _exchange(node.address("registry"), part, callers)
        rates.append(each * share / (time.monotonic() - start))
        right += sum(created(status, body) for status, body in answers)
    return {
        "callers": callers,
        "identifiers": share * rounds * each,
        "rate": round(statistics.median(rates)),
        "rates": [round(rate) for rate in rates],
        "wrong": share * rounds * each - right,
    }


def _post(path: str, key: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: node.example\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Caller:
    """One connection: sends a request, reads its whole answer.

    What can be sent is sent at once, so that the selector is asked about answers only: the driver
    has the same processors as the node.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        self.sock = socket.create_connection(address)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.settimeout(0)
        self._unsent = memoryview(b"")
        self._got = b""

    def post(self, request: bytes) -> None:
        self._unsent = memoryview(request)
        self._got = b""
        self._send()

    @property
    def waits_for(self) -> int:
        """What the connection waits for, as `selectors` says it."""
        return selectors.EVENT_WRITE if self._unsent else selectors.EVENT_READ

    def go_on(self) -> tuple[int, bytes] | None:
        """Send or read what can be; return status and body of an answer that is whole."""
        if self._unsent:
            self._send()
            return None
        got = self.sock.recv(_PIECE)
        if not got:
            raise ConnectionError("the server closed a connection of the driver")
        self._got += got
        head, end, body = self._got.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return None
        return int(head[9:12]), body

    def _send(self) -> None:
        with suppress(BlockingIOError):
            self._unsent = self._unsent[self.sock.send(self._unsent) :]


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0])


def _exchange(
    address: tuple[str, int], requests: list[bytes], callers: int
) -> list[tuple[int, bytes]]:
    """Send all requests, one at a time for each caller; return the answers."""
    waiting, answers = iter(requests), []
    with selectors.DefaultSelector() as selector:
        for request in islice(waiting, callers):
            caller = _Caller(address)
            caller.post(request)
            selector.register(caller.sock, caller.waits_for, caller)
        while selector.get_map():
            for chosen, _ in selector.select():
                caller = chosen.data
                if (answer := caller.go_on()) is not None:
                    answers.append(answer)
                    following = next(waiting, None)
                    if following is None:
                        selector.unregister(caller.sock)
                        caller.sock.close()
                        continue
                    caller.post(following)
                if chosen.events != caller.waits_for:
                    selector.modify(caller.sock, caller.waits_for, caller)
    return answers
