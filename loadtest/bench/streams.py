"""Drive a TCP server from Python over several connections: ``streams.c`` is quicker."""

import selectors
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from identifiers.wire.handle.envelope import SIZE as ENVELOPE
from loadtest.bench.datagrams import Tally

_PIECE: Final = 262_144

Check = Callable[[bytes], int]
"""Takes the octets that answer one batch; returns how many of the answers are wrong."""


class _Connection:
    """One connection that asks its batches in turn and reads whole answers."""

    def __init__(
        self, address: tuple[str, int], batches: Sequence[bytes], sizes: Sequence[int]
    ) -> None:
        self.sock = socket.create_connection(address)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.batches, self.sizes = batches, sizes
        self.turn = 0
        self.need = 0
        self.parts: list[bytes] = []

    def ask(self) -> None:
        self.sock.sendall(self.batches[self.turn])
        self.need = self.sizes[self.turn]
        self.parts.clear()
        self.turn = (self.turn + 1) % len(self.batches)

    def read(self) -> bool:
        """Take what has come; say whether the batch is answered."""
        got = self.sock.recv(_PIECE)
        if not got:
            raise ConnectionError("the server closed a connection of the driver")
        self.parts.append(got)
        self.need -= len(got)
        return self.need <= 0


def drive(
    address: tuple[str, int],
    batches: Sequence[bytes],
    sizes: Sequence[int],
    check: Check,
    *,
    per_batch: int,
    connections: int,
    seconds: float,
) -> Tally:
    """Ask `batches` (answered by just `sizes` octets each) and check one answer in sixteen whole.

    Raises `ConnectionError` when the server closes early.
    """
    answered = wrong = checked = 0
    with selectors.DefaultSelector() as selector:
        links = [_Connection(address, batches, sizes) for _ in range(connections)]
        try:
            for at, link in enumerate(links):
                link.turn = at % len(batches)
                selector.register(link.sock, selectors.EVENT_READ, link)
                link.ask()
            cpu, start = time.process_time(), time.monotonic()
            while time.monotonic() - start < seconds:
                for key, _ in selector.select(timeout=1.0):
                    link = key.data
                    if not link.read():
                        continue
                    answered += per_batch
                    checked += 1
                    if link.need < 0:
                        wrong += per_batch
                    elif checked % 16 == 0:
                        wrong += check(b"".join(link.parts))
                    link.ask()
            took, used = time.monotonic() - start, time.process_time() - cpu
        finally:
            for link in links:
                link.sock.close()
    return Tally(answered, 0, wrong, took, used)


def read_message(sock: socket.socket) -> bytes:
    """Read one message of the Handle protocol; nothing may follow it.

    Raises `ConnectionError` when it is cut short.
    """
    return next(read_messages(sock))


def read_messages(sock: socket.socket) -> Iterator[bytes]:
    """Read the messages of the Handle protocol that come. Raises `ConnectionError` at the end."""
    data = b""
    while True:
        end = ENVELOPE + int.from_bytes(data[16:20], "big")
        if ENVELOPE <= len(data) >= end:
            yield data[:end]
            data = data[end:]
            continue
        more = sock.recv(_PIECE)
        if not more:
            raise ConnectionError("the server closed a connection of the driver")
        data += more
