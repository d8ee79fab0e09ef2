"""Every way a command can end, as values. What HTTP makes of them is `registry.http`'s.

Refusals carry the stable `code` under which APIs and the results of imports tell them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Final

import msgspec

from identifiers.changes import ChangeKind, StoredAnswer
from identifiers.faults import Fault
from identifiers.principals import (
    Disabled,
    LivesElsewhere,
    LoginFirst,
    MissingPermission,
    MissingScope,
    NotAdministrator,
    NotYours,
    Verdict,
    WrongAddress,
)
from identifiers.records import Record, State


class Saved(msgspec.Struct, frozen=True, gc=False):
    """A new version was committed."""

    kind: ChangeKind
    record: Record


class Unchanged(msgspec.Struct, frozen=True):
    """What was asked for is there already; no new version."""

    record: Record


class Exists(msgspec.Struct, frozen=True):
    """A create met an identifier that is there already."""

    code: ClassVar[str] = "exists"

    version: int


class Missing(msgspec.Struct, frozen=True):
    """No such identifier, or not one that is shown; `message` says why when there is a why."""

    code: ClassVar[str] = "not-found"

    message: str = ""


class ValuesExist(msgspec.Struct, frozen=True):
    """Values would be added where there are some already; their indexes."""

    code: ClassVar[str] = "values-exist"

    indexes: tuple[int, ...]


class ValuesMissing(msgspec.Struct, frozen=True):
    """Values would be modified or removed that are not there; their indexes."""

    code: ClassVar[str] = "values-missing"

    indexes: tuple[int, ...]


class Stale(msgspec.Struct, frozen=True):
    """A precondition does not hold. `version` is the stored one, 0: there is none."""

    code: ClassVar[str] = "precondition-failed"

    version: int


class Protected(msgspec.Struct, frozen=True):
    """Values whose ADMIN_WRITE bit is clear would change; their indexes."""

    code: ClassVar[str] = "value-protected"

    indexes: tuple[int, ...]


class Locked(msgspec.Struct, frozen=True):
    """The identifier's state does not let its owner change it."""

    code: ClassVar[str] = "locked"

    state: State
    reason: str


class Impossible(msgspec.Struct, frozen=True):
    """The state cannot follow the one that the identifier is in."""

    code: ClassVar[str] = "state-impossible"

    now: State
    then: State


class Published(msgspec.Struct, frozen=True):
    """It was active, and its prefix keeps such names: it may be suspended or revoked instead."""

    code: ClassVar[str] = "published"


class StateForbidden(msgspec.Struct, frozen=True):
    """The state would change, and the key lacks the scope for that."""

    code: ClassVar[str] = "missing-scope-state"


class Faulty(msgspec.Struct, frozen=True):
    """What would be stored breaks a rule; every fault."""

    code: ClassVar[str] = "invalid"

    faults: tuple[Fault, ...]


DENIALS: Final[Mapping[type[Verdict], str]] = MappingProxyType(
    {
        LoginFirst: "unauthenticated",
        NotYours: "not-yours",
        MissingScope: "missing-scope",
        WrongAddress: "wrong-address",
        NotAdministrator: "not-administrator",
        MissingPermission: "missing-permission",
        Disabled: "prefix-disabled",
        LivesElsewhere: "prefix-delegated",
    }
)
"""The code of each verdict but `Allowed`."""


class Denied(msgspec.Struct, frozen=True):
    """The principal may not do this."""

    verdict: Verdict

    @property
    def code(self) -> str:
        """Return the code of the verdict."""
        return DENIALS[type(self.verdict)]


class Replayed(msgspec.Struct, frozen=True):
    """The same request was answered before: this is what was said."""

    answer: StoredAnswer


class KeyReused(msgspec.Struct, frozen=True):
    """The Idempotency-Key belongs to another request."""

    code: ClassVar[str] = "idempotency-key-reused"


Done = Saved | Unchanged
Refused = (
    Exists
    | Missing
    | ValuesExist
    | ValuesMissing
    | Stale
    | Protected
    | Locked
    | Impossible
    | Published
    | StateForbidden
    | Faulty
)

Decision = Done | Refused
"""What the rules say of one command and one stored record."""

Answer = Decision | Denied | Replayed | KeyReused


class Item(msgspec.Struct, frozen=True):
    """One item of a batch: the handle as given (empty when unreadable) and its fate."""

    handle: str
    fate: Decision | Denied


class Batch(msgspec.Struct, frozen=True):
    """What became of each item of a batch, in order."""

    items: tuple[Item, ...]


BatchAnswer = Batch | Replayed | KeyReused
