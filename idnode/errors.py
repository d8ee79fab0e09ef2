"""Everything a client may raise, named by what the caller can do.

::

    IdnodeError
    ├── Unreachable     nobody answered: try again later, or another server
    │   └── NobodyThere nobody is there to connect to, and nothing was sent: does it run?
    ├── FateUnknown     a change was sent and no answer came: look before you send it again
    ├── Garbled         what answered is no such server, or another version of it
    │   └── Untrusted   the answer is not proved to be the server's: believe nothing of it
    ├── Misled          referrals or aliases lead in a circle, too far, or nowhere
    ├── Unaskable       no request can say this, so none was sent: mend it (also a ValueError)
    ├── Refused         the server understood and said no: mend the request (HTTP)
    │   └── Unavailable it said "not now", for longer than was waited: try again later
    └── Declined        the same over the Handle protocol; `code` says why
        ├── NotNow      the server is busy, or takes no changes now: try again later
        ├── NotAllowed  who asked is not known, or may not do this
        ├── NotThere    the identifier, or the value, does not exist
        └── AlreadyThere  the identifier, or the value, exists
"""

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from identifiers.wire.handle.codes import ResponseCode


class IdnodeError(Exception):
    """Something that was asked of a server did not come about."""


class Unreachable(IdnodeError):
    """No server answered in time."""


class NobodyThere(Unreachable):
    """Nobody could be connected to, and nothing was sent."""


class FateUnknown(IdnodeError):
    """A change was sent, and whether it was done is not known."""


class Garbled(IdnodeError):
    """The answer makes no sense."""


class Untrusted(Garbled):
    """The answer is not proved to come from the server, or not to be the answer to this request."""


class Misled(IdnodeError):
    """Referrals or aliases do not lead to an answer."""


class Unaskable(IdnodeError, ValueError):
    """What was to be asked cannot be said in a request; nothing was sent."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What a server tells about a refusal (RFC 9457). Members it left out are empty.

    `errors` are the single faults, each with `pointer`, `code` and `detail`; `members` are those
    that RFC 9457 does not name.
    """

    status: int
    type: str = "about:blank"
    title: str = ""
    detail: str = ""
    errors: tuple[Mapping[str, Any], ...] = ()
    request_id: str = ""
    members: Mapping[str, Any] = {}

    def __str__(self) -> str:
        sentence = " ".join(part for part in (self.title, self.detail) if part)
        faults = [f"  {e.get('pointer') or '/'}: {e.get('detail', '')}" for e in self.errors]
        return "\n".join([f"{self.status} {sentence}".strip(), *faults])


class Refused(IdnodeError):
    """The server said no."""

    def __init__(self, problem: Problem) -> None:
        self.problem: Final = problem
        super().__init__(str(problem))


class Unavailable(Refused):
    """The server went on saying "not now" (503)."""


class Declined(IdnodeError):
    """A server of the Handle protocol said no; `code` is that of RFC 3652 section 2.2.2.2."""

    def __init__(self, code: int, message: str = "") -> None:
        self.code: Final = code
        self.message: Final = message
        told = f": {message}" if message else ""
        super().__init__(f"{code_name(code)} ({code}){told}")


class NotNow(Declined):
    """The server is busy, or takes no changes at the moment."""


class NotAllowed(Declined):
    """Who asked is not known to the server, or may not do this."""


class NotThere(Declined):
    """The identifier or the value does not exist."""


class AlreadyThere(Declined):
    """The identifier or the value exists already."""


_KINDS: Final = MappingProxyType(
    dict.fromkeys((ResponseCode.SERVER_BUSY, ResponseCode.SERVER_BACKUP), NotNow)
    | dict.fromkeys((ResponseCode.HANDLE_NOT_FOUND, ResponseCode.VALUES_NOT_FOUND), NotThere)
    | dict.fromkeys(
        (ResponseCode.HANDLE_ALREADY_EXISTS, ResponseCode.VALUE_ALREADY_EXISTS), AlreadyThere
    )
    | dict.fromkeys(range(ResponseCode.INVALID_ADMIN, ResponseCode.LOGIN_FIRST + 1), NotAllowed)
)


def declined(code: int, message: str = "") -> Declined:
    """Return the error that a response code is."""
    return _KINDS.get(code, Declined)(code, message)


def reason_of(error: Exception) -> str:
    """Return why a connection failed. asyncio's own words name the address and not the reason."""
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number and number > 0 else str(error)


def code_name(code: int) -> str:
    """Return the words for a response code: ``handle not found``."""
    try:
        return ResponseCode(code).name.lower().replace("_", " ")
    except ValueError:
        return f"code {code}"
