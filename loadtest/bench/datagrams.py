"""Drive a UDP server with a window of questions, many datagrams per system call.

Python's own ``sendto`` costs as much as the server under test; ``sendmmsg`` and ``recvmmsg``
(Linux, through ctypes) make the driver several times cheaper than what it measures.
"""

import ctypes
import itertools
import os
import select
import socket
import time
from collections.abc import Sequence
from typing import Final

import msgspec

_libc: Final = ctypes.CDLL(None, use_errno=True)
_MSG_DONTWAIT: Final = 0x40
_REPLY_ROOM: Final = 2048
_PATIENCE_MS: Final = 200


class _IoVec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("len", ctypes.c_size_t))


class _MsgHdr(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("namelen", ctypes.c_uint32),
        ("iov", ctypes.POINTER(_IoVec)),
        ("iovlen", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("controllen", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _MMsgHdr(ctypes.Structure):
    _fields_ = (("hdr", _MsgHdr), ("len", ctypes.c_uint))


class Tally(msgspec.Struct, frozen=True):
    """What one run of a driver saw. `seconds` of wall time, `cpu` seconds of the driver."""

    answered: int
    lost: int
    wrong: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds if self.seconds else 0.0


class _Vector:
    """A row of message headers over one block of memory, for one mmsg call."""

    def __init__(self, count: int, room: int) -> None:
        self.block = ctypes.create_string_buffer(count * room)
        self.view = memoryview(self.block).cast("B")
        self.room = room
        self.iov = (_IoVec * count)()
        self.headers = (_MMsgHdr * count)()
        start = ctypes.addressof(self.block)
        for at in range(count):
            self.iov[at].base = start + at * room
            self.iov[at].len = room
            self.headers[at].hdr.iov = ctypes.pointer(self.iov[at])
            self.headers[at].hdr.iovlen = 1

    def put(self, at: int, datagram: bytes) -> None:
        ctypes.memmove(self.iov[at].base, datagram, len(datagram))
        self.iov[at].len = len(datagram)

    def octets(self, at: int, first: int, count: int) -> bytes:
        start = at * self.room + first
        return bytes(self.view[start : start + count])


def drive(
    address: tuple[str, int],
    questions: Sequence[bytes],
    sizes: Sequence[int],
    *,
    seconds: float,
    window: int = 64,
    id_at: int = 8,
) -> Tally:
    """Ask `questions` in turn, `window` at a time, and check every answer.

    An answer is right when its length is the one in `sizes` for the question whose four octets at
    `id_at` it repeats. A window that is not complete after 0.2 s counts the missing as lost.
    Raises `OSError` when the address refuses.
    """
    expected = {q[id_at : id_at + 4]: size for q, size in zip(questions, sizes, strict=True)}
    with socket.socket(
        socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_DGRAM
    ) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.connect(address)
        return _run(sock, questions, expected, seconds=seconds, window=window, id_at=id_at)


def _run(
    sock: socket.socket,
    questions: Sequence[bytes],
    expected: dict[bytes, int],
    *,
    seconds: float,
    window: int,
    id_at: int,
) -> Tally:
    out, back = _Vector(window, 512), _Vector(window, _REPLY_ROOM)
    poller = select.poll()
    poller.register(sock.fileno(), select.POLLIN)
    turn = itertools.cycle(questions)
    answered = lost = wrong = in_flight = 0
    cpu, start = time.process_time(), time.monotonic()
    while time.monotonic() - start < seconds:
        # As many questions go out as answers came in: the server always has a window before it.
        for at in range(window - in_flight):
            out.put(at, next(turn))
        _send_all(sock.fileno(), out, window - in_flight)
        in_flight = window
        if not poller.poll(_PATIENCE_MS):
            lost += in_flight
            in_flight = 0
            continue
        got = _receive(sock.fileno(), back, window)
        for at in range(got):
            if expected.get(back.octets(at, id_at, 4)) != back.headers[at].len:
                wrong += 1
        answered += got
        in_flight = max(0, in_flight - got)
    return Tally(answered, lost, wrong, time.monotonic() - start, time.process_time() - cpu)


def _send_all(fd: int, out: _Vector, count: int) -> None:
    sent = 0
    while sent < count:
        done = _libc.sendmmsg(
            fd, ctypes.byref(out.headers, sent * ctypes.sizeof(_MMsgHdr)), count - sent, 0
        )
        if done < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        sent += done


def _receive(fd: int, back: _Vector, count: int) -> int:
    done: int = _libc.recvmmsg(fd, back.headers, count, _MSG_DONTWAIT, None)
    if done < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return done
