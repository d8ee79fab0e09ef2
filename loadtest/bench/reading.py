"""How a program on an event loop best reads datagrams: four ways, one answer to all of them.

``python -m loadtest.bench.reading``; prints one JSON document. Each server looks a question up in
the same dict and sends; the ways differ in who reads the socket and sends. They are asked in turn,
five rounds, with one window of questions. Processor time an answer is what decides: rates suffer
from what else a shared machine does.
"""

import asyncio
import json
import os
import socket
import statistics
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from typing import Any, Final

import msgspec
import uvloop

from loadtest.bench import comparing, datagrams, nodes, wire

_ROUNDS: Final = 5
_SECONDS: Final = 1.0
_NAMES: Final = 4096
_ANSWER: Final = 300
_AT_ONCE: Final = 64
_ROOM: Final = 2048


class Table:
    """Answers by what follows a question's id, which the answer repeats."""

    def __init__(self, answers: Mapping[bytes, bytes]) -> None:
        self._answers = {question[12:]: answer for question, answer in answers.items()}

    def answer(self, data: bytes) -> bytes:
        """Return the answer to a question that is known."""
        answer = self._answers[data[12:]]
        return answer[:8] + data[8:12] + answer[12:]


class _Protocol(asyncio.DatagramProtocol):
    def __init__(self, table: Table) -> None:
        self._answer = table.answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, peer: Any) -> None:
        self._transport.sendto(self._answer(data), peer)  # type: ignore[attr-defined]  # datagrams


def blocking(sock: socket.socket, table: Table) -> None:
    """No loop at all: one thread that waits for nothing but this socket."""
    while True:
        data, peer = sock.recvfrom(_ROOM)
        sock.sendto(table.answer(data), peer)


def directly(sock: socket.socket, table: Table) -> None:
    """The loop says that the socket is readable; the program reads until it is empty, and sends."""
    sock.settimeout(0.0)

    def readable() -> None:
        with suppress(BlockingIOError):
            for _ in range(_AT_ONCE):
                data, peer = sock.recvfrom(_ROOM)
                sock.sendto(table.answer(data), peer)

    async def serve() -> None:
        asyncio.get_running_loop().add_reader(sock, readable)
        await asyncio.Event().wait()

    uvloop.run(serve())


async def _through_a_transport(sock: socket.socket, table: Table) -> None:
    sock.settimeout(0.0)
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: _Protocol(table), sock=sock)
    await asyncio.Event().wait()


def uvloop_transport(sock: socket.socket, table: Table) -> None:
    """The datagram transport of uvloop and a protocol."""
    uvloop.run(_through_a_transport(sock, table))


def asyncio_transport(sock: socket.socket, table: Table) -> None:
    """The one that asyncio comes with."""
    asyncio.run(_through_a_transport(sock, table))


WAYS: Final[dict[str, Callable[[socket.socket, Table], None]]] = {
    "a bare loop": blocking,
    "read directly, on uvloop": directly,
    "uvloop's datagram transport": uvloop_transport,
    "asyncio's datagram transport": asyncio_transport,
}


def main() -> int:
    """Measure all ways, and print what was found."""
    questions = [wire.resolution(f"88.300.1/READ-{n}", n + 1) for n in range(_NAMES)]
    answers = {question: question.ljust(_ANSWER, b"\0") for question in questions}
    sizes = [_ANSWER] * len(questions)
    spent = dict.fromkeys(WAYS, 0.0)
    tallies: dict[str, list[datagrams.Tally]] = {way: [] for way in WAYS}
    nodes.pin([os.getpid()], nodes.DRIVER_CPU)
    with ExitStack() as stack:
        servers = {
            way: stack.enter_context(nodes.reference(way, answers, __spec__.name)) for way in WAYS
        }
        for _ in range(_ROUNDS):
            for way, (pid, port) in servers.items():
                with comparing.processor_time(pid) as used:
                    tallies[way].append(
                        datagrams.drive(("127.0.0.1", port), questions, sizes, seconds=_SECONDS)
                    )
                spent[way] += used[0]
    told = {
        way: {
            "rate": round(statistics.median(t.rate for t in tallies[way])),
            "microseconds": round(spent[way] * 1e6 / sum(t.answered for t in tallies[way]), 2),
            "wrong": sum(t.wrong for t in tallies[way]),
        }
        for way in WAYS
    }
    sys.stdout.write(json.dumps(told, indent=2) + "\n")
    return int(any(t.wrong for runs in tallies.values() for t in runs))


def serve(way: str) -> None:
    """Serve in one of the ways what comes on stdin, and print the port."""
    table = Table(msgspec.msgpack.decode(sys.stdin.buffer.read(), type=dict[bytes, bytes]))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sys.stdout.write(f"{sock.getsockname()[1]}\n")
        sys.stdout.flush()
        WAYS[way](sock, table)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        serve(sys.argv[1])
    else:
        sys.exit(main())
