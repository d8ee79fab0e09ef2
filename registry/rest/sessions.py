"""Sessions of the REST form: ids, nonces, and who proved to be whom.

A session that nobody proved anything in is not stored: its id and its nonce are made of a random
part and a date under a key of this process, so that strangers fill no table. A nonce is used once:
taken before the answer is looked at, whatever comes of it. A restart forgets the key and with it
every session.
"""

import base64
import hmac
import struct
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import msgspec

from registry.proofs import Proof

OFFER_SECONDS: Final = 60
"""Within which the nonce of a new session must be answered."""
IDLE_SECONDS: Final = 15 * 60.0
LONGEST_SECONDS: Final = 8 * 3600.0
MOST: Final = 10_000
MOST_SPENT: Final = 100_000
_RANDOM: Final = 16
_NONCE: Final = 16
_MAC: Final = 16
_DATE: Final = struct.Struct(">Q")
_HEAD: Final = _RANDOM + _DATE.size


class Offer(msgspec.Struct, frozen=True):
    """A session that waits for somebody to prove who he is."""

    session_id: str
    nonce: bytes


class Session(msgspec.Struct):
    """Somebody's session, as long as the key stands that was proved in it.

    `nonce` is for proving anew; times in steady seconds.
    """

    proof: Proof
    nonce: bytes
    idle_until: float
    until: float


class Sessions:
    """The table. `chance` gives random octets; every `now` is in steady seconds."""

    def __init__(
        self, chance: Callable[[int], bytes], most: int = MOST, most_spent: int = MOST_SPENT
    ) -> None:
        self._chance = chance
        self._key = chance(32)
        self._most = most
        self._most_spent = most_spent
        self._known: OrderedDict[str, Session] = OrderedDict()
        self._spent: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    @property
    def spent(self) -> int:
        """How many ids are remembered because their nonces must not be answered again."""
        return len(self._spent)

    def offer(self, now: float) -> Offer:
        """Make an id and a nonce; nothing is stored."""
        head = self._chance(_RANDOM) + _DATE.pack(int(now) + OFFER_SECONDS)
        session_id = base64.urlsafe_b64encode(head + self._mac(b"id", head)).decode()
        return Offer(session_id, self._mac(b"nonce", head)[:_NONCE])

    def offered(self, session_id: str, now: float) -> Offer | None:
        """Return the offer of this id as long as its nonce may be answered."""
        try:
            octets = base64.urlsafe_b64decode(session_id.encode("ascii"))
        except ValueError:
            return None
        if base64.urlsafe_b64encode(octets).decode() != session_id:
            # Decoding overlooks stray characters: the id would be new and its nonce an old one.
            return None
        head, mac = octets[:_HEAD], octets[_HEAD:]
        if not hmac.compare_digest(mac, self._mac(b"id", head)) or session_id in self._spent:
            return None
        (until,) = _DATE.unpack(head[_RANDOM:])
        return Offer(session_id, self._mac(b"nonce", head)[:_NONCE]) if now < until else None

    def take_nonce(self, session_id: str, now: float) -> bytes | None:
        """Return the nonce that may be answered in a session, this once; None: there is none."""
        session = self.find(session_id, now)
        if session is not None:
            nonce, session.nonce = session.nonce, self._chance(_NONCE)
            return nonce
        offer = self.offered(session_id, now)
        if offer is None or not self._room(now):
            return None
        self._spent[session_id] = now + OFFER_SECONDS
        return offer.nonce

    def begin(self, session_id: str, proof: Proof, now: float) -> Session:
        """Let a session be somebody's; of too many the one unused for longest ends."""
        nonce = self._chance(_NONCE)
        session = Session(proof, nonce, now + IDLE_SECONDS, now + LONGEST_SECONDS)
        self._known[session_id] = session
        self._known.move_to_end(session_id)
        self._forget_old(now)
        self._spent.setdefault(session_id, now + OFFER_SECONDS)  # once ended, it is no offer again
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return session

    def find(self, session_id: str, now: float) -> Session | None:
        """Return a session that is somebody's, and keep it from ending of idleness."""
        session = self._known.get(session_id)
        if session is None:
            return None
        if min(session.idle_until, session.until) <= now:
            del self._known[session_id]
            return None
        session.idle_until = now + IDLE_SECONDS
        self._known.move_to_end(session_id)
        return session

    def disown(self, session_id: str, session: Session) -> None:
        """Forget a session whose key is gone; one that began under its id meanwhile stays."""
        if self._known.get(session_id) is session:
            self.end(session_id)

    def end(self, session_id: str) -> None:
        """Forget a session. Its id was spent, or was never to be proved anything with."""
        self._known.pop(session_id, None)

    def _room(self, now: float) -> bool:
        self._forget_old(now)
        return len(self._spent) < self._most_spent

    def _forget_old(self, now: float) -> None:
        # In the order of their dates: each lives equally long.
        while self._spent and next(iter(self._spent.values())) <= now:
            self._spent.popitem(last=False)

    def _mac(self, purpose: bytes, head: bytes) -> bytes:
        return hmac.digest(self._key, purpose + b"\0" + head, "sha256")[:_MAC]
