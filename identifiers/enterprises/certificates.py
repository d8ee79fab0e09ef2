"""Enterprise certificates (认证证书): what they say, and whether they hold. Pure.

A certificate is a JWS by the node. Where the enterprise has a key in the record of its prefix it is
an HS_CERT over that key, so that what the enterprise signs can be verified up to the node; where it
has none it says the same of the enterprise alone.
"""

from enum import StrEnum
from typing import Any, Final

import msgspec

from identifiers.enterprises.ledger import Certificate, Member
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import PublicKey, parse_public_key
from identifiers.keys.responses import PUBLIC_KEY
from identifiers.keys.signers import Signer
from identifiers.names import Prefix, fold
from identifiers.principals import HandleIdentity
from identifiers.routes import record_key
from identifiers.standings import EnterpriseState
from identifiers.trust import jws
from identifiers.trust.claims import CertificateClaims, encode_certificate, encode_jwk
from identifiers.trust.errors import TokenUnfit
from identifiers.trust.permissions import Over, Permission
from identifiers.values import Value

_DAY: Final = 86400
MAX_DAYS: Final = 1827
"""Five years."""
DEFAULT_DAYS: Final = 365


class Validity(StrEnum):
    """Whether a certificate holds."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    """The enterprise is suspended: while it is, the certificate says nothing."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What a certificate is to say. `issuer` names the key of the node that signs it."""

    serial: str
    member: Member
    prefix: Prefix
    issuer: HandleIdentity
    now: int
    days: int


def validity(certificate: Certificate, state: EnterpriseState | None, now: int) -> Validity:
    """Say whether a certificate holds at an epoch second; `state`: where its enterprise stands."""
    if certificate.revoked_at or state is EnterpriseState.CLOSED:
        return Validity.REVOKED
    if now >= certificate.expires_at:
        return Validity.EXPIRED
    return Validity.SUSPENDED if state is EnterpriseState.SUSPENDED else Validity.VALID


def key_of(values: tuple[Value, ...]) -> tuple[int, PublicKey] | None:
    """Return the first public key of a prefix record that a certificate can hold, and its index."""
    for value in sorted(values, key=lambda one: one.index):
        if fold(value.type) != PUBLIC_KEY:
            continue
        try:
            key = parse_public_key(value.data)
            encode_jwk(key)
        except (KeyUnfit, TokenUnfit):
            continue
        return value.index, key
    return None


def certificate(
    draft: Draft, key: tuple[int, PublicKey] | None, signer: Signer, by: str
) -> Certificate:
    """Return a certificate, signed; not yet in any record."""
    expires = draft.now + draft.days * _DAY
    over = _statement(draft, expires) if key is None else _over(draft, expires, key)
    return Certificate(
        serial=draft.serial,
        enterprise=draft.member.id,
        name=draft.member.name,
        identity=draft.member.identity,
        filing=draft.member.filing,
        prefix=str(draft.prefix),
        token=jws.make(over, signer),
        issued_at=draft.now,
        expires_at=expires,
        issued_by=by,
    )


def _over(draft: Draft, expires: int, key: tuple[int, PublicKey]) -> bytes:
    handle = record_key(draft.prefix)
    claims = CertificateClaims(
        issuer=draft.issuer,
        subject=HandleIdentity(handle, key[0]),
        issued=draft.now,
        not_before=draft.now,
        expires=expires,
        key=key[1],
        permissions=(
            Permission(Over.HANDLES_UNDER_THIS_PREFIX, handle, issue=False),
            Permission(Over.DERIVED_PREFIXES, handle, issue=False),
        ),
        chain=(draft.issuer.handle,),
        organisation=draft.member.name,
        name=draft.serial,
        extensions=tuple(_facts(draft).items()),
    )
    return encode_certificate(claims)


def _statement(draft: Draft, expires: int) -> bytes:
    """Return what is signed where there is no key, in the words of a certificate."""
    claims: dict[str, Any] = {
        "iss": str(draft.issuer),
        "sub": record_key(draft.prefix),
        "iat": draft.now,
        "nbf": draft.now,
        "exp": expires,
        "org": draft.member.name,
        "sn": draft.serial,
        "exts": [{"key": name, "value": fact} for name, fact in _facts(draft).items()],
    }
    return msgspec.json.encode(claims)


def _facts(draft: Draft) -> dict[str, str]:
    return {
        "serial": draft.serial,
        "filing": draft.member.filing,
        "number": draft.member.identity.number,
        "prefix": str(draft.prefix),
    }
