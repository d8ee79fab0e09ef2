"""Challenges that wait for their answers (RFC 3652 section 3.5): bounded, dated, used once.

A challenge is taken out of the table before its answer is looked at, so that one answer executes
one request once, whatever comes of it. The table is in memory: after a restart no challenge is
there, and an answer to one that is not there executes nothing.

An answer finds its challenge by the session id that the demand for it carried: a random one, so
that it may come back on any connection, or that of the session in which the request was made. One
Chinese SDK chooses session ids itself and another always sends 0; what they sent is taken too, but
only on the connection on which the challenge was made.
"""

from collections import Counter
from collections.abc import Callable
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import Final

import msgspec

from identifiers.relay import Origin
from identifiers.wire.handle.bodies import Digest
from identifiers.wire.handle.message import Message

LIFETIME: Final = 60.0
"""Seconds within which an answer must come."""
NONCE_BYTES: Final = 16
MOST: Final = 10_000
MOST_OF_STRANGERS: Final = 7_500
"""The rest is kept for trusted networks, however many strangers ask."""
MOST_OF_ONE: Final = 16
"""From one address that is not trusted (IPv6: from one /64)."""
MOST_BYTES: Final = 32 * 1024 * 1024
"""Of all requests that are kept."""
_IPV6_SITE: Final = 64

Source = IPv4Address | IPv4Network | IPv6Network | None


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """A request that waits until somebody proves who asks it.

    `session_id` is what it is kept under; `in_session`: that of a session. `size` is the length of
    the request in octets. `expires_at` in steady seconds.
    """

    session_id: int
    nonce: bytes
    digest: Digest
    request: Message
    size: int
    origin: Origin
    expires_at: float
    in_session: bool = False

    @property
    def told_id(self) -> int:
        """The session id that the demand for an answer carries: a client's own choice, if any."""
        chosen = 0 if _alias(self) is None else self.request.session_id
        return chosen or self.session_id


class Full(Enum):
    """There is no room for one more challenge."""

    FULL = "full"


FULL: Final = Full.FULL


class Challenges:
    """The table. `chance` gives so many random octets; `taken` says which ids sessions have."""

    def __init__(
        self,
        chance: Callable[[int], bytes],
        *,
        taken: Callable[[int], bool] = lambda _: False,
        most: int = MOST,
        most_of_strangers: int = MOST_OF_STRANGERS,
        most_of_one: int = MOST_OF_ONE,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._chance = chance
        self._taken = taken
        self._most = most
        self._most_of_strangers = most_of_strangers
        self._most_of_one = most_of_one
        self._most_bytes = most_bytes
        self._open: dict[int, Challenge] = {}  # all live equally long: the oldest is the first
        self._on_connection: dict[tuple[str, int], int] = {}
        self._by_source: Counter[Source] = Counter()
        self._strangers = 0
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, session_id: int) -> bool:
        return session_id in self._open

    def issue(
        self,
        request: Message,
        size: int,
        origin: Origin,
        digest: Digest,
        now: float,
        *,
        session_id: int = 0,
    ) -> Challenge | Full:
        """Make a challenge to `request`, which came with `size` octets; `now` in steady seconds.

        `session_id` is that of the session in which it was asked, 0 outside of sessions. A session
        has one challenge: a later one takes the place of an earlier.
        """
        self.expire(now)
        if session_id:
            self._drop(session_id)
        if not self._room_for(origin, size):
            return FULL
        challenge = Challenge(
            session_id=session_id or self._free_id(),
            nonce=self._chance(NONCE_BYTES),
            digest=digest,
            request=request,
            size=size,
            origin=origin,
            expires_at=now + LIFETIME,
            in_session=session_id != 0,
        )
        self._keep(challenge)
        return challenge

    def take(self, session_id: int, origin: Origin, now: float) -> Challenge | None:
        """Take out the challenge that an answer with this session id is to.

        None when there is none: never made, answered already, or too old.
        """
        self.expire(now)
        if session_id not in self._open:
            session_id = self._on_connection.get((origin.connection, session_id), 0)
        return self._drop(session_id)

    def expire(self, now: float) -> None:
        """Forget challenges whose time is over."""
        while self._open:
            oldest = next(iter(self._open.values()))
            if oldest.expires_at > now:
                return
            self._drop(oldest.session_id)

    def _room_for(self, origin: Origin, size: int) -> bool:
        if len(self._open) >= self._most or self._bytes + size > self._most_bytes:
            return False
        if origin.trusted:
            return True
        of_one = self._by_source[source(origin)]
        return self._strangers < self._most_of_strangers and of_one < self._most_of_one

    def _free_id(self) -> int:
        while True:
            number = int.from_bytes(self._chance(4))
            if number and number not in self._open and not self._taken(number):
                return number

    def _keep(self, challenge: Challenge) -> None:
        self._open[challenge.session_id] = challenge
        self._bytes += challenge.size
        if not challenge.origin.trusted:
            self._strangers += 1
            self._by_source[source(challenge.origin)] += 1
        if (alias := _alias(challenge)) is not None:
            self._on_connection[alias] = challenge.session_id

    def _drop(self, session_id: int) -> Challenge | None:
        challenge = self._open.pop(session_id, None)
        if challenge is None:
            return None
        self._bytes -= challenge.size
        if not challenge.origin.trusted:
            self._strangers -= 1
            asker = source(challenge.origin)
            self._by_source[asker] -= 1
            if not self._by_source[asker]:
                del self._by_source[asker]
        alias = _alias(challenge)
        if alias is not None and self._on_connection.get(alias) == session_id:
            del self._on_connection[alias]
        return challenge


def source(origin: Origin) -> Source:
    """Return whom a stranger's challenges and sessions are counted for."""
    address = origin.address
    if address is None or isinstance(address, IPv4Address):
        return address
    return IPv6Network((address, _IPV6_SITE), strict=False)


def _alias(challenge: Challenge) -> tuple[str, int] | None:
    connection = challenge.origin.connection
    if challenge.in_session or not connection:
        return None
    return connection, challenge.request.session_id
