"""Who may do what besides names under prefixes: one table of roles, one of scopes, one judge.

Names stay with `principals.authorize`. Here a thing is an enterprise's or the node's own; whoever
asks has a role (accounts) or scopes (API keys). No entry means denied.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, assert_never

import msgspec

from identifiers.principals import (
    Account,
    Allowed,
    Anonymous,
    ApiKey,
    HandleIdentity,
    LoginFirst,
    MissingScope,
    NotYours,
    Operator,
    Principal,
    Role,
    Scope,
)


class Action(StrEnum):
    """What can be done to things that are no names. Each noun's module adds its own here."""

    APPLICATION_READ = "applications:read"
    APPLICATION_WRITE = "applications:write"
    """To submit, mend and withdraw."""
    APPLICATION_REVIEW = "applications:review"
    ENTERPRISE_READ = "enterprises:read"
    ENTERPRISE_WRITE = "enterprises:write"
    """To ask for a change of what is filed."""
    ENTERPRISE_MANAGE = "enterprises:manage"
    """To suspend, resume, close."""
    DOCUMENT_READ = "documents:read"
    DOCUMENT_WRITE = "documents:write"
    PREFIX_READ = "prefixes:read"
    PREFIX_WRITE = "prefixes:write"
    """To apply for one, to say where its names live."""
    PREFIX_MANAGE = "prefixes:manage"
    """To allot, approve, transfer."""
    TEMPLATE_READ = "templates:read"
    TEMPLATE_WRITE = "templates:write"
    TEMPLATE_PUBLISH = "templates:publish"
    CERTIFICATE_READ = "certificates:read"
    CERTIFICATE_MANAGE = "certificates:manage"
    HISTORY_READ = "history:read"
    IDENTIFIER_SEARCH = "identifiers:search"
    IDENTIFIER_STATE = "identifiers:state"
    JOB_READ = "jobs:read"
    JOB_WRITE = "jobs:write"
    FEED_READ = "feed:read"
    WEBHOOK_READ = "webhooks:read"
    WEBHOOK_WRITE = "webhooks:write"
    KEY_READ = "keys:read"
    KEY_WRITE = "keys:write"
    KEY_PAIR_ADD = "key-pairs:add"
    """To have a key administer a prefix: it may do more than any scope gives, and stays."""
    ACCOUNT_READ = "accounts:read"
    ACCOUNT_WRITE = "accounts:write"
    LIMIT_READ = "limits:read"
    LIMIT_WRITE = "limits:write"
    NODE_READ = "node:read"
    """What is the node's own: its quotas, counters, settings."""


ANYBODY: Final = frozenset({Action.CERTIFICATE_READ})
"""What needs no login, whosever it is."""
SHARED: Final = frozenset({Action.TEMPLATE_READ})
"""What every enterprise may do to what is the node's own, with the role or scope for it."""

SCOPE_ACTIONS: Final[Mapping[Scope, frozenset[Action]]] = MappingProxyType(
    {
        Scope.READ: frozenset(
            {
                Action.HISTORY_READ,
                Action.IDENTIFIER_SEARCH,
                Action.JOB_READ,
                Action.TEMPLATE_READ,
            }
        ),
        Scope.WRITE: frozenset({Action.TEMPLATE_READ, Action.JOB_READ}),
        Scope.DELETE: frozenset(),
        Scope.STATE: frozenset({Action.IDENTIFIER_STATE, Action.JOB_READ, Action.JOB_WRITE}),
        Scope.TEMPLATES: frozenset(
            {Action.TEMPLATE_READ, Action.TEMPLATE_WRITE, Action.TEMPLATE_PUBLISH}
        ),
        Scope.PREFIXES: frozenset({Action.PREFIX_READ, Action.LIMIT_READ}),
        Scope.KEYS: frozenset({Action.KEY_READ, Action.KEY_WRITE}),
        Scope.FEED: frozenset({Action.FEED_READ, Action.WEBHOOK_READ}),
    }
)
_READING: Final = frozenset(
    {
        Action.APPLICATION_READ,
        Action.ENTERPRISE_READ,
        Action.DOCUMENT_READ,
        Action.PREFIX_READ,
        Action.TEMPLATE_READ,
        Action.CERTIFICATE_READ,
        Action.HISTORY_READ,
        Action.IDENTIFIER_SEARCH,
        Action.JOB_READ,
        Action.FEED_READ,
        Action.WEBHOOK_READ,
        Action.LIMIT_READ,
    }
)
_WORKING: Final = _READING | {
    Action.APPLICATION_WRITE,
    Action.ENTERPRISE_WRITE,
    Action.DOCUMENT_WRITE,
    Action.PREFIX_WRITE,
    Action.TEMPLATE_WRITE,
    Action.TEMPLATE_PUBLISH,
    Action.IDENTIFIER_STATE,
    Action.JOB_WRITE,
    Action.WEBHOOK_WRITE,
}
_LOOKING: Final = _READING | {Action.NODE_READ, Action.KEY_READ, Action.ACCOUNT_READ}
ROLE_ACTIONS: Final[Mapping[Role, frozenset[Action]]] = MappingProxyType(
    {
        # Identifiers are an enterprise's, and so are their states and who else may change them:
        # the node's people need the override, or the command line, for these.
        Role.ADMINISTRATOR: frozenset(Action) - {Action.IDENTIFIER_STATE, Action.KEY_PAIR_ADD},
        Role.REVIEWER: frozenset(
            {
                Action.APPLICATION_READ,
                Action.APPLICATION_REVIEW,
                Action.ENTERPRISE_READ,
                Action.DOCUMENT_READ,
                Action.PREFIX_READ,
                Action.TEMPLATE_READ,
                Action.CERTIFICATE_READ,
            }
        ),
        Role.AUDITOR: _LOOKING,
        Role.OWNER: _WORKING
        | {
            Action.KEY_READ,
            Action.KEY_WRITE,
            Action.KEY_PAIR_ADD,
            Action.ACCOUNT_READ,
            Action.ACCOUNT_WRITE,
        },
        Role.OPERATOR: _WORKING,
        Role.READER: _READING,
    }
)


class MissingRole(msgspec.Struct, frozen=True):
    """Whoever asks is somebody, but his role (or no scope of any key) gives this."""

    action: Action


Permission = Allowed | NotYours | MissingScope | MissingRole | LoginFirst


def permitted(principal: Principal, action: Action, enterprise: int | None) -> Permission:
    """Decide whether `principal` may do `action` to a thing of `enterprise` (None: the node's).

    To an enterprise's account or key what is another's is as if it were not there: `NotYours`,
    whatever else it lacks. An `Operator` may what the node's administrator may.
    """
    if action in ANYBODY:
        return Allowed()
    match principal:
        case Anonymous():
            return LoginFirst()
        case Operator():
            return _by_role(Role.ADMINISTRATOR, action)
        case HandleIdentity():
            return MissingRole(action)
        case Account(enterprise=None):
            return _by_role(principal.role, action)
        case Account() | ApiKey():
            return _of_enterprise(principal, action, enterprise)
        case _:
            assert_never(principal)


def _of_enterprise(
    principal: Account | ApiKey, action: Action, enterprise: int | None
) -> Permission:
    own = enterprise is not None and enterprise == principal.enterprise
    if not own and not (enterprise is None and action in SHARED):
        return NotYours()
    if isinstance(principal, Account):
        return _by_role(principal.role, action)
    giving = [scope for scope, actions in SCOPE_ACTIONS.items() if action in actions]
    if any(scope in principal.scopes for scope in giving):
        return Allowed()
    return MissingScope(giving[0]) if giving else MissingRole(action)


def _by_role(role: Role, action: Action) -> Allowed | MissingRole:
    return Allowed() if action in ROLE_ACTIONS[role] else MissingRole(action)
