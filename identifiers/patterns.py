r"""Regular expressions of strangers, matched in bounded time.

Python's `re` goes back over what it matched, and a pattern of ten characters makes it do so for
hours. Here all alternatives advance together, character by character (a Pike machine), so the work
is at most the pattern's length times the text's, and a budget bounds it besides. A step takes the
same time whatever the pattern: characters are looked up by bisection, and what groups matched is a
list that grows at its end. The price is a smaller language, that of every dialect: characters,
``.``, ``[a-z]``, ``\d \w \s`` and their opposites, ``(…)`` and ``(?:…)``, ``|``, ``* + ? {m,n}``
(also lazy), ``^`` and ``$``. References back, looking around and flags are refused.
"""

from bisect import bisect_right
from collections.abc import Iterable
from enum import IntEnum
from typing import Final, assert_never

import msgspec

from identifiers.pattern_syntax import (
    BadPattern,
    Edge,
    Group,
    Node,
    Ranges,
    Repeat,
    Take,
    read_pattern,
)

MAX_TEXT: Final = 256
MAX_PROGRAM: Final = 256
"""Steps of a compiled pattern; counted repetitions are written out."""
BUDGET: Final = 4_000
"""Steps that one evaluation may take altogether: some two milliseconds."""

_TOO_LARGE: Final = "the pattern is too large, its counted repetitions written out"


class TooMuchWork(ValueError):
    """The text is too long, or the budget is used up."""


class Budget:
    """Steps that are left to spend."""

    def __init__(self, steps: int = BUDGET) -> None:
        self._steps = steps
        self.left = steps

    @property
    def spent(self) -> int:
        """Steps that were taken."""
        return self._steps - max(self.left, 0)

    def spend(self, steps: int) -> None:
        """Take steps off. Raises `TooMuchWork` when there are not so many."""
        self.left -= steps
        if self.left < 0:
            raise TooMuchWork("this takes too much work")


class _Kind(IntEnum):
    TAKE = 0
    """A character within the bounds."""
    FORK = 1
    """Try the first way, then the second."""
    JUMP = 2
    MARK = 3
    """Remember the place: group ``slot // 2`` begins or ends here."""
    START = 4
    END = 5
    DONE = 6


_TAKE, _FORK, _JUMP, _MARK, _START, _END, _DONE = map(int, _Kind)


class _Step(msgspec.Struct, frozen=True):
    """One step; `first` is where it leads, or a slot.

    `bounds` are where sets of characters begin and end, in turn, ascending.
    """

    kind: int
    first: int = 0
    second: int = 0
    bounds: tuple[int, ...] = ()


_PLACEHOLDER: Final = _Step(_DONE)
_STAYING: Final = frozenset({_TAKE, _DONE})


class Pattern(msgspec.Struct, frozen=True):
    """A compiled pattern; `size` is the work that was to compile it, in nodes."""

    steps: tuple[_Step, ...]
    groups: int
    size: int


def compiled(text: str) -> Pattern:
    """Compile a pattern. Raises `BadPattern`."""
    whole = read_pattern(text)
    writer = _Writer()
    writer.node(whole)
    writer.add(_Step(_DONE))
    return Pattern(tuple(writer.steps), writer.groups, writer.visits)


class _Marked(msgspec.Struct, frozen=True, gc=False):
    """The place that was remembered last, and those before it."""

    slot: int
    at: int
    before: "_Marked | None"


_Thread = tuple[int, _Marked | None]


def match(pattern: Pattern, text: str, budget: Budget) -> tuple[str, ...] | None:
    """Match the whole of `text`: the text and its groups (empty: took no part), or None.

    Of several ways to match, the one that Perl and Java would find. Raises `TooMuchWork`.
    """
    if len(text) > MAX_TEXT:
        raise TooMuchWork(f"patterns are matched with at most {MAX_TEXT} characters")
    steps = pattern.steps
    threads = _reached(steps, 0, len(text), [(0, None)], budget)
    for at, char in enumerate(text, 1):
        code = ord(char)
        # Within a set is whoever has passed an odd number of its bounds.
        ways = [
            (step + 1, marked)
            for step, marked in threads
            if bisect_right(steps[step].bounds, code) & 1
        ]
        if not ways:
            return None
        threads = _reached(steps, at, len(text), ways, budget)
    for step, marked in threads:
        if steps[step].kind == _DONE:
            return _groups(pattern, text, marked)
    return None


def _groups(pattern: Pattern, text: str, marked: _Marked | None) -> tuple[str, ...]:
    places: dict[int, int] = {}
    while marked is not None:
        places.setdefault(marked.slot, marked.at)
        marked = marked.before
    slots = range(0, 2 * pattern.groups + 2, 2)
    return tuple(text[places.get(n, 0) : places.get(n + 1, 0)] for n in slots)


def _reached(
    steps: tuple[_Step, ...], at: int, length: int, starts: Iterable[_Thread], budget: Budget
) -> list[_Thread]:
    """Follow every way that takes no character; the best first, each step once."""
    reached: list[_Thread] = []
    seen: set[int] = set()
    stack = list(starts)[::-1]
    while stack:
        number, marked = stack.pop()
        if number in seen:
            continue
        seen.add(number)
        step = steps[number]
        kind = step.kind
        if kind in _STAYING:
            reached.append((number, marked))
        elif kind == _FORK:
            stack += ((step.second, marked), (step.first, marked))
        elif kind == _JUMP:
            stack.append((step.first, marked))
        elif kind == _MARK:
            stack.append((number + 1, _Marked(step.first, at, marked)))
        elif at == (0 if kind == _START else length):
            stack.append((number + 1, marked))
    budget.spend(len(seen))
    return reached


def _bounds(ranges: Ranges) -> tuple[int, ...]:
    """Return where sets begin and end, those that touch as one."""
    bounds: list[int] = []
    for low, high in sorted(ranges):
        if bounds and low <= bounds[-1]:
            bounds[-1] = max(bounds[-1], high + 1)
        else:
            bounds += (low, high + 1)
    return tuple(bounds)


class _Writer:
    """Writes a program."""

    def __init__(self) -> None:
        self.steps: list[_Step] = []
        self.visits = 0
        self.groups = 0

    def add(self, step: _Step) -> int:
        if len(self.steps) >= MAX_PROGRAM:
            raise BadPattern(_TOO_LARGE)
        self.steps.append(step)
        return len(self.steps) - 1

    def node(self, node: Node) -> None:
        # Repetitions of nothing write no steps, and would be written for ever.
        self.visits += 1
        if self.visits > 2 * MAX_PROGRAM:
            raise BadPattern(_TOO_LARGE)
        match node:
            case Take(ranges):
                self.add(_Step(_TAKE, bounds=_bounds(ranges)))
            case Edge(start):
                self.add(_Step(_START if start else _END))
            case Group(number, ways):
                if number is not None:
                    self.groups = max(self.groups, number)
                    self.add(_Step(_MARK, 2 * number))
                self._ways(ways)
                if number is not None:
                    self.add(_Step(_MARK, 2 * number + 1))
            case Repeat():
                self._repeat(node)
            case _:
                assert_never(node)

    def _ways(self, ways: tuple[tuple[Node, ...], ...]) -> None:
        ends = []
        for way in ways[:-1]:
            fork = self.add(_PLACEHOLDER)
            for node in way:
                self.node(node)
            ends.append(self.add(_PLACEHOLDER))
            self.steps[fork] = _Step(_FORK, fork + 1, len(self.steps))
        for node in ways[-1]:
            self.node(node)
        for end in ends:
            self.steps[end] = _Step(_JUMP, len(self.steps))

    def _repeat(self, repeat: Repeat) -> None:
        for _ in range(repeat.least):
            self.node(repeat.node)
        if repeat.most is None:
            fork = self.add(_PLACEHOLDER)
            self.node(repeat.node)
            self.add(_Step(_JUMP, fork))
            self._fork(fork, repeat)
            return
        forks = []
        for _ in range(repeat.most - repeat.least):
            forks.append(self.add(_PLACEHOLDER))
            self.node(repeat.node)
        for fork in forks:
            self._fork(fork, repeat)

    def _fork(self, fork: int, repeat: Repeat) -> None:
        into, past = fork + 1, len(self.steps)
        ways = (into, past) if repeat.greedy else (past, into)
        self.steps[fork] = _Step(_FORK, *ways)
