"""The node's key and certificate in the record of a secondary prefix. Pure.

Without a certificate from above the node issues one to itself: whoever trusts the node takes its
key as a root. One that somebody else issued for the same key is left as it is.
"""

from itertools import count
from typing import Final

import msgspec

from identifiers.keys.public import parse_public_key
from identifiers.keys.responses import PUBLIC_KEY
from identifiers.keys.signers import Signer
from identifiers.names import Prefix, fold
from identifiers.principals import HandleIdentity
from identifiers.records import Record, State
from identifiers.routes import record_key
from identifiers.trust.claims import CERTIFICATE, CertificateClaims, decode_certificate
from identifiers.trust.errors import TokenUnfit
from identifiers.trust.jws import parse
from identifiers.trust.permissions import Over, Permission
from identifiers.trust.signing import certificate_value, issue
from identifiers.values import Value
from identifiers.wire.handle.values import decode_values, encode_values
from registry.appointment import IndexTaken
from registry.signatures import KEY_INDEX, LIFE

CERTIFICATE_INDEX: Final = 490


class Certified(msgspec.Struct, frozen=True):
    """The node's key as clients know it: who it is, and its public part as HS_PUBKEY data."""

    identity: HandleIdentity
    key: bytes


def self_issued(root: Prefix, signer: Signer, now: int) -> bytes:
    """Return a certificate of the node for itself, over names under `root` and derived prefixes."""
    own, handle = HandleIdentity(record_key(root), KEY_INDEX), record_key(root)
    claims = CertificateClaims(
        issuer=own,
        subject=own,
        issued=now,
        not_before=now,
        expires=now + LIFE,
        key=parse_public_key(signer.public),
        permissions=(
            Permission(Over.HANDLES_UNDER_THIS_PREFIX, handle),
            Permission(Over.DERIVED_PREFIXES, handle),
        ),
    )
    return issue(claims, signer)


def certified(
    stored: Record | None, certificate: bytes, public_key: bytes, now: int
) -> Record | IndexTaken | None:
    """Return the next version of a secondary prefix's record, with the node's key.

    `certificate` is `self_issued`; it is used unless there is one for this key that is in force.
    None when nothing changes; `IndexTaken` when another kind of value stands where the key would.
    """
    ours = decode_certificate(parse(certificate).payload)
    live = stored is not None and stored.state is not State.DELETED
    old = decode_values(stored.values) if stored is not None and live else ()
    values = {value.index: value for value in old}
    there = values.get(KEY_INDEX)
    if there is not None and fold(there.type) != PUBLIC_KEY:
        return IndexTaken(there.type)
    if there is None or there.data != public_key:
        values[KEY_INDEX] = Value(index=KEY_INDEX, type=PUBLIC_KEY, data=public_key, timestamp=now)
    known = [(value, claims) for value in old if (claims := _certificate(value)) is not None]
    own = [(value, claims) for value, claims in known if claims.subject == ours.subject]
    if not any(c.key == ours.key and c.not_before <= now < c.expires for _, c in own):
        index = own[0][0].index if own else _free(values)
        made = certificate_value(certificate, index)
        values[index] = msgspec.structs.replace(made, timestamp=now)
    new = tuple(values.values())
    if new == old:
        return None
    key = ours.subject.handle
    return Record(
        key=key,
        name=key,
        version=1 if stored is None else stored.version + 1,
        state=stored.state if stored is not None and live else State.ACTIVE,
        values=encode_values(new),
        changed_at=now,
        reason=stored.reason if stored is not None and live else "",
    )


def _certificate(value: Value) -> CertificateClaims | None:
    if fold(value.type) != CERTIFICATE:
        return None
    try:
        return decode_certificate(parse(value.data).payload)
    except TokenUnfit:
        return None


def _free(values: dict[int, Value]) -> int:
    return next(index for index in count(CERTIFICATE_INDEX) if index not in values)
