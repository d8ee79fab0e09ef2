"""Prefixes over HTTP: what documents say, what is read from requests, which answer is a problem."""

from datetime import UTC, datetime
from typing import Any, Final, TypeVar, assert_never

from aiohttp import web

from edge.problems import Problem, Refusal, of_faults
from identifiers.enterprises.review import NotNow
from identifiers.faults import Invalid
from identifiers.holdings import Holding, PrefixApplication
from identifiers.labels import Allotment
from identifiers.names import Prefix
from identifiers.standings import Hosting, PrefixState
from identifiers.wire.jsonform import instant
from registry.allotment import BelowAnother, InUse, StillBelow
from registry.answers import Faulty, Stale
from registry.business.prefix_applications import NoSuchApplication, TooManyOpen
from registry.business.prefixes import Moving, NoPrefix, NotActive, NotFrom
from registry.http.business_kinds import STAGE
from registry.http.prefix_kinds import (
    HOLDER_NOT_ACTIVE,
    PREFIX_BELOW,
    PREFIX_IN_USE,
    PREFIX_MOVING,
    PREFIX_STATE,
    PREFIXES_BELOW,
    TOO_MANY_OPEN,
)
from registry.http.problems import NO_SUCH, STALE

R = TypeVar("R")

STATES: Final = {state.name.lower(): state for state in PrefixState}
HOSTINGS: Final = {hosting.name.lower(): hosting for hosting in Hosting}
Trouble = (
    NoPrefix
    | NoSuchApplication
    | NotFrom
    | NotNow
    | NotActive
    | StillBelow
    | BelowAnother
    | InUse
    | Moving
    | TooManyOpen
    | Stale
    | Faulty
)
"""Every way in which a command around prefixes ends without success."""


def done(answer: R | Trouble) -> R:
    """Return what a command made. Raises `Refusal` for whatever else it says."""
    if isinstance(answer, Trouble):
        raise Refusal(problem(answer))
    return answer


def problem(answer: Trouble) -> Problem:  # noqa: C901, PLR0911 -- a table
    """Return the problem that an answer is."""
    match answer:
        case NoPrefix() | NoSuchApplication():
            return Problem(kind=NO_SUCH)
        case NotFrom(now=now, then=then):
            told = {"state": now.name.lower(), "wanted": then.name.lower()}
            return Problem(kind=PREFIX_STATE, members=told)
        case NotNow(stage=stage):
            return Problem(kind=STAGE, members={"stage": stage})
        case NotActive(enterprise=number):
            return Problem(kind=HOLDER_NOT_ACTIVE, members={"enterprise": number})
        case StillBelow(first=first, count=count):
            return Problem(kind=PREFIXES_BELOW, members={"first": str(first), "count": count})
        case BelowAnother(prefix=above):
            return Problem(kind=PREFIX_BELOW, members={"above": str(above)})
        case InUse():
            return Problem(kind=PREFIX_IN_USE)
        case Moving():
            return Problem(kind=PREFIX_MOVING)
        case TooManyOpen(limit=limit):
            return Problem(kind=TOO_MANY_OPEN, members={"limit": limit})
        case Stale(version=version):
            return Problem(kind=STALE, members={"version": version})
        case Faulty(faults=faults):
            return of_faults(faults)
        case _:
            assert_never(answer)


def path_prefix(request: web.Request) -> Prefix | None:
    """Return the prefix in the path; None: it is none, so there is no such thing."""
    try:
        return Prefix.parse(request.match_info["prefix"])
    except Invalid:
        return None


def holding_document(one: Holding) -> dict[str, Any]:
    """Return a prefix as it is told."""
    took = one.effective_ms
    return {
        "prefix": str(one.prefix),
        "kind": one.kind.name.lower(),
        "enterprise": one.enterprise or None,
        "holder": one.holder or None,
        "state": one.state.name.lower(),
        "hosting": one.hosting.name.lower(),
        "routed": one.routed,
        "reason": one.reason,
        "quota": one.quota,
        "created_at": instant(one.created_at // 1000),
        "approved_at": moment(one.approved_at),
        "resolvable_at": moment(one.resolvable_at),
        "effective_seconds": None if took is None else took / 1000,
        "version": one.version,
    }


def application_document(one: PrefixApplication) -> dict[str, Any]:
    """Return an application as it is told."""
    return {
        "id": str(one.id),
        "enterprise": one.enterprise,
        "prefix": str(one.prefix),
        "purpose": one.purpose,
        "hosted": one.hosted,
        "stage": one.standing.stage,
        "revision": one.standing.revision,
        "reasons": list(one.reasons),
        "submitted_at": instant(one.submitted_at),
        "changed_at": instant(one.changed_at),
        "version": one.version,
    }


def rule_document(root: Prefix, rule: Allotment) -> dict[str, Any]:
    """Return a rule of allotment as it is told."""
    return {
        "root": str(root),
        "first": rule.first,
        "digits": rule.digits,
        "reserved": [range_text(one.low, one.high) for one in rule.reserved],
        "keep_vanity": rule.keep_vanity,
    }


def range_text(low: int, high: int) -> str:
    """Write a range of numbers as it is read."""
    return str(low) if low == high else f"{low}-{high}"


def moment(at: int) -> str | None:
    """Return epoch milliseconds as an instant with them; 0: there is none."""
    if not at:
        return None
    found = datetime.fromtimestamp(at // 1000, UTC)
    return f"{found:%Y-%m-%dT%H:%M:%S}.{at % 1000:03}Z"
