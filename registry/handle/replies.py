"""Which reply an answer of the registry is: codes of RFC 3652 section 2.2.2.2, texts for people."""

from collections.abc import Iterable
from typing import assert_never

from identifiers.names import Handle
from identifiers.principals import (
    Allowed,
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
from identifiers.records import State
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import ResponseCode
from identifiers.wire.handle.data import AdminPermission
from identifiers.wire.handle.translate import NOT_HOMED
from registry.answers import (
    Answer,
    Denied,
    Exists,
    Faulty,
    Impossible,
    KeyReused,
    Locked,
    Missing,
    Protected,
    Published,
    Replayed,
    Saved,
    Stale,
    StateForbidden,
    Unchanged,
    ValuesExist,
    ValuesMissing,
)
from registry.handle.requests import rejected
from registry.handle.turns import DONE, Told, refused

FATE_UNKNOWN = (
    "It is not known whether this was done: the database's answer was lost. Look before repeating"
)


def told(  # noqa: C901, PLR0911, PLR0912 -- one case for each answer
    answer: Answer, created: Handle | None = None
) -> Told:
    """Return the reply; `created` is the handle that a CREATE_HANDLE names or had minted."""
    match answer:
        case Saved() | Unchanged():
            if created is None:
                return DONE
            return Told(ResponseCode.SUCCESS, bodies.Named(created.given))
        case Exists():
            return refused(ResponseCode.HANDLE_ALREADY_EXISTS)
        case Missing(message=text):
            return refused(ResponseCode.HANDLE_NOT_FOUND, text)
        case ValuesExist(indexes=indexes):
            text = f"Index conflict for {_listed(indexes)}"
            return refused(ResponseCode.VALUE_ALREADY_EXISTS, text)
        case ValuesMissing(indexes=indexes):
            text = f"There is no value at {_listed(indexes)}"
            return refused(ResponseCode.VALUES_NOT_FOUND, text)
        case Protected(indexes=indexes):
            text = f"Administrators may not write the value at {_listed(indexes)}"
            return refused(ResponseCode.INSUFFICIENT_PERMISSIONS, text)
        case Locked(state=state, reason=reason):
            return refused(ResponseCode.INSUFFICIENT_PERMISSIONS, state_text(state, reason))
        case Published():
            text = "Names under this prefix that were active stay taken"
            return refused(ResponseCode.INSUFFICIENT_PERMISSIONS, text)
        case Faulty(faults=faults):
            return rejected(faults)
        case Denied(verdict=verdict):
            return denied(verdict)
        case Stale() | Impossible() | StateForbidden() | Replayed() | KeyReused():
            # Commands of the wire have no precondition, state or idempotency key.
            raise TypeError(f"no answer to a message: {answer!r}")
        case _:
            assert_never(answer)


def denied(verdict: Verdict) -> Told:
    """Return the reply to whoever may not do what he asked."""
    match verdict:
        case NotYours() | Disabled() | LivesElsewhere():
            return refused(ResponseCode.SERVER_NOT_RESPONSIBLE, NOT_HOMED)
        case NotAdministrator():
            return refused(ResponseCode.INVALID_ADMIN, "This identity is no administrator here")
        case MissingPermission(needed=needed):
            names = ", ".join(bit.name or "" for bit in AdminPermission(needed))
            text = f"Permission is missing: {names.lower()}"
            return refused(ResponseCode.INSUFFICIENT_PERMISSIONS, text)
        case MissingScope() | WrongAddress():
            return refused(ResponseCode.INSUFFICIENT_PERMISSIONS)
        case LoginFirst():
            return refused(ResponseCode.LOGIN_FIRST)
        case Allowed():
            raise TypeError("what is allowed is not denied")
        case _:
            assert_never(verdict)


def state_text(state: State, reason: str) -> str:
    """Return how a state that hides an identifier is told, with its reason if there is one."""
    return f"{state.name.lower()}: {reason}" if reason else state.name.lower()


def _listed(indexes: Iterable[int]) -> str:
    return ", ".join(map(str, indexes))
