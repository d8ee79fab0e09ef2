"""The operations on prefixes, as they are served and described."""

from collections.abc import Sequence
from typing import Any, Final

from identifiers.routing import MAX_SITES
from registry.business.prefix_applications import PrefixApplications
from registry.http import prefix_applications as applied
from registry.http import prefix_routes as routed
from registry.http import prefixes as held
from registry.http.business import APPLICATION
from registry.http.business_kinds import STAGE
from registry.http.lists import list_parameters, page_of
from registry.http.operations import Body, Handler, Json, Operation, Parameter, Result
from registry.http.parameters import LANGUAGE, ONCE, ONCE_DONE
from registry.http.permission import PERMISSION
from registry.http.prefix_kinds import (
    HOLDER_NOT_ACTIVE,
    PREFIX_BELOW,
    PREFIX_IN_USE,
    PREFIX_MOVING,
    PREFIX_STATE,
    PREFIXES_BELOW,
    TOO_MANY_OPEN,
)
from registry.http.prefix_schemas import (
    APPLIED,
    APPLIED_EXAMPLE,
    CURSOR,
    ENTERPRISE,
    ENTRY,
    ENTRY_EXAMPLE,
    HELD,
    HELD_EXAMPLE,
    HOSTING,
    LABEL,
    QUOTA,
    REASONS,
    ROUTE,
    ROUTE_EXAMPLE,
    RULE_BODY,
    RULE_EXAMPLE,
    SITE,
    SITES_EXAMPLE,
    STATE,
    members,
    whole,
)
from registry.http.problems import KEY_REUSED, KEY_SYNTAX, NO_SUCH, PARAMETER, STALE
from registry.http.reception import Reception
from registry.http.replies import JSON
from registry.http.tokens import BODY

_TAG: Final = "Prefixes"
_ONE: Final = f"{held.PATH}/{{prefix}}"
PREFIX: Final = Parameter(
    name="prefix",
    place="path",
    required=True,
    schema={"type": "string"},
    example="88.300.1",
    description="The prefix.",
)


def _result(schema: Json, example: Any, text: str) -> Result:
    return Result(description=text, content={JSON: (schema, example)})


def _body(schema: Json, example: Any, text: str) -> Body:
    return Body(description=text, content={JSON: (schema, example)})


_TOLD: Final = {200: _result(HELD, HELD_EXAMPLE, "The prefix as it is now.")}
_ROUTED: Final = {200: _result(ROUTE, ROUTE_EXAMPLE, "Where names live now.")}
_RULED: Final = {
    200: _result(whole(root={"type": "string"}, **RULE_BODY), RULE_EXAMPLE, "The rule in force.")
}
_DECIDED: Final = {200: _result(APPLIED, APPLIED_EXAMPLE, "As it stands now.")}
_READ: Final = (*PERMISSION, NO_SUCH, PARAMETER)
_WRITE: Final = (*_READ, *BODY)


def prefix_operations(desk: held.Desk, reception: Reception) -> Sequence[Operation]:
    """Return the operations on prefixes, their routes and the rules of allotment."""
    handlers = held.PrefixRoutes(desk, reception)
    return (
        *_of_prefixes(handlers),
        *_of_routes(routed.RouteRoutes(desk, reception)),
    )


def _of_prefixes(handlers: held.PrefixRoutes) -> Sequence[Operation]:
    return (
        Operation(
            method="GET",
            path=held.PATH,
            id="listPrefixes",
            tag=_TAG,
            summary="List prefixes",
            description="By their text. Those that are applied for stand among them.",
            handler=handlers.page,
            parameters=(
                *list_parameters("prefixes", CURSOR),
                _query("state", STATE, "Only in this state."),
                _query("hosting", HOSTING, "Only with this hosting."),
                _query("text", {"type": "string"}, "Stands in the prefix."),
                _query("holder", {"type": "string"}, "Stands in the enterprise's name."),
            ),
            results={
                200: _result(page_of(HELD), {"items": [HELD_EXAMPLE]}, "A page of prefixes.")
            },
            problems=_READ,
        ),
        Operation(
            method="POST",
            path=held.PATH,
            id="allotPrefix",
            tag=_TAG,
            summary="Give an enterprise a prefix",
            description="Just `prefix`, a reserved one too; or with `root` whichever is next by "
            "the rule, another one each time. Repeating it with `prefix` changes nothing.",
            handler=handlers.allot,
            parameters=(ONCE, LANGUAGE),
            body=_body(
                members(
                    ["enterprise"],
                    enterprise=ENTERPRISE,
                    prefix={"type": "string"},
                    root={"type": "string"},
                    hosted={"type": "boolean", "default": True},
                    quota=QUOTA,
                ),
                {"enterprise": 1, "root": "88.300"},
                "For whom.",
            ),
            results={201: _result(HELD, HELD_EXAMPLE, "Given.")},
            problems=(*_WRITE, HOLDER_NOT_ACTIVE, KEY_REUSED, KEY_SYNTAX),
            writes=True,
        ),
        _one("GET", "", "readPrefix", "See a prefix", handlers.read, "Its state, its hosting, "
             "its quota, and how long its approval took to be seen."),
        _one("PUT", "/state", "switchPrefix", "Switch a prefix on or off", handlers.switch,
             "Its names are told as living nowhere while it is off, within a second by every "
             "worker; nothing is lost. `to_be_deleted` (待删除) is off for good.",
             _body(members(["state"], state={"enum": list(held.SWITCHES)},
                           reason={"type": "string"}),
                   {"state": "disabled", "reason": "欠费"}, "The state, and why it is off."),
             (PREFIX_STATE, PREFIXES_BELOW)),
        _one("PUT", "/hosting", "hostPrefix", "Ask for hosting, grant or refuse it",
             handlers.host,
             "The enterprise asks (`applied`) or withdraws (`not_hosted`), the node grants "
             "(`hosted`: names live here, routes go) or refuses (`rejected`).",
             _body(members(["hosting"], hosting=HOSTING, reason={"type": "string"}),
                   {"hosting": "applied"}, "What is wanted."),
             (PREFIX_STATE,)),
        _one("PUT", "/quota", "limitPrefix", "Limit a prefix", handlers.limit,
             "How many identifiers may stand under it.",
             _body(members(["quota"], quota=QUOTA), {"quota": 1_000_000}, "The quota.")),
        _one("POST", "/transfer", "transferPrefix", "Hand a prefix to another enterprise",
             handlers.transfer,
             "With all below it that was the same enterprise's. Administrators, keys and "
             "certificates of the former holder go from the records of these prefixes, and its "
             "API keys reach nothing there any more. Names, routes and quotas stay.",
             _body(members(["enterprise"], enterprise=ENTERPRISE), {"enterprise": 2}, "To whom."),
             (PREFIX_STATE, PREFIX_BELOW, HOLDER_NOT_ACTIVE, PREFIX_MOVING)),
        _one("DELETE", "", "removePrefix", "Forget a prefix", handlers.remove,
             "One that is to be deleted, and under which nothing is stored. It may be given "
             "again.", None, (PREFIX_STATE, PREFIX_IN_USE)),
        Operation(
            method="GET",
            path=f"{_ONE}/history",
            id="prefixHistory",
            tag=_TAG,
            summary="See what was done to a prefix",
            description="Who, when, what, old and new; newest first. Of applications too.",
            handler=handlers.history,
            parameters=(PREFIX, *list_parameters("prefixes", CURSOR)[1:]),
            results={
                200: _result(page_of(ENTRY), {"items": [ENTRY_EXAMPLE]}, "A page of it.")
            },
            problems=_READ,
        ),
    )  # fmt: skip


def _of_routes(handlers: routed.RouteRoutes) -> Sequence[Operation]:
    path, rules = f"{routed.ROUTES}/{{prefix}}", f"{routed.RULES}/{{prefix}}"
    return (
        _operation("GET", path, "readRoute", "See where names of a prefix live",
                   handlers.routes, "The sites that clients are referred to.", _ROUTED),
        _operation("PUT", path, "routePrefix", "Say where names of a prefix live",
                   handlers.route,
                   "Clients are referred to these servers from now on (302 and 303), within a "
                   "second by every worker. What is registered here stays stored and is not "
                   "answered with. Each site has one server; ports of four digits suit every "
                   "client. Addresses are public ones, unless the node's settings name others.",
                   _ROUTED,
                   _body(members(["sites"], sites={"type": "array", "items": SITE, "minItems": 1,
                                                   "maxItems": MAX_SITES}),
                         {"sites": SITES_EXAMPLE}, "The servers."),
                   (PREFIX_STATE, HOLDER_NOT_ACTIVE)),
        _operation("DELETE", path, "unroutePrefix", "Host a prefix again", handlers.unroute,
                   "Names live here again; the routes go from the prefix's record.", _ROUTED,
                   None, (PREFIX_STATE,), writes=True),
        _operation("GET", rules, "readPrefixRule", "See how labels are given", handlers.rule,
                   "Below a secondary prefix of the node.", _RULED),
        _operation("PUT", rules, "setPrefixRule", "Say how labels are given", handlers.regulate,
                   "Reserved numbers are given by the node only; those that people like (靓号) on "
                   "request only, unless `keep_vanity` is false.", _RULED,
                   _body(members([], root={"type": "string", "readOnly": True}, **RULE_BODY),
                         RULE_EXAMPLE, "The rule.")),
    )  # fmt: skip


def prefix_application_operations(
    applications: PrefixApplications, desk: held.Desk, reception: Reception
) -> Sequence[Operation]:
    """Return the operations on applications for prefixes."""
    handlers = applied.PrefixApplicationRoutes(applications, desk.store, reception)
    one = f"{applied.PATH}/{{id}}"
    asked: dict[str, Json] = {
        "purpose": {"type": "string", "maxLength": 500},
        "hosted": {
            "type": "boolean",
            "description": "Names are to live at this node; otherwise a route is told afterwards.",
        },
    }
    decided = (STAGE, PREFIX_STATE, HOLDER_NOT_ACTIVE)
    verdict = members(["approved"], approved={"type": "boolean"}, reasons=REASONS)
    return (
        Operation(
            method="POST",
            path=applied.PATH,
            id="applyForPrefix",
            tag=_TAG,
            summary="Ask for a prefix more",
            description="The label is given at once, the next by the rule or `label`, and nobody "
            "else gets it meanwhile. The same said again while it is open is the same application.",
            handler=handlers.apply,
            parameters=(ONCE_DONE, LANGUAGE),
            body=_body(
                members(
                    [], enterprise=ENTERPRISE, root={"type": "string"}, label=LABEL, **asked
                ),
                {"purpose": "运单", "hosted": True},
                "What is wanted.",
            ),
            results={
                200: _result(APPLIED, APPLIED_EXAMPLE, "It is there already."),
                201: _result(APPLIED, APPLIED_EXAMPLE, "Submitted."),
            },
            problems=(*_WRITE, HOLDER_NOT_ACTIVE, TOO_MANY_OPEN, KEY_REUSED, KEY_SYNTAX),
            writes=True,
        ),
        Operation(
            method="GET",
            path=applied.PATH,
            id="listPrefixApplications",
            tag=_TAG,
            summary="List applications for prefixes",
            description="By their ids, oldest first.",
            handler=handlers.page,
            parameters=(
                *list_parameters("applications", CURSOR),
                _query("open", {"enum": ["0", "1", "true", "false"]}, "Only open ones."),
            ),
            results={
                200: _result(
                    page_of(APPLIED), {"items": [APPLIED_EXAMPLE]}, "A page of them."
                )
            },
            problems=_READ,
        ),
        _step("GET", one, "readPrefixApplication", "See an application", handlers.read),
        _step("PUT", one, "resubmitPrefixApplication", "Mend an application that was rejected",
              handlers.resubmit, _body(members([], **asked), {"purpose": "仓单"}, "What is new."),
              decided),
        _step("POST", f"{one}/approval", "approvePrefixApplication", "Approve for the node",
              handlers.approve, None, decided),
        _step("POST", f"{one}/rejection", "rejectPrefixApplication", "Reject, with reasons",
              handlers.reject,
              _body(members(["reasons"], reasons=REASONS), {"reasons": ["用途不明"]}, "Why."),
              decided),
        _step("POST", f"{one}/withdrawal", "withdrawPrefixApplication", "Withdraw",
              handlers.withdraw, None, decided),
        _step("POST", f"{one}/national-verdict", "recordPrefixVerdict",
              "Record the national node's verdict", handlers.national,
              _body(verdict, {"approved": True}, "The verdict."), decided),
    )  # fmt: skip


def _query(name: str, schema: Json, text: str) -> Parameter:
    return Parameter(name=name, place="query", schema=schema, description=text)


def _one(  # noqa: PLR0917 -- a table
    method: str,
    below: str,
    name: str,
    summary: str,
    handler: Handler,
    text: str,
    body: Body | None = None,
    problems: tuple[Any, ...] = (),
) -> Operation:
    writes = method != "GET"
    return _operation(
        method, f"{_ONE}{below}", name, summary, handler, text, _TOLD, body, problems, writes=writes
    )


def _operation(  # noqa: PLR0917 -- a table
    method: str,
    path: str,
    name: str,
    summary: str,
    handler: Handler,
    text: str,
    results: dict[int, Result],
    body: Body | None = None,
    problems: tuple[Any, ...] = (),
    *,
    writes: bool | None = None,
) -> Operation:
    changes = body is not None if writes is None else writes
    stale = (STALE,) if changes and path.startswith((_ONE, routed.ROUTES)) else ()
    return Operation(
        method=method,
        path=path,
        id=name,
        tag=_TAG,
        summary=summary,
        description=text,
        handler=handler,
        parameters=(PREFIX,),
        body=body,
        results=results,
        problems=(*(_READ if body is None else _WRITE), *problems, *stale),
        writes=changes,
    )


def _step(  # noqa: PLR0917 -- a table
    method: str,
    path: str,
    name: str,
    summary: str,
    handler: Handler,
    body: Body | None = None,
    problems: tuple[Any, ...] = (),
) -> Operation:
    return Operation(
        method=method,
        path=path,
        id=name,
        tag=_TAG,
        summary=summary,
        description=f"{summary}.",
        handler=handler,
        parameters=(APPLICATION,),
        body=body,
        results=_DECIDED,
        problems=(*(_READ if body is None else _WRITE), *problems),
        writes=method != "GET",
    )
