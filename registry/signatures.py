"""The node's own HS_SIGNATURE on what is registered under prefixes that were marked for it.

A signature is made of values before they are written: the time and the version are not part of
what it covers. So a command is decided twice, first on what is stored at the moment, to learn what
there is to sign, and then in the transaction, where the signature is used if the values are still
the same, and the whole is tried anew if not. No key is used while locks are held.

To the rules the node's signature does not exist: it is taken off what is stored and off what is
sent, and put on what is decided. So writing what is there already changes nothing, and who sends a
record back with a few changes does not have to know of it.

Covered are the values that everybody may read. A signature is public, and the digest of a private
value would let anybody try guesses of it.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from itertools import count
from typing import Final, Protocol

import msgspec

from identifiers.directory import PrefixDirectory
from identifiers.keys.signers import Signer
from identifiers.names import PREFIX_RECORDS, Handle
from identifiers.principals import HandleIdentity
from identifiers.records import Record, State
from identifiers.routes import record_key
from identifiers.trust.claims import SIGNATURE, decode_signature
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


class Outdated(msgspec.Struct, frozen=True):
    """What was prepared for a decision is no longer right: prepare it anew."""


OUTDATED: Final = Outdated()


class Draft(msgspec.Struct, frozen=True, gc=False):
    """What is known of a record's signature before the record is decided.

    `issuer` is in whose name the node signs it, `signed` whether it does: `token` signs just
    `values`.
    """

    issuer: HandleIdentity
    signed: bool = False
    values: bytes = b""
    token: bytes = b""


Drafts = Mapping[str, Draft]
"""By the canonical names of records."""


def blank(directory: PrefixDirectory, handle: Handle) -> Draft | None:
    """Return a draft without a token; None for what the node never signs.

    The issuer is the node's key in the record of the secondary prefix above. Records of prefixes
    (``0.NA/P``) are not signed: operators change them beside the rules.
    """
    entry = directory.nearest(handle.prefix)
    above = None if entry is None else directory.root_of(entry.prefix)
    if entry is None or above is None or handle.prefix == PREFIX_RECORDS:
        return None
    return Draft(HandleIdentity(record_key(above.prefix), KEY_INDEX), entry.signed)


def judge(
    command: Command, stored: Record | None, terms: Terms, drafts: Drafts
) -> Decision | Outdated:
    """Decide as `registry.rules.decide` does, and sign where the record is to be signed.

    Where it is not, what changes loses the signature that it had from before.
    """
    draft = drafts.get(terms.key)
    if draft is None or not (draft.signed or (stored is not None and _MARK in stored.values)):
        return decide(command, stored, terms)
    decision = _decide_bare(command, stored, terms, draft.issuer)
    if isinstance(decision, Unchanged) and stored is not None:
        return Unchanged(stored)
    if not draft.signed or not isinstance(decision, Saved) or _gone(decision):
        return decision
    if not draft.token or decision.record.values != draft.values:
        return OUTDATED
    return _signed(decision, draft.token, terms)


class Records(Protocol):
    """Where records are."""

    async def fetch(self, keys: Sequence[str]) -> Sequence[Record | None]:
        """Return the newest version of each. Raises `StoreUnavailable`."""
        ...


class Signatures:
    """Signs with the node's key, beside the event loop."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    async def prepared(
        self, planned: Collection[tuple[Command, Terms]], drafts: Drafts, store: Records
    ) -> Drafts:
        """Return `drafts` with a token where one is needed, by what is stored at the moment.

        Raises `StoreUnavailable`.
        """
        wanted = [(c, t) for c, t in planned if t.key in drafts and drafts[t.key].signed]
        if not wanted:
            return drafts
        stored = await store.fetch([terms.key for _, terms in wanted])
        made = await asyncio.to_thread(self._all_made, wanted, stored, drafts)
        return {**drafts, **made}

    def _all_made(
        self,
        wanted: Sequence[tuple[Command, Terms]],
        stored: Sequence[Record | None],
        drafts: Drafts,
    ) -> Drafts:
        return {
            terms.key: self._made(command, record, terms, drafts[terms.key])
            for (command, terms), record in zip(wanted, stored, strict=True)
        }

    def _made(self, command: Command, stored: Record | None, terms: Terms, draft: Draft) -> Draft:
        decision = _decide_bare(command, stored, terms, draft.issuer)
        if not isinstance(decision, Saved) or _gone(decision):
            return draft
        values = decision.record.values
        token = sign_values(
            terms.key,
            [value for value in decode_values(values) if value.public],
            self._signer,
            draft.issuer,
            now=terms.now,
            until=terms.now + LIFE,
        )
        return msgspec.structs.replace(draft, values=values, token=token)


def _gone(saved: Saved) -> bool:
    return saved.record.state is State.DELETED


def _decide_bare(
    command: Command, stored: Record | None, terms: Terms, issuer: HandleIdentity
) -> Decision:
    if stored is not None:
        values = decode_values(stored.values)
        kept = _without(values, issuer)
        if len(kept) != len(values):
            stored = msgspec.structs.replace(stored, values=encode_values(kept))
    if not isinstance(command, Delete | RemoveValues):
        kept = _without(command.values, issuer)
        if len(kept) != len(command.values):
            command = msgspec.structs.replace(command, values=kept)
    return decide(command, stored, terms)


def _without(values: tuple[Value, ...], issuer: HandleIdentity) -> tuple[Value, ...]:
    return tuple(value for value in values if not _made_by(value, issuer))


def _made_by(value: Value, issuer: HandleIdentity) -> bool:
    if value.type != SIGNATURE:
        return False
    try:
        return decode_signature(parse(value.data).payload).issuer == issuer
    except TokenUnfit:
        return False


def _signed(saved: Saved, token: bytes, terms: Terms) -> Saved | Faulty:
    values = decode_values(saved.record.values)
    taken = {value.index for value in values}
    free = next(index for index in count(INDEX) if index not in taken)
    made = msgspec.structs.replace(signature_value(token, free), timestamp=terms.now)
    blob = encode_values((*values, made))
    if faults := size_faults(len(values) + 1, blob):
        return Faulty(faults)
    return Saved(saved.kind, msgspec.structs.replace(saved.record, values=blob))
