"""One entry of a template (数据项): its places, its names, its kind and its rules."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import msgspec

from identifiers.faults import Fault, Faults
from identifiers.metadata.forms import Form, fits
from identifiers.metadata.types import ORDERED, DataType, canonical, order
from identifiers.names import fold
from identifiers.pattern_syntax import BadPattern
from identifiers.patterns import MAX_PROGRAM, MAX_TEXT, Budget, Pattern, compiled, match
from identifiers.relations import BY_TYPE
from identifiers.relations import MARK as RELATION_MARK
from identifiers.values import MAX_INDEX, TEMPLATE_TYPE
from identifiers.wire.members import Members, members_of

FIRST_INDEX: Final = 2000
"""Values of users begin here (national convention)."""
MAX_NAME: Final = 128
MAX_TITLE: Final = 64
MAX_LENGTH: Final = 16 * 1024
MAX_CHOICES: Final = 500
MAX_SHOWN: Final = 400
"""Characters of choices that a fault tells."""
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
RELATIONS: Final = RELATION_MARK.decode()
_SYSTEM: Final = "HS_"
_KNOWN: Final = (
    "index",
    "name",
    "title",
    "title_en",
    "type",
    "unit",
    "required",
    "unique",
    "pattern",
    "check",
    "min_length",
    "max_length",
    "low",
    "high",
    "choices",
    "enabled",
)
_TEXTS: Final = frozenset({DataType.STRING})
_PATTERN_WORK: Final = MAX_PROGRAM * (MAX_TEXT + 1)
"""More steps than matching any value takes: all of the pattern at each of its characters."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. Its `name` is the type of the value at `index`; `title` is its Chinese name.

    Lengths count characters. `low` and `high` are canonical texts, both allowed themselves. An
    entry that is not `enabled` takes no new values; what is there stays and is shown.
    """

    index: int
    name: str
    title: str
    title_en: str = ""
    type: DataType = DataType.STRING
    unit: str = ""
    required: bool = False
    unique: bool = False
    pattern: str = ""
    check: Form | None = None
    min_length: int = 0
    max_length: int = MAX_LENGTH
    low: str = ""
    high: str = ""
    choices: tuple[str, ...] = ()
    enabled: bool = True

    def accepted(self, text: str) -> str | Fault:
        """Return the canonical text of a value for this entry, or what is wrong with it."""
        found = canonical(self.type, text)
        if found is None:
            return Fault("template.value", params={"type": self.type.value})
        return next(self._breaches(found), found)

    def _breaches(self, text: str) -> Iterator[Fault]:
        size = len(text)
        if not self.min_length <= size <= self.max_length:
            yield Fault(
                "template.length",
                params={"size": size, "low": self.min_length, "high": self.max_length},
            )
        if self.choices and text not in self.choices:
            yield Fault("one_of", params={"choices": _shown(self.choices)})
        if self.low and order(self.type, text) < order(self.type, self.low):  # type: ignore[operator]  # one kind
            yield Fault("template.low", params={"low": self.low})
        if self.high and order(self.type, text) > order(self.type, self.high):  # type: ignore[operator]  # one kind
            yield Fault("template.high", params={"high": self.high})
        if self.pattern and not _matches(self.pattern, text):
            yield Fault("template.pattern", params={"pattern": self.pattern})
        if self.check is not None and not fits(self.check, text):
            yield Fault("template.check", params={"form": self.check.value})


def _shown(choices: tuple[str, ...]) -> str:
    """Return choices as a fault tells them: it may be told of every row of an import."""
    together = ", ".join(choices)
    return together if len(together) <= MAX_SHOWN else f"{together[:MAX_SHOWN]}…"


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Pattern:
    return compiled(pattern)


def _matches(pattern: str, text: str) -> bool:
    return match(_compiled(pattern), text, Budget(_PATTERN_WORK)) is not None


def read_item(found: object, pointer: str, faults: Faults, index: int) -> Item | None:
    """Read an entry as JSON has it; `index` is its own where it names none.

    None when it is no object; what is wrong is noted, and then what is returned does not count.
    """
    members = members_of(found, pointer, faults, _KNOWN)
    if members is None:
        return None
    before = len(faults)
    kind = members.one_of("type", tuple(DataType), DataType.STRING)
    form = members.one_of("check", tuple(Form), "")
    item = Item(
        index=_index(members, index),
        name=_name(members),
        title=_short(members, "title"),
        title_en=_short(members, "title_en", ""),
        type=DataType(kind) if kind in tuple(DataType) else DataType.STRING,
        unit=_short(members, "unit", ""),
        required=members.boolean("required"),
        unique=members.boolean("unique"),
        pattern=members.text("pattern", ""),
        check=Form(form) if form in tuple(Form) else None,
        min_length=members.integer("min_length", 0, MAX_LENGTH, 0),
        max_length=members.integer("max_length", 1, MAX_LENGTH, MAX_LENGTH),
        low=members.text("low", ""),
        high=members.text("high", ""),
        choices=tuple(_choices(members)),
        enabled=members.boolean("enabled") if "enabled" in members else True,
    )
    if len(faults) > before:
        return item
    faults.extend(fault.below(pointer) for fault in _rule_faults(item))
    return _ranged(item)


def _index(members: Members, otherwise: int) -> int:
    if "index" not in members:
        return otherwise
    return members.lenient_integer("index", FIRST_INDEX, MAX_INDEX)


def _name(members: Members) -> str:
    name = members.text("name")
    if name and (len(name) > MAX_NAME or _NAME.fullmatch(name) is None):
        members.note("name", "template.name")
    return name


def _short(members: Members, name: str, default: str | None = None) -> str:
    text = members.text(name, default)
    if len(text) > MAX_TITLE:
        members.note(name, "too_long", size=len(text), unit="characters", limit=MAX_TITLE)
    return text


def _choices(members: Members) -> Iterator[str]:
    choices = members.items("choices", [])
    if len(choices) > MAX_CHOICES:
        members.note("choices", "too_many", count=len(choices), limit=MAX_CHOICES)
        return
    place = members.place("choices")
    inner = Members({str(at): one for at, one in enumerate(choices)}, place, members.faults)
    seen: set[str] = set()
    for at in range(len(choices)):
        choice = inner.text(str(at))
        if not choice or choice in seen:
            inner.note(str(at), "template.choice")
        seen.add(choice)
        yield choice


def _rule_faults(item: Item) -> Iterator[Fault]:
    """Return which rules cannot be those of an entry of this kind."""
    if _is_reserved(item):
        yield Fault("template.reserved", "/name", {"name": item.name})
    if (item.type is DataType.ENUMERATION) != bool(item.choices):
        yield Fault("template.choices", "/choices")
    if item.min_length > item.max_length:
        yield Fault("template.lengths", "/min_length")
    if (item.low or item.high) and item.type not in ORDERED:
        yield Fault("template.no_order", "/low" if item.low else "/high")
    else:
        yield from _range_faults(item)
    if item.pattern:
        yield from _pattern_faults(item)
    if item.check is not None and item.type is not DataType.STRING:
        yield Fault("template.no_check", "/check")


def _is_reserved(item: Item) -> bool:
    """Say whether values of this type mean something to the node that an entry does not say.

    Secret keys are sealed, administrators have rights; relations name other identifiers.
    """
    name = fold(item.name)
    if name.startswith(RELATIONS):
        return item.name not in BY_TYPE or item.type is not DataType.REFERENCE
    return name == TEMPLATE_TYPE or name.startswith(_SYSTEM)


def _range_faults(item: Item) -> Iterator[Fault]:
    ends = {name: canonical(item.type, text) for name, text in _ends(item) if text}
    yield from (
        Fault("template.value", f"/{name}", {"type": item.type.value})
        for name, end in ends.items()
        if end is None
    )
    low, high = ends.get("low"), ends.get("high")
    if low and high and order(item.type, low) > order(item.type, high):  # type: ignore[operator]  # one kind
        yield Fault("template.range", "/low")


def _pattern_faults(item: Item) -> Iterator[Fault]:
    if item.type is not DataType.STRING or item.max_length > MAX_TEXT:
        yield Fault("template.no_pattern", "/pattern", {"limit": MAX_TEXT})
    try:
        _compiled(item.pattern)
    except BadPattern as error:
        yield Fault("template.bad_pattern", "/pattern", {"why": str(error)})


def _ends(item: Item) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("low", item.low), ("high", item.high)


def _ranged(item: Item) -> Item:
    """Return an entry with its lowest and highest value in their canonical text."""
    ends = {name: canonical(item.type, text) or text for name, text in _ends(item) if text}
    return msgspec.structs.replace(item, **ends) if ends else item


def told_item(item: Item) -> dict[str, object]:
    """Return an entry as JSON has it: what is not said is as it always is."""
    told: dict[str, object] = {"index": item.index, "name": item.name, "title": item.title}
    for name in _KNOWN[3:]:
        value = getattr(item, name)
        if name == "type" or value != getattr(_PLAIN, name):
            told[name] = list(value) if isinstance(value, tuple) else value
    return told


_PLAIN: Final = Item(index=FIRST_INDEX, name="", title="")
