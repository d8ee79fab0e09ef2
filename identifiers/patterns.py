r"""Regular expressions of strangers, matched in bounded time.

Python's `re` goes back over what it matched, and a pattern of ten characters makes it do so for
hours. Here all alternatives advance together, character by character (a Pike machine), so the work
is at most the pattern's length times the text's, and a budget bounds it besides. The price is a
smaller language, that of every dialect: characters, ``.``, ``[a-z]``, ``\d \w \s`` and their
opposites, ``(…)`` and ``(?:…)``, ``|``, ``* + ? {m,n}`` (also lazy), ``^`` and ``$``. References
back, looking around and flags are refused.
"""

from collections.abc import Iterable
from typing import Final, assert_never

import msgspec

from identifiers.pattern_syntax import BadPattern, Edge, Group, Node, Repeat, Take, read_pattern

MAX_TEXT: Final = 256
MAX_PROGRAM: Final = 256
"""Steps of a compiled pattern; counted repetitions are written out."""
BUDGET: Final = 20_000
"""Steps that one evaluation may take altogether: some ten milliseconds."""

_TOO_LARGE: Final = "the pattern is too large, its counted repetitions written out"


class TooMuchWork(ValueError):
    """The text is too long, or the budget is used up."""


class Budget:
    """Steps that are left to spend."""

    def __init__(self, steps: int = BUDGET) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Take steps off. Raises `TooMuchWork` when there are not so many."""
        self.left -= steps
        if self.left < 0:
            raise TooMuchWork("this takes too much work")


class _Fork(msgspec.Struct, frozen=True):
    """Try the first way, then the second."""

    first: int
    second: int


class _Jump(msgspec.Struct, frozen=True):
    to: int


class _Mark(msgspec.Struct, frozen=True):
    """Remember the place: group ``slot // 2`` begins or ends here."""

    slot: int


class _Done(msgspec.Struct, frozen=True):
    """Matched."""


_Step = Take | _Fork | _Jump | _Mark | Edge | _Done


class Pattern(msgspec.Struct, frozen=True):
    """A compiled pattern."""

    steps: tuple[_Step, ...]
    groups: int


def compiled(text: str) -> Pattern:
    """Compile a pattern. Raises `BadPattern`."""
    whole = read_pattern(text)
    writer = _Writer()
    writer.node(whole)
    writer.add(_Done())
    return Pattern(tuple(writer.steps), writer.groups)


def match(pattern: Pattern, text: str, budget: Budget) -> tuple[str, ...] | None:
    """Match the whole of `text`: the text and its groups (empty: took no part), or None.

    Of several ways to match, the one that Perl and Java would find. Raises `TooMuchWork`.
    """
    if len(text) > MAX_TEXT:
        raise TooMuchWork(f"patterns are matched with at most {MAX_TEXT} characters")
    marks = (-1,) * (2 * pattern.groups + 2)
    threads = _reached(pattern, text, 0, [(0, marks)], budget)
    for at, char in enumerate(text):
        code = ord(char)
        ways = []
        for step, marked in threads:
            taken = pattern.steps[step]
            if isinstance(taken, Take) and any(low <= code <= high for low, high in taken.ranges):
                ways.append((step + 1, marked))
        threads = _reached(pattern, text, at + 1, ways, budget)
    for step, marked in threads:
        if isinstance(pattern.steps[step], _Done):
            return tuple(
                text[max(marked[n], 0) : max(marked[n + 1], 0)] for n in range(0, len(marked), 2)
            )
    return None


_Thread = tuple[int, tuple[int, ...]]


def _reached(
    pattern: Pattern, text: str, at: int, starts: Iterable[_Thread], budget: Budget
) -> list[_Thread]:
    """Follow every way that takes no character; the best first, each step once."""
    steps = pattern.steps
    reached: list[_Thread] = []
    seen: set[int] = set()
    stack = list(starts)[::-1]
    while stack:
        number, marks = stack.pop()
        if number in seen:
            continue
        seen.add(number)
        step = steps[number]
        match step:
            case _Fork(first, second):
                stack += ((second, marks), (first, marks))
            case _Jump(to):
                stack.append((to, marks))
            case _Mark(slot):
                stack.append((number + 1, (*marks[:slot], at, *marks[slot + 1 :])))
            case Edge(start):
                if at == (0 if start else len(text)):
                    stack.append((number + 1, marks))
            case Take() | _Done():
                reached.append((number, marks))
            case _:
                assert_never(step)
    budget.spend(len(seen))
    return reached


class _Writer:
    """Writes a program."""

    def __init__(self) -> None:
        self.steps: list[_Step] = []
        self._visits = 0
        self.groups = 0

    def add(self, step: _Step) -> int:
        if len(self.steps) >= MAX_PROGRAM:
            raise BadPattern(_TOO_LARGE)
        self.steps.append(step)
        return len(self.steps) - 1

    def node(self, node: Node) -> None:
        # Repetitions of nothing write no steps, and would be written for ever.
        self._visits += 1
        if self._visits > 2 * MAX_PROGRAM:
            raise BadPattern(_TOO_LARGE)
        match node:
            case Take() | Edge():
                self.add(node)
            case Group(number, ways):
                if number is not None:
                    self.groups = max(self.groups, number)
                    self.add(_Mark(2 * number))
                self._ways(ways)
                if number is not None:
                    self.add(_Mark(2 * number + 1))
            case Repeat():
                self._repeat(node)
            case _:
                assert_never(node)

    def _ways(self, ways: tuple[tuple[Node, ...], ...]) -> None:
        ends = []
        for way in ways[:-1]:
            fork = self.add(_Done())
            for node in way:
                self.node(node)
            ends.append(self.add(_Done()))
            self.steps[fork] = _Fork(fork + 1, len(self.steps))
        for node in ways[-1]:
            self.node(node)
        for end in ends:
            self.steps[end] = _Jump(len(self.steps))

    def _repeat(self, repeat: Repeat) -> None:
        for _ in range(repeat.least):
            self.node(repeat.node)
        if repeat.most is None:
            fork = self.add(_Done())
            self.node(repeat.node)
            self.add(_Jump(fork))
            self._fork(fork, repeat)
            return
        forks = []
        for _ in range(repeat.most - repeat.least):
            forks.append(self.add(_Done()))
            self.node(repeat.node)
        for fork in forks:
            self._fork(fork, repeat)

    def _fork(self, fork: int, repeat: Repeat) -> None:
        into, past = fork + 1, len(self.steps)
        self.steps[fork] = _Fork(into, past) if repeat.greedy else _Fork(past, into)
