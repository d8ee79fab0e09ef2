import pytest

from identifiers.access import (
    ANYBODY,
    ROLE_ACTIONS,
    SCOPE_ACTIONS,
    SHARED,
    Action,
    MissingRole,
    permitted,
)
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
    Role,
    Scope,
)

OWN, OTHER = 5, 6
GUARDED = [action for action in Action if action not in ANYBODY]


def account(role):
    return Account(id=1, name="a", role=role, enterprise=None if role.of_node else OWN)


def key(*scopes):
    return ApiKey(id="k", enterprise=OWN, scopes=frozenset(scopes))


@pytest.mark.parametrize("action", GUARDED)
def test_nobody_and_identities_may_do_nothing(action):
    assert permitted(Anonymous(), action, OWN) == LoginFirst()
    assert permitted(HandleIdentity("88.300.1/A", 300), action, OWN) == MissingRole(action)


@pytest.mark.parametrize("action", sorted(ANYBODY))
def test_what_is_public_needs_no_login(action):
    assert permitted(Anonymous(), action, OWN) == Allowed()
    assert permitted(key(), action, OTHER) == Allowed()


@pytest.mark.parametrize("action", GUARDED)
@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_what_the_table_says(role, action):
    by_table = Allowed() if action in ROLE_ACTIONS[role] else MissingRole(action)
    verdicts = [permitted(account(role), action, whose) for whose in (OWN, OTHER, None)]
    if role.of_node:
        assert verdicts == [by_table] * 3
    else:
        nodes = by_table if action in SHARED else NotYours()
        assert verdicts == [by_table, NotYours(), nodes]


@pytest.mark.parametrize("action", GUARDED)
def test_an_operator_may_what_the_administrator_may(action):
    operator, administrator = Operator("root"), account(Role.ADMINISTRATOR)
    assert permitted(operator, action, OWN) == permitted(administrator, action, OWN)


@pytest.mark.parametrize("action", GUARDED)
def test_a_key_may_what_one_of_its_scopes_gives(action):
    giving = [scope for scope in Scope if action in SCOPE_ACTIONS[scope]]
    for scope in giving:
        assert permitted(key(scope), action, OWN) == Allowed()
        assert permitted(key(scope), action, OTHER) == NotYours()
    without = permitted(key(*(set(Scope) - set(giving))), action, OWN)
    assert without == (MissingScope(giving[0]) if giving else MissingRole(action))


def test_what_the_node_shares_is_read_with_a_scope_for_it():
    assert permitted(key(Scope.READ), Action.TEMPLATE_READ, None) == Allowed()
    assert permitted(key(Scope.FEED), Action.TEMPLATE_READ, None) == MissingScope(Scope.READ)
    assert permitted(key(*Scope), Action.PREFIX_READ, None) == NotYours()


def test_accounts_of_enterprises_and_reviewers_are_no_administrators():
    for role in (Role.OWNER, Role.OPERATOR, Role.READER, Role.AUDITOR):
        assert Action.APPLICATION_REVIEW not in ROLE_ACTIONS[role]
    for role in (Role.REVIEWER, Role.AUDITOR, Role.OPERATOR, Role.READER):
        assert not ROLE_ACTIONS[role] & {Action.KEY_WRITE, Action.ACCOUNT_WRITE}
    assert not any("write" in action or "manage" in action for action in ROLE_ACTIONS[Role.AUDITOR])
