"""May who asks do this? For everything that is no name under a prefix."""

from typing import Final, assert_never

from edge.problems import CHALLENGE, MISSING_SCOPE, UNAUTHENTICATED, Kind, Problem, Refusal
from identifiers.access import Action, MissingRole, permitted
from identifiers.names import Prefix
from identifiers.principals import Allowed, ApiKey, LoginFirst, MissingScope, NotYours
from registry.http.problems import MISSING_ROLE, NO_SUCH
from registry.http.reception import Caller

PERMISSION: Final = (MISSING_SCOPE, MISSING_ROLE)
"""The problems of an operation that asks `permit`, besides what it says of missing things."""


def permit(
    caller: Caller,
    action: Action,
    enterprise: int | None,
    missing: Kind = NO_SUCH,
    *,
    under: Prefix | None = None,
) -> None:
    """Let `caller` do `action` to a thing of `enterprise` (None: the node's own).

    `under`: the prefix that the thing is about. A key that was cut down to some prefixes reaches
    nothing of its enterprise's that is about others.

    Raises `Refusal`: `missing` for what is another enterprise's, which is what a thing that is not
    there is to be answered with too. Whoever may do this to none of his own things is told that
    instead, so that his answer does not tell either what others have.
    """
    verdict = permitted(caller.principal, action, enterprise)
    if enterprise is not None and under is not None and not _reaches(caller, under):
        verdict = NotYours()
    if isinstance(verdict, NotYours):
        own = permitted(caller.principal, action, caller.enterprise)
        verdict = verdict if isinstance(own, Allowed) else own
    match verdict:
        case Allowed():
            return
        case NotYours():
            problem = Problem(kind=missing)
        case MissingScope():
            problem = Problem(kind=MISSING_SCOPE, members={"scope": verdict.scope.value})
        case MissingRole():
            problem = Problem(kind=MISSING_ROLE, members={"action": verdict.action.value})
        case LoginFirst():
            problem = Problem(kind=UNAUTHENTICATED, headers=CHALLENGE)
        case _:
            assert_never(verdict)
    raise Refusal(problem)


def _reaches(caller: Caller, prefix: Prefix) -> bool:
    principal = caller.principal
    if not isinstance(principal, ApiKey) or not principal.prefixes:
        return True
    return any(own.covers(prefix) for own in principal.prefixes)
