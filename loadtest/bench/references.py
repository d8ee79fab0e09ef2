"""The bare servers that the node is measured against; run as ``python -m``.

``udp``: read a datagram, look its tail up in a dict, patch the request id, send: what a Python
program cannot go below. ``tcp``: an asyncio protocol that answers each framed question with
finished octets of the right size. ``httptools``: the same for ``GET``, by its address.
``aiohttp``: a route that makes a response of a finished body. They get what they answer on
stdin (msgpack ``{question: answer}``) and print the port they listen on.
"""

import asyncio
import socket
import sys
from collections.abc import Callable, Mapping

import msgspec
import uvloop
from aiohttp import web

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


class Get(asyncio.Protocol):
    """Answers each ``GET`` that httptools has read, by its address."""

    def __init__(self, answers: Mapping[bytes, bytes]) -> None:
        import httptools  # noqa: PLC0415 -- only this reference needs it

        self.answers = answers
        self.parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Have it parsed."""
        self.parser.feed_data(data)

    def on_url(self, target: bytes) -> None:
        """Keep the address."""
        self.target = target

    def on_header(self, name: bytes, value: bytes) -> None:
        """Look at every header field, as a server would."""

    def on_message_complete(self) -> None:
        """Answer."""
        self.transport.write(self.answers[self.target])  # type: ignore[attr-defined]  # as above


async def routed(bodies: Mapping[bytes, bytes]) -> None:
    """Serve the addresses with aiohttp, as one would without more ado."""
    by_path = {target.decode(): body for target, body in bodies.items()}

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=by_path[request.raw_path], content_type="application/json")

    app = web.Application()
    app.router.add_get("/api/handles/{handle:.+}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as bound:
        await web.SockSite(runner, bound).start()
        _say(bound)
        await asyncio.Event().wait()


async def stream(
    kind: Callable[[Mapping[bytes, bytes]], asyncio.Protocol], answers: Mapping[bytes, bytes]
) -> None:
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
        case "httptools":
            uvloop.run(stream(Get, answers))
        case "aiohttp":
            uvloop.run(routed(answers))
        case other:
            sys.exit(f"no such reference: {other}")


if __name__ == "__main__":
    main()
