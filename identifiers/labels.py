"""Which label the next enterprise prefix gets (前缀分配): by a rule, or as was asked. Pure.

Labels are numbers by habit, of 1 to 11 digits. Some are never given by the rule: reserved ones,
that the node keeps for itself, and vanity ones (靓号), that are given on request only.
"""

import re
from collections.abc import Container, Iterable
from itertools import pairwise
from typing import Final

import msgspec

from identifiers.faults import Fault, Invalid

MAX_DIGITS: Final = 11
MAX_RANGES: Final = 100
_RANGE: Final = re.compile(r"([0-9]{1,11})(?:-([0-9]{1,11}))?")
_LABEL: Final = re.compile(r"[0-9A-Z][0-9A-Z-]{0,63}")
_SAME: Final = 4
"""So many equal digits in a row, or one after the other, make a number worth asking for."""


class Range(msgspec.Struct, frozen=True):
    """Numbers from `low` to `high`, both too."""

    low: int
    high: int

    def __contains__(self, number: int) -> bool:
        return self.low <= number <= self.high


class Allotment(msgspec.Struct, frozen=True, kw_only=True):
    """How labels are given under one secondary prefix."""

    first: int = 1
    digits: int = 1
    """At least so many, with leading zeros."""
    reserved: tuple[Range, ...] = ()
    keep_vanity: bool = True

    def next_label(self, taken: Container[str], above: int = 0) -> str | None:
        """Return the first free label past the number `above`; None when there is none left.

        `taken` are labels, as they are written.
        """
        number, last = max(self.first, above + 1), 10**MAX_DIGITS - 1
        while number <= last:
            within = next((one for one in self.reserved if number in one), None)
            if within is not None:
                number = within.high + 1
                continue
            label = self.written(number)
            if label not in taken and not (self.keep_vanity and is_vanity(label)):
                return label
            number += 1
        return None

    def written(self, number: int) -> str:
        """Return a number as it is written in a prefix."""
        return f"{number:0{self.digits}}"

    def asked_for(self, label: str, taken: Container[str]) -> Fault | None:
        """Return why a label cannot be given on request, None if it can."""
        if _LABEL.fullmatch(label) is None:
            return Fault("label.form", params={"label": label})
        if label in taken:
            return Fault("label.taken", params={"label": label})
        if label.isdigit() and any(int(label) in one for one in self.reserved):
            return Fault("label.reserved", params={"label": label})
        return None


def read_ranges(texts: Iterable[str]) -> tuple[Range, ...]:
    """Read ranges such as ``1-99`` and ``888``. Raises `Invalid` with every fault."""
    ranges, faults = [], []
    for at, text in enumerate(texts):
        form = _RANGE.fullmatch(text)
        low, high = (int(form[1]), int(form[2] or form[1])) if form else (1, 0)
        if low > high:
            faults.append(Fault("label.range", f"/{at}", {"text": text}))
        else:
            ranges.append(Range(low, high))
    if faults:
        raise Invalid(faults)
    return tuple(sorted(ranges, key=lambda one: one.low))


def is_vanity(label: str) -> bool:
    """Say whether a number is one that people like: 8888, 1234, 4321 within it, or 6 and 8 only."""
    digits = label.lstrip("0")
    steps = [int(b) - int(a) for a, b in pairwise(digits)]
    runs = (steps[at : at + _SAME - 1] for at in range(len(steps) - _SAME + 2))
    if any(run in ([0] * (_SAME - 1), [1] * (_SAME - 1), [-1] * (_SAME - 1)) for run in runs):
        return True
    return len(digits) >= _SAME - 1 and set(digits) <= set("68")
