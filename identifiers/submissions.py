"""What a caller wants an identifier to be."""

import msgspec

from identifiers.records import State
from identifiers.values import Value


class Submission(msgspec.Struct, frozen=True, gc=False):
    """One identifier as a caller sent it: well formed, its rules not yet checked.

    `state` is ACTIVE, RESERVED, or None when nothing is said: what is there keeps its state, and
    what is new is active.
    """

    handle: str
    values: tuple[Value, ...]
    state: State | None = None
