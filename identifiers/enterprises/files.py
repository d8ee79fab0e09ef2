"""Documents that go with applications (附件): what they are, and to which field each belongs. Pure.

What a document is its first octets say, never its name: sources are the file signatures of
ISO/IEC 10918-1 (JPEG), ISO/IEC 15948 (PNG) and ISO 32000-1 (PDF). Sizes are those of SNMS
(file/upload). A document is bound to one field of one organisation, once.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import msgspec

from identifiers.enterprises.fields import Document, Field, File, Many, Part, Personal
from identifiers.enterprises.ledger import Attachment, Identity
from identifiers.faults import Fault
from identifiers.wire.jsonload import step


class Media(StrEnum):
    """What is taken."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    PDF = "application/pdf"


_BEGINNINGS: Final = (
    (b"\xff\xd8\xff", Media.JPEG),
    (b"\x89PNG\r\n\x1a\n", Media.PNG),
    (b"%PDF-", Media.PDF),
)
LIMITS: Final[Mapping[Media, int]] = MappingProxyType(
    {Media.JPEG: 1 << 20, Media.PNG: 1 << 20, Media.PDF: 5 << 20}
)
"""Octets."""
LARGEST: Final = max(LIMITS.values())
_PICTURES: Final = frozenset({Media.JPEG, Media.PNG})
_PICTURED: Final = frozenset({"org_cert_image"})
"""Fields that take pictures only, besides those that show persons."""


class UnknownForm(msgspec.Struct, frozen=True):
    """It begins like nothing that is taken."""


class TooLarge(msgspec.Struct, frozen=True):
    """It is larger than its kind may be."""

    media: Media
    limit: int


class Waiting(msgspec.Struct, frozen=True):
    """How many documents, and how many octets, wait for an application that names them."""

    documents: int
    octets: int


MOST_WAITING: Final = Waiting(documents=100, octets=64 * 1024 * 1024)
"""Of one enterprise: several applications with all that goes with them."""
MOST_WAITING_HERE: Final = Waiting(documents=1000, octets=1024 * 1024 * 1024)
"""Of the node's own people, who send what applicants bring."""


class TooMuchWaits(msgspec.Struct, frozen=True):
    """One more document would be more than may wait; what nobody names is removed in a day."""

    limit: Waiting


def judged(octets: bytes) -> Media | UnknownForm | TooLarge:
    """Say what a document is."""
    media = next((m for beginning, m in _BEGINNINGS if octets.startswith(beginning)), None)
    if media is None:
        return UnknownForm()
    limit = LIMITS[media]
    return TooLarge(media, limit) if len(octets) > limit else media


class Reference(msgspec.Struct, frozen=True):
    """A field of particulars names a document. `field` is its pointer, of lists that of the list.

    `id` is None when what stands there is no number of a document.
    """

    pointer: str
    field: str
    id: UUID | None
    picture: bool


def references(document: Document, fields: tuple[Field, ...], above: str = "") -> list[Reference]:
    """Return every document that is named, in order."""
    return list(_references(document, fields, above))


def _references(document: Document, fields: tuple[Field, ...], above: str) -> Iterator[Reference]:
    for field in fields:
        value, pointer = document.get(field.name), step(above, field.name)
        if value is None:
            continue
        match field.kind:
            case File():
                yield _reference(field, pointer, pointer, value)
            case Many(File()):
                for at, item in enumerate(value):
                    yield _reference(field, step(pointer, at), pointer, item)
            case Part(inner):
                yield from _references(value, inner, pointer)
            case _:
                continue


def _reference(field: Field, pointer: str, whole: str, text: Any) -> Reference:
    try:
        number = UUID(text)
    except ValueError:
        number = None
    picture = field.personal is Personal.PICTURE or field.name in _PICTURED
    return Reference(pointer, whole, number, picture)


def binding_faults(
    named: Iterable[Reference],
    there: Mapping[UUID, Attachment],
    owner: str,
    identity: Identity | None,
) -> Iterator[Fault]:
    """Yield what keeps documents from being bound to the fields of an organisation.

    `owner` is who submits. What is another's is told like what is not there. `identity` None: the
    organisation's number is at fault itself; what `owner` sent may be bound to the right one.
    """
    seen: set[UUID] = set()
    for reference in named:
        found = there.get(reference.id) if reference.id is not None else None
        if found is None or not _usable(found, owner, identity):
            yield Fault("document.unknown", reference.pointer)
        elif found.id in seen or found.field not in {"", reference.field}:
            yield Fault("document.bound", reference.pointer)
        elif reference.picture and found.media not in _PICTURES:
            yield Fault("document.picture", reference.pointer)
        if found is not None:
            seen.add(found.id)


def _usable(found: Attachment, owner: str, identity: Identity | None) -> bool:
    unknown = found.identity is None or identity is None
    return found.owner == owner if unknown else found.identity == identity


def bound(
    named: Iterable[Reference],
    there: Mapping[UUID, Attachment],
    application: UUID,
    identity: Identity,
) -> tuple[Attachment, ...]:
    """Return documents as they are bound to an application; `binding_faults` had nothing to say."""
    return tuple(
        msgspec.structs.replace(
            there[one.id], application=application, identity=identity, field=one.field
        )
        for one in named
        if one.id is not None
    )
