"""Code rules (编码规则): how the suffixes of new identifiers are made.

A rule is a text with parts in braces, such as ``COAL-{yyyy}{MM}-{seq:6}{check}``:

- ``{yyyy}`` ``{yy}`` ``{MM}`` ``{dd}`` ``{HH}``: the time of registration in Beijing
- ``{seq:6}``: a number of a series, with so many digits at least; the series begins anew whenever
  the parts of time in the rule change
- ``{random:8}``: so many characters drawn from ``0-9A-Z`` without ``I L O U``
- ``{check}``: one character over the letters and digits before it (ISO/IEC 7064, MOD 37-36), which
  finds every single wrong character and swapped neighbours

What else stands in it stands in every code; ``{{`` and ``}}`` are braces. Whoever keeps the series
and draws the chance makes sure that no name is given twice: the rule only says what it looks like.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, assert_never

import msgspec

from identifiers.faults import Fault, Faults, Invalid
from identifiers.names import Handle, Prefix, registration_faults
from identifiers.wire.members import members_of

MAX_RULE: Final = 128
MAX_DIGITS: Final = 18
MAX_RANDOM: Final = 32
BEIJING: Final = timezone(timedelta(hours=8))
RANDOM_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Of Crockford's base 32: what is easily taken for another is left out. Five bits a character."""
_NAME: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,63}")
_LATE: Final = 4_000_000_000
_CHECKED: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUES: Final = {character: value for value, character in enumerate(_CHECKED)}
_PARTS: Final = re.compile(r"\{\{|\}\}|\{([a-zA-Z]*)(?::([0-9]{1,2}))?\}|[{}]|[^{}]+")
_TIMES: Final = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H"}


class Literal(msgspec.Struct, frozen=True):
    """Stands in every code."""

    text: str


class Time(msgspec.Struct, frozen=True):
    """A part of the time, as `datetime.strftime` has it."""

    form: str


class Counted(msgspec.Struct, frozen=True):
    """A number of the series, with leading zeros."""

    digits: int


class Random(msgspec.Struct, frozen=True):
    """So many characters that chance draws."""

    count: int


class Check(msgspec.Struct, frozen=True):
    """The check of what stands before it."""


Part = Literal | Time | Counted | Random | Check


class CodeRule(msgspec.Struct, frozen=True):
    """A rule that was read."""

    text: str
    parts: tuple[Part, ...]

    @property
    def counts(self) -> bool:
        """Whether codes of this rule need a number of a series."""
        return any(isinstance(part, Counted) for part in self.parts)

    @property
    def draws(self) -> int:
        """Return how many characters chance has to draw."""
        return sum(part.count for part in self.parts if isinstance(part, Random))

    def series(self, at: int) -> str:
        """Return the name of the series that is counted at an epoch second."""
        beijing = _beijing(at)
        return "".join(beijing.strftime(p.form) for p in self.parts if isinstance(p, Time))

    def code(self, at: int, number: int, chance: bytes) -> str:
        """Return the code for an epoch second, a number of the series and random octets.

        One octet for each character of `draws`. Raises `ValueError` when there are fewer.
        """
        if len(chance) < self.draws:
            raise ValueError(f"{self.draws} random octets are needed, not {len(chance)}")
        beijing, octets, made = _beijing(at), iter(chance), ""
        for part in self.parts:
            match part:
                case Literal(text):
                    made += text
                case Time(form):
                    made += beijing.strftime(form)
                case Counted(digits):
                    made += f"{number:0{digits}}"
                case Random(count):
                    made += "".join(RANDOM_ALPHABET[next(octets) & 31] for _ in range(count))
                case Check():
                    made += check_character(made)
                case _:
                    assert_never(part)
        return made


class StoredRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule by its name under a prefix. `template` goes with its codes; empty: none."""

    prefix: str
    name: str
    rule: str
    template: str = ""
    enabled: bool = True


class Series(msgspec.Struct, frozen=True):
    """What numbers are counted for: rules of one text under one prefix share them."""

    prefix: str
    rule: str
    part: str
    """The parts of time."""


def read_stored(prefix: Prefix, name: str, found: object) -> StoredRule:
    """Read ``{"rule", "template"?, "enabled"?}`` as JSON has it. Raises `Invalid`, all faults."""
    faults = Faults()
    members = members_of(found, "", faults, ("rule", "template", "enabled"))
    if members is None:
        raise Invalid(faults)
    if _NAME.fullmatch(name) is None:
        members.note("name", "rule.name")
    stored = StoredRule(
        prefix=str(prefix),
        name=name,
        rule=members.text("rule"),
        template=members.text("template", ""),
        enabled=members.boolean("enabled") if "enabled" in members else True,
    )
    if isinstance(members.get("rule"), str):
        faults.extend(fault.below("/rule") for fault in _naming_faults(prefix, stored.rule))
    if faults:
        raise Invalid(faults)
    return stored


def _naming_faults(prefix: Prefix, text: str) -> Sequence[Fault]:
    """Return what is wrong with a rule, or with the longest name that it makes."""
    try:
        rule = read_rule(text)
        longest = rule.code(_LATE, 10**MAX_DIGITS - 1, bytes(rule.draws))
        return registration_faults(Handle.parse(f"{prefix}/{longest}"))
    except Invalid as invalid:
        return invalid.faults


def read_rule(text: str) -> CodeRule:
    """Read a rule. Raises `Invalid` with all faults."""
    faults: list[Fault] = []
    if not 0 < len(text) <= MAX_RULE:
        raise Invalid([Fault("rule.length", params={"limit": MAX_RULE})])
    parts = tuple(_parts(text, faults))
    kinds = [type(part) for part in parts]
    if not {Counted, Random} & set(kinds):
        faults.append(Fault("rule.same"))
    faults.extend(
        Fault("rule.twice", params={"part": name})
        for name, kind in (("seq", Counted), ("check", Check))
        if kinds.count(kind) > 1
    )
    if faults:
        raise Invalid(faults)
    return CodeRule(text, parts)


def check_character(text: str) -> str:
    """Return the check of the letters and digits in a text (ISO/IEC 7064, MOD 37-36).

    Small letters count as capitals; everything else does not count.
    """
    product = 36
    for character in text.upper():
        value = _VALUES.get(character)
        if value is not None:
            total = (product + value) % 36 or 36
            product = total * 2 % 37
    return _CHECKED[(37 - product) % 36]


def _parts(text: str, faults: list[Fault]) -> Iterator[Part]:
    for found in _PARTS.finditer(text):
        whole, name, count = found[0], found[1], found[2]
        if whole in {"{{", "}}"}:
            yield Literal(whole[0])
        elif whole in {"{", "}"}:
            faults.append(Fault("rule.brace", params={"at": found.start() + 1}))
        elif name is None:
            yield Literal(whole)
        else:
            part = _part(name, None if count is None else int(count))
            if part is None:
                faults.append(Fault("rule.part", params={"part": whole}))
            else:
                yield part


def _part(name: str, count: int | None) -> Part | None:
    match name, count:
        case "seq", int() if 1 <= count <= MAX_DIGITS:
            return Counted(count)
        case "random", int() if 1 <= count <= MAX_RANDOM:
            return Random(count)
        case "check", None:
            return Check()
        case _, None if name in _TIMES:
            return Time(_TIMES[name])
        case _:
            return None


def _beijing(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone(BEIJING)
