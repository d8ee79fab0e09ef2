"""The node's own HS_SIGNATURE on what is registered under prefixes that were marked for it.

A signature is made of values before they are written: the time and the version are not part of
what it covers. So a command is decided twice, first on what is stored at the moment, to learn what
there is to sign, and then in the transaction, where a signature is used if it is of just the values
that are to be written, and the whole is tried anew if not. No key is used while locks are held.

To the rules the node's signature does not exist: it is taken off what is stored and off what is
sent, and put on what is decided. So writing what is there already changes nothing, who sends a
record back with a few changes does not have to know of it, and none is ever stored beside values
that it does not cover, whether the prefix is marked or not.

Covered are the values that everybody may read. A signature is public, and the digest of a private
value would let anybody try guesses of it.
"""

from collections.abc import Collection, Iterable, Mapping
from itertools import count
from types import MappingProxyType
from typing import Final

import msgspec

from identifiers.directory import PrefixDirectory
from identifiers.keys.signers import Signer
from identifiers.names import PREFIX_RECORDS, fold
from identifiers.principals import HandleIdentity
from identifiers.records import Record, State
from identifiers.routes import record_key
from identifiers.trust.claims import SIGNATURE, SignatureClaims, decode_signature
from identifiers.trust.errors import TokenUnfit
from identifiers.trust.jws import parse
from identifiers.trust.signing import INDEX, sign_values, signature_value
from identifiers.values import Value
from identifiers.wire.handle.values import decode_values, encode_values
from registry.answers import Decision, Faulty, Saved, Unchanged
from registry.commands import Command, Delete, RemoveValues
from registry.rules import Terms, decide, size_faults

KEY_INDEX: Final = 390
"""Where the node's key stands in the record of a secondary prefix, apart from administrators'."""
LIFE: Final = 10 * 366 * 86400
"""Seconds for which a signature is made. What ends sooner is the certificate above it."""
_MARK: Final = SIGNATURE.encode()
_LENGTH: Final = len(SIGNATURE)


class Outdated(msgspec.Struct, frozen=True):
    """What was prepared for a decision is no longer right: prepare it anew."""


OUTDATED: Final = Outdated()


class Mark(msgspec.Struct, frozen=True):
    """In whose name the node signs a record, and whether it does."""

    issuer: HandleIdentity
    signed: bool


class Bare(msgspec.Struct, frozen=True, gc=False):
    """A record's values before they are signed, as they are to be stored."""

    key: str
    values: bytes


class Drafts(msgspec.Struct, frozen=True):
    """What is known of signatures before records are decided.

    `marks` are by the canonical names of records, without those that are never signed; `tokens` is
    HS_SIGNATURE data, each good for just these values.
    """

    marks: Mapping[str, Mark] = MappingProxyType({})
    tokens: Mapping[Bare, bytes] = MappingProxyType({})

    @property
    def signing(self) -> bool:
        """Say whether anything is to be signed."""
        return any(mark.signed for mark in self.marks.values())


class Unsigned(msgspec.Struct, frozen=True):
    """It is to be saved so, once there is a signature for it."""

    saved: Saved

    @property
    def bare(self) -> Bare:
        """Return what is to be signed."""
        return Bare(self.saved.record.key, self.saved.record.values)


def mark_of(directory: PrefixDirectory, prefix: str) -> Mark | None:
    """Return whether names under a prefix are signed; None: the node never does.

    The issuer is the node's key in the record of the secondary prefix above. Records of prefixes
    (``0.NA/P``) are not signed: operators change them beside the rules.
    """
    entry = directory.nearest(prefix)
    above = None if entry is None else directory.root_of(entry.prefix)
    if entry is None or above is None or prefix == PREFIX_RECORDS:
        return None
    return Mark(HandleIdentity(record_key(above.prefix), KEY_INDEX), entry.signed)


def judge(
    command: Command, stored: Record | None, terms: Terms, drafts: Drafts
) -> Decision | Unsigned:
    """Decide as `registry.rules.decide` does, and sign where the record is to be signed.

    Where it is not, what changes loses the signature that it had from before.
    """
    mark = drafts.marks.get(terms.key)
    if mark is None:
        return decide(command, stored, terms)
    bare = None if stored is None else bare_record(stored, mark.issuer)
    decision = decide(bare_command(command, mark.issuer), bare, terms)
    if isinstance(decision, Unchanged) and stored is not None:
        return Unchanged(stored)
    return finished(decision, terms, drafts)


def finished(decision: Decision, terms: Terms, drafts: Drafts) -> Decision | Unsigned:
    """Put the signature on what was decided on bare values, where one belongs there."""
    mark = drafts.marks.get(terms.key)
    if mark is None or not mark.signed or not isinstance(decision, Saved):
        return decision
    if decision.record.state is State.DELETED:
        return decision
    unsigned = Unsigned(decision)
    token = drafts.tokens.get(unsigned.bare)
    return unsigned if token is None else _signed(decision, token, terms)


def bare_record(stored: Record, issuer: HandleIdentity) -> Record:
    """Return a record without the signatures of `issuer`."""
    values = bare_blob(stored.values, issuer)
    return stored if values is stored.values else msgspec.structs.replace(stored, values=values)


def bare_blob(blob: bytes, issuer: HandleIdentity) -> bytes:
    """Return values in wire form without the signatures of `issuer`."""
    # A type's name stands in the blob as it was given; this is asked of every row of an import.
    if _MARK not in blob.upper():
        return blob
    values = decode_values(blob)
    kept = _without(values, issuer)
    return blob if len(kept) == len(values) else encode_values(kept)


def bare_command(command: Command, issuer: HandleIdentity) -> Command:
    """Return a command without the signatures of `issuer`."""
    if isinstance(command, Delete | RemoveValues):
        return command
    # As with secret keys (`registry.seals`): nearly all values have types of other lengths.
    for value in command.values:
        if len(value.type) == _LENGTH:
            break
    else:
        return command
    kept = _without(command.values, issuer)
    if len(kept) == len(command.values):
        return command
    return msgspec.structs.replace(command, values=kept)


def claims_of(value: Value) -> SignatureClaims | None:
    """Return what a value says as a signature, unless it is none. Nothing is verified."""
    if len(value.type) != len(SIGNATURE) or fold(value.type) != SIGNATURE:
        return None
    try:
        return decode_signature(parse(value.data).payload)
    except TokenUnfit:
        return None


def sign_all(
    needed: Iterable[Bare], marks: Mapping[str, Mark], signer: Signer, now: int
) -> Mapping[Bare, bytes]:
    """Return a signature for each, made at the epoch second `now`."""
    return {
        bare: sign_values(
            bare.key,
            [value for value in decode_values(bare.values) if value.public],
            signer,
            marks[bare.key].issuer,
            now=now,
            until=now + LIFE,
        )
        for bare in needed
    }


def needed(
    planned: Collection[tuple[Command, Terms]], stored: Iterable[Record | None], drafts: Drafts
) -> list[Bare]:
    """Return what is to be signed if these commands meet what is `stored`, in their order."""
    judged = (
        judge(command, record, terms, drafts)
        for (command, terms), record in zip(planned, stored, strict=True)
    )
    return [decision.bare for decision in judged if isinstance(decision, Unsigned)]


def _without(values: tuple[Value, ...], issuer: HandleIdentity) -> tuple[Value, ...]:
    return tuple(value for value in values if not _made_by(value, issuer))


def _made_by(value: Value, issuer: HandleIdentity) -> bool:
    claims = claims_of(value)
    return claims is not None and claims.issuer == issuer


def _signed(saved: Saved, token: bytes, terms: Terms) -> Saved | Faulty:
    values = decode_values(saved.record.values)
    taken = {value.index for value in values}
    free = next(index for index in count(INDEX) if index not in taken)
    made = msgspec.structs.replace(signature_value(token, free), timestamp=terms.now)
    blob = encode_values((*values, made))
    if faults := size_faults(len(values) + 1, blob):
        return Faulty(faults)
    return Saved(saved.kind, msgspec.structs.replace(saved.record, values=blob))
