"""Many datagrams in one system call: ``sendmmsg`` and ``recvmmsg`` (Linux) through ctypes.

Python's own ``sendto`` costs as much as the server under test; with these a driver is several times
cheaper than what it measures. Nothing here waits: sockets are asked when something is there.
"""

import ctypes
import os
from typing import Final

_libc: Final = ctypes.CDLL(None, use_errno=True)
_MSG_DONTWAIT: Final = 0x40


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


class Vector:
    """A row of `count` datagrams of at most `room` octets over one block of memory."""

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
        """Lay a datagram in its place, to be sent."""
        ctypes.memmove(self.iov[at].base, datagram, len(datagram))
        self.iov[at].len = len(datagram)

    def octets(self, at: int, first: int, count: int) -> bytes:
        """Return `count` octets of a datagram from its octet `first` on."""
        start = at * self.room + first
        return bytes(self.view[start : start + count])

    def size(self, at: int) -> int:
        """Return how long a datagram is that was received."""
        length: int = self.headers[at].len
        return length


def send(fd: int, out: Vector, count: int) -> None:
    """Send the first `count` datagrams. Raises `OSError`."""
    sent = 0
    while sent < count:
        done = _libc.sendmmsg(
            fd, ctypes.byref(out.headers, sent * ctypes.sizeof(_MMsgHdr)), count - sent, 0
        )
        if done < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        sent += done


def receive(fd: int, back: Vector, count: int) -> int:
    """Take at most `count` datagrams that have come; return how many. Raises `OSError`."""
    done: int = _libc.recvmmsg(fd, back.headers, count, _MSG_DONTWAIT, None)
    if done < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return done
