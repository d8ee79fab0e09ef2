"""What a caller wants an identifier to be."""

import msgspec

from identifiers.records import State
from identifiers.values import Value


class Submission(msgspec.Struct, frozen=True):
    """One identifier as a caller sent it: well formed, its rules not yet checked.

    `state` is ACTIVE or RESERVED.
    """

    handle: str
    values: tuple[Value, ...]
    state: State = State.ACTIVE
