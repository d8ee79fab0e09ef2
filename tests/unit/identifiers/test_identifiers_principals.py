from ipaddress import ip_address, ip_network

import pytest
from msgspec.structs import replace

from identifiers.directory import NO_REASON, Off, OffAs, PrefixEntry, PrefixKind
from identifiers.faults import Invalid
from identifiers.names import Prefix
from identifiers.principals import (
    ROLE_SCOPES,
    Account,
    Allowed,
    Anonymous,
    ApiKey,
    Disabled,
    HandleIdentity,
    LivesElsewhere,
    LoginFirst,
    MissingPermission,
    MissingScope,
    NotAdministrator,
    NotYours,
    Operator,
    Rights,
    Role,
    Scope,
    WrongAddress,
    authorize,
)
from identifiers.routes import Routes

HOME = PrefixEntry(prefix=Prefix.parse("88.300.1"), kind=PrefixKind.ENTERPRISE, enterprise=5)
KEY = ApiKey(id="k", enterprise=5, scopes=frozenset({Scope.WRITE}))
TARGET = Prefix.parse("88.300.1.2")
CLOSED = Off(OffAs.ENTERPRISE_CLOSED, "注销")
INSIDE, OUTSIDE = ip_address("10.1.2.3"), ip_address("192.0.2.1")
FENCED = replace(KEY, networks=(ip_network("10.0.0.0/8"),))
NARROWED = replace(KEY, prefixes=(Prefix.parse("88.300.1.2"),))


@pytest.mark.parametrize(
    ("principal", "target", "home", "verdict"),
    [
        (Anonymous(), TARGET, HOME, LoginFirst()),
        (Operator("root"), TARGET, HOME, MissingScope(Scope.WRITE)),
        (KEY, TARGET, HOME, Allowed()),
        (KEY, TARGET, None, NotYours()),
        (KEY, TARGET, replace(HOME, enterprise=6), NotYours()),
        (KEY, Prefix.parse("88.300.10"), HOME, NotYours()),
        (NARROWED, TARGET, HOME, Allowed()),
        (NARROWED, Prefix.parse("88.300.1.20"), HOME, NotYours()),
        (replace(KEY, scopes=frozenset()), TARGET, HOME, MissingScope(Scope.WRITE)),
        (KEY, TARGET, replace(HOME, enabled=False), Disabled(NO_REASON)),
        (KEY, TARGET, replace(HOME, enabled=False, off=CLOSED), Disabled(CLOSED)),
        (KEY, TARGET, replace(HOME, routes=Routes()), LivesElsewhere()),
        (KEY, TARGET, replace(HOME, routes=Routes(), enabled=False), Disabled(NO_REASON)),
        (KEY, TARGET, replace(HOME, unhosted=True), LivesElsewhere()),
        (KEY, TARGET, replace(HOME, applied=True, enabled=False), NotYours()),
        (FENCED, TARGET, HOME, WrongAddress()),
    ],
)
def test_who_may_write(principal, target, home, verdict):
    assert authorize(principal, Scope.WRITE, target, home) == verdict


@pytest.mark.parametrize("scope", [Scope.READ, Scope.WRITE, Scope.DELETE, Scope.STATE])
def test_what_was_left_under_a_delegated_prefix_is_read_and_deleted_only(scope):
    key = replace(KEY, scopes=frozenset(Scope))
    verdict = authorize(key, scope, TARGET, replace(HOME, routes=Routes()))
    open_for = {Scope.READ, Scope.DELETE}
    assert verdict == (Allowed() if scope in open_for else LivesElsewhere())


def test_a_key_may_be_bound_to_networks():
    assert authorize(FENCED, Scope.WRITE, TARGET, HOME, INSIDE) == Allowed()
    assert authorize(FENCED, Scope.WRITE, TARGET, HOME, OUTSIDE) == WrongAddress()


def account(role, enterprise=None):
    return Account(id=1, name="somebody", role=role, enterprise=enterprise)


@pytest.mark.parametrize("role", [Role.OWNER, Role.OPERATOR, Role.READER])
@pytest.mark.parametrize("scope", [Scope.READ, Scope.WRITE, Scope.DELETE, Scope.STATE])
def test_an_account_of_an_enterprise_is_judged_as_its_key_by_its_role(role, scope):
    somebody = account(role, 5)
    given = Allowed() if scope in ROLE_SCOPES[role] else MissingScope(scope)
    assert authorize(somebody, scope, TARGET, HOME) == given
    assert authorize(somebody, scope, TARGET, replace(HOME, enterprise=6)) == NotYours()
    assert authorize(somebody, scope, TARGET, None) == NotYours()
    assert authorize(somebody, scope, Prefix.parse("88.300.10"), HOME) == NotYours()


@pytest.mark.parametrize(
    ("role", "reads"), [(Role.ADMINISTRATOR, True), (Role.AUDITOR, True), (Role.REVIEWER, False)]
)
def test_accounts_of_the_node_write_no_names(role, reads):
    somebody = account(role)
    for scope in (Scope.WRITE, Scope.DELETE, Scope.STATE):
        assert authorize(somebody, scope, TARGET, HOME) == MissingScope(scope)
    expected = Allowed() if reads else MissingScope(Scope.READ)
    assert authorize(somebody, Scope.READ, TARGET, None) == expected


def test_a_role_is_the_nodes_or_an_enterprises():
    assert [role for role in Role if role.of_node] == [
        Role.ADMINISTRATOR,
        Role.REVIEWER,
        Role.AUDITOR,
    ]


def test_an_operator_reads():
    assert authorize(Operator("root"), Scope.READ, TARGET, None) == Allowed()


# Handle identities

IDENTITY = HandleIdentity("0.NA/88.300.1", 300)
HELD = Rights(held=0x7, needed=0x5)


@pytest.mark.parametrize(
    ("home", "target", "rights", "verdict"),
    [
        (HOME, TARGET, HELD, Allowed()),
        (HOME, TARGET, replace(HELD, held=0x4), MissingPermission(0x1)),
        (HOME, TARGET, replace(HELD, held=None), NotAdministrator()),
        (HOME, TARGET, None, NotAdministrator()),
        (HOME, TARGET, replace(HELD, held=None, everything=True), Allowed()),
        (None, TARGET, replace(HELD, everything=True), NotYours()),
        (HOME, Prefix.parse("88.300.10"), replace(HELD, everything=True), NotYours()),
        (replace(HOME, enabled=False), TARGET, replace(HELD, everything=True), Disabled()),
        (replace(HOME, enabled=False, off=CLOSED), TARGET, HELD, Disabled()),
        (replace(HOME, routes=Routes()), TARGET, HELD, LivesElsewhere()),
    ],
)
def test_what_an_identity_may_write(home, target, rights, verdict):
    assert authorize(IDENTITY, Scope.WRITE, target, home, None, rights) == verdict


def test_identities_as_text():
    assert HandleIdentity.parse("300:0.NA/88.300.1") == IDENTITY
    assert str(IDENTITY) == "300:0.NA/88.300.1"
    assert HandleIdentity.parse("0:88.300.1/a:b").handle == "88.300.1/a:b"


@pytest.mark.parametrize("text", ["", "300", "x:88.300.1/A", "-1:a/b", "4294967296:a/b", "1:no"])
def test_what_is_no_identity(text):
    with pytest.raises(Invalid):
        HandleIdentity.parse(text)
