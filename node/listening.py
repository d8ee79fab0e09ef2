"""All listening sockets of a node: which there are, and who gets which."""

import contextlib
import os
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Self

import msgspec

from edge.addresses import Address
from node.assignment import Role, Sockets
from node.config import Settings
from node.listeners import HandleSockets, as_text, bound, listen_handle, listen_tcp, listen_unix
from storage.embedded.identity import Plain
from storage.embedded.place import Place, prepare_socket_directory

_LONGEST_NAME: Final = "supervisor.sock.new"
_RELAY: Final = "relay.sock"
_SUPERVISOR: Final = "supervisor"
_NEW: Final = ".new"
_MOVING_OCTETS: Final = 1 << 20
"""What connections take that are between two workers."""


class Listening(msgspec.Struct, frozen=True, kw_only=True):
    """The open sockets.

    `relay` is where workers reach the registry; none where one of them is missing. `moving` is
    where connections wait that change from one worker to another. Each process has a control
    socket of its own, which is opened when it is started.
    """

    handle: tuple[HandleSockets, ...]
    http: tuple[socket.socket, ...]
    registry: tuple[socket.socket, ...]
    ops: tuple[socket.socket, ...]
    https: tuple[socket.socket, ...]
    registry_tls: tuple[socket.socket, ...]
    relay: tuple[socket.socket, ...]
    moving: tuple[socket.socket, ...]
    control_dir: Path
    crew: dict[str, Role]

    @classmethod
    def open(cls, settings: Settings, crew: dict[str, Role], control_dir: Path) -> Self:
        """Open what the crew serves, all or nothing. Raises `CannotListen`."""
        resolves = Role.WORKER in crew.values()
        registers = Role.REGISTRY in crew.values()
        with contextlib.ExitStack() as undo:

            def kept(opened: socket.socket) -> socket.socket:
                return undo.enter_context(opened)

            def tcp(addresses: Iterable[Address]) -> tuple[socket.socket, ...]:
                return tuple(kept(listen_tcp(address)) for address in addresses)

            def pair() -> tuple[socket.socket, ...]:
                ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                for end in ends:
                    kept(end).settimeout(0)
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MOVING_OCTETS)
                return ends

            handle = []
            for address in settings.handle if resolves else ():
                handle.append(listen_handle(address))
                for opened in handle[-1]:
                    kept(opened)
            found = cls(
                handle=tuple(handle),
                http=tcp(settings.http) if resolves else (),
                registry=tcp(settings.registry) if registers else (),
                ops=tcp(settings.ops),
                https=tcp(settings.https) if resolves else (),
                registry_tls=tcp(settings.registry_tls) if registers else (),
                relay=(kept(listen_unix(control_dir / _RELAY)),) if resolves and registers else (),
                moving=pair() if resolves else (),
                control_dir=control_dir,
                crew=crew,
            )
            undo.pop_all()
        return found

    @contextlib.contextmanager
    def lent(self, name: str) -> Iterator[Sockets]:
        """Give what a new process of the child `name` serves, until it has inherited it.

        The probes and metrics of all are served by the registry or, without one, the first worker.
        Its control socket is its own, and asked only when it was installed (`install`).
        """
        with listen_unix(self._control_path(name, _NEW)) as control:
            yield self._of(name, control)

    def install(self, name: str) -> None:
        """Have the newest process of `name` asked whenever its siblings ask for that name."""
        self._control_path(name, _NEW).replace(self._control_path(name))

    def _of(self, name: str, control: socket.socket) -> Sockets:
        role, crew = self.crew[name], self.crew
        spokesman = next((n for n, r in crew.items() if r is Role.REGISTRY), next(iter(crew)))
        worker = role is Role.WORKER
        return Sockets(
            udp=tuple(h.udp.fileno() for h in self.handle) if worker else (),
            tcp=tuple(h.tcp.fileno() for h in self.handle) if worker else (),
            http=tuple(s.fileno() for s in self.http) if worker else (),
            registry=() if worker else tuple(s.fileno() for s in self.registry),
            ops=tuple(s.fileno() for s in self.ops) if name == spokesman else (),
            https=tuple(s.fileno() for s in self.https) if worker else (),
            registry_tls=() if worker else tuple(s.fileno() for s in self.registry_tls),
            relay=() if worker else tuple(s.fileno() for s in self.relay),
            moving=tuple(s.fileno() for s in self.moving) if worker else (),
            control=control.fileno(),
        )

    def siblings(self) -> dict[str, str]:
        """Return the path of each child's control socket."""
        return {name: str(self._control_path(name)) for name in self.crew}

    def supervisor(self) -> str:
        """Return the path of the supervisor's control socket, which it opens itself."""
        return str(self._control_path(_SUPERVISOR))

    def _control_path(self, name: str, suffix: str = "") -> Path:
        return self.control_dir / f"{name}.sock{suffix}"

    def relay_path(self) -> str:
        """Return the path of the socket where workers reach the registry; empty without one."""
        return str(self.control_dir / _RELAY) if self.relay else ""

    def public(self, settings: Settings) -> tuple[str, ...]:
        """Return where clients reach the Handle listeners, as far as that can be known."""
        told = settings.public or tuple(
            address
            for address in (bound(h.tcp) for h in self.handle)
            if not address.ip.is_unspecified
        )
        return tuple(map(str, told))

    def announced(self) -> dict[str, str | None]:
        """Return the real addresses by the names of the ready line; None: not served."""
        found = {
            "handle": as_text(h.tcp for h in self.handle),
            "http": as_text(self.http),
            "registry": as_text(self.registry),
            "admin": "",
            "dns": "",
            "ops": as_text(self.ops),
            "https": as_text(self.https),
            "registry_tls": as_text(self.registry_tls),
        }
        return {name: addresses or None for name, addresses in found.items()}

    def close(self) -> None:
        """Stop listening, as far as this process keeps the sockets open."""
        for opened in self:
            opened.close()

    def __iter__(self) -> Iterator[socket.socket]:
        for pair in self.handle:
            yield from pair
        yield from (*self.http, *self.registry, *self.ops, *self.https, *self.registry_tls)
        yield from (*self.relay, *self.moving)


@contextlib.contextmanager
def control_directory(place: Path) -> Iterator[Path]:
    """Give a private directory for control sockets beside `place`, or a short one in its stead."""
    path = Place(place).socket_directory(_LONGEST_NAME, os.geteuid())
    prepare_socket_directory(path, Plain())
    try:
        yield path
    finally:
        for left in path.glob("*.sock*"):
            left.unlink(missing_ok=True)
        path.rmdir()
