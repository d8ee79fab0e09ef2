"""What an Authorization header says, read and not yet believed. Pure.

``Basic`` (RFC 7617), its user the percent-encoded ``index:handle``; and ``Handle``, the scheme of
Handle.Net: a session, an answer to its nonce, or a client certificate.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

import msgspec

from identifiers.faults import Invalid
from identifiers.keys.responses import PUBLIC_KEY, SECRET_KEY
from identifiers.principals import HandleIdentity
from identifiers.wire.cursor import octets, text, u32
from identifiers.wire.restform import read_flag

MAX_FIELD: Final = 8190
_KDF: Final = "pbkdf2withhmacsha1"
_PBKDF2: Final = b"\x22"
_MAX_INT: Final = 0xFFFF_FFFF
_PARAMETER: Final = re.compile(
    r"\s*([A-Za-z][A-Za-z0-9_-]*)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s,\"]+))\s*(?:,|$)"
)
_NO_TEXT: Final = re.compile("[\ud800-\udfff]")
"""How octets that are no UTF-8 come from the HTTP parser."""
_QUOTED: Final = re.compile(r"\\(.)")


class Unusable(ValueError):
    """Credentials that name nobody; the text says what cannot be read of them."""


class Basic(msgspec.Struct, frozen=True):
    """A secret key of an identity."""

    identity: HandleIdentity
    secret: bytes


class InSession(msgspec.Struct, frozen=True):
    """The id of a session."""

    session_id: str


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to the nonce of a session, over ``nonce || cnonce``.

    `kind` is the type of the key; `signed` the answer as the Handle protocol has it.
    """

    session_id: str
    identity: HandleIdentity
    kind: str
    cnonce: bytes
    signed: bytes


class Certificate(msgspec.Struct, frozen=True):
    """Whoever the certificate of the connection names."""


class Anybody(msgspec.Struct, frozen=True):
    """Who names nobody, and wants the site to prove itself (`countersigning`)."""


Credentials = Basic | InSession | Proof | Certificate | Anybody


def read_credentials(field: str) -> Credentials:
    """Read one Authorization field. Raises `Unusable`."""
    if len(field) > MAX_FIELD or _NO_TEXT.search(field):
        raise Unusable(f"credentials are UTF-8 of up to {MAX_FIELD} characters")
    scheme, _, rest = field.strip().partition(" ")
    match scheme.lower():
        case "basic":
            return _read_basic(rest.strip())
        case "handle":
            return _read_handle(_parameters(rest))
        case _:
            raise Unusable("the schemes are Basic and Handle")


def read_parameters(field: str) -> dict[str, str]:
    """Return the parameters of an Authorization field of the scheme Handle, by lower-case names.

    None of another scheme, nor of one that `read_credentials` refuses.
    """
    scheme, _, rest = field.strip().partition(" ")
    if scheme.lower() != "handle" or len(field) > MAX_FIELD:
        return {}
    try:
        return _parameters(rest)
    except Unusable:
        return {}


def _read_basic(token: str) -> Basic:
    try:
        user, colon, secret = base64.b64decode(token, validate=True).partition(b":")
        name = unquote(user.decode(), errors="strict")
    except ValueError:
        raise Unusable("Basic credentials are base64 of user:password") from None
    if not colon:
        raise Unusable("Basic credentials are base64 of user:password")
    return Basic(_identity(name), secret)


def _read_handle(found: Mapping[str, str]) -> Credentials:
    if read_flag(found.get("clientcert", "false")):
        return Certificate()
    session_id = found.get("sessionid", "")
    if "signature" in found:
        return Proof(
            session_id=session_id,
            identity=_identity(found.get("id", "")),
            kind=found.get("type", ""),
            cnonce=read_base64(found, "cnonce"),
            signed=read_signed(found),
        )
    if session_id:
        return InSession(session_id)
    if "cnonce" in found:
        return Anybody()
    raise Unusable("Handle credentials need a sessionId or clientCert")


def _parameters(rest: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at, end = 0, len(rest.rstrip())
    while at < end:
        match = _PARAMETER.match(rest, at)
        if match is None or match[1].lower() in found:
            raise Unusable('Handle credentials are name="value", each name once')
        quoted, plain = match[2], match[3]
        found[match[1].lower()] = plain if quoted is None else _QUOTED.sub(r"\1", quoted)
        at = match.end()
    return found


def read_signed(found: Mapping[str, str]) -> bytes:
    """Return the answer that `type`, `alg`, `signature` (and `salt`, …) are. Raises `Unusable`."""
    kind, algorithm = found.get("type", ""), found.get("alg", "")
    signature = read_base64(found, "signature")
    if kind == PUBLIC_KEY:
        return text(algorithm) + octets(signature)
    if kind == SECRET_KEY and algorithm.lower() == _KDF:
        salt, iterations = read_base64(found, "salt"), _integer(found, "iterations")
        bits = _integer(found, "length")
        return _PBKDF2 + octets(salt) + u32(iterations) + u32(bits) + octets(signature)
    raise Unusable(f"{PUBLIC_KEY}, or {SECRET_KEY} with PBKDF2WithHmacSHA1, proves an identity")


def read_base64(found: Mapping[str, str], name: str) -> bytes:
    """Return the octets of a parameter. Raises `Unusable`."""
    try:
        return base64.b64decode(found.get(name, ""), validate=True)
    except (binascii.Error, ValueError):
        raise Unusable(f"{name} must be base64") from None


def _integer(found: Mapping[str, str], name: str) -> int:
    value = found.get(name, "")
    if value.isascii() and value.isdigit() and len(value) <= len(str(_MAX_INT)):
        number = int(value)
        if number <= _MAX_INT:
            return number
    raise Unusable(f"{name} must be a whole number")


def _identity(name: str) -> HandleIdentity:
    try:
        return HandleIdentity.parse(name)
    except Invalid:
        raise Unusable("an identity is written index:handle") from None
