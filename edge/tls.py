"""TLS at HTTP listeners: what is offered, which clients are known, and reading it all anew.

TLS 1.2 and 1.3 with forward secrecy and authenticated encryption only. Clients are asked for a
certificate where a directory of trusted ones has any; who has none is served all the same, who has
an unknown one is not. Files are looked at every few seconds: after a change new connections get the
new ones, and nothing is interrupted.
"""

import asyncio
import socket
import ssl
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
from aiohttp import web

CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2; those of 1.3 are all fit."""
HANDSHAKE_SECONDS: Final = 5.0
_SHUTDOWN_SECONDS: Final = 5.0
_BACKLOG: Final = 1024
_LOOK_AGAIN: Final = 2.0
"""Seconds between two looks at the files."""
_SUFFIX: Final = "*.pem"
_MAX_ANCHOR: Final = 64 * 1024
_log = structlog.get_logger(__name__)


class UnfitTls(RuntimeError):
    """Certificate and key cannot be used; the message says why."""


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """Where the files are: PEM. Without `key` it is in the file of the certificate.

    `clients` is the directory of trusted client certificates, None where nobody is asked for one.
    It need not be there.
    """

    certificate: Path
    key: Path | None = None
    clients: Path | None = None

    def state(self) -> tuple[object, ...]:
        """Return something that differs after each change of the files."""
        files = [self.certificate, *([self.key] if self.key else []), *self._anchor_files()]
        return tuple((str(path), _stamp(path)) for path in files)

    def anchors(self) -> frozenset[str]:
        """Return the trusted certificates; what cannot be read is told in the log, and left out."""
        found = set()
        for path in self._anchor_files():
            try:
                text = path.read_bytes()[:_MAX_ANCHOR].decode("ascii")
                ssl.create_default_context(cadata=text)
            except (OSError, ValueError) as error:  # SSLError is an OSError
                _log.warning("client certificate left out", file=str(path), why=str(error))
                continue
            found.add(text)
        return frozenset(found)

    def _anchor_files(self) -> list[Path]:
        return [] if self.clients is None else sorted(self.clients.glob(_SUFFIX))


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


class Handshakes:
    """Bounds how many handshakes are under way, and how many are begun each second.

    `clock` is monotonic. A full one costs a third of a millisecond and more.
    """

    def __init__(
        self, clock: Callable[[], float], *, at_once: int = 2048, per_second: int = 500
    ) -> None:
        self._clock = clock
        self._free = at_once
        self._per_second = per_second
        self._second = 0
        self._begun = 0
        self.refused = 0

    def begin(self) -> bool:
        """Take a place; False: too many."""
        second = int(self._clock())
        if second != self._second:
            self._second, self._begun = second, 0
        if not self._free or self._begun >= self._per_second:
            self.refused += 1
            return False
        self._free -= 1
        self._begun += 1
        return True

    def end(self) -> None:
        """Give a place back."""
        self._free += 1


class Context(ssl.SSLContext):
    """The context of a listener. `outdated`: a client that it trusts is trusted no longer."""

    outdated: bool = False
    trusted: frozenset[str] = frozenset()


def server_context(material: Material, handshakes: Handshakes) -> Context:
    """Return the context for a listener. Raises `UnfitTls`."""
    context = Context(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols(["http/1.1"])
    context.sslobject_class = _bounded(handshakes)
    try:
        context.load_cert_chain(material.certificate, material.key, password=_no_password)
    except (OSError, ValueError) as error:
        raise UnfitTls(f"{material.certificate} cannot be served: {error}") from None
    context.trusted = material.anchors()
    if context.trusted:
        for text in context.trusted:
            context.load_verify_locations(cadata=text)
        # A certificate that some authority signed may be trusted by itself, without the authority.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _no_password() -> str:
    # Without this OpenSSL would ask on the terminal.
    raise ValueError("the private key is encrypted")


def _bounded(handshakes: Handshakes) -> type[ssl.SSLObject]:
    class Bounded(ssl.SSLObject):
        """One connection's TLS; holds a place from the client's first octets to the last.

        Whoever connects and says nothing holds none: silence costs no computing, and must not shut
        others out.
        """

        _asked = False
        _leave: Callable[[], Any] | None = None

        def do_handshake(self) -> None:
            if self._asked and self._leave is None:
                if not handshakes.begin():
                    raise ssl.SSLError("too many handshakes")
                # Also when the handshake is never ended: whoever gives up drops this object.
                self._leave = weakref.finalize(self, handshakes.end)
            self._asked = True
            super().do_handshake()
            if self._leave is not None:
                self._leave()

    return Bounded


def client_certificate(request: web.BaseRequest) -> bytes:
    """Return the verified certificate of a request's client in DER; empty without one."""
    transport = request.transport
    tls = None if transport is None else transport.get_extra_info("ssl_object")
    if not isinstance(tls, ssl.SSLObject):
        return b""
    if isinstance(tls.context, Context) and tls.context.outdated:
        return b""
    return tls.getpeercert(binary_form=True) or b""


class TlsSites:
    """An application of `edge.server.serve` on further sockets, over TLS.

    ``await start()``, then `watch` in the background; the runner's cleanup ends them.
    """

    def __init__(
        self,
        runner: web.AppRunner,
        sockets: Iterable[socket.socket],
        material: Material,
        handshakes: Handshakes,
        look_again: float = _LOOK_AGAIN,
    ) -> None:
        self._runner = runner
        self._sockets = tuple(sockets)
        self._material = material
        self._handshakes = handshakes
        self._look_again = look_again
        self._state: tuple[object, ...] = ()
        # Connections keep the context that they were made with.
        self._in_use: weakref.WeakSet[Context] = weakref.WeakSet()
        self._sites: list[_Site] = []

    async def start(self) -> None:
        """Begin to accept. Raises `UnfitTls`."""
        self._state = self._material.state()
        await self._use(await self._made())

    async def watch(self) -> None:
        """Follow the files for ever; what cannot be used leaves everything as it is."""
        while True:
            await asyncio.sleep(self._look_again)
            await self.look()

    async def look(self) -> bool:
        """Look at the files once; say whether new connections get something new."""
        state = await asyncio.to_thread(self._material.state)
        if state == self._state:
            return False
        self._state = state
        try:
            await self._use(await self._made())
        except UnfitTls as error:
            _log.warning("TLS stays as it was", why=str(error))
            return False
        _log.info("TLS read anew", certificate=str(self._material.certificate))
        return True

    async def _made(self) -> Context:
        return await asyncio.to_thread(server_context, self._material, self._handshakes)

    async def _use(self, context: Context) -> None:
        before, after = self._sites, []
        for listening in self._sockets:
            # A copy: the site closes it when another follows, and the socket goes on listening.
            site = _Site(self._runner, listening.dup(), ssl_context=context, backlog=_BACKLOG)
            await site.start()
            after.append(site)
        self._sites = after
        for site in before:
            await site.stop()
        for earlier in self._in_use:
            earlier.outdated = earlier.outdated or not earlier.trusted <= context.trusted
        self._in_use.add(context)


class _Site(web.SockSite):
    """A site whose handshakes take no longer than they may."""

    __slots__ = ()

    async def start(self) -> None:
        await web.BaseSite.start(self)
        if self._runner.server is None:
            raise RuntimeError("the runner is not set up")
        self._server = await asyncio.get_running_loop().create_server(
            self._runner.server,
            sock=self._sock,
            ssl=self._ssl_context,
            ssl_handshake_timeout=HANDSHAKE_SECONDS,
            ssl_shutdown_timeout=_SHUTDOWN_SECONDS,
            backlog=self._backlog,
        )
