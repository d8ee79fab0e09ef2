"""Answers of the registry as codes and texts, and what else no exchange of the others meets."""

from uuid import UUID

import pytest
from msgspec.structs import replace

from identifiers.directory import PrefixDirectory, PrefixEntry, PrefixKind
from identifiers.names import Handle, Prefix
from identifiers.principals import (
    Allowed,
    Disabled,
    LivesElsewhere,
    LoginFirst,
    MissingPermission,
    MissingScope,
    NotAdministrator,
    NotYours,
    Operator,
    Scope,
    WrongAddress,
)
from identifiers.routes import Routes
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode, OpFlag
from identifiers.wire.handle.site import decode_site
from identifiers.wire.handle.values import decode_values
from registry.administration import Administration, Delegation, Ordered
from registry.answers import Denied, Stale
from registry.handle.lookups import referral
from registry.handle.replies import told
from registry.handle.requests import command_of
from registry.prefixes import place_of
from tests.unit.registry.handle.wire import (
    ADMIN,
    OPERATOR,
    PLAIN,
    STRANGER,
    code,
    create,
    delete,
    request,
    resolution,
)
from tests.unit.registry.world import NOW, PEPPER, audit, entry


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (NotYours(), 301),
        (Disabled(), 301),
        (LivesElsewhere(), 301),
        (NotAdministrator(), 400),
        (MissingPermission(0x30), 401),
        (MissingScope(Scope.WRITE), 401),
        (WrongAddress(), 401),
        (LoginFirst(), 408),
    ],
)
def test_verdicts_have_codes(verdict, expected):
    assert told(Denied(verdict)).code == expected


def test_missing_permissions_are_named():
    told_of = told(Denied(MissingPermission(0x30)))
    assert told_of.body.text == "Permission is missing: modify_value, remove_value"


def test_what_no_message_can_come_to_is_a_mistake():
    for answer in (Denied(Allowed()), Stale(1)):
        with pytest.raises(TypeError):
            told(answer)


def test_bodies_of_other_operations_are_no_commands():
    with pytest.raises(ProtocolError):
        command_of(request(OpCode.CREATE_HANDLE, bodies.Named("88.300.1/A")), bytes)


# Delegated prefixes: names live at the enterprise's own node.


@pytest.fixture
async def away(node, caller):
    """88.300.1 is delegated."""
    site = (await caller.ask(request(OpCode.GET_SITE_INFO, bodies.Named("/")))).body.record
    wanted = Delegation(Prefix.parse("88.300.1"), (decode_site(site),))
    ordered = Ordered(operator=Operator("t"), at=NOW * 1000, request_id="r")
    administration = Administration(node.store, PEPPER)
    await administration.delegate(wanted, UUID(int=1), ordered)
    node.restart()
    return node.caller()


async def test_changes_of_names_that_live_elsewhere_are_referred(away):
    for asked in (create("88.300.1/NEW"), delete("88.300.1/A"), resolution("88.300.1/A")):
        reply = await away.ask(asked)
        assert code(reply) == 302
        (value,) = decode_values(reply.body.values)
        assert decode_site(value.data).servers


async def test_records_of_derived_prefixes_are_referred_as_such(away):
    asked = resolution("0.NA/88.300.1.9")
    assert code(await away.ask(asked)) == 303
    # Old clients know 303 as something else.
    assert code(await away.ask(replace(asked, version=(2, 4), suggested=(2, 4)))) == 301


async def test_who_wants_no_referral_gets_none(away):
    asked = resolution("88.300.1/A", flags=PLAIN | OpFlag.DO_NOT_REFER)
    assert code(await away.ask(asked)) == 100


async def test_a_delegated_prefixs_own_record_stays_here(away):
    assert code(await away.ask(resolution(ADMIN.handle))) == 1


@pytest.mark.parametrize(("name", "expected"), [("88.300.1/A", 301), ("0.NA/88.300.1.9", 100)])
def test_without_a_route_there_is_no_referral(name, expected):
    entry = PrefixEntry(
        prefix=Prefix.parse("88.300.1"), kind=PrefixKind.ENTERPRISE, enterprise=1, routes=Routes()
    )
    handle = Handle.parse(name)
    place = place_of(PrefixDirectory([entry]), handle)
    assert referral(handle, place).code == expected


# Rare ways of a look-up.


async def test_an_identity_is_shown_what_everybody_sees(node):
    caller = node.caller(connection="one")
    await caller.prove(
        request(OpCode.LOGIN_ID_SYSTEM, bodies.Identity(STRANGER.handle, 300)), STRANGER
    )
    reply = await caller.ask(resolution("88.300.1/A"))
    assert [v.index for v in decode_values(reply.body.values)] == [1]
    assert code(await caller.ask(resolution("88.300.1/none"))) == 100
    assert code(await caller.ask(resolution("88.300.1/A", types=("NOPE",)))) == 200
    assert code(await caller.ask(resolution("88.300.1/A", indexes=(5,)))) == 401


async def test_homing_what_was_homed_for_another_is_refused(node, caller):
    # The picture of the prefixes is a second old: somebody else was faster.
    await node.handle._operations._homing._prefixes.picture()
    await node.store.home_prefix(entry("77.1", 1), audit())
    asked = request(OpCode.HOME_NA, bodies.Named("0.NA/77.1"))
    reply = await caller.prove(asked, OPERATOR)
    assert (code(reply), reply.body.text) == (2, "77.1 belongs to another")
