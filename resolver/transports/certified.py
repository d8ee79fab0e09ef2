"""Certified replies: signed with the site's key, which clients know from its site record.

RFC 3652 section 2.2.4. Signing takes a third of a millisecond and more, so it happens in a thread
and is bounded: so many wait at one time, and so many a second are begun (`limits.Limits`). Always
with the key's own hash, SHA-256 or SM3: SHA-1, which clients before 2.7 expected, signs nothing.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Self

from identifiers.keys.signers import Signer
from identifiers.wire.cursor import octets, u32
from identifiers.wire.handle import envelope
from identifiers.wire.handle.credential import (
    SIGNED,
    Credential,
    Signature,
    encode_credential,
    encode_signature,
    signed_bytes,
)

WAITING: Final = 64
"""Replies of one worker that wait for their signature."""
_LENGTH_AT: Final = 16
_NO_CREDENTIAL: Final = bytes(4)


class Certifier:
    """Signs finished replies; to be entered, and left before the process ends."""

    def __init__(self, signer: Signer, waiting: int = WAITING) -> None:
        self._signer = signer
        self._most = waiting
        self._waiting = 0
        self._threads = ThreadPoolExecutor(1, "certifier")
        self.octets: Final = len(_credential(signer.algorithm, signer.sign(b"")))
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
            signature = await loop.run_in_executor(self._threads, self._signer.sign, covered(reply))
        finally:
            self._waiting -= 1
        return with_credential(reply, _credential(self._signer.algorithm, signature))


def covered(reply: bytes) -> bytes:
    """Return what the signature of an unsigned reply covers."""
    outer = envelope.decode_envelope(reply)
    return signed_bytes(
        outer.version,
        outer.suggested,
        session_id=outer.session_id,
        request_id=outer.request_id,
        counter=0,
        header_and_body=reply[envelope.SIZE : -len(_NO_CREDENTIAL)],
    )


def with_credential(reply: bytes, credential: bytes) -> bytes:
    """Return an unsigned reply with a credential at its end."""
    length = len(reply) - envelope.SIZE + len(credential)
    return b"".join(
        (
            reply[:_LENGTH_AT],
            u32(length),
            reply[envelope.SIZE : -len(_NO_CREDENTIAL)],
            octets(credential),
        )
    )


def _credential(algorithm: str, signature: bytes) -> bytes:
    info = encode_signature(Signature(algorithm, signature))
    return encode_credential(Credential(type=SIGNED, info=info))
