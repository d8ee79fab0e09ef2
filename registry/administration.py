"""What an operator does at the command line of the node: enterprises, prefixes and their keys.

Every method takes the operator by type, so nobody else gets here, and leaves an audit entry. Each
may raise `StoreUnavailable` and, where it writes, `FateUnknown`; everything else is an answer.
"""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Final
from uuid import UUID

import msgspec

from identifiers.changes import (
    AuditEntry,
    ChangeKind,
    Current,
    Delegated,
    Enterprise,
    StoredKey,
    Touched,
    Writes,
    Written,
)
from identifiers.codes.industries import SHIPPED, Classification
from identifiers.codes.organisations import is_credit_code
from identifiers.directory import PrefixDirectory, PrefixEntry, PrefixKind
from identifiers.faults import Fault
from identifiers.keys.signers import Signer
from identifiers.names import Prefix
from identifiers.principals import HandleIdentity, Operator, Scope
from identifiers.records import Record
from identifiers.routes import record_key
from identifiers.wire.handle.site import Site
from registry import delegation
from registry.allotment import (
    BelowAnother,
    GivenUp,
    Homed,
    InUse,
    OutsideRoots,
    Ownerless,
    StillBelow,
    Taken,
    Unallotted,
    UnderReview,
    handed_over,
    held,
    misplaced,
    ownerless,
)
from registry.answers import Faulty
from registry.appointment import Appointment, IndexTaken, appointed
from registry.certification import Certified, certified, self_issued
from registry.effects import principal_name
from registry.keys import MAX_LIFE_SECONDS, NewKey, hashed, make_key
from registry.ports import RegistryStore
from registry.seals import Seals
from registry.signatures import KEY_INDEX

MAX_NAME_CHARACTERS: Final = 255
MAX_PREFIX_CHARACTERS: Final = 64
"""The limit of SNMS (`national-node` section 1): a longer prefix could not be reported upwards."""


class Ordered(msgspec.Struct, frozen=True, kw_only=True):
    """Which operator asks, when (epoch milliseconds), under which request id."""

    operator: Operator
    at: int
    request_id: str

    def entry(self, action: str, subject: str, detail: Mapping[str, Any]) -> AuditEntry:
        """Return the audit entry of what is ordered."""
        return AuditEntry(
            at=self.at,
            actor=principal_name(self.operator),
            action=action,
            subject=subject,
            request=self.request_id,
            detail=msgspec.json.encode(detail),
        )


class KeyTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a new key may do, and for how many seconds. No prefixes or networks: all of them."""

    enterprise: int
    scopes: frozenset[Scope]
    life: int
    label: str = ""
    prefixes: tuple[Prefix, ...] = ()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()


class NoEnterprise(msgspec.Struct, frozen=True):
    """There is no enterprise of that number."""


class Delegation(msgspec.Struct, frozen=True):
    """Where names under a prefix live from now on: at these sites, or here (none)."""

    prefix: Prefix
    sites: tuple[Site, ...] = ()


Allotted = Homed | Taken
Refused = (
    OutsideRoots
    | BelowAnother
    | Ownerless
    | StillBelow
    | InUse
    | UnderReview
    | NoEnterprise
    | Faulty
)
"""What may come of homing a prefix."""


class Administration:
    """The commands of an operator.

    `pepper` is the node's secret that keys are hashed with; `trades` has the classes of GB/T 4754.
    """

    def __init__(
        self, store: RegistryStore, pepper: bytes, *, trades: Classification = SHIPPED
    ) -> None:
        self._store = store
        self._pepper = pepper
        self._trades = trades

    @property
    def store(self) -> RegistryStore:
        """Where it is kept, for what takes many steps (`registry.backlog`)."""
        return self._store

    async def add_enterprise(self, enterprise: Enterprise, ordered: Ordered) -> int | Faulty:
        """Store an enterprise (its `id` 0) and return its number."""
        if faults := _enterprise_faults(enterprise, self._trades):
            return Faulty(faults)
        if enterprise.credit_code:
            known = await self.enterprise_of(enterprise.credit_code)
            if known is not None:
                return Faulty((Fault("enterprise.known", "/credit_code", {"number": known}),))
        detail = {"credit_code": enterprise.credit_code, "industry": enterprise.industry}
        entry = ordered.entry("enterprise.add", enterprise.name, detail)
        return await self._store.add_enterprise(enterprise, entry)

    async def enterprise_of(self, credit_code: str) -> int | None:
        """Return the number of the enterprise that was stored with this credit code."""
        known = await self._store.enterprises()
        return next((e.id for e in known if e.credit_code == credit_code), None)

    async def home_prefix(
        self, entry: PrefixEntry, ordered: Ordered, *, restoring: bool = True, nested: bool = True
    ) -> Allotted | Refused:
        """Allot a prefix: to the node itself (kind SECONDARY, enterprise 0) or to an enterprise.

        One that was given up is restored as it was, unless not `restoring`. One of the node's own
        is handed over to an enterprise as long as nothing is stored there. Unless `nested`, a new
        one of the node's own is not homed below another.
        """
        if len(text := str(entry.prefix)) > MAX_PREFIX_CHARACTERS:
            return Faulty((_too_long("/prefix", text, MAX_PREFIX_CHARACTERS),))
        directory = await self._store.directory()
        if entry.kind is PrefixKind.ENTERPRISE:
            if not await self._known(entry.enterprise):
                return NoEnterprise()
            if (refusal := misplaced(directory, entry)) is not None:
                return refusal
        if not nested and (without := ownerless(directory, entry)) is not None:
            return without
        detail = {"kind": entry.kind.name.lower(), "enterprise": entry.enterprise}
        audit = ordered.entry("prefix.home", text, detail)
        if await self._store.home_prefix(entry, audit):
            return Homed(entry)
        return await self._known_already(entry, audit, restoring=restoring)

    async def _known_already(
        self, entry: PrefixEntry, audit: AuditEntry, *, restoring: bool
    ) -> Homed | Taken | StillBelow | InUse | UnderReview:
        directory = await self._store.directory()
        there = directory.exact(str(entry.prefix))
        if there is None or there.applied:
            return Taken(same=False) if there is None else UnderReview()
        if there.kind is PrefixKind.SECONDARY and entry.kind is PrefixKind.ENTERPRISE:
            if (refusal := handed_over(directory, entry)) is not None:
                return refusal
            return Homed(entry) if await self._store.hand_over(entry, audit) else InUse()
        if there.enterprise != entry.enterprise:
            return Taken(same=False, enterprise=there.enterprise)
        if not restoring or there.enabled:
            return Taken(same=True)
        restored = await self._store.enable_prefix(entry.prefix, audit, enabled=True)
        return Homed(there) if restored else Taken(same=True)

    async def give_up(self, prefix: Prefix, ordered: Ordered) -> GivenUp | StillBelow | Unallotted:
        """Home a prefix no more. What is known of it and stored under it stays (`allotment`)."""
        directory = await self._store.directory()
        entry = directory.exact(str(prefix))
        if entry is None:
            return Unallotted()
        if (refusal := held(directory, entry)) is not None:
            return refusal
        audit = ordered.entry("prefix.unhome", str(prefix), {})
        await self._store.enable_prefix(prefix, audit, enabled=False)
        return GivenUp()

    async def delegate(
        self, wanted: Delegation, change: UUID, ordered: Ordered
    ) -> Record | Unallotted | None:
        """Send names under an allotted prefix elsewhere, or take them back.

        Its mark and the routes in its record change together. Returns the new version of the
        record, None when that needed no change.
        """
        text = str(wanted.prefix)
        entry = (await self._store.directory()).exact(text)
        if entry is None or entry.kind is not PrefixKind.ENTERPRISE:
            return Unallotted()
        key, now = record_key(text), ordered.at // 1000
        action = "prefix.delegate" if wanted.sites else "prefix.take_back"

        def decide(current: Current) -> tuple[Writes, Record | None]:
            stored = current.records.get(key)
            record = delegation.routed(stored, wanted.prefix, wanted.sites, now)
            kind = ChangeKind.CREATED if stored is None else ChangeKind.UPDATED
            return Writes(
                records=() if record is None else (Written(change, kind, record),),
                audit=(ordered.entry(action, text, {"sites": len(wanted.sites)}),),
                delegated=(Delegated(wanted.prefix, away=bool(wanted.sites)),),
            ), record

        return await self._store.write(Touched(keys=(key,)), decide)

    async def appoint(
        self, wanted: Appointment, seals: Seals, change: UUID, ordered: Ordered
    ) -> HandleIdentity | IndexTaken | Unallotted:
        """Let a key administer a prefix over the Handle protocol; returns the identity to use.

        Writes HS_ADMIN and the key into the prefix's record; what else is there stays.
        """
        if (await self._store.directory()).nearest(str(wanted.prefix)) is None:
            return Unallotted()
        name, now = wanted.name, ordered.at // 1000
        (key,) = seals.sealed(name, (wanted.key(),))

        def decide(current: Current) -> tuple[Writes, HandleIdentity | IndexTaken]:
            stored = current.records.get(name)
            record = appointed(stored, wanted, key, now)
            if isinstance(record, IndexTaken):
                return Writes(), record
            kind = ChangeKind.CREATED if stored is None else ChangeKind.UPDATED
            detail = {"identity": str(wanted.identity), "key": key.type}
            return Writes(
                records=() if record is None else (Written(change, kind, record),),
                audit=(ordered.entry("prefix.admin", str(wanted.prefix), detail),),
            ), wanted.identity

        return await self._store.write(Touched(keys=(name,)), decide)

    async def vouch(
        self, prefix: Prefix, signer: Signer, change: UUID, ordered: Ordered
    ) -> Certified | IndexTaken | Unallotted:
        """Have the node sign what is written under an allotted prefix from now on.

        The node's key and a certificate of it are written into the record of the secondary prefix.
        """
        root = (await self._store.directory()).root_of(prefix)
        if root is None:
            return Unallotted()
        name, now = record_key(root.prefix), ordered.at // 1000
        certificate = self_issued(root.prefix, signer, now)
        identity = HandleIdentity(name, KEY_INDEX)

        def decide(current: Current) -> tuple[Writes, IndexTaken | None]:
            stored = current.records.get(name)
            record = certified(stored, certificate, signer.public, now)
            if record is None or isinstance(record, IndexTaken):
                return Writes(), record
            kind = ChangeKind.CREATED if stored is None else ChangeKind.UPDATED
            entry = ordered.entry("node.certify", name, {"identity": str(identity)})
            return Writes(records=(Written(change, kind, record),), audit=(entry,)), None

        taken = await self._store.write(Touched(keys=(name,)), decide)
        if taken is not None:
            return taken
        if not await self._sign(prefix, ordered, signed=True):
            return Unallotted()
        return Certified(identity, signer.public)

    async def vouch_no_more(self, prefix: Prefix, ordered: Ordered) -> bool:
        """Leave what is written under a prefix unsigned; False when it was never allotted."""
        return await self._sign(prefix, ordered, signed=False)

    async def keep_names(self, prefix: Prefix, ordered: Ordered, *, keeps: bool) -> bool:
        """Say whether names under a prefix that were active may be deleted; False: not allotted."""
        entry = ordered.entry("prefix.keep-names", str(prefix), {"keeps": keeps})
        return await self._store.keep_names(prefix, entry, keeps=keeps)

    async def _sign(self, prefix: Prefix, ordered: Ordered, *, signed: bool) -> bool:
        entry = ordered.entry("prefix.sign", str(prefix), {"signed": signed})
        return await self._store.sign_prefix(prefix, entry, signed=signed)

    async def create_key(
        self, terms: KeyTerms, chance: bytes, ordered: Ordered
    ) -> NewKey | NoEnterprise | Faulty:
        """Make an API key of random octets (`registry.keys.make_key`); only a hash is stored."""
        if faults := key_faults(terms):
            return Faulty(faults)
        if not await self._known(terms.enterprise):
            return NoEnterprise()
        if faults := foreign_faults(await self._store.directory(), terms):
            return Faulty(faults)
        new, now = make_key(chance), ordered.at // 1000
        stored = StoredKey(
            id=new.id,
            enterprise=terms.enterprise,
            hashed=hashed(new.token, self._pepper),
            scopes=terms.scopes,
            prefixes=terms.prefixes,
            networks=terms.networks,
            label=terms.label,
            created_at=now,
            expires_at=now + terms.life,
        )
        detail = {
            "enterprise": terms.enterprise,
            "scopes": sorted(terms.scopes),
            "expires_at": stored.expires_at,
        }
        await self._store.add_key(stored, ordered.entry("key.create", new.id, detail))
        return new

    async def revoke_key(self, key_id: str, ordered: Ordered) -> bool:
        """End a key; False when none of that id is in force."""
        entry = ordered.entry("key.revoke", key_id, {})
        return await self._store.revoke_key(key_id, ordered.at // 1000, entry)

    async def _known(self, enterprise: int) -> bool:
        return any(known.id == enterprise for known in await self._store.enterprises())


def _name_faults(pointer: str, name: str, *, required: bool) -> tuple[Fault, ...]:
    faults = []
    if required and not name.strip():
        faults.append(Fault("empty", pointer))
    if len(name) > MAX_NAME_CHARACTERS:
        faults.append(_too_long(pointer, name, MAX_NAME_CHARACTERS))
    if "\0" in name:
        faults.append(Fault("nul", pointer))
    return tuple(faults)


def _enterprise_faults(enterprise: Enterprise, trades: Classification) -> tuple[Fault, ...]:
    faults = list(_name_faults("/name", enterprise.name, required=True))
    if enterprise.credit_code and not is_credit_code(enterprise.credit_code):
        faults.append(Fault("enterprise.credit_code", "/credit_code"))
    if enterprise.industry:
        faults += trades.code_faults(enterprise.industry, "/industry")
    return tuple(faults)


def _too_long(pointer: str, text: str, limit: int) -> Fault:
    return Fault("too_long", pointer, {"size": len(text), "unit": "characters", "limit": limit})


def foreign_faults(directory: PrefixDirectory, terms: KeyTerms) -> tuple[Fault, ...]:
    """Return a fault for each prefix that a key of this enterprise could do nothing with."""
    homes = ((prefix, directory.nearest(str(prefix))) for prefix in terms.prefixes)
    return tuple(
        Fault("prefix.not_yours", "/prefixes", {"prefix": str(prefix)})
        for prefix, home in homes
        if home is None or home.enterprise != terms.enterprise
    )


def key_faults(terms: KeyTerms) -> tuple[Fault, ...]:
    """Return what is wrong with the terms of a new key, whosever it is."""
    faults = list(_name_faults("/label", terms.label, required=False))
    if not terms.scopes:
        faults.append(Fault("empty", "/scopes"))
    if not 1 <= terms.life <= MAX_LIFE_SECONDS:
        faults.append(Fault("range", "/life", {"low": 1, "high": MAX_LIFE_SECONDS}))
    return tuple(faults)
