"""HTTP: look-ups by address beside bare servers, and a hundred names in one request."""

import json
import socket
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

import msgspec

from loadtest.bench import comparing, hot, nodes, wire
from loadtest.bench.asking import over_tcp
from loadtest.bench.comparing import Contender
from loadtest.bench.population import Popular
from loadtest.bench.workload import Exchange, Workload

NAMES: Final = 100
"""In one request."""
_CONNECTIONS: Final = 32
_BATCHES: Final = 256
_BATCH_CONNECTIONS: Final = 8
_AT_ONCE: Final = 16
"""Requests sent before their answers are read, to get to know them."""
_END: Final = b"\r\n\r\n"


def measure(node: nodes.Node, asked: Popular, seconds: float) -> dict[str, Any]:
    """Ask for hot names beside bare httptools and plain aiohttp.

    The worker knows the names by now; each is asked for once over HTTP too before.
    """
    answers = _known(node, asked.names)
    targets = {request.split(b" ")[1]: answer for request, answer in answers.items()}
    bodies = {target: answer.partition(_END)[2] for target, answer in targets.items()}
    worker, port = comparing.worker(node), node.address("http")[1]
    with (
        nodes.reference("httptools", targets) as bare,
        nodes.reference("aiohttp", bodies) as plain,
        over_tcp(_workload(answers, asked.draws)) as ask,
        over_tcp(_workload(_as_plain(plain[1], answers), asked.draws)) as ask_plain,
    ):

        def asks(pid: int, port: int) -> Contender:
            drive = ask_plain if port == plain[1] else ask
            return Contender(
                pid,
                lambda number: drive(
                    port,
                    seconds=seconds,
                    connections=_CONNECTIONS,
                    start=hot.start(asked.draws, number),
                ),
            )

        runs = comparing.in_turn(
            {"bare": asks(*bare), "plain": asks(*plain), "node": asks(worker, port)}
        )
    words = f"a bare httptools protocol, {_CONNECTIONS} connections"
    told = comparing.beside(runs["node"], runs["bare"], words)
    told["plain_aiohttp"] = comparing.beside(runs["node"], runs["plain"], "aiohttp with a route")
    return told


def measure_batch(node: nodes.Node, asked: Popular, seconds: float) -> dict[str, Any]:
    """Ask for `NAMES` of them at a time; the rate is that of identifiers."""
    drawn = asked.draws
    lists = [
        [asked.names[drawn[(NAMES * n + at) % len(drawn)]] for at in range(NAMES)]
        for n in range(_BATCHES)
    ]
    answers: dict[bytes, bytes] = {}
    for names in lists:
        request = _batch(names)
        (answers[request],) = _ask(node.address("http"), [request])
        results = json.loads(answers[request].partition(_END)[2])["results"]
        if [(r["handle"], r["responseCode"]) for r in results] != [(name, 1) for name in names]:
            sys.exit(f"a wrong answer to a batch: {answers[request][:2000]!r}")
    port = node.address("http")[1]
    with over_tcp(_workload(answers, range(len(answers)))) as ask:
        contender = Contender(
            comparing.worker(node),
            lambda _: ask(port, seconds=seconds, connections=_BATCH_CONNECTIONS),
        )
        told = comparing.in_turn({"node": contender})["node"].told()
    octets = statistics.mean(len(answer) for answer in answers.values()) / NAMES
    return {"names": NAMES, "octets_per_name": round(octets)} | {
        **told,
        "rate": told["rate"] * NAMES,
        "microseconds": round(told["microseconds"] / NAMES, 2),
        "microseconds_in_kernel": round(told["microseconds_in_kernel"] / NAMES, 2),
    }


def _workload(answers: Mapping[bytes, bytes], draws: Sequence[int]) -> Workload:
    exchanges = [Exchange(request, answer, _passing(answer)) for request, answer in answers.items()]
    return Workload(exchanges, draws)


def _passing(answer: bytes) -> tuple[int, int]:
    """Return where the header fields are: their order, an id and the time differ."""
    return answer.find(b"\r\n"), answer.find(_END)


def _as_plain(port: int, answers: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Return the answers of aiohttp with a route: one head, but for the length of the body."""
    first = next(iter(answers))
    (answer,) = _ask(("127.0.0.1", port), [first])
    head, _, body = answer.partition(_END)
    before, length, after = head.partition(b"Content-Length: %d" % len(body))
    if not length or body != answers[first].partition(_END)[2]:
        sys.exit(f"a wrong answer of the reference: {answer!r}")
    told: dict[bytes, bytes] = {}
    for request, ours in answers.items():
        body = ours.partition(_END)[2]
        told[request] = before + b"Content-Length: %d" % len(body) + after + _END + body
    return told


def _known(node: nodes.Node, names: Sequence[str]) -> dict[bytes, bytes]:
    """Ask for each name once and check each answer."""
    requests = {wire.get(name): name for name in names}
    answers: dict[bytes, bytes] = {}
    for (request, name), answer in zip(
        requests.items(), _ask(node.address("http"), list(requests)), strict=True
    ):
        document = msgspec.json.decode(answer.partition(_END)[2])
        if not answer.startswith(b"HTTP/1.1 200 ") or document["handle"] != name:
            sys.exit(f"a wrong answer over HTTP: {answer!r}")
        answers[request] = answer
    return answers


def _batch(names: Sequence[str]) -> bytes:
    body = json.dumps({"handles": list(names)}).encode()
    return (
        b"POST /api/resolve HTTP/1.1\r\nHost: node.example\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    )


def _ask(address: tuple[str, int], requests: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the whole answers to requests over one connection."""
    waiting = iter(requests)
    with socket.create_connection(address, timeout=30) as sock:
        data = b""
        while some := list(islice(waiting, _AT_ONCE)):
            sock.sendall(b"".join(some))
            for _ in some:
                while (end := _end(data)) is None or len(data) < end:
                    data += _more(sock)
                yield data[:end]
                data = data[end:]


def _end(data: bytes) -> int | None:
    """Return where the answer at the beginning ends, once its head is there."""
    head, found, _ = data.partition(_END)
    if not found:
        return None
    lines = (line.partition(b":") for line in head.lower().split(b"\r\n"))
    return len(head) + len(_END) + next(int(v) for name, _, v in lines if name == b"content-length")


def _more(sock: socket.socket) -> bytes:
    data = sock.recv(262_144)
    if not data:
        raise ConnectionError("the server closed a connection of the driver")
    return data
