"""HTTP: look-ups by address beside bare servers, and a hundred names in one request."""

import json
import socket
import statistics
import sys
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from loadtest.bench import comparing, nodes, wire
from loadtest.bench.asking import driver
from loadtest.bench.datagrams import Tally

NAMES: Final = 100
"""In one request."""
_CONNECTIONS: Final = 32
_BATCHES: Final = 256
_BATCH_CONNECTIONS: Final = 8


def measure(node: nodes.Node, names: Sequence[str], seconds: float) -> dict[str, Any]:
    """Ask for `names` in turn, as often as each stands there; every answer was checked before."""
    answers = {name: _answer(node, name) for name in dict.fromkeys(names)}
    requests = [wire.get(name) for name in names]
    whole = {wire.get(name).split(b" ")[1]: answer for name, answer in answers.items()}
    bodies = {target: answer.partition(b"\r\n\r\n")[2] for target, answer in whole.items()}
    port = node.address("http")[1]
    sizes = [len(answers[name]) for name in names]
    shorter: dict[int, list[int]] = {}
    with driver() as ask:

        def drive(port: int) -> Tally:
            expected = shorter.get(port, sizes)
            return ask(port, requests, expected, connections=_CONNECTIONS, seconds=seconds)

        with nodes.reference("httptools", whole) as bare:
            words = f"a bare httptools protocol, {_CONNECTIONS} connections"
            told = comparing.compare(node, bare, port, drive, words)
        with nodes.reference("aiohttp", bodies) as plain:
            shorter[plain[1]] = _sizes(plain[1], requests)
            words = "aiohttp with a route"
            told["plain_aiohttp"] = comparing.compare(node, plain, port, drive, words)
    return told


def measure_batch(node: nodes.Node, names: Sequence[str], seconds: float) -> dict[str, Any]:
    """Ask for `NAMES` of them at a time; the rate is that of identifiers."""
    draws = [[names[(NAMES * n + at) % len(names)] for at in range(NAMES)] for n in range(_BATCHES)]
    requests = [_batch(draw) for draw in draws]
    sizes = []
    for draw, request in zip(draws, requests, strict=True):
        answer = _ask(node.address("http"), request)
        results = json.loads(answer.partition(b"\r\n\r\n")[2])["results"]
        if [(r["handle"], r["responseCode"]) for r in results] != [(name, 1) for name in draw]:
            sys.exit(f"a wrong answer to a batch: {answer[:2000]!r}")
        sizes.append(len(answer))
    port = node.address("http")[1]
    (worker,) = node.processes()["worker"]
    with driver() as ask, comparing.processor_time(worker) as spent:
        runs = [
            ask(port, requests, sizes, connections=_BATCH_CONNECTIONS, seconds=seconds)
            for _ in range(comparing.ROUNDS)
        ]
    took, answered = sum(t.seconds for t in runs), sum(t.answered for t in runs) * NAMES
    return {
        "names": NAMES,
        "octets_per_name": round(statistics.mean(sizes) / NAMES),
        "rate": round(statistics.median(t.rate for t in runs) * NAMES),
        "microseconds": round(spent[0] / answered * 1e6, 2),
        "wrong": sum(t.wrong for t in runs),
        "worker_cpu_share": round(spent[0] / took, 2),
        "driver_cpu_share": round(sum(t.cpu for t in runs) / took, 2),
    }


def _sizes(port: int, requests: Sequence[bytes]) -> list[int]:
    known = {request: len(_ask(("127.0.0.1", port), request)) for request in set(requests)}
    return [known[request] for request in requests]


def _answer(node: nodes.Node, name: str) -> bytes:
    answer = _ask(node.address("http"), wire.get(name))
    head, _, body = answer.partition(b"\r\n\r\n")
    document = msgspec.json.decode(body)
    if not head.startswith(b"HTTP/1.1 200 ") or document["handle"] != name:
        sys.exit(f"a wrong answer over HTTP: {answer!r}")
    return answer


def _batch(names: Sequence[str]) -> bytes:
    body = json.dumps({"handles": list(names)}).encode()
    return (
        b"POST /api/resolve HTTP/1.1\r\nHost: node.example\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    )


def _ask(address: tuple[str, int], request: bytes) -> bytes:
    """Return the whole answer to one request."""
    with socket.create_connection(address, timeout=5) as sock:
        sock.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += _more(sock)
        head = data.partition(b"\r\n\r\n")[0]
        lines = (line.partition(b":") for line in head.lower().split(b"\r\n"))
        length = next(int(value) for name, _, value in lines if name == b"content-length")
        while len(data) < len(head) + 4 + length:
            data += _more(sock)
        return data


def _more(sock: socket.socket) -> bytes:
    data = sock.recv(262_144)
    if not data:
        raise ConnectionError("the server closed a connection of the driver")
    return data
