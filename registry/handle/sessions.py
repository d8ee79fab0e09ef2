"""Sessions of the Handle protocol (RFC 3652 section 3.8): bounded, in memory, gone with a restart.

A session is a key that client and server agreed on. Whoever holds it signs each message with it;
who that is, is known once he has answered a challenge within the session.
"""

from collections import Counter
from collections.abc import Callable
from typing import Final

import msgspec

from identifiers.keys.sessions import SessionKey
from identifiers.relay import Origin
from registry.handle.challenges import FULL, Full, Source, source
from registry.proofs import Proof

MOST: Final = 10_000
MOST_OF_STRANGERS: Final = 7_500
MOST_OF_ONE: Final = 64
"""From one address that is not trusted (IPv6: from one /64)."""
PACE: Final = 20.0
"""Keys that are agreed on with strangers in a second, on average: each takes 3 to 20 ms."""
BURST: Final = 64
PATIENCE: Final = 60.0
"""Seconds until somebody must be known in a session."""
SHORTEST: Final = 60.0
LONGEST: Final = 24 * 3600.0
"""Seconds without a message after which a session ends, whatever the client asked for."""
_SWEEP_SECONDS: Final = 1.0
_WINDOW: Final = 256
_ALL: Final = (1 << _WINDOW) - 1


class ReplayWindow:
    """The counters that were seen: each is taken once, and those that are far too old never."""

    __slots__ = ("_highest", "_seen")

    def __init__(self) -> None:
        self._highest = 0
        self._seen = 0  # bit n: highest - n was seen

    def take(self, counter: int) -> bool:
        """Say whether this is the first message with `counter`, and remember it."""
        if counter > self._highest:
            self._seen = (self._seen << min(counter - self._highest, _WINDOW) | 1) & _ALL
            self._highest = counter
            return True
        # Compared before anything is shifted: counters are the client's, up to 2^32 apart.
        behind = self._highest - counter
        if counter == 0 or behind >= _WINDOW or self._seen >> behind & 1:
            return False
        self._seen |= 1 << behind
        return True


class Session:
    """One session. `key` signs and encrypts, None until the client has sent it.

    `proof` is None until somebody is known.
    """

    __slots__ = ("_sent", "expires_at", "id", "idle", "key", "origin", "proof", "window")

    def __init__(
        self, number: int, key: SessionKey | None, idle: float, origin: Origin, now: float
    ) -> None:
        self.id: Final = number
        self.key = key
        self.idle: Final = idle
        self.origin: Final = origin
        self.proof: Proof | None = None
        self.window = ReplayWindow()
        self.expires_at = now + min(idle, PATIENCE)
        self._sent = 0

    def used(self, now: float) -> None:
        """Count the time without a message anew; a session of nobody just runs out."""
        if self.proof is not None:
            self.expires_at = now + self.idle

    def belongs_to(self, proof: Proof, now: float) -> None:
        """Remember who answered the challenge."""
        self.proof = proof
        self.used(now)

    def disown(self, proof: Proof) -> None:
        """Forget who proved himself so; whoever did meanwhile stays known."""
        if self.proof is proof:
            self.proof = None

    def rekeyed(self, key: SessionKey) -> None:
        """Go on under another key, whose messages are counted from the beginning."""
        self.key = key
        self.window = ReplayWindow()
        self._sent = 0

    def next_counter(self) -> int:
        """Return the number of the next message that is signed here."""
        self._sent += 1
        return self._sent


class Terms(msgspec.Struct, frozen=True):
    """How many sessions there may be: all together, of strangers, of one stranger."""

    most: int = MOST
    most_of_strangers: int = MOST_OF_STRANGERS
    most_of_one: int = MOST_OF_ONE


class Sessions:
    """The table. `chance` gives random octets; `taken` says which ids challenges have."""

    def __init__(
        self,
        chance: Callable[[int], bytes],
        *,
        taken: Callable[[int], bool] = lambda _: False,
        terms: Terms = Terms(),  # noqa: B008 -- frozen
    ) -> None:
        self._chance = chance
        self._taken = taken
        self._terms = terms
        self._open: dict[int, Session] = {}
        self._by_source: Counter[Source] = Counter()
        self._strangers = 0
        self._paced_until = 0.0
        self._swept_at = 0.0

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, number: int) -> bool:
        return number in self._open

    def begin(
        self, key: SessionKey | None, timeout: int, origin: Origin, now: float
    ) -> Session | Full:
        """Open a session that ends after `timeout` seconds without a message, within limits."""
        if not self.room_for(origin, now):
            return FULL
        idle = max(SHORTEST, min(float(timeout), LONGEST))
        session = Session(self._free_id(), key, idle, origin, now)
        self._open[session.id] = session
        if not origin.trusted:
            self._strangers += 1
            self._by_source[source(origin)] += 1
        return session

    def may_agree(self, origin: Origin, now: float) -> bool:
        """Say whether a key may be agreed on, in a new session or in one that there is; count it.

        It is counted whatever comes of it: what proves degenerate in the end took as long.
        """
        if origin.trusted:
            return True
        if self._paced_until - now > BURST / PACE:
            return False
        self._paced_until = max(self._paced_until, now) + 1 / PACE
        return True

    def find(self, number: int, now: float) -> Session | None:
        """Return a session that goes on; None: there is none of that id, or its time is over."""
        session = self._open.get(number)
        if session is not None and session.expires_at <= now:
            self.end(number)
            return None
        return session

    def end(self, number: int) -> None:
        """End a session, if there is one of that id."""
        session = self._open.pop(number, None)
        if session is None or session.origin.trusted:
            return
        self._strangers -= 1
        asker = source(session.origin)
        self._by_source[asker] -= 1
        if not self._by_source[asker]:
            del self._by_source[asker]

    def room_for(self, origin: Origin, now: float) -> bool:
        """Say whether there may be one more session."""
        self._sweep(now)
        terms = self._terms
        if len(self._open) >= terms.most:
            return False
        if origin.trusted:
            return True
        of_one = self._by_source[source(origin)]
        return self._strangers < terms.most_of_strangers and of_one < terms.most_of_one

    def _sweep(self, now: float) -> None:
        if now - self._swept_at < _SWEEP_SECONDS:
            return
        self._swept_at = now
        for number in [n for n, session in self._open.items() if session.expires_at <= now]:
            self.end(number)

    def _free_id(self) -> int:
        while True:
            number = int.from_bytes(self._chance(4))
            if number and number not in self._open and not self._taken(number):
                return number
