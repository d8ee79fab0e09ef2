"""Credentials of messages: HS_MAC under a session's key, HS_SIGNED by a server's.

What they cover is `identifiers.wire.handle.credential.signed_bytes` (RFC 3652 section 2.2.4). Both
sides work on decoded messages: decoding and encoding are inverse, so the bytes are those that
travelled.
"""

import hmac
from typing import Final

from msgspec.structs import replace

from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import STRICT, Policy, PublicKey, canonical, verify
from identifiers.keys.sessions import SessionKey
from identifiers.keys.signers import Signer
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle.credential import (
    ENVELOPE_SINCE,
    MAC,
    SIGNED,
    Credential,
    Signature,
    decode_signature,
    encode_signature,
    signed_bytes,
)
from identifiers.wire.handle.message import Message, header_and_body

_HMAC_SHA256: Final = "HMAC-SHA256"
_HASHES: Final = {"HMACSHA256": "sha256"}
_LEGACY_HASHES: Final = {"HMACSHA1": "sha1"}


def with_mac(message: Message, key: SessionKey, counter: int) -> Message:
    """Return `message` with an HS_MAC credential; `counter` rises with each message of a side."""
    mac = hmac.digest(key.secret, _covered(message, counter), "sha256")
    return _with(message, MAC, counter, Signature(_HMAC_SHA256, mac))


def verify_mac(message: Message, key: SessionKey, policy: Policy = STRICT) -> bool:
    """Say whether `message` carries the MAC of the session that has `key`.

    The caller looks at the counter (``message.credential.counter``) and takes each only once. That
    is worth something since version 2.7: before, a MAC covers no counter, and who overhears a
    message can have it executed again under another one. Those are taken as legacy only.

    Raises `KeyUnfit` for a message without such a credential, or with one that `policy` refuses.
    """
    if message.version < ENVELOPE_SINCE and not policy.legacy:
        raise KeyUnfit("a MAC of a version in which it covers no counter")
    credential, signature = _read(message, MAC)
    name = canonical(signature.algorithm)
    algorithm = _HASHES.get(name) or (_LEGACY_HASHES.get(name) if policy.legacy else None)
    if algorithm is None:
        raise KeyUnfit(f"a MAC by {signature.algorithm[:32]!r}")
    made = hmac.digest(key.secret, _covered(message, credential.counter), algorithm)
    return hmac.compare_digest(made, signature.value)


def with_signature(message: Message, signer: Signer, counter: int = 0) -> Message:
    """Return `message` with an HS_SIGNED credential: what the flag CERTIFIED asks of a server."""
    signature = signer.sign(_covered(message, counter))
    return _with(message, SIGNED, counter, Signature(signer.algorithm, signature))


def verify_signature(message: Message, key: PublicKey, policy: Policy = STRICT) -> bool:
    """Say whether `message` carries a signature by `key`: that of the server's HS_SITE record.

    Raises `KeyUnfit` for a message without such a credential, or with one that `policy` refuses.
    """
    credential, signature = _read(message, SIGNED)
    covered = _covered(message, credential.counter)
    return verify(key, signature.algorithm, signature.value, covered, policy)


def _read(message: Message, kind: str) -> tuple[Credential, Signature]:
    credential = message.credential
    if credential is None or credential.type != kind:
        raise KeyUnfit(f"a message without {kind}")
    try:
        return credential, decode_signature(credential.info)
    except ProtocolError as error:
        raise KeyUnfit(f"a credential that cannot be read: {error}") from None


def _with(message: Message, kind: str, counter: int, signature: Signature) -> Message:
    credential = Credential(type=kind, counter=counter, info=encode_signature(signature))
    return replace(message, credential=credential, without_credential_length=False)


def _covered(message: Message, counter: int) -> bytes:
    try:
        return signed_bytes(
            message.version,
            message.suggested,
            session_id=message.session_id,
            request_id=message.request_id,
            counter=counter,
            header_and_body=header_and_body(message),
        )
    except ProtocolError as error:
        raise KeyUnfit(str(error)) from None
