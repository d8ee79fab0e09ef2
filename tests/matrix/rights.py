"""Who has what, and what a row of the tables says.

Written down apart from `identifiers.access`, so that a change there has to be said here too.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final


class Target(Enum):
    """What an operation is about, and so how the caller may stand to it."""

    OPEN = "nothing that needs a caller"
    CALLER = "the caller himself"
    MINE = "what is the caller's enterprise's, as a whole"
    NODE = "what is the node's own"
    REGISTER = "a prefix, as the node's people are told of it"
    RULE = "how prefixes are given below the node's own"
    ENTERPRISE = "an enterprise, by its number"
    THING = "a thing of an enterprise, by its number"
    IMPORT = "an import, which is whosever sent it"
    PREFIX = "a prefix, or a template or rule of one"
    NAME = "names under a prefix"
    FILTER = "a list that is asked for below a prefix, and tells what is the caller's alone"


ENTERPRISES_ROLES: Final = ("owner", "operator", "reader")
NODE_ROLES: Final = ("administrator", "reviewer", "auditor")
SCOPES: Final = (
    "identifiers:read",
    "identifiers:write",
    "identifiers:delete",
    "identifiers:state",
    "templates:write",
    "prefixes:read",
    "keys:write",
    "feed:read",
)


@dataclass(frozen=True)
class Needs:
    """Which roles have it; which scopes of a key each give it."""

    roles: str
    scopes: str = ""


READ: Final = "owner operator reader administrator auditor"
WORK: Final = "owner operator administrator"
WHO: Final = {
    "applications:read": Needs(f"{READ} reviewer"),
    "applications:write": Needs(WORK),
    "applications:review": Needs("administrator reviewer"),
    "enterprises:read": Needs(f"{READ} reviewer"),
    "enterprises:write": Needs(WORK),
    "enterprises:manage": Needs("administrator"),
    "documents:read": Needs(f"{READ} reviewer"),
    "documents:write": Needs(WORK),
    "prefixes:read": Needs(f"{READ} reviewer", "prefixes:read"),
    "prefixes:write": Needs(WORK),
    "prefixes:manage": Needs("administrator"),
    "templates:read": Needs(
        f"{READ} reviewer", "identifiers:read identifiers:write templates:write"
    ),
    "templates:write": Needs(WORK, "templates:write"),
    "templates:publish": Needs(WORK, "templates:write"),
    "certificates:manage": Needs("administrator"),
    "identifiers:search": Needs(READ, "identifiers:read"),
    "jobs:read": Needs(READ, "identifiers:read identifiers:write identifiers:state"),
    "jobs:write": Needs(WORK, "identifiers:state"),
    "feed:read": Needs(READ, "feed:read"),
    "webhooks:read": Needs(READ, "feed:read"),
    "webhooks:write": Needs(WORK),
    "keys:read": Needs("owner administrator auditor", "keys:write"),
    "keys:write": Needs("owner administrator", "keys:write"),
    # It may do more than any scope gives, and the node's people change no enterprise's names.
    "key-pairs:add": Needs("owner"),
    "accounts:read": Needs("owner administrator auditor"),
    "accounts:write": Needs("owner administrator"),
    "limits:read": Needs(READ, "prefixes:read"),
    "limits:write": Needs("administrator"),
    # Names: the node's people read them and change none.
    "names:read": Needs(READ, "identifiers:read"),
    "names:write": Needs("owner operator", "identifiers:write"),
    "names:delete": Needs("owner operator", "identifiers:delete"),
    "names:state": Needs("owner operator", "identifiers:state"),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """An operation: what it is about, what that needs (a line of `WHO`), what is sent and answered.

    `body`, `query` and `match` (If-Match) are sent to everybody; texts in braces are filled in from
    the standing. Whoever may do it gets one of `fit`: problems, or ``done``. What would change
    things that other cells need is sent so that it fails after it was let through.
    """

    target: Target
    action: str = ""
    fit: str = "done"
    none: str = "no-such-thing"
    absent: str = ""
    """What somebody who may is told where there is nothing; "": as where he may not (`none`)."""
    gone: str = "not-found"
    """What is told of a name that is not there, to whoever may know that."""
    nearest: bool = False
    """What is below a prefix, and was allotted to nobody, is whosever that is."""
    keys: str = ""
    """What keys are told where callers are people."""
    thing: str = ""
    body: Any = None
    query: dict[str, str] = field(default_factory=dict)
    match: str = ""
    media: str = "application/json"
    cut: bool = False
    """A key that was cut down to some prefixes reaches only what is about these."""
    alone: bool = False
    """Callers ask one after the other: an enterprise may have two of these at a time."""
    also: str = ""
    """What it needs before: another line of `WHO`, of the caller's own enterprise."""
    first: bool = False
    """The scope is asked for before the prefix is looked at."""
    noted: bool = False
    """Something is written where one item of several, or the whole in the end, is refused."""
    again: bool = False
    """What was done to the thing is undone after each cell."""
    enterprises: bool = False
    """The node has none of them, so that its people find none."""


def each(names: str, target: Target, action: str = "", **more: Any) -> dict[str, Row]:
    """Return the same row for several operations."""
    return {name: Row(target=target, action=action, **more) for name in names.split()}


def lists(action: str, names: str) -> dict[str, Row]:
    """Return the rows of lists that may be asked for of one enterprise."""
    of_one = [f"{name} (of one)" for name in names.split()]
    query = {"enterprise": "{enterprise}"}
    return each(names, Target.MINE, action) | {
        name: Row(target=Target.ENTERPRISE, action=action, query=query) for name in of_one
    }
