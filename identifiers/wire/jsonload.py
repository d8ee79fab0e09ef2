"""The strict JSON reader in front of everything that takes a JSON body (RFC 8259, RFC 7493).

Beyond the grammar it refuses duplicate keys, NaN and infinities, numbers outside of int64 and of
finite doubles, nesting deeper than 16, U+0000 and lone surrogates, and it names all of them at
once with their JSON pointers.
"""

import json
import math
import re
from typing import Final

from identifiers.faults import MAX_FAULTS, Fault, Faults, Invalid

MAX_DEPTH: Final = 16
_INT64_DIGITS: Final = 20
_SHOWN: Final = 40
"""Characters of a number that a fault repeats."""
_LOW: Final = -(1 << 63)
_HIGH: Final = (1 << 63) - 1
_BRACKETS: Final = b"[]{}"
_NOT_BRACKETS: Final = bytes(b for b in range(256) if b not in _BRACKETS)
_ODD_ESCAPE: Final = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class _Bad:
    """Stands in the tree for what was refused, until its pointer is known."""

    __slots__ = ("code", "inner", "params")

    def __init__(self, code: str, params: dict[str, str | int], inner: object = None) -> None:
        self.code = code
        self.params = params
        self.inner = inner


def load(data: bytes) -> object:
    """Return the document: dict, list, str, int, float, bool or None. Raises `Invalid`."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise Invalid([Fault("utf8", params={"at": error.start})]) from None
    if _too_deep(data):
        raise Invalid([Fault("json.too_deep", params={"limit": MAX_DEPTH})])
    bad: list[_Bad] = []
    try:
        document = _parse(text, bad)
    except json.JSONDecodeError as error:
        why = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise Invalid([Fault("json.syntax", params={"why": why})]) from None
    if (bad or _ODD_ESCAPE.search(text)) and (faults := text_faults(document)):
        raise Invalid(faults)
    return document


def text_faults(document: object) -> Faults:
    """Return a fault for each U+0000 and lone surrogate in a document's texts and names."""
    faults = Faults()
    _collect(document, [], faults)
    return faults


def without_escapes(data: bytes) -> bytes:
    r"""Return JSON text without ``\\`` and ``\"``, so that every quote left delimits a string."""
    if b"\\" not in data:
        return data
    return data.replace(rb"\\", b"").replace(rb"\"", b"")


def step(pointer: str, name: str | int) -> str:
    """Return the pointer of a member (RFC 6901)."""
    if isinstance(name, int):
        return f"{pointer}/{name}"
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"


def _too_deep(data: bytes) -> bool:
    outside = b"".join(without_escapes(data).split(b'"')[::2])
    brackets = outside.translate(None, _NOT_BRACKETS)
    # Each round takes the innermost pairs away: linear, and bounded by the allowed depth.
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    if b"[]" in brackets or b"{}" in brackets:
        return True
    # What is left now never closes; the parser tells where, unless it would have to go too deep.
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _parse(text: str, bad: list[_Bad]) -> object:
    def note(code: str, params: dict[str, str | int], inner: object = None) -> _Bad:
        if len(bad) <= MAX_FAULTS:
            told = len(bad) < MAX_FAULTS
            bad.append(_Bad(code, params, inner) if told else _Bad("more", {}))
        return bad[-1]  # what is not told stands for all that follows

    def pairs(members: list[tuple[str, object]]) -> object:
        found = dict(members)
        if len(found) == len(members):
            return found
        seen: set[str] = set()
        twice = next(key for key, _ in members if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        return note("json.duplicate_key", {"key": _SURROGATE.sub("\ufffd", twice)}, found)

    def integer(digits: str) -> object:
        number = int(digits) if len(digits) <= _INT64_DIGITS else _HIGH + 1
        if _LOW <= number <= _HIGH:
            return number
        # What it may be here only the member's reader knows.
        shown = digits if len(digits) <= _SHOWN else f"{digits[:_SHOWN]}…"
        return note("json.integer", {"number": shown})

    def real(digits: str) -> object:
        number = float(digits)
        return number if math.isfinite(number) else note("json.number", {"number": digits[:_SHOWN]})

    def constant(name: str) -> object:
        return note("json.number", {"number": name})

    return json.loads(
        text,
        object_pairs_hook=pairs,
        parse_int=integer,
        parse_float=real,
        parse_constant=constant,
    )


def _collect(node: object, path: list[str | int], faults: Faults) -> None:
    # The path becomes a pointer only where a fault is: a name in it may be as long as the body.
    if isinstance(node, _Bad):
        here = [*path, str(node.params["key"])] if "key" in node.params else path
        faults.append(Fault(node.code, _pointer(here), node.params))
        node = node.inner
    if isinstance(node, str):
        _collect_text(node, path, faults)
    elif isinstance(node, list):
        for at, item in enumerate(node):
            if faults.full:
                return
            path.append(at)
            _collect(item, path, faults)
            path.pop()
    elif isinstance(node, dict):
        for name, member in node.items():
            if faults.full:
                return
            path.append(_SURROGATE.sub("\ufffd", name))
            _collect_text(name, path, faults)
            _collect(member, path, faults)
            path.pop()


def _collect_text(text: str, path: list[str | int], faults: Faults) -> None:
    if "\0" in text:
        faults.append(Fault("nul", _pointer(path)))
    if _SURROGATE.search(text):
        faults.append(Fault("surrogate", _pointer(path)))


def _pointer(path: list[str | int]) -> str:
    return "".join([step("", name) for name in path])
