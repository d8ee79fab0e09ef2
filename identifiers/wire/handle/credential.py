"""A message's credential and the bytes it signs (RFC 3652 section 2.2.4).

Layout: ``byte version, byte reserved, int2 options, octets signer, int counter, text type,
octets info``; the info is ``octets algorithm, octets signature`` for HS_SIGNED (the site's key)
and HS_MAC (a session's). Verification needs keys and is not done here.
"""

from typing import Final

import msgspec

from identifiers.wire.cursor import Cursor, ProtocolError, octets, text, u16, u32
from identifiers.wire.handle.envelope import Version

SIGNED: Final = "HS_SIGNED"
MAC: Final = "HS_MAC"

_ALL_VERSION_BYTES_SINCE: Final[Version] = (2, 8)
ENVELOPE_SINCE: Final[Version] = (2, 7)
"""Before that a credential covers neither session nor request nor counter."""
_PLAIN_BEFORE: Final[Version] = (2, 5)


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """A credential as it travels; `info` is read with `decode_signature`."""

    version: int = 0
    reserved: int = 0
    options: int = 0
    signer: bytes = b""
    counter: int = 0
    """Rises with each message of a session; 0 outside of sessions."""
    type: str
    info: bytes


class Signature(msgspec.Struct, frozen=True):
    """How a credential was made, and with what result."""

    algorithm: str
    value: bytes


def decode_credential(data: bytes) -> Credential:
    """Read a whole credential. Raises `ProtocolError`."""
    cursor = Cursor(data)
    credential = Credential(
        version=cursor.u8(),
        reserved=cursor.u8(),
        options=cursor.u16(),
        signer=cursor.octets(),
        counter=cursor.u32(),
        type=cursor.text(),
        info=cursor.octets(),
    )
    cursor.finish()
    return credential


def encode_credential(credential: Credential) -> bytes:
    """Write a credential."""
    return (
        bytes((credential.version, credential.reserved))
        + u16(credential.options)
        + octets(credential.signer)
        + u32(credential.counter)
        + text(credential.type)
        + octets(credential.info)
    )


def decode_signature(info: bytes) -> Signature:
    """Read the info of an HS_SIGNED or HS_MAC credential. Raises `ProtocolError`."""
    cursor = Cursor(info)
    signature = Signature(cursor.text(), cursor.octets())
    cursor.finish()
    return signature


def encode_signature(signature: Signature) -> bytes:
    """Write the info of a credential."""
    return text(signature.algorithm) + octets(signature.value)


def signed_bytes(
    version: Version,
    suggested: Version,
    *,
    session_id: int,
    request_id: int,
    counter: int,
    header_and_body: bytes,
) -> bytes:
    """Return what a credential signs: more of the envelope the newer the version is.

    From 2.8 all four version bytes, the session, request and counter; 2.7 without the suggested
    version; up to 2.4 header and body alone. 2.5 and 2.6 differ between implementations and are
    never spoken here (`envelope.negotiate`): `ProtocolError`.
    """
    numbers = u32(session_id) + u32(request_id) + u32(counter)
    if version >= _ALL_VERSION_BYTES_SINCE:
        return bytes((*version, *suggested)) + numbers + header_and_body
    if version >= ENVELOPE_SINCE:
        return bytes(version) + numbers + header_and_body
    if version < _PLAIN_BEFORE:
        return header_and_body
    raise ProtocolError("Credentials of versions 2.5 and 2.6 are not supported")
