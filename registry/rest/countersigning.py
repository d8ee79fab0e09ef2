"""The site proves itself: its signature over the nonce that an answer tells, and the client's.

A client of the REST form that sends a `cnonce` and names nobody, or asks by `serverAlg` in whatever
it sends, gets `serverSignature` with the nonce: over both, one behind the other, by the key of the
site record. `serverAlg` says which hash. The nonce is random and our own, and stands first, so that
nobody has something signed that he chose.
"""

import asyncio
import base64
from typing import Final

import msgspec

from identifiers.keys.public import canonical
from identifiers.keys.signers import Signer
from identifiers.wire.handle.codes import ResponseCode
from identifiers.wire.restform import JSON, Unreadable
from registry.rest.asks import Ask
from registry.rest.credentials import Unusable, read_base64, read_parameters
from registry.rest.replies import UNAVAILABLE, Reply, refusal

SESSIONS: Final = "/api/sessions"
MAX_CNONCE: Final = 64
MOST_A_SECOND: Final = 20.0
"""Signatures for strangers, of whom nobody is known yet; as many at once after a quiet second."""
_AT_ONCE: Final = 2
_NAMES: Final = ("id", "cnonce", "serveralg")


class Wanted(msgspec.Struct, frozen=True):
    """The nonce of a client that wants the site to prove itself."""

    cnonce: bytes


class Countersigning:
    """Signs for clients. Without a `signer` the site has no key to prove itself with."""

    def __init__(self, signer: Signer | None) -> None:
        self._signer = signer
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._left = MOST_A_SECOND
        self._at = 0.0

    def wanted(self, ask: Ask) -> Wanted | None:
        """Return what is to be signed over with the nonce. Raises `Unreadable`.

        None: nothing, or credentials that cannot be read, which others tell.
        """
        found = _parameters(ask)
        algorithm = found.get("serveralg", "")
        if not algorithm and ("cnonce" not in found or "id" in found):
            return None
        try:
            cnonce = read_base64(found, "cnonce")
        except Unusable as error:
            raise Unreadable(str(error)) from None
        if not 0 < len(cnonce) <= MAX_CNONCE:
            raise Unreadable(f"cnonce must be 1 to {MAX_CNONCE} octets")
        known = "" if self._signer is None else self._signer.algorithm
        if algorithm and canonical(algorithm) != canonical(known):
            raise Unreadable(f"serverAlg: this site signs with {known or 'nothing'}")
        return Wanted(cnonce)

    async def signed(self, reply: Reply, wanted: Wanted, ask: Ask) -> Reply:
        """Return an answer with the site's signature, where it tells a nonce."""
        if not reply.nonce or self._signer is None:
            return reply
        if not ask.origin.trusted and not self._admits(ask.now):
            busy = refusal(ResponseCode.SERVER_BUSY, "Too many signatures are asked for: wait")
            headers = (("Retry-After", "1"),)
            return msgspec.structs.replace(busy, status=UNAVAILABLE, headers=headers)
        async with self._turn:
            signature = await asyncio.to_thread(self._signer.sign, reply.nonce + wanted.cnonce)
        shown = base64.b64encode(signature).decode()
        return _with(reply, self._signer.algorithm, shown)

    def _admits(self, now: float) -> bool:
        passed = (now - self._at) * MOST_A_SECOND
        self._left, self._at = min(MOST_A_SECOND, self._left + passed), now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


def _with(reply: Reply, algorithm: str, signature: str) -> Reply:
    """Tell a signature beside the nonce: in the demand for a proof, or in the document."""
    more = f', serverAlg="{algorithm}", serverSignature="{signature}"'
    headers = tuple(
        (name, value + more if value.startswith("Handle ") else value)
        for name, value in reply.headers
    )
    document = reply.document
    if isinstance(document, dict) and "nonce" in document:
        document = {**document, "serverAlg": algorithm, "serverSignature": signature}
    return msgspec.structs.replace(reply, headers=headers, document=document)


def _parameters(ask: Ask) -> dict[str, str]:
    """Return what a client says of itself, by lower-case names: in the header, else beside it."""
    found: dict[str, str] = {}
    if ask.target.partition("?")[0].startswith(SESSIONS):
        told = ask.with_body() if ask.content_type == JSON else ask
        found = {name.lower(): value for name, value in told.parameters}
    if len(ask.authorization) == 1:
        found |= read_parameters(ask.authorization[0])
    return {name: found[name] for name in _NAMES if name in found}
