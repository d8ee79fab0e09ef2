"""How far a body is read, proved by a keyed SHA-256 of just that much of it."""

from hashlib import sha256

from registry.seals import Seals


class Differs(Exception):
    """The body is not the one that an earlier request began."""


class Trail:
    """A running digest that can tell its value at the end of every row.

    A hash cannot go back, so the latest octets wait until it is clear which row ends among them.
    The first `done` octets must have the `digest`, as `seals` keeps it.
    """

    def __init__(self, seals: Seals, done: int = 0, digest: bytes = b"") -> None:
        self._seals = seals
        self._done = done
        self._expected = digest
        self._hash = sha256()
        self._hashed = 0
        self._waiting = bytearray()

    @property
    def length(self) -> int:
        """Octets seen."""
        return self._hashed + len(self._waiting)

    def extend(self, data: bytes) -> None:
        """Take the next piece of the body. Raises `Differs`."""
        self._waiting += data
        if self._hashed < self._done:
            self._advance(min(self._done, self.length))
            if self._hashed == self._done and not self._agrees():
                raise Differs

    def at(self, offset: int) -> bytes:
        """Return the keyed SHA-256 of the first `offset` octets; offsets never go down."""
        self._advance(offset)
        return self._seals.keyed(self._hash.digest())

    def end(self) -> tuple[int, bytes]:
        """Return the length of what was seen, and its digest. Raises `Differs` if too short."""
        if self.length < self._done:
            raise Differs
        return self.length, self.at(self.length)

    def settle(self, offset: int) -> None:
        """Hash the first `offset` octets: no row that is still to come ends before."""
        self._advance(max(offset, self._hashed))

    def _agrees(self) -> bool:
        return self._seals.is_of(self._expected, self._hash.digest())

    def _advance(self, offset: int) -> None:
        count = offset - self._hashed
        self._hash.update(self._waiting[:count])
        del self._waiting[:count]
        self._hashed = offset
