"""Who asks over HTTP and how, and whether they are let in."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from aiohttp import web

from edge.addresses import Networks, came_secretly, client_address
from edge.problems import Kind, Refusal, retry_after
from edge.tls import client_certificate
from identifiers.relay import Channel, Origin
from resolver.clients import Client, Clients
from resolver.counters import Counters, Event
from resolver.limits import Limits

IN_FLIGHT_PER_HOST: Final = 32
"""Requests of one untrusted host at one time (`assurance` R-DOS-3)."""
TOO_MANY: Final = Kind(
    "too-many-requests", 429, "Too many requests from this address.", "该地址的请求过于频繁。"
)
_NOBODY: Final = "0.0.0.0"  # noqa: S104 -- nobody's address: the peer has gone


class Admission:
    """Lets requests in, by the rates of their sources. `clock` is monotonic."""

    def __init__(
        self,
        *,
        clients: Clients,
        proxies: Networks,
        rates: Limits,
        counters: Counters,
        clock: Callable[[], float],
    ) -> None:
        self._clients = clients
        self._proxies = proxies
        self._rates = rates
        self._counters = counters
        self._clock = clock
        self._in_flight: Counter[tuple[int, int]] = Counter()

    @contextmanager
    def let_in(self, request: web.Request, now: float, cost: float = 1.0) -> Iterator[Client]:
        """Count a request among those in progress and give who asks. Raises `Refusal`."""
        client = self._client(request)
        if client.trusted:
            yield client
            return
        if self._in_flight[client.host] >= IN_FLIGHT_PER_HOST:
            raise self._limited()
        self.charge(client, cost, now)
        self._in_flight[client.host] += 1
        try:
            yield client
        finally:
            self._in_flight[client.host] -= 1
            if not self._in_flight[client.host]:
                del self._in_flight[client.host]

    def charge(self, client: Client, cost: float, now: float | None = None) -> None:
        """Take a request's cost of its source's rate. Raises `Refusal` when it is too much."""
        if not self._rates.requests(client, self._clock() if now is None else now, cost):
            raise self._limited()

    def address(self, request: web.Request) -> IPv4Address | IPv6Address:
        """Return the address that a request came from, as far as proxies are trusted."""
        peer = request.remote or _NOBODY
        return client_address(peer, request.headers.getall("X-Forwarded-For", ()), self._proxies)

    def origin(self, request: web.Request, client: Client) -> Origin:
        """Return where a request came from, for the registry."""
        peer = request.remote or _NOBODY
        forwarded = request.headers.getall("X-Forwarded-For", ())
        said_https = request.headers.get("X-Forwarded-Proto", "").strip().lower() == "https"
        tls = request.secure
        return Origin(
            channel=Channel.HTTP,
            address=self.address(request),
            trusted=client.trusted,
            secure=came_secretly(
                peer, self._proxies, tls=tls, forwarded=bool(forwarded), said_https=said_https
            ),
            # A proxy's own certificate says nothing of its clients.
            certificate=b"" if forwarded else client_certificate(request),
        )

    def _limited(self) -> Refusal:
        self._counters.happened(Event.LIMITED)
        return Refusal(retry_after(TOO_MANY, 1))

    def _client(self, request: web.Request) -> Client:
        peer = request.remote or _NOBODY
        forwarded = request.headers.getall("X-Forwarded-For", ())
        if not forwarded:
            return self._clients.of(peer)
        return self._clients.of(str(client_address(peer, forwarded, self._proxies)))
