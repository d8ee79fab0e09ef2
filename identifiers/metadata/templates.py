"""A metadata template (元数据模板): the entries that identifiers of a kind have.

A template is named by prefix and version, and published before anything is registered with it. It
grows by revisions: entries are added, changed in what does not concern values that are there, and
disabled; none ever goes away, and none becomes another kind. A record says which revision it was
checked against.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import IntEnum, StrEnum
from typing import Final

import msgspec

from identifiers.codes.industries import Classification, Industry
from identifiers.faults import Fault, Faults, Invalid
from identifiers.metadata.items import FIRST_INDEX, Item, read_item, told_item
from identifiers.names import Prefix
from identifiers.values import MAX_INDEX
from identifiers.wire.jsonload import step
from identifiers.wire.members import Members, members_of

MAX_ITEMS: Final = 200
MAX_VERSION: Final = 128
MAX_TITLE: Final = 128
MAX_DESCRIPTION: Final = 1024
_VERSION: Final = re.compile(r"[0-9A-Za-z\u4e00-\u9fff][0-9A-Za-z\u4e00-\u9fff_.:-]*")
_KNOWN: Final = (
    "prefix",
    "version",
    "title",
    "title_en",
    "industry",
    "carrier",
    "description",
    "items",
)
_LEVELS: Final = ("category", "division", "group", "class")


class Carrier(IntEnum):
    """What bears identifiers of this template (T4.4, T11.4 of the national tables)."""

    ACTIVE = 1
    """Something that connects by itself (主动标识载体)."""
    OTHER = 2


class Stage(StrEnum):
    """Where a template is in its life."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    """Nothing new is registered with it."""


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A template in one of its revisions (from 1). Valid in itself when it was read."""

    prefix: str
    version: str
    title: str
    title_en: str = ""
    industry: Industry
    carrier: Carrier = Carrier.OTHER
    description: str = ""
    items: tuple[Item, ...]
    revision: int = 1
    stage: Stage = Stage.DRAFT

    def item(self, index: int) -> Item | None:
        """Return the entry at an index."""
        return next((item for item in self.items if item.index == index), None)


def read_template(found: object, trades: Classification) -> Template:
    """Read a template as JSON has it, the first revision of it. Raises `Invalid`, all faults."""
    faults = Faults()
    members = members_of(found, "", faults, _KNOWN)
    if members is None:
        raise Invalid(faults)
    items = _items(members, ())
    faults.extend(_clashes(items, items))
    template = Template(
        prefix=_prefix(members),
        version=_version(members),
        title=_text(members, "title", MAX_TITLE),
        title_en=_text(members, "title_en", MAX_TITLE, ""),
        industry=_industry(members, trades),
        carrier=Carrier(members.lenient_integer("carrier", 1, 2) if "carrier" in members else 2),
        description=_text(members, "description", MAX_DESCRIPTION, ""),
        items=items,
    )
    if faults:
        raise Invalid(faults)
    return template


def grown(template: Template, items: object) -> Template:
    """Return the next revision: entries that are named are changed or added, the others stay.

    An entry is changed when one of its index and name is there, and new when there is neither.
    Raises `Invalid` with all faults; what changes nothing gives the same template.
    """
    faults = Faults()
    members = Members({"items": items}, "", faults)
    sent = _items(members, template.items)
    for at, item in enumerate(sent):
        known = template.item(item.index)
        if known is not None:
            faults.extend(fault.below(step("/items", at)) for fault in _kept(known, item))
    replaced = {item.index for item in sent}
    together = [item for item in template.items if item.index not in replaced]
    together = sorted([*together, *sent], key=_index)
    faults.extend(_clashes(together, sent))
    if faults:
        raise Invalid(faults)
    if tuple(together) == template.items:
        return template
    return msgspec.structs.replace(template, items=tuple(together), revision=template.revision + 1)


def told_template(template: Template) -> dict[str, object]:
    """Return a template as JSON has it, with its revision and stage."""
    levels = zip(_LEVELS, msgspec.structs.astuple(template.industry), strict=True)
    return {
        "prefix": template.prefix,
        "version": template.version,
        "revision": template.revision,
        "stage": template.stage.value,
        "title": template.title,
        "title_en": template.title_en,
        "industry": dict(levels),
        "carrier": template.carrier.value,
        "description": template.description,
        "items": [told_item(item) for item in template.items],
    }


def _items(members: Members, there: tuple[Item, ...]) -> tuple[Item, ...]:
    sent = members.items("items")
    if not sent and "items" in members and isinstance(members.get("items"), list):
        members.note("items", "empty")
    if len(sent) + len(there) > MAX_ITEMS:
        members.note("items", "too_many", count=len(sent) + len(there), limit=MAX_ITEMS)
        return ()
    by_name = {item.name: item.index for item in there}
    free = max((item.index for item in there), default=FIRST_INDEX - 1) + 1
    read: list[Item] = []
    for at, found in enumerate(sent):
        name = found.get("name") if isinstance(found, dict) else None
        index = by_name.get(name, free) if isinstance(name, str) else free
        item = read_item(found, step("/items", at), members.faults, index)
        if item is not None:
            read.append(item)
            free = max(free, min(item.index, MAX_INDEX - 1) + 1)
    return tuple(read)


def _index(item: Item) -> int:
    return item.index


_DISTINCT: Final[Mapping[str, Callable[[Item], object]]] = {
    "index": _index,
    "name": lambda item: item.name.upper(),
    "title": lambda item: item.title,
}


def _clashes(together: Iterable[Item], sent: Iterable[Item]) -> Iterator[Fault]:
    """Return what of those that were sent another entry has too."""
    for name, of in _DISTINCT.items():
        count = Counter(map(of, together))
        yield from (
            Fault("template.twice", f"/items/{at}/{name}", {"what": str(getattr(item, name))})
            for at, item in enumerate(sent)
            if count[of(item)] > 1
        )


def _kept(known: Item, item: Item) -> Iterator[Fault]:
    """Return what cannot change of an entry: values are there that it describes."""
    if item.name != known.name:
        yield Fault("template.other_name", "/name", {"index": known.index, "name": known.name})
    if item.type is not known.type:
        yield Fault("template.other_type", "/type", {"type": known.type.value})
    if item.unique and not known.unique:
        yield Fault("template.other_unique", "/unique")


def _prefix(members: Members) -> str:
    text = members.text("prefix")
    try:
        return str(Prefix.parse(text)) if text else ""
    except Invalid as invalid:
        members.faults.extend(fault.below("/prefix") for fault in invalid.faults)
        return ""


def is_version(text: str) -> bool:
    """Say whether a template may be called so under its prefix."""
    return len(text) <= MAX_VERSION and _VERSION.fullmatch(text) is not None


def _version(members: Members) -> str:
    version = members.text("version")
    if version and not is_version(version):
        members.note("version", "template.version")
    return version


def _text(members: Members, name: str, most: int, default: str | None = None) -> str:
    text = members.text(name, default)
    if len(text) > most:
        members.note(name, "too_long", size=len(text), unit="characters", limit=most)
    return text


def _industry(members: Members, trades: Classification) -> Industry:
    inner = members_of(members.any("industry"), "/industry", members.faults, _LEVELS)
    if inner is None:
        return Industry(category="", division="", group="", class_="")
    category, division, group, class_ = (inner.text(level) for level in _LEVELS)
    industry = Industry(category=category, division=division, group=group, class_=class_)
    if all((category, division, group, class_)):
        members.faults.extend(trades.faults(industry, "/industry"))
    return industry
