"""Making signatures and certificates."""

from collections.abc import Collection
from typing import Final

from identifiers.keys.public import SM3
from identifiers.keys.signers import Signer
from identifiers.names import fold
from identifiers.principals import HandleIdentity
from identifiers.trust import jws
from identifiers.trust.claims import (
    CERTIFICATE,
    SIGNATURE,
    CertificateClaims,
    SignatureClaims,
    encode_certificate,
    encode_signature,
)
from identifiers.trust.digests import DigestName, digest
from identifiers.values import Value

INDEX: Final = 400
"""Where HS_CERT and HS_SIGNATURE values stand by habit."""


def sign_values(
    handle: str,
    values: Collection[Value],
    signer: Signer,
    issuer: HandleIdentity,
    *,
    now: int,
    until: int,
    sm2_name: str = jws.SM2_NAMES[0],
) -> bytes:
    """Return HS_SIGNATURE data over all of `values` but those that are signatures themselves.

    `handle` is in canonical form; `issuer` names the signer's key, whose certificate stands at the
    same handle; `now` and `until` are epoch seconds.
    """
    algorithm = DigestName.SM3 if signer.algorithm == SM3 else DigestName.SHA256
    covered = [value for value in values if fold(value.type) != SIGNATURE]
    claims = SignatureClaims(
        issuer=issuer,
        subject=handle,
        issued=now,
        not_before=now,
        expires=until,
        algorithm=algorithm,
        digests=tuple((value.index, digest(value, algorithm)) for value in covered),
    )
    return jws.make(encode_signature(claims), signer, sm2_name)


def signature_value(token: bytes, index: int = INDEX) -> Value:
    """Return the value that holds a signature."""
    return Value(index=index, type=SIGNATURE, data=token)


def issue(claims: CertificateClaims, signer: Signer, sm2_name: str = jws.SM2_NAMES[0]) -> bytes:
    """Return HS_CERT data; `signer` holds the key of ``claims.issuer``. Raises `TokenUnfit`."""
    return jws.make(encode_certificate(claims), signer, sm2_name)


def certificate_value(token: bytes, index: int = INDEX) -> Value:
    """Return the value that holds a certificate."""
    return Value(index=index, type=CERTIFICATE, data=token)
