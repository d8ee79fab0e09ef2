"""Reading one object of a decoded document (JSON or CBOR), noting every fault on the way.

A getter that finds a fault notes it and returns a value of the right type, so that reading goes on;
what was read counts only when no fault was noted.
"""

from collections.abc import Collection, Mapping
from typing import Final

from identifiers.faults import Fault, Faults
from identifiers.values import MAX_INDEX, Reference
from identifiers.wire.jsonload import step

MISSING: Final = object()
"""What `Members.any` returns for a member that is not there: the fault is noted already."""

_KINDS: Final[Mapping[type, str]] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    bytes: "bytes",
    list: "array",
    dict: "object",
    type(None): "null",
}


def type_fault(found: object, expected: str, pointer: str) -> Fault:
    """Tell that something is of another type than it should be."""
    got = _KINDS.get(type(found), type(found).__name__)
    return Fault("type", pointer, {"expected": expected, "got": got})


def members_of(
    document: object, pointer: str, faults: Faults, known: Collection[str]
) -> "Members | None":
    """Return the members of an object; None, with a fault noted, when it is none or MISSING.

    Every member that is not in `known` is a fault.
    """
    if not isinstance(document, dict):
        if document is not MISSING:
            faults.append(type_fault(document, "object", pointer))
        return None
    faults.extend(
        Fault("unknown_key", step(pointer, str(name))) for name in document if name not in known
    )
    return Members(document, pointer, faults)


class Members:
    """The members of one object; `faults` is shared with the whole document's reader."""

    __slots__ = ("_document", "faults", "pointer")

    def __init__(self, document: Mapping[str, object], pointer: str, faults: Faults) -> None:
        self._document = document
        self.pointer = pointer
        self.faults = faults

    def __contains__(self, name: str) -> bool:
        return name in self._document

    def place(self, name: str) -> str:
        """Return the pointer of a member."""
        return step(self.pointer, name)

    def note(self, name: str, code: str, **params: str | int) -> None:
        """Note a fault of a member."""
        self.faults.append(Fault(code, self.place(name), params))

    def get(self, name: str) -> object:
        """Return a member as it is, None when it is missing."""
        return self._document.get(name)

    def any(self, name: str) -> object:
        """Return a required member of any type, or MISSING."""
        if name not in self._document:
            self.note(name, "required")
        return self._document.get(name, MISSING)

    def text(self, name: str, default: str | None = None) -> str:
        """Return a string, required unless there is a default."""
        found = self._get(name, default)
        if isinstance(found, str):
            return found
        self._wrong(name, found, "string")
        return ""

    def integer(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """Return an integer from `low` to `high`."""
        found = self._get(name, default)
        if isinstance(found, int) and not isinstance(found, bool):
            if low <= found <= high:
                return found
            self.note(name, "range", low=low, high=high)
        else:
            self._wrong(name, found, "integer")
        return low

    def lenient_integer(self, name: str, low: int, high: int) -> int:
        """Return an integer that may also be written as a string, as some clients do."""
        found = self._document.get(name)
        if isinstance(found, str) and found.isascii() and found.isdigit():
            # Longer than any bound has digits: int() is not asked to read a novel.
            number = int(found[:20])
            if low <= number <= high:
                return number
        return self.integer(name, low, high)

    def boolean(self, name: str) -> bool:
        """Return a boolean; a missing one is false."""
        found = self._document.get(name, False)
        if isinstance(found, bool):
            return found
        self._wrong(name, found, "boolean")
        return False

    def items(self, name: str, default: list[object] | None = None) -> list[object]:
        """Return an array."""
        found = self._get(name, default)
        if isinstance(found, list):
            return found
        self._wrong(name, found, "array")
        return []

    def one_of(self, name: str, choices: Collection[str], default: str | None = None) -> str:
        """Return a string that is one of `choices`."""
        found = self.text(name, default)
        if found not in choices and isinstance(self._document.get(name), str):
            self.note(name, "one_of", choices=", ".join(choices))
        return found

    def _get(self, name: str, default: object) -> object:
        return self._document.get(name, default)

    def _wrong(self, name: str, found: object, expected: str) -> None:
        if name in self._document:
            self.faults.append(type_fault(found, expected, self.place(name)))
        else:
            self.note(name, "required")


def read_references(items: list[object], pointer: str, faults: Faults) -> list[Reference]:
    """Read an array of ``{"handle", "index"}``."""
    references = []
    for at, item in enumerate(items):
        if faults.full:
            break
        members = members_of(item, step(pointer, at), faults, ("handle", "index"))
        if members is not None:
            handle, index = members.text("handle"), members.integer("index", 0, MAX_INDEX)
            references.append(Reference(handle, index))
    return references
