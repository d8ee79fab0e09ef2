"""Every way a command can end, as values. What HTTP makes of them is `registry.http`'s."""

import msgspec

from identifiers.changes import ChangeKind, StoredAnswer
from identifiers.faults import Fault
from identifiers.principals import Verdict
from identifiers.records import Record, State


class Saved(msgspec.Struct, frozen=True):
    """A new version was committed."""

    kind: ChangeKind
    record: Record


class Unchanged(msgspec.Struct, frozen=True):
    """What was asked for is there already; no new version."""

    record: Record


class Exists(msgspec.Struct, frozen=True):
    """A create met an identifier that is there already."""

    version: int


class Missing(msgspec.Struct, frozen=True):
    """No such identifier."""


class Stale(msgspec.Struct, frozen=True):
    """A precondition does not hold. `version` is the stored one, 0: there is none."""

    version: int


class Protected(msgspec.Struct, frozen=True):
    """Values whose ADMIN_WRITE bit is clear would change; their indexes."""

    indexes: tuple[int, ...]


class Locked(msgspec.Struct, frozen=True):
    """The identifier's state does not let its owner change it."""

    state: State
    reason: str


class StateForbidden(msgspec.Struct, frozen=True):
    """The state would change, and the key lacks the scope for that."""


class Faulty(msgspec.Struct, frozen=True):
    """What would be stored breaks a rule; every fault."""

    faults: tuple[Fault, ...]


class Denied(msgspec.Struct, frozen=True):
    """The principal may not do this."""

    verdict: Verdict


class Replayed(msgspec.Struct, frozen=True):
    """The same request was answered before: this is what was said."""

    answer: StoredAnswer


class KeyReused(msgspec.Struct, frozen=True):
    """The Idempotency-Key belongs to another request."""


class Batch(msgspec.Struct, frozen=True):
    """What became of each item of a batch, in order."""

    items: tuple["Item", ...]


class Item(msgspec.Struct, frozen=True):
    """One item of a batch: the handle as given (empty when unreadable) and its fate."""

    handle: str
    fate: "Decision | Denied"


Decision = (
    Saved | Unchanged | Exists | Missing | Stale | Protected | Locked | StateForbidden | Faulty
)
"""What the rules say of one command and one stored record."""

Answer = Decision | Denied | Replayed | KeyReused
BatchAnswer = Batch | Replayed | KeyReused
