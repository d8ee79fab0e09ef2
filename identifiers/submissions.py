"""What a caller wants an identifier to be."""

import msgspec

from identifiers.records import State
from identifiers.values import DEFAULT_TTL, Value


class Submission(msgspec.Struct, frozen=True, gc=False):
    """One identifier as a caller sent it: well formed, its rules not yet checked.

    `state` is ACTIVE, RESERVED, or None when nothing is said: what is there keeps its state, and
    what is new is active. `attributes` are values in the words of `template`, with the `ttl`.
    """

    handle: str
    values: tuple[Value, ...]
    state: State | None = None
    template: str | None = None
    attributes: dict[str, object] | None = None
    ttl: int = DEFAULT_TTL
