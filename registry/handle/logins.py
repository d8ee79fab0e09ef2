"""Who is logged in on which connection: the habit of the Chinese SDKs (opcodes 2000 and 2001).

A login belongs to the connection, known by a name that nobody can guess (`Origin.connection`), and
never to the session id that the client chose. It ends with the connection, which is not told here:
so it ends when nothing came for as long as the longest patience of a listener.
"""

from collections import OrderedDict
from enum import Enum
from typing import Final

import msgspec

from registry.proofs import Proof

MOST: Final = 10_000
IDLE: Final = 660.0
"""Seconds; trusted connections are closed after 600 without a message."""
LONGEST: Final = 12 * 3600.0
"""Seconds after which a login ends in any case."""


class Ended(Enum):
    """Somebody was logged in here, and is not any more."""

    ENDED = "ended"


ENDED: Final = Ended.ENDED


class _Login(msgspec.Struct):
    proof: Proof | None
    idle_until: float
    until: float


class Logins:
    """The table. Of too many the one that was not used for the longest time is forgotten."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: OrderedDict[str, _Login] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def begin(self, connection: str, proof: Proof, now: float) -> None:
        """Remember who logged in on a connection; a login before is over."""
        self._known[connection] = _Login(proof, now + IDLE, now + LONGEST)
        self._known.move_to_end(connection)
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def find(self, connection: str, now: float) -> Proof | Ended | None:
        """Return who is logged in on a connection; None: nobody ever was."""
        login = self._known.get(connection)
        if login is None:
            return None
        self._known.move_to_end(connection)
        if login.proof is None or min(login.idle_until, login.until) <= now:
            login.proof = None
            return ENDED
        login.idle_until = now + IDLE
        return login.proof

    def end(self, connection: str, proof: Proof) -> None:
        """End the login on a connection; one that was begun with another proof meanwhile stays."""
        login = self._known.get(connection)
        if login is not None and login.proof is proof:
            login.proof = None
