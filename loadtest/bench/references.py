"""The bare servers that the node is measured against; run as ``python -m``.

``udp``: read a datagram, look its tail up in a dict, patch the request id, send: what a Python
program cannot go below. ``tcp``: an asyncio protocol that answers each framed question with
finished octets of the right size. ``http``: the same for ``GET``. They get what they answer on
stdin (msgpack ``{question: answer}``) and print the port they listen on.
"""

import asyncio
import socket
import sys
from collections.abc import Mapping

import msgspec
import uvloop

_HEAD = 20


def udp(answers: Mapping[bytes, bytes]) -> None:
    """Serve one blocking socket for ever."""
    table = {question[12:]: answer for question, answer in answers.items()}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        _say(sock)
        while True:
            data, peer = sock.recvfrom(2048)
            answer = table.get(data[12:])
            if answer is not None:
                sock.sendto(answer[:8] + data[8:12] + answer[12:], peer)


class FramedEcho(asyncio.Protocol):
    """Answers each message of an envelope-framed stream."""

    def __init__(self, answers: Mapping[bytes, bytes]) -> None:
        self.answers = answers
        self.rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole message."""
        data = self.rest + data
        at, out = 0, []
        while len(data) - at >= _HEAD:
            end = at + _HEAD + int.from_bytes(data[at + 16 : at + 20], "big")
            if end > len(data):
                break
            out.append(self.answers[data[at:end]])
            at = end
        self.rest = data[at:]
        self.transport.write(b"".join(out))  # type: ignore[attr-defined]  # a write transport


class GetEcho(FramedEcho):
    """Answers each ``GET``, delimited by its empty line."""

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        *whole, self.rest = (self.rest + data).split(b"\r\n\r\n")
        self.transport.write(b"".join([self.answers[q] for q in whole]))  # type: ignore[attr-defined]  # a write transport


async def stream(kind: type[FramedEcho], answers: Mapping[bytes, bytes]) -> None:
    """Serve TCP for ever."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: kind(answers), "127.0.0.1", 0)
    _say(server.sockets[0])
    await server.serve_forever()


def _say(sock: socket.socket) -> None:
    sys.stdout.write(f"{sock.getsockname()[1]}\n")
    sys.stdout.flush()


def main() -> None:
    """Run the reference named by the first argument."""
    answers = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=dict[bytes, bytes])
    match sys.argv[1]:
        case "udp":
            udp(answers)
        case "tcp":
            uvloop.run(stream(FramedEcho, answers))
        case "http":
            uvloop.run(stream(GetEcho, answers))
        case other:
            sys.exit(f"no such reference: {other}")


if __name__ == "__main__":
    main()
