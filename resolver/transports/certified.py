"""Certified replies: signed with the site's key, which clients know from its site record.

RFC 3652 section 2.2.4. Signing takes a third of a millisecond and more, so it happens in a thread
and is bounded (`assurance` R-DOS-4): so many wait at one time, and so many a second are begun. The
hash is the key's own, SHA-256 or SM3: SHA-1, which clients before 2.7 expected, signs nothing.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Self

from identifiers.keys.credentials import with_signature
from identifiers.keys.signers import Signer
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle.message import decode, encode
from identifiers.wire.handle.translate import early_error

WAITING: Final = 64
"""Replies of one worker that wait for their signature."""


class Certifier:
    """Signs finished replies; to be entered, and left before the process ends."""

    def __init__(self, signer: Signer, waiting: int = WAITING) -> None:
        self._signer = signer
        self._most = waiting
        self._waiting = 0
        self._threads = ThreadPoolExecutor(1, "certifier")
        sample = early_error(ProtocolError(""), 0)
        self.octets: Final = len(self._signed(sample)) - len(sample)
        """About what a signature adds to a reply: SM2's vary by an octet or two."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    @property
    def full(self) -> bool:
        """Say whether no further reply may wait."""
        return self._waiting >= self._most

    async def certify(self, reply: bytes) -> bytes:
        """Return a whole unsigned reply (its envelope first) with the site's signature."""
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._signed, reply)
        finally:
            self._waiting -= 1

    def _signed(self, reply: bytes) -> bytes:
        return encode(with_signature(decode(reply), self._signer))
