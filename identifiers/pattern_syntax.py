"""The language of `identifiers.patterns`: a pattern's text becomes a tree. Pure."""

from typing import Final

import msgspec

MAX_PATTERN: Final = 256
MAX_NESTING: Final = 16

_LAST: Final = 0x10FFFF
_DIGITS: Final = ((0x30, 0x39),)
_WORD: Final = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE: Final = ((0x09, 0x0D), (0x20, 0x20))
_SHORTHANDS: Final = {"d": _DIGITS, "w": _WORD, "s": _SPACE}
_CONTROLS: Final = {"t": "\t", "n": "\n", "r": "\r"}
_COUNTED: Final = {"*": (0, None), "+": (1, None), "?": (0, 1)}

Ranges = tuple[tuple[int, int], ...]


class BadPattern(ValueError):
    """A pattern that is not understood or not allowed; the message says why."""


class Take(msgspec.Struct, frozen=True):
    """Go on if the next character is within one of the ranges."""

    ranges: Ranges


class Edge(msgspec.Struct, frozen=True):
    """Go on at the start, or at the end, of the text only."""

    start: bool


class Group(msgspec.Struct, frozen=True):
    """Ways to match, the best first; with a number it is remembered what matched."""

    number: int | None
    ways: tuple[tuple["Node", ...], ...]


class Repeat(msgspec.Struct, frozen=True):
    """Between `least` and `most` times (None: any number) the same, many or few at first."""

    node: "Node"
    least: int
    most: int | None
    greedy: bool


Node = Take | Edge | Group | Repeat


def read_pattern(text: str) -> Group:
    """Read a pattern: the whole is group 0. Raises `BadPattern`."""
    if len(text) > MAX_PATTERN:
        raise BadPattern(f"a pattern has at most {MAX_PATTERN} characters")
    return _Reader(text).whole()


class _Reader:
    """Reads a pattern's text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._groups = 0

    def whole(self) -> Group:
        ways = self._ways()
        if self._at < len(self._text):
            raise BadPattern("a ) without its (")
        return Group(0, ways)

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, what: str) -> bool:
        if not self._text.startswith(what, self._at):
            return False
        self._at += len(what)
        return True

    def _char(self) -> str:
        char = self._next()
        if not char:
            raise BadPattern("the pattern ends too early")
        self._at += 1
        return char

    def _ways(self) -> tuple[tuple[Node, ...], ...]:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise BadPattern(f"groups nested deeper than {MAX_NESTING}")
        ways = [self._way()]
        while self._take("|"):
            ways.append(self._way())
        self._depth -= 1
        return tuple(ways)

    def _way(self) -> tuple[Node, ...]:
        nodes: list[Node] = []
        while self._next() not in {"", "|", ")"}:
            nodes.append(self._repeated(self._atom()))
        return tuple(nodes)

    def _repeated(self, node: Node) -> Node:
        counts = self._counts()
        if counts is None:
            return node
        least, most = counts
        if isinstance(node, Edge):
            raise BadPattern("nothing to repeat")
        greedy = not self._take("?")
        if self._next() in {"*", "+", "?", "{"} and self._next():
            raise BadPattern("a repetition of a repetition")
        return Repeat(node, least, most, greedy)

    def _counts(self) -> tuple[int, int | None] | None:
        counted = _COUNTED.get(self._next())
        if counted is not None:
            self._at += 1
            return counted
        if not self._take("{"):
            return None
        least, comma, most = self._upto("}").partition(",")
        if not _is_count(least) or (most and not _is_count(most)):
            raise BadPattern("a repetition is written {2}, {2,} or {2,4}")
        low = int(least)
        high = low if not comma else int(most) if most else None
        if high is not None and high < low:
            raise BadPattern(f"{{{low},{high}}} repeats nothing")
        return low, high

    def _upto(self, end: str) -> str:
        found = self._text.find(end, self._at)
        if found < 0:
            raise BadPattern(f"{end} is missing")
        text = self._text[self._at : found]
        self._at = found + 1
        return text

    def _atom(self) -> Node:
        char = self._char()
        match char:
            case "(":
                return self._group()
            case "[":
                return Take(self._class())
            case ".":
                return Take(_others(((0x0A, 0x0A),)))
            case "^" | "$":
                return Edge(char == "^")
            case "\\":
                return Take(self._escaped())
            case "*" | "+" | "?" | "{":
                raise BadPattern("nothing to repeat")
            case _:
                return Take(_just(char))

    def _group(self) -> Group:
        number = None
        if self._take("?"):
            if not self._take(":"):
                raise BadPattern("of groups with (? only (?:…) is understood")
        else:
            self._groups += 1
            number = self._groups
        ways = self._ways()
        if not self._take(")"):
            raise BadPattern("a ( without its )")
        return Group(number, ways)

    def _escaped(self) -> Ranges:
        char = self._char()
        if char.lower() in _SHORTHANDS:
            ranges = _SHORTHANDS[char.lower()]
            return ranges if char.islower() else _others(ranges)
        if char in _CONTROLS:
            return _just(_CONTROLS[char])
        if char.isascii() and char.isalnum():
            raise BadPattern(f"\\{char} is not understood")
        return _just(char)

    def _class(self) -> Ranges:
        negated = self._take("^")
        ranges: list[tuple[int, int]] = []
        while True:
            if self._take("]"):
                break
            low = self._member()
            high = low
            if self._next() == "-" and not self._text.startswith("-]", self._at):
                self._at += 1
                high = self._member()
                if not _one(low) or not _one(high) or low > high:
                    raise BadPattern("a range goes from one character to a later one")
                high = ((low[0][0], high[0][1]),)
            ranges += high
        if not ranges:
            raise BadPattern("[] holds no character")
        return _others(tuple(sorted(ranges))) if negated else tuple(ranges)

    def _member(self) -> Ranges:
        char = self._char()
        if char == "[":
            raise BadPattern("write \\[ for a bracket within brackets")
        return self._escaped() if char == "\\" else _just(char)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3  # noqa: PLR2004 -- up to 999


def _one(ranges: Ranges) -> bool:
    return len(ranges) == 1 and ranges[0][0] == ranges[0][1]


def _just(char: str) -> Ranges:
    return ((ord(char), ord(char)),)


def _others(ranges: Ranges) -> Ranges:
    """Return every character that is in none of `ranges`, which are sorted."""
    others = []
    at = 0
    for low, high in ranges:
        if at < low:
            others.append((at, low - 1))
        at = max(at, high + 1)
    if at <= _LAST:
        others.append((at, _LAST))
    return tuple(others)
