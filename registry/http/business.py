"""What operations on the node's business share: who asks, and what an answer is in HTTP."""

import re
from secrets import token_bytes
from typing import Final, TypeVar, assert_never
from uuid import UUID

from aiohttp import hdrs, web

from edge.bodies import read_body
from edge.problems import TOO_LARGE, Problem, Refusal, of_faults
from identifiers.access import Action
from identifiers.enterprises.files import TooLarge, TooMuchWaits, UnknownForm
from identifiers.enterprises.review import NotNow
from identifiers.faults import Faults, Invalid
from identifiers.standings import reason_faults
from identifiers.wire.jsonload import load, step
from identifiers.wire.members import Members, members_of, type_fault
from registry.answers import Faulty, Stale
from registry.business.approvals import Left, NoPrefixLeft
from registry.business.asking import By
from registry.business.certificates import InForce, NoCertificate, NotActive, NotVerified
from registry.business.members import CannotBecome
from registry.business.personal import NONCE_OCTETS
from registry.business.refusals import (
    AlreadyMember,
    NoApplication,
    NoMember,
    NotFiled,
    Pending,
    Undecided,
)
from registry.http import requests
from registry.http.business_kinds import (
    ALREADY_MEMBER,
    CERTIFIED,
    DOCUMENT_FORM,
    DOCUMENTS_WAIT,
    ENTERPRISE_STATE,
    NO_LABEL,
    NOT_FILED,
    NOT_VERIFIED,
    PENDING,
    STAGE,
)
from registry.http.lists import MOST_ENTERPRISES
from registry.http.operations import Parameter
from registry.http.permission import permit
from registry.http.problems import NO_SUCH, STALE
from registry.http.reception import Caller, Reception
from registry.http.replies import JSON

R = TypeVar("R")

BODY_LIMIT: Final = 256 * 1024
NO_STORE: Final = (hdrs.CACHE_CONTROL, "no-store")
UUID_PLACE: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.ASCII)
NUMBER_PLACE: Final = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
MAX_REASONS: Final = 20
APPLICATION: Final = Parameter(
    name="id",
    place="path",
    required=True,
    schema={"type": "string", "format": "uuid"},
    example="019b76da-a800-7c3e-9d41-5a2f0e6b8c17",
    description="The application.",
)
ENTERPRISE: Final = Parameter(
    name="id",
    place="path",
    required=True,
    schema={"type": "integer", "minimum": 1, "maximum": MOST_ENTERPRISES},
    example=1,
    description="The enterprise.",
)

Trouble = (
    Faulty
    | Stale
    | NoApplication
    | NoMember
    | NotFiled
    | NoCertificate
    | NotNow
    | Undecided
    | AlreadyMember
    | Pending
    | NoPrefixLeft
    | Left
    | CannotBecome
    | NotActive
    | NotVerified
    | InForce
    | UnknownForm
    | TooLarge
    | TooMuchWaits
)
"""Every way in which a command of the node's business ends without success."""


def by_of(caller: Caller) -> By:
    """Return who asks, as commands are told."""
    return By(
        actor=caller.name,
        at=caller.at,
        request_id=caller.told.request_id,
        chance=token_bytes(NONCE_OCTETS),
        enterprise=caller.enterprise or 0,
    )


def done(answer: R | Trouble) -> R:
    """Return what a command made. Raises `Refusal` for whatever else it says."""
    if isinstance(answer, Trouble):
        raise Refusal(_problem(answer))
    return answer


def _problem(answer: Trouble) -> Problem:  # noqa: C901, PLR0911, PLR0912 -- a table, one line for each
    match answer:
        case Faulty():
            return of_faults(answer.faults)
        case Stale():
            return Problem(kind=STALE, members={"version": answer.version})
        case NoApplication() | NoMember() | NoCertificate():
            return Problem(kind=NO_SUCH)
        case NotNow() | Undecided():
            return Problem(kind=STAGE, members={"stage": answer.stage})
        case AlreadyMember():
            return Problem(kind=ALREADY_MEMBER, members={"enterprise": answer.enterprise})
        case Pending():
            return Problem(kind=PENDING, members={"application": str(answer.application)})
        case NoPrefixLeft():
            return Problem(kind=NO_LABEL)
        case Left():
            return Problem(kind=ENTERPRISE_STATE, members={"state": "closed"})
        case CannotBecome():
            return Problem(
                kind=ENTERPRISE_STATE, members={"state": answer.now, "wanted": answer.then}
            )
        case NotActive():
            return Problem(kind=ENTERPRISE_STATE, members={"state": answer.state})
        case NotFiled():
            return Problem(kind=NOT_FILED)
        case NotVerified():
            return Problem(kind=NOT_VERIFIED)
        case InForce():
            return Problem(kind=CERTIFIED, members={"serial": answer.serial})
        case TooMuchWaits():
            return Problem(
                kind=DOCUMENTS_WAIT,
                members={"documents": answer.limit.documents, "octets": answer.limit.octets},
            )
        case UnknownForm():
            return Problem(kind=DOCUMENT_FORM)
        case TooLarge():
            return Problem(
                kind=TOO_LARGE, members={"limit": answer.limit, "media_type": answer.media}
            )
        case _:
            assert_never(answer)


def path_uuid(request: web.Request) -> UUID | None:
    """Return the number in the path; None: it is none."""
    text = request.match_info["id"].lower()
    return UUID(text) if UUID_PLACE.fullmatch(text) else None


def path_number(request: web.Request) -> int:
    """Return the number of an enterprise in the path; 0: it is none."""
    text = request.match_info["id"]
    number = int(text) if _NUMBER.fullmatch(text) else 0
    return number if number <= MOST_ENTERPRISES else 0


async def members(
    reception: Reception, request: web.Request, known: tuple[str, ...]
) -> tuple[Caller, Members]:
    """Return who sends a JSON object, and its members, which note their faults.

    Raises `Refusal` and `Invalid`.
    """
    caller, body = await sent(reception, request)
    return caller, members_in(body, known)


async def sent(reception: Reception, request: web.Request) -> tuple[Caller, bytes]:
    """Return who sends a JSON document, and the document. Raises `Refusal`."""
    requests.query(request, frozenset())
    caller = await reception.caller(request)
    requests.needs_media_type(request, JSON)
    return caller, await read_body(request, BODY_LIMIT)


def members_in(body: bytes, known: tuple[str, ...]) -> Members:
    """Return the members of a JSON object, which note their faults. Raises `Invalid`."""
    faults = Faults()
    found = members_of(load(body), "", faults, known)
    if found is None:
        raise Invalid(faults)
    return found


def judged(found: Members) -> None:
    """Raise `Invalid` with what was noted, if anything was."""
    if found.faults:
        raise Invalid(found.faults)


def reason(found: Members) -> str:
    """Return the required `reason`."""
    text = found.text("reason")
    if text or "reason" in found:
        found.faults.extend(reason_faults(text))
    return text


def reasons(found: Members) -> tuple[str, ...]:
    """Return the required `reasons`: sentences."""
    items = found.items("reasons")
    pointer = found.place("reasons")
    if "reasons" in found and not items:
        found.note("reasons", "empty")
    if len(items) > MAX_REASONS:
        found.note("reasons", "too_many", count=len(items), limit=MAX_REASONS)
        return ()
    told: list[str] = []
    for at, item in enumerate(items):
        if isinstance(item, str):
            found.faults.extend(reason_faults(item, step(pointer, at)))
            told.append(item)
        else:
            found.faults.append(type_fault(item, "string", step(pointer, at)))
    return tuple(told)


def missing(caller: Caller, action: Action) -> Refusal:
    """Return the refusal of a thing that is not there.

    Who may do this to none of his own things is told so, whether the thing is there or not.
    """
    permit(caller, action, caller.enterprise)
    return Refusal(Problem(kind=NO_SUCH))
