"""Every way a look-up can end. A miss is a value, not an exception."""

import msgspec

from identifiers.records import Record, State
from identifiers.values import Value


class Found(msgspec.Struct, frozen=True, gc=False):
    """The record exists and is active; `values` is the wire form of those that were asked for."""

    record: Record
    values: bytes


class ValuesAbsent(msgspec.Struct, frozen=True):
    """The record exists, none of its values fits the filter (code 200)."""

    record: Record


class Ended(msgspec.Struct, frozen=True):
    """Why an identifier that exists is not shown; `since` is an epoch second."""

    state: State
    since: int
    reason: str = ""


class Absent(msgspec.Struct, frozen=True):
    """No such identifier, or not one that is shown; `message` says why when there is a why."""

    message: str = ""
    ended: Ended | None = None


class NotHomed(msgspec.Struct, frozen=True):
    """The prefix does not live here (code 301)."""


class Referral(msgspec.Struct, frozen=True):
    """Another node answers for the prefix: its sites (code 302, or 303 for a prefix record)."""

    values: tuple[Value, ...]
    of_prefix: bool = False


class NeedsAuthentication(msgspec.Struct, frozen=True):
    """What was asked for exists and is not public."""


class InvalidName(msgspec.Struct, frozen=True):
    """The name is no handle (code 102)."""

    message: str


class PassedOnTooOften(msgspec.Struct, frozen=True):
    """The question would have to be passed on once more than may be (code 6)."""


class Unavailable(msgspec.Struct, frozen=True):
    """The store cannot be reached and nothing cached may be shown (code 3)."""

    retry_after: int
    """Seconds."""


Outcome = (
    Found
    | ValuesAbsent
    | Absent
    | NotHomed
    | Referral
    | NeedsAuthentication
    | InvalidName
    | PassedOnTooOften
    | Unavailable
)
