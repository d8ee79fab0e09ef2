"""The listening sockets of a node, opened by the supervisor and inherited by its children.

All workers share one UDP and one TCP socket per address. With a socket for each worker
(SO_REUSEPORT) what waits in the queue of a worker that dies would be lost, and a gateway that asks
from one port would always get the same worker.
"""

import contextlib
import errno
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from edge.addresses import Address

_BACKLOG: Final = 4096
RECEIVE_BUFFER: Final = 4 << 20
"""Octets; what the kernel keeps of a burst, and of the moment in which a worker is replaced."""
_TRIES: Final = 20
"""How often a free TCP port is drawn until the same UDP port is free too."""


class CannotListen(OSError):
    """An address cannot be listened on; the message names it and says what to do."""


class HandleSockets(msgspec.Struct, frozen=True):
    """Both sockets of one Handle address, on one port."""

    udp: socket.socket
    tcp: socket.socket

    def __iter__(self) -> Iterator[socket.socket]:
        return iter((self.udp, self.tcp))


def listen_tcp(address: Address) -> socket.socket:
    """Open a listening TCP socket. Raises `CannotListen`."""
    with _opened(address, socket.SOCK_STREAM) as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((address.host, address.port))
        found.listen(_BACKLOG)
    return found


def listen_udp(address: Address) -> socket.socket:
    """Open a UDP socket. Raises `CannotListen`."""
    with _opened(address, socket.SOCK_DGRAM) as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        found.bind((address.host, address.port))
    return found


def receive_buffer() -> int:
    """Return how much of `RECEIVE_BUFFER` the system grants to a UDP socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        # Linux doubles what it grants, for what it keeps beside the octets (socket(7)).
        return tried.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2


def listen_handle(address: Address) -> HandleSockets:
    """Open UDP and TCP on one port, a free one for both when `address` asks for port 0."""
    for left in reversed(range(_TRIES if address.port == 0 else 1)):
        tcp = listen_tcp(address)
        try:
            return HandleSockets(listen_udp(bound(tcp)), tcp)
        except CannotListen as why:
            tcp.close()
            if why.errno != errno.EADDRINUSE or not left:
                raise
    raise AssertionError("the last try raises")


def listen_unix(path: Path) -> socket.socket:
    """Open a listening Unix socket that only this user may connect to; a left-over one goes."""
    path.unlink(missing_ok=True)
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    found.bind(str(path))
    path.chmod(0o600)
    found.listen(_BACKLOG)
    found.settimeout(0)
    return found


def inherited(descriptor: int) -> socket.socket:
    """Return a socket that the supervisor opened; closing it closes this process's copy only."""
    return socket.socket(fileno=descriptor)


def bound(opened: socket.socket) -> Address:
    """Return where a socket really listens."""
    host, port = opened.getsockname()[:2]
    return Address(host, port)


def as_text(sockets: Iterable[socket.socket]) -> str:
    """Return where sockets really listen, as a setting would be written."""
    return ",".join(str(bound(opened)) for opened in sockets)


_ADVICE: Final = {
    errno.EADDRINUSE: "another program listens there: stop it or choose another address",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.EACCES: "ports below 1024 need CAP_NET_BIND_SERVICE",
    errno.EAFNOSUPPORT: "this machine has no IPv6",
}


@contextlib.contextmanager
def _opened(address: Address, kind: socket.SocketKind) -> Iterator[socket.socket]:
    with contextlib.ExitStack() as undo:
        try:
            ipv6 = ":" in address.host
            found = socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET, kind)
            undo.callback(found.close)
            if ipv6:
                # [::] means IPv6 and 0.0.0.0 means IPv4, whatever net.ipv6.bindv6only says.
                found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            yield found
            found.settimeout(0)
        except OSError as why:
            protocol = "TCP" if kind is socket.SOCK_STREAM else "UDP"
            advice = _ADVICE.get(why.errno or 0, str(why))
            told = f"cannot listen on {address} ({protocol}): {advice}"
            raise CannotListen(why.errno, told) from why
        undo.pop_all()
