"""Everything a client may raise, named by what the caller can do.

::

    IdnodeError
    ├── Unreachable     nobody answered: try again later, or another server
    ├── Garbled         what answered is no such server, or another version of it
    └── Refused         the server understood and said no: mend the request
        └── Unavailable it said "not now", for longer than was waited: try again later
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec


class IdnodeError(Exception):
    """Something that was asked of a server did not come about."""


class Unreachable(IdnodeError):
    """No server answered in time."""


class Garbled(IdnodeError):
    """The answer makes no sense."""


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
