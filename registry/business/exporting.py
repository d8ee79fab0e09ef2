"""Everything that an enterprise owns here, file by file."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Final, Protocol

import msgspec

from identifiers.changes import AuditEntry, Enterprise
from identifiers.directory import PrefixDirectory, PrefixEntry
from identifiers.enterprises.fields import Document, told
from identifiers.enterprises.ledger import Member
from identifiers.enterprises.masking import masked
from identifiers.enterprises.tables import FIELDS
from identifiers.faults import Invalid
from identifiers.feeds import BEGINNING, Place
from identifiers.metadata.templates import Stage, told_template
from identifiers.names import Handle, Prefix
from identifiers.records import Record, State
from identifiers.routes import record_key
from identifiers.wire.handle.values import without_secrets
from identifiers.wire.jsonform import identifier_document, instant
from identifiers.wire.jsonlines import write_line
from registry.business.feed import Follower
from registry.business.personal import Sealer
from registry.business.ports import BusinessStore
from registry.business.possessions import Possessions
from registry.business.shown import member_brief
from registry.business.templates import TemplateStore
from registry.ports import RegistryStore

PAGE: Final = 500
Json = dict[str, Any]
Pieces = AsyncGenerator[bytes]


class ArchiveStore(Protocol):
    """What is kept of the past, read whole. Every method raises `StoreUnavailable`."""

    async def replaced(self, prefix: str, after: tuple[str, int], limit: int) -> Sequence[Record]:
        """Return up to `limit` replaced versions under just a prefix, past a key and version."""
        ...

    async def entries(self, after: Place, limit: int) -> Sequence[tuple[Place, AuditEntry]]:
        """Return up to `limit` entries of the audit log past a place."""
        ...


class Belongings(msgspec.Struct, frozen=True, kw_only=True):
    """Whose things are exported. `actors` are the names of its keys and accounts in audits."""

    enterprise: Enterprise
    directory: PrefixDirectory
    actors: frozenset[str]


class Exporting:
    """Reads what an enterprise owns. Every file may raise `StoreUnavailable`.

    `whole`: its particulars with personal data as it is, and not masked.
    """

    def __init__(
        self,
        belongings: Belongings,
        *,
        records: RegistryStore,
        business: BusinessStore,
        templates: TemplateStore,
        archive: ArchiveStore,
        possessions: Possessions,
        sealer: Sealer,
        whole: bool = False,
    ) -> None:
        self._of = belongings
        self._records = records
        self._business = business
        self._templates = templates
        self._archive = archive
        self._possessions = possessions
        self._sealer = sealer
        self._whole = whole

    @property
    def files(self) -> Mapping[str, Callable[[], Pieces]]:
        """Return the files by name, in the order in which they are written."""
        return MappingProxyType(
            {
                "enterprise.json": self._enterprise,
                "prefixes.json": self._prefixes,
                "templates.json": self._templates_of,
                **{name: partial(_told, read) for name, read in self._possessions.files.items()},
                "identifiers.ndjson": self._identifiers,
                "history.ndjson": self._history,
                "audit.ndjson": self._audit,
            }
        )

    async def _enterprise(self) -> Pieces:
        of = self._of.enterprise
        member = await self._business.member(of.id)
        document: Json = {
            "id": of.id,
            "name": of.name,
            "credit_code": of.credit_code,
            "industry": of.industry,
        }
        if member is not None and member.told.document:
            document = member_brief(member) | {"particulars": self._particulars(member)}
        yield _pretty(document)

    def _particulars(self, member: Member) -> Json:
        found: Document = self._sealer.open(member.told, member.identity)
        return told(found if self._whole else masked(found, FIELDS))

    async def _prefixes(self) -> Pieces:
        own = self._own()
        documents: list[Json] = []
        for at in range(0, len(own), PAGE):
            some = own[at : at + PAGE]
            records = await self._records.fetch([record_key(entry.prefix) for entry in some])
            documents += map(_prefix_document, some, records)
        yield _pretty(documents)

    async def _templates_of(self) -> Pieces:
        names = [str(entry.prefix) for entry in self._own()]
        found: list[Json] = []
        after = ("", "")
        while page := await self._templates.templates(names, tuple(Stage), after, PAGE):
            found += map(told_template, page)
            after = (page[-1].prefix, page[-1].version)
        yield _pretty(found)

    async def _identifiers(self) -> Pieces:
        async for prefix in self._holding():
            after = ""
            while page := await self._records.page(prefix, after, PAGE):
                yield b"".join(_line(record) for record in page)
                after = page[-1].key

    async def _history(self) -> Pieces:
        async for prefix in self._holding():
            after = ("", 0)
            while page := await self._archive.replaced(prefix, after, PAGE):
                yield b"".join(_version_line(record) for record in page)
                after = (page[-1].key, page[-1].version)

    async def _audit(self) -> Pieces:
        place = BEGINNING
        while page := await self._archive.entries(place, PAGE * 10):
            place = page[-1][0]
            if found := [entry_line(entry) for _, entry in page if self._concerns(entry)]:
                yield b"".join(found)

    def _own(self) -> list[PrefixEntry]:
        return [e for e in self._of.directory.entries if e.enterprise == self._of.enterprise.id]

    async def _holding(self) -> AsyncGenerator[str]:
        """Yield the prefixes that have records: its own, and those derived from them."""
        for entry in self._own():
            above = str(entry.prefix)
            yield above
            after = above
            while (derived := await self._records.next_prefix(above, after)) is not None:
                after = derived
                nearest = self._of.directory.nearest(derived)
                if nearest is not None and nearest.prefix == entry.prefix:
                    yield derived

    def _concerns(self, entry: AuditEntry) -> bool:
        if entry.actor in self._of.actors or entry.subject == self._of.enterprise.name:
            return True
        try:
            if "/" in entry.subject:
                handle = Handle.parse(entry.subject)
            else:
                prefix = str(Prefix.parse(entry.subject))
                handle = Handle(f"{prefix}/", prefix, "")
        except Invalid:
            return False
        return Follower(self._of.enterprise.id).sees(self._of.directory, handle)


def _prefix_document(entry: PrefixEntry, record: Record | None) -> Json:
    """Tell a prefix, with its record: routes, administrators, keys and certificates stand there."""
    told_record = None
    if record is not None and record.state is not State.DELETED:
        values = without_secrets(record.values)
        told_record = identifier_document(record.name, values, record.state)
    return {
        "prefix": str(entry.prefix),
        "enabled": entry.enabled,
        "delegated": entry.routes is not None,
        "signed": entry.signed,
        "keeps_names": entry.keeps,
        "fold_suffix": entry.fold_suffix,
        "record": told_record,
    }


async def _told(read: Callable[[], Awaitable[object]]) -> Pieces:
    yield _pretty(await read())


def _line(record: Record) -> bytes:
    return write_line(record.name, without_secrets(record.values), record.state, record.template)


def _version_line(record: Record) -> bytes:
    document = identifier_document(record.name, without_secrets(record.values), record.state)
    document |= {"version": record.version, "changed_at": instant(record.changed_at)}
    if record.reason:
        document["reason"] = record.reason
    if record.template:
        document["template"] = record.template
    return msgspec.json.encode(document) + b"\n"


def entry_line(entry: AuditEntry) -> bytes:
    """Return an entry of the audit log as a line of JSON."""
    document = {
        "at": instant(entry.at // 1000),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "request": entry.request,
        "detail": msgspec.Raw(entry.detail),
        "root": entry.root.hex() or None,
    }
    return msgspec.json.encode(document) + b"\n"


def _pretty(document: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
