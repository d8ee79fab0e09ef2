"""A row of bulk input that was judged by itself, and the judging. Pure."""

from typing import Any

import msgspec

from identifiers.faults import Fault, Invalid
from identifiers.names import Handle
from identifiers.records import State
from identifiers.wire.handle.values import encode_values
from identifiers.wire.rows import Refused, Row
from registry.leaves import record_leaf
from registry.submissions import fitted


class Good(msgspec.Struct, frozen=True, array_like=True, tag=1, gc=False):
    """A row that keeps every rule that needs no store. `end` is the octet behind it.

    `values` are their wire form, each with the time `at` (an epoch second): a row that waits is a
    few octets, not a dozen objects. `plain`: certainly no secret key is among them, and no
    signature; secret keys are not sealed yet. `leaf` is what the audit log says of the record if it
    is new and just this under its name as given.
    """

    number: int
    end: int
    given: str
    prefix: str
    values: bytes
    state: State | None
    plain: bool
    at: int
    leaf: bytes

    def handle(self) -> Handle:
        """Return the handle, split."""
        return Handle(self.given, self.prefix, self.given[len(self.prefix) + 1 :])

    def key(self, *, fold_suffix: bool) -> str:
        """Return the canonical form of the handle; names below ``0.`` are folded whole."""
        if not fold_suffix and self.given.startswith(self.prefix):
            return self.given  # as most are
        return self.handle().key(fold_suffix=fold_suffix)


class Sketched(msgspec.Struct, frozen=True, array_like=True, tag=3, gc=False):
    """A row that names a template: what it is, is said by that, which is known to the registry.

    `good` has what the row says beside it; its `leaf` is empty. `attributes` get the `ttl`.
    """

    good: Good
    template: str
    attributes: dict[str, Any]
    ttl: int

    @property
    def end(self) -> int:
        """Return the octet behind the row."""
        return self.good.end


class Bad(msgspec.Struct, frozen=True, array_like=True, tag=2, gc=False):
    """A row that is refused for its faults, by name where that much is known."""

    number: int
    end: int
    handle: str
    faults: tuple[Fault, ...]


JudgedRow = Good | Sketched | Bad


def judged(row: Row, at: int) -> JudgedRow:
    """Judge a row by itself; its values get the time `at` (an epoch second)."""
    content = row.content
    if isinstance(content, Refused):
        return Bad(row.number, row.end_offset, content.handle, content.faults)
    try:
        handle, plain = fitted(content)
    except Invalid as invalid:
        return Bad(row.number, row.end_offset, content.handle, invalid.faults)
    blob = encode_values(content.values, at)
    template = content.template
    good = Good(
        row.number,
        row.end_offset,
        handle.given,
        handle.prefix,
        blob,
        content.state,
        plain,
        at,
        record_leaf(handle.given.encode(), 1, blob) if template is None else b"",
    )
    if template is None:
        return good
    return Sketched(good, template, content.attributes or {}, content.ttl)
