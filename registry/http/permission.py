"""May who asks do this? For everything that is no name under a prefix."""

from typing import Final, assert_never

from edge.problems import CHALLENGE, MISSING_SCOPE, UNAUTHENTICATED, Kind, Problem, Refusal
from identifiers.access import Action, MissingRole, permitted
from identifiers.principals import Allowed, LoginFirst, MissingScope, NotYours
from registry.http.problems import MISSING_ROLE, NO_SUCH
from registry.http.reception import Caller

PERMISSION: Final = (MISSING_SCOPE, MISSING_ROLE)
"""The problems of an operation that asks `permit`, besides what it says of missing things."""


def permit(caller: Caller, action: Action, enterprise: int | None, missing: Kind = NO_SUCH) -> None:
    """Let `caller` do `action` to a thing of `enterprise` (None: the node's own).

    Raises `Refusal`: `missing` for what is another enterprise's, which is what a thing that is not
    there is to be answered with too.
    """
    verdict = permitted(caller.principal, action, enterprise)
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
