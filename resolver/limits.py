"""How much whom is answered: pure decisions, the time comes in (`assurance` 3.3, 3.4).

Trusted clients are counted and not limited; who they are says the configuration. Rates are token
buckets in tables of fixed size: sources that meet in one slot share it, so an attacker can make a
stranger's bucket smaller but no table larger.
"""

from array import array
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

import msgspec

from identifiers.names import Prefix
from resolver.clients import Client

MAX_UDP_REQUEST: Final = 1024
"""Octets of one datagram; longer requests, and those of several packets, belong on TCP."""
TRUSTED_PACKETS: Final = 16
UNPROVEN_OCTETS: Final = 3 * 512
UNPROVEN_RATIO: Final = 8
PROOF_SECONDS: Final = 600.0
_FIRST_CLIENT_PORT: Final = 1024
# SSDP and memcached: nothing that asks sends from them, reflected attacks do.
_NO_CLIENT_PORTS: Final = frozenset({1900, 11211})


# What a bucket is for, the first part of its key.
_HOST, _NETWORK, _ALL, _ERRORS, _CONNECTIONS, _REQUESTS, _FORWARDS, _SIGNATURES, _WORK = range(9)


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """Per second, each also the burst: datagrams answered (R-DOS-1), connections (R-DOS-2).

    HTTP requests have a burst of their own (R-DOS-3).
    """

    same_per_host: float = 50.0
    same_per_network: float = 200.0
    all_per_network: float = 1000.0
    errors_per_network: float = 25.0
    connections_per_host: float = 50.0
    http_per_host: float = 50.0
    http_burst: float = 100.0
    forwards_per_host: float = 50.0
    """Handle requests that the registry is asked for (as R-DOS-3 has it for writes)."""
    signatures: float = 500.0
    """For everybody: a core makes some 2,700 a second (RSA, 2,048 bits)."""
    signatures_per_host: float = 20.0
    stranger_signatures: float = 250.0
    """For all that are not trusted, so that these cannot use up everybody's."""
    steps_per_prefix: float = 400_000.0
    """Of computing names from templates (`identifiers.patterns`); a step is half a microsecond.

    The templates are the owner's of the prefix: it is he who makes them costly, whoever asks.
    """
    steps_burst: float = 100_000.0
    steps_per_host: float = 20_000.0
    buckets: int = 1 << 19


class TokenTable:
    """Token buckets by key in a fixed number of slots; `salt` keeps slots from being guessed."""

    def __init__(self, slots: int, salt: int) -> None:
        self._slots = slots
        self._salt = salt
        # A slot is how many tokens are missing at which moment: zeros are full buckets.
        self._missing = array("d", bytes(8 * slots))
        self._at = array("d", bytes(8 * slots))

    def take(self, key: Hashable, rate: float, burst: float, now: float, cost: float = 1.0) -> bool:
        """Take `cost` tokens of a bucket that refills with `rate` a second; False: too few."""
        slot = hash((self._salt, key)) % self._slots
        missing = max(self._missing[slot] - (now - self._at[slot]) * rate, 0.0)
        if missing + cost > burst:
            return False
        self._missing[slot] = missing + cost
        self._at[slot] = now
        return True

    def owe(self, key: Hashable, rate: float, now: float, cost: float) -> None:
        """Take tokens off whether they are there or not, once it is known how many."""
        slot = hash((self._salt, key)) % self._slots
        missing = max(self._missing[slot] - (now - self._at[slot]) * rate, 0.0)
        self._missing[slot] = missing + cost
        self._at[slot] = now


class Limits:
    """The rates of one worker. `salt` is drawn at random by whoever makes it."""

    def __init__(self, salt: int, rates: Rates = Rates()) -> None:  # noqa: B008 -- frozen
        self._rates = rates
        self._table = TokenTable(rates.buckets, salt)

    def answers(self, client: Client, kind: Hashable, *, error: bool, now: float) -> bool:
        """Say whether a datagram may be answered; `kind` is what like answers have in common.

        Anything but values found is an `error`: these share one small allowance per network, so
        that a scan of unknown names under a forged address brings its victim next to nothing.
        """
        if client.trusted:
            return True
        rates, table, network = self._rates, self._table, client.network
        if error:
            rate = rates.errors_per_network
            if not table.take((_ERRORS, network), rate, rate, now):
                return False
        else:
            rate = rates.same_per_host
            if not table.take((_HOST, client.host, kind), rate, rate, now):
                return False
            rate = rates.same_per_network
            if not table.take((_NETWORK, network, kind), rate, rate, now):
                return False
        rate = rates.all_per_network
        return table.take((_ALL, network), rate, rate, now)

    def connections(self, client: Client, now: float) -> bool:
        """Say whether a new connection is let in."""
        rate = self._rates.connections_per_host
        return client.trusted or self._table.take((_CONNECTIONS, client.host), rate, rate, now)

    def requests(self, client: Client, now: float, cost: float = 1.0) -> bool:
        """Say whether an HTTP request is let in; one for many names costs more."""
        return client.trusted or self._table.take(
            (_REQUESTS, client.host), self._rates.http_per_host, self._rates.http_burst, now, cost
        )

    def forwards(self, client: Client, now: float) -> bool:
        """Say whether a Handle request may go to the registry."""
        rate = self._rates.forwards_per_host
        return client.trusted or self._table.take((_FORWARDS, client.host), rate, rate, now)

    def computes(self, client: Client, prefix: Prefix | None, now: float) -> bool:
        """Say whether a name under `prefix` may be computed; the prefix binds the trusted too."""
        rates, take = self._rates, self._table.take
        if not client.trusted:
            rate = rates.steps_per_host
            if not take((_WORK, client.host), rate, rate, now, 0.0):
                return False
        return take((_WORK, prefix), rates.steps_per_prefix, rates.steps_burst, now, 0.0)

    def computed(self, client: Client, prefix: Prefix | None, steps: int, now: float) -> None:
        """Note the steps that it took."""
        rates, owe = self._rates, self._table.owe
        if not client.trusted:
            owe((_WORK, client.host), rates.steps_per_host, now, steps)
        owe((_WORK, prefix), rates.steps_per_prefix, now, steps)

    def signatures(self, client: Client, now: float) -> bool:
        """Say whether a reply may be signed; this binds the trusted too."""
        rates, take = self._rates, self._table.take
        if not client.trusted:
            rate = rates.signatures_per_host
            if not take((_SIGNATURES, client.host), rate, rate, now):
                return False
            rate = rates.stranger_signatures
            if not take((_SIGNATURES, None), rate, rate, now):
                return False
        return take((_SIGNATURES,), rates.signatures, rates.signatures, now)


class ProvenPaths:
    """Hosts that completed a TCP handshake of late: nobody forges their address.

    Bounded; the longest unheard of goes first. Known to one worker only: another one may be silent
    over UDP, and the client goes to TCP.
    """

    def __init__(self, most: int = 1 << 16) -> None:
        self._most = most
        self._proven: OrderedDict[tuple[int, int], float] = OrderedDict()

    def prove(self, client: Client, now: float) -> None:
        """Note a completed handshake."""
        self._proven[client.host] = now
        self._proven.move_to_end(client.host)
        if len(self._proven) > self._most:
            self._proven.popitem(last=False)

    def proven(self, client: Client, now: float) -> bool:
        """Say whether the last handshake was within ten minutes."""
        at = self._proven.get(client.host)
        return at is not None and now - at <= PROOF_SECONDS


def client_port(port: int, *, own: bool) -> bool:
    """Say whether a client may ask from this UDP port; `own`: our own port and address."""
    return port >= _FIRST_CLIENT_PORT and port not in _NO_CLIENT_PORTS and not own


def largest_reply(client: Client, request: int, *, proven: bool) -> int:
    """Return how many octets of datagrams may answer a datagram of `request` octets.

    More than that is answered with silence, after which clients ask over TCP.
    """
    if client.trusted or proven:
        return TRUSTED_PACKETS * 512
    return min(UNPROVEN_OCTETS, UNPROVEN_RATIO * request)
