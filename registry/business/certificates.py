"""Enterprise certificates (认证证书): issued, shown in the record of the prefix, revoked.

The table of certificates is the truth; the HS_CERT value in the record follows it. Both steps are
safe to repeat, so that whoever repeats a command that was cut finishes it.
"""

import asyncio
from collections.abc import Sequence
from itertools import count
from typing import Final
from uuid import UUID

import msgspec

from identifiers.changes import (
    ChangeKind,
    Current,
    FirstAnswer,
    Touched,
    Writes,
    Written,
)
from identifiers.directory import PrefixDirectory
from identifiers.enterprises.certificates import (
    DEFAULT_DAYS,
    MAX_DAYS,
    Draft,
    Validity,
    certificate,
    key_of,
    validity,
)
from identifiers.enterprises.ledger import (
    About,
    Certificate,
    Ledger,
    Member,
    Outcome,
    Postings,
)
from identifiers.faults import Fault
from identifiers.keys.signers import Signer
from identifiers.names import Prefix, fold
from identifiers.principals import HandleIdentity
from identifiers.records import Record, State
from identifiers.routes import record_key
from identifiers.standings import EnterpriseState, reason_faults
from identifiers.trust.claims import CERTIFICATE
from identifiers.trust.signing import INDEX, certificate_value
from identifiers.values import Value
from identifiers.wire.handle.values import decode_values, encode_values
from registry.answers import Faulty
from registry.appointment import IndexTaken
from registry.business.admissions import filed
from registry.business.asking import By
from registry.business.ports import BusinessStore
from registry.business.refusals import NoMember, NotFiled
from registry.certification import certified, self_issued
from registry.commands import Once, change_ids
from registry.effects import at_first
from registry.ports import RegistryStore
from registry.signatures import KEY_INDEX

_SERIAL_OCTETS: Final = 8


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """For whom a certificate is to be issued, for which of its prefixes (none: the first).

    `replaces` is the serial number of the one that it takes the place of.
    """

    enterprise: int
    days: int = DEFAULT_DAYS
    prefix: str = ""
    replaces: str = ""


class NotActive(msgspec.Struct, frozen=True):
    """Only enterprises that are active are certified."""

    state: EnterpriseState


class NotVerified(msgspec.Struct, frozen=True):
    """Nobody verified who the enterprise is, or it was not who it says."""


class InForce(msgspec.Struct, frozen=True):
    """The enterprise has a certificate that holds: it can be replaced."""

    serial: str


class NoCertificate(msgspec.Struct, frozen=True):
    """There is none of that serial number."""


class Checked(msgspec.Struct, frozen=True):
    """A certificate, and whether it holds."""

    certificate: Certificate
    validity: Validity


Issued = (
    Certificate | NoMember | NotFiled | NotActive | NotVerified | InForce | NoCertificate | Faulty
)
Revoked = Certificate | NoCertificate | Faulty


class Certificates:
    """The commands around certificates. Everything but a store's trouble is an answer."""

    def __init__(self, store: BusinessStore, records: RegistryStore, signer: Signer) -> None:
        self._store = store
        self._records = records
        self._signer = signer

    async def issue(self, wish: Wish, by: By, once: Once[Issued] | None = None) -> Issued:
        """Issue a certificate, and write it into the record of the prefix if there is a key.

        Raises `AnsweredBefore`; `finish` sees to the record then.
        """
        if not 1 <= wish.days <= MAX_DAYS:
            return Faulty((Fault("range", "/days", {"low": 1, "high": MAX_DAYS}),))
        member = await filed(self._store, wish.enterprise)
        if not isinstance(member, Member):
            return member
        directory = await self._records.directory()
        prefix = _prefix(directory, wish)
        if prefix is None or (root := directory.root_of(prefix)) is None:
            fault = Fault("certificate.prefix", "/prefix", {"prefix": wish.prefix})
            return Faulty((fault,))
        draft = Draft(
            serial=by.chance[:_SERIAL_OCTETS].hex().upper(),
            member=member,
            prefix=prefix,
            issuer=HandleIdentity(record_key(root.prefix), KEY_INDEX),
            now=by.now,
            days=wish.days,
        )
        made = await self._made(draft, by)
        about = About(
            enterprise=wish.enterprise, identity=member.identity, certificate=wish.replaces
        )
        first: FirstAnswer[Issued] | None = at_first(once, _if_issued)

        def decide(ledger: Ledger) -> tuple[Postings, Issued]:
            return _issued(ledger, made, wish, by)

        answer = await self._store.post(about, decide, first)
        match answer:
            case Certificate():
                await self._show(answer, by, directory)
            case InForce():
                # A repetition of a command that was cut: what was begun is finished.
                await self.finish(wish.enterprise, by)
            case _:
                pass
        return answer

    async def finish(self, enterprise: int, by: By) -> None:
        """Have the record of the prefix hold the certificate in force, if an issue was cut off."""
        about = About(enterprise=enterprise)
        there = await self._store.post(about, lambda ledger: (Postings(), ledger.in_force))
        if there is not None:
            await self._show(there, by, await self._records.directory())

    async def revoke(self, serial: str, reason: str, by: By) -> Revoked:
        """Revoke a certificate, and take it out of the record of the prefix."""
        if faults := reason_faults(reason):
            return Faulty(tuple(faults))

        def decide(ledger: Ledger) -> tuple[Postings, Revoked]:
            there = ledger.certificate
            if there is None:
                return Postings(), NoCertificate()
            if there.revoked_at:
                return Postings(), there
            made = msgspec.structs.replace(there, revoked_at=by.now, reason=reason)
            entry = by.entry("certificate.revoke", serial, {"reason": reason})
            return Postings(certificates=(made,), audit=(entry,)), made

        answer = await self._store.post(About(certificate=serial), decide)
        if isinstance(answer, Certificate):
            await self._hide(answer, by)
        return answer

    async def check(self, serial: str, now: int) -> Checked | NoCertificate:
        """Say whether a certificate holds. Anybody may ask."""
        found = await self._store.certificate(serial)
        if found is None:
            return NoCertificate()
        member = await self._store.member(found.enterprise)
        return Checked(found, validity(found, None if member is None else member.state, now))

    async def issued(self, enterprise: int, after: str, limit: int) -> Sequence[Certificate]:
        """Return a page of the certificates of an enterprise (0: of all)."""
        return await self._store.certificates(enterprise, after, limit)

    async def _made(self, draft: Draft, by: By) -> Certificate:
        values = _values(await self._records.record(record_key(draft.prefix)))
        key = key_of(values)
        made = await asyncio.to_thread(certificate, draft, key, self._signer, by.actor)
        return made if key is None else msgspec.structs.replace(made, index=_free(values))

    async def _show(self, one: Certificate, by: By, directory: PrefixDirectory) -> None:
        """Have the record of the root hold the node's key, and that of the prefix a certificate."""
        prefix = Prefix.parse(one.prefix)
        root = directory.root_of(prefix)
        if root is None:
            return
        own = await asyncio.to_thread(self_issued, root.prefix, self._signer, by.now)
        key, above = record_key(prefix), record_key(root.prefix)
        changes = change_ids(by.at, lambda size: (by.chance * 4)[:size], 2)

        def decide(current: Current) -> tuple[Writes, None]:
            written = []
            upper = certified(current.records.get(above), own, self._signer.public, by.now)
            if upper is not None and not isinstance(upper, IndexTaken):
                written.append(_written(upper, current.records.get(above), changes[0]))
            stored = current.records.get(key)
            if (record := _with(stored, one, by.now)) is not None:
                written.append(_written(record, stored, changes[1]))
            entries = (by.entry("certificate.show", one.prefix, {"serial": one.serial}),)
            return Writes(records=tuple(written), audit=entries if written else ()), None

        await self._records.write(Touched(keys=(above, key)), decide)

    async def _hide(self, one: Certificate, by: By) -> None:
        if not one.index:
            return
        key = record_key(Prefix.parse(one.prefix))
        (change,) = change_ids(by.at, lambda size: (by.chance * 4)[:size], 1)

        def decide(current: Current) -> tuple[Writes, None]:
            stored = current.records.get(key)
            record = _without(stored, one, by.now)
            if record is None:
                return Writes(), None
            entry = by.entry("certificate.hide", one.prefix, {"serial": one.serial})
            return Writes(records=(_written(record, stored, change),), audit=(entry,)), None

        await self._records.write(Touched(keys=(key,)), decide)


def _if_issued(answer: Issued) -> Issued | None:
    return answer if isinstance(answer, Certificate) else None


def _issued(ledger: Ledger, made: Certificate, wish: Wish, by: By) -> tuple[Postings, Issued]:
    refused = _refused(ledger, wish, by)
    if refused is not None:
        return Postings(), refused
    certificates = []
    replaced = ledger.certificate or ledger.in_force  # one in force that ended, or is replaced
    if replaced is not None and made.index:
        # The old one leaves its place in the record to the new one.
        made = msgspec.structs.replace(made, index=replaced.index or made.index)
    if ledger.certificate is not None and not ledger.certificate.revoked_at:
        reason = f"replaced by {made.serial}"
        old = msgspec.structs.replace(ledger.certificate, revoked_at=by.now, reason=reason)
        certificates.append(old)
    certificates.append(made)
    detail = {"enterprise": made.enterprise, "expires_at": made.expires_at}
    entry = by.entry("certificate.issue", made.serial, detail)
    return Postings(certificates=tuple(certificates), audit=(entry,)), made


def _refused(
    ledger: Ledger, wish: Wish, by: By
) -> NoMember | NotActive | NotVerified | InForce | NoCertificate | None:
    member, verification, in_force = ledger.member, ledger.verification, ledger.in_force
    if member is None:
        return NoMember()
    if member.state is not EnterpriseState.ACTIVE:
        return NotActive(member.state)
    if verification is None or verification.outcome is not Outcome.PASSED:
        return NotVerified()
    if wish.replaces:
        replaced = ledger.certificate
        if replaced is None or replaced.enterprise != wish.enterprise:
            return NoCertificate()
    if in_force is not None and in_force.expires_at > by.now and in_force.serial != wish.replaces:
        return InForce(in_force.serial)
    return None


def _prefix(directory: PrefixDirectory, wish: Wish) -> Prefix | None:
    own = sorted(one.prefix for one in directory.entries if one.enterprise == wish.enterprise)
    if not wish.prefix:
        return own[0] if own else None
    return next((one for one in own if str(one) == fold(wish.prefix)), None)


def _values(record: Record | None) -> tuple[Value, ...]:
    if record is None or record.state is State.DELETED:
        return ()
    return decode_values(record.values)


def _free(values: tuple[Value, ...]) -> int:
    taken = {value.index for value in values}
    return next(index for index in count(INDEX) if index not in taken)


def _with(stored: Record | None, one: Certificate, now: int) -> Record | None:
    """Return the next version of a prefix record with a certificate; None: it has it.

    Where something else came to stand at its index meanwhile, that is left alone.
    """
    if not one.index:
        return None
    values = _values(stored)
    there = next((value for value in values if value.index == one.index), None)
    if stored is None or (there is not None and fold(there.type) != CERTIFICATE):
        return None
    if there is not None and there.data == one.token:
        return None
    made = msgspec.structs.replace(certificate_value(one.token, one.index), timestamp=now)
    return _next(stored, (*(v for v in values if v.index != one.index), made), now)


def _without(stored: Record | None, one: Certificate, now: int) -> Record | None:
    """Return the next version of a prefix record without a certificate; None: it has none."""
    values = _values(stored)
    kept = tuple(v for v in values if v.index != one.index or v.data != one.token)
    if stored is None or kept == values:
        return None
    return _next(stored, kept, now)


def _next(stored: Record, values: tuple[Value, ...], now: int) -> Record:
    return msgspec.structs.replace(
        stored, version=stored.version + 1, values=encode_values(values), changed_at=now
    )


def _written(record: Record, stored: Record | None, change: UUID) -> Written:
    kind = ChangeKind.CREATED if stored is None else ChangeKind.UPDATED
    return Written(change, kind, record)
