"""Handles and prefixes: grammar and canonical form.

``handle = prefix "/" suffix``, split at the first slash (RFC 3651 section 3). Prefixes are
compared as lists of labels, never as strings: ``88.300.1`` does not cover ``88.300.10``. The
prefix is folded to upper case (ASCII), the suffix is exact unless its prefix says otherwise, and
names that begin ``0.`` are folded whole.
"""

import re
import unicodedata
from typing import Final

import msgspec

from identifiers.faults import Fault, Faults, Invalid

MAX_WIRE_BYTES: Final = 2048
"""Longest handle on the wire, octets of UTF-8."""
MAX_REGISTERED_BYTES: Final = 1024
"""Longest handle that may be registered, octets of UTF-8."""
MAX_SUFFIX_CHARACTERS: Final = 255
PREFIX_RECORDS: Final = "0.NA"
"""The prefix under which each prefix has its own record: ``0.NA/88.300.1``."""

_PREFIX: Final = re.compile(r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*", re.ASCII)
_ASCII_LOWER: Final = str.maketrans({c: c - 32 for c in range(ord("a"), ord("z") + 1)})
_REFUSED_CATEGORIES: Final = frozenset({"Cc", "Cs", "Co", "Cn"})
# Bidirectional controls and default-ignorable characters: they make two handles look alike.
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)


def fold(text: str) -> str:
    """Return `text` with ASCII a-z as A-Z; no other character is touched."""
    return text.upper() if text.isascii() else text.translate(_ASCII_LOWER)


class Prefix(msgspec.Struct, frozen=True, order=True):
    """A prefix in canonical form, as labels from the root: ``("88", "300", "1")``."""

    labels: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Prefix":
        """Read ``88.300.1``. Raises `Invalid` unless it is labels joined by dots."""
        if _PREFIX.fullmatch(text) is None:
            raise Invalid([Fault("name.prefix", params={"prefix": repr(text)[:80]})])
        return cls(tuple(text.upper().split(".")))

    def covers(self, other: "Prefix") -> bool:
        """Say whether `other` is this prefix or derived from it, label by label."""
        return other.labels[: len(self.labels)] == self.labels

    def __str__(self) -> str:
        return ".".join(self.labels)


class Handle(msgspec.Struct, frozen=True, gc=False):
    """A handle as given, split, with its canonical prefix text.

    `prefix` is folded; `suffix` is as given. `key` needs the prefix's case rule.
    """

    given: str
    prefix: str
    suffix: str

    @classmethod
    def parse(cls, text: str) -> "Handle":
        """Split a handle at its first slash. Raises `Invalid`.

        Takes the general grammar of resolution; what may be *registered* is narrower
        (`registration_faults`).
        """
        prefix, slash, suffix = text.partition("/")
        if not slash:
            raise Invalid([Fault("name.no_slash")])
        if _PREFIX.fullmatch(prefix) is None:
            raise Invalid([Fault("name.prefix", params={"prefix": repr(prefix)[:80]})])
        if not suffix:
            raise Invalid([Fault("name.no_suffix")])
        if "\0" in suffix:
            raise Invalid([Fault("nul")])
        return cls(text, prefix.upper(), suffix)

    def key(self, *, fold_suffix: bool = False) -> str:
        """Return the canonical form: what records are stored and compared under."""
        if fold_suffix or self.prefix.startswith("0."):
            return f"{self.prefix}/{fold(self.suffix)}"
        return f"{self.prefix}/{self.suffix}"

    def labels(self) -> tuple[str, ...]:
        """Return the labels of the prefix, from the root."""
        return tuple(self.prefix.split("."))


def prefix_of(key: str) -> str:
    """Return the prefix text of a canonical key."""
    return key.partition("/")[0]


def registration_faults(handle: Handle) -> list[Fault]:
    """Return every reason why `handle` may be resolved but not registered; empty when none."""
    if handle.given.isascii() and handle.given.isprintable():
        faults = []
    else:
        faults = _character_faults(handle.suffix)
    if len(handle.suffix) > MAX_SUFFIX_CHARACTERS:
        faults.append(_too_long(len(handle.suffix), "characters", MAX_SUFFIX_CHARACTERS))
    octets = len(handle.given.encode("utf-8", "surrogatepass"))
    if octets > MAX_REGISTERED_BYTES:
        faults.append(_too_long(octets, "bytes", MAX_REGISTERED_BYTES))
    return faults


def _too_long(size: int, unit: str, limit: int) -> Fault:
    return Fault("too_long", params={"size": size, "unit": unit, "limit": limit})


def _character_faults(suffix: str) -> list[Fault]:
    faults = Faults(
        Fault("name.character", params={"char": f"U+{ord(char):04X}", "at": at})
        for at, char in enumerate(suffix, 1)
        if unicodedata.category(char) in _REFUSED_CATEGORIES or _INVISIBLE.match(char)
    )
    composed = unicodedata.normalize("NFC", suffix)
    if composed != suffix:
        at = next(
            (i for i, (a, b) in enumerate(zip(suffix, composed, strict=False)) if a != b),
            len(composed),
        )
        faults.append(
            Fault("name.not_nfc", params={"at": at + 1, "char": f"U+{ord(suffix[at]):04X}"})
        )
    return faults
