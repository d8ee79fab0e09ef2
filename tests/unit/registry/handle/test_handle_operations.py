import pytest
from msgspec.structs import replace

from identifiers.changes import AuditEntry, ChangeKind
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.names import Prefix
from identifiers.records import State
from identifiers.relay import Channel
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode, OpFlag, ResponseCode
from identifiers.wire.handle.message import decode, encode
from identifiers.wire.handle.site import decode_site
from identifiers.wire.handle.values import decode_values
from registry.handle import operations
from tests.unit.registry.handle.wire import (
    ADMIN,
    OPERATOR,
    PLAIN,
    PUBLIC,
    READER,
    SIGNER,
    STRANGER,
    InSession,
    add,
    administered_by,
    answer,
    code,
    create,
    delete,
    hidden,
    listing,
    modify,
    remove,
    request,
    resolution,
    signed,
    url,
)

NEW = "88.300.1/NEW"
SECRETS = [
    url(n, b"secret", type="HS_SECKEY", permissions=bits) for n, bits in ((8, 0x0E), (9, 0x0C))
]


@pytest.mark.parametrize("identity", [ADMIN, SIGNER, OPERATOR])
async def test_administrators_create_change_and_delete(node, caller, identity):
    created = await caller.prove(create(NEW, url(), hidden(2)), identity)
    assert (code(created), created.body) == (1, bodies.Named(NEW))
    assert code(await caller.prove(add(NEW, url(3, b"added")), identity)) == 1
    assert code(await caller.prove(modify(NEW, url(3, b"changed")), identity)) == 1
    assert node.values(NEW)[3].data == b"changed"
    assert code(await caller.prove(remove(NEW, 2), identity)) == 1
    assert node.values(NEW).keys() == {1, 3}
    gone = await caller.prove(delete(NEW), identity)
    assert (code(gone), gone.body) == (1, bodies.Nothing())
    assert node.values(NEW) is None
    assert [w.kind for w in node.store.changes] == [
        ChangeKind.CREATED,
        *[ChangeKind.UPDATED] * 3,
        ChangeKind.DELETED,
    ]
    assert {entry.actor for entry in node.store.audited} == {f"identity:{identity}"}
    assert all(entry.request.startswith("handle-") for entry in node.store.audited)


async def test_whoever_changes_something_is_told_when_everybody_can_read_it(node):
    seen = []

    async def settled():
        seen.append(len(node.store.changes))

    node.restart(settled=settled)
    caller = node.caller()
    await caller.prove(create(NEW))
    await caller.prove(add(NEW, url(2)))
    await caller.prove(add(NEW, url(2)))
    await caller.prove(resolution("88.300.1/A", indexes=(5,)))
    await caller.prove(delete(NEW))
    assert seen == [1, 2, 3]


EVERY_CHANGE = [
    create(NEW),
    delete("88.300.1/A"),
    add("88.300.1/A", url(9)),
    modify("88.300.1/A", url()),
    remove("88.300.1/A", 1),
]


@pytest.mark.parametrize("asked", EVERY_CHANGE, ids=lambda m: OpCode(m.header.op_code).name)
async def test_others_change_nothing(node, caller, asked):
    before = dict(node.store.records)
    assert code(await caller.prove(asked, STRANGER)) == ResponseCode.INVALID_ADMIN
    missing = await caller.prove(asked, READER)
    assert code(missing) == ResponseCode.INSUFFICIENT_PERMISSIONS
    assert missing.body.text.startswith("Permission is missing: ")
    assert node.store.records == before


CHANGES_OF = [
    create,
    delete,
    lambda name: add(name, url(9)),
    lambda name: modify(name, url()),
    lambda name: remove(name, 1),
]


@pytest.mark.parametrize("name", ["99.1/X", "88.300.99/X", "88.300.7/X", "0.NA/99.1", "88.30/X"])
@pytest.mark.parametrize("change", CHANGES_OF)
async def test_names_elsewhere_are_refused_before_anybody_is_asked(node, caller, change, name):
    reply = await caller.ask(change(name))
    assert code(reply) == ResponseCode.SERVER_NOT_RESPONSIBLE
    assert len(node.handle.challenges) == 0


@pytest.mark.parametrize("name", ["88.300.10/X", "88.300.2/X", "88.300.1.5/X"])
@pytest.mark.parametrize("change", CHANGES_OF)
async def test_names_of_other_enterprises_are_not_administered(node, caller, change, name):
    node.keep(name, url())
    asked = change(f"{name}2" if change is CHANGES_OF[0] else name)
    assert code(await caller.prove(asked)) == ResponseCode.INVALID_ADMIN


@pytest.mark.parametrize("name", ["no slash", "88.300.1/", "/x", "88.300.1../x"])
@pytest.mark.parametrize("change", CHANGES_OF)
async def test_what_is_no_handle_is_refused_at_once(caller, change, name):
    assert code(await caller.ask(change(name))) == ResponseCode.INVALID_HANDLE


@pytest.mark.parametrize(
    ("asked", "expected", "text"),
    [
        (create("88.300.1/a\u200bb"), 102, "U+200B"),
        (create(NEW, url(1), url(1)), 202, "index 1 appears twice"),
        (create(NEW, url(0)), 202, "must be from 1"),
        (add("88.300.1/A", url(1001)), 202, "set by the server"),
        (modify("88.300.1/A", url(1, b"x" * 70000)), 202, "is 70000 bytes long"),
        (add("88.300.1/A", url(1)), 201, "Index conflict for 1"),
        (modify("88.300.1/A", url(7)), 200, "There is no value at 7"),
        (remove("88.300.1/A", 7, 8), 200, "There is no value at 7, 8"),
        (add("88.300.1/none", url(7)), 100, ""),
        (delete("88.300.1/none"), 100, ""),
        (remove("88.300.1/A", 1, 5), 202, "must not be empty"),
    ],
)
async def test_what_cannot_be_done_is_told(caller, asked, expected, text):
    reply = await caller.prove(asked)
    assert code(reply) == expected
    assert text in reply.body.text


async def test_values_that_administrators_may_not_write_stay(node, caller):
    node.keep("88.300.1/P", url(permissions=0x0A))
    reply = await caller.prove(modify("88.300.1/P", url(1, b"other")))
    assert code(reply) == ResponseCode.INSUFFICIENT_PERMISSIONS
    assert "at 1" in reply.body.text


async def test_suspended_names_stay_as_they_are(node, caller):
    node.keep("88.300.1/S", url(), state=State.SUSPENDED, reason="under review")
    reply = await caller.prove(modify("88.300.1/S", url(1, b"other")))
    assert code(reply) == ResponseCode.INSUFFICIENT_PERMISSIONS
    assert reply.body.text == "suspended: under review"


async def test_a_name_that_everybody_sees_is_told_to_be_taken_before_anybody_is_asked(caller):
    assert code(await caller.ask(create("88.300.1/A"))) == ResponseCode.HANDLE_ALREADY_EXISTS


@pytest.mark.parametrize(
    ("values", "state"), [((url(),), State.RESERVED), ((hidden(),), State.ACTIVE)]
)
async def test_a_name_that_nobody_sees_is_told_to_be_taken_afterwards(node, caller, values, state):
    node.keep("88.300.1/Q", *values, state=state)
    reply = await caller.prove(create("88.300.1/Q"))
    assert code(reply) == ResponseCode.HANDLE_ALREADY_EXISTS


async def test_overwriting(node, caller):
    asked = create("88.300.1/A", url(2, b"all there is"), flags=PUBLIC | OpFlag.OVERWRITE)
    assert code(await caller.prove(asked)) == 1
    assert node.values("88.300.1/A").keys() == {2}
    over = add("88.300.1/A", url(2, b"over"), url(3), flags=PLAIN | OpFlag.OVERWRITE)
    assert code(await caller.prove(over)) == 1
    assert node.values("88.300.1/A")[2].data == b"over"


@pytest.mark.parametrize("name", ["88.300.1", "88.300.1/", "88.300.1/order-"])
async def test_a_suffix_is_minted(node, caller, name):
    reply = await caller.prove(create(name, flags=PUBLIC | OpFlag.MINT_SUFFIX))
    assert code(reply) == 1
    minted = reply.body.handle
    assert minted.startswith(name)
    assert len(minted.removeprefix(name).removeprefix("/")) == 36
    assert node.values(minted)[1].data == url().data


@pytest.mark.parametrize("name", ["", "/", ".", "a b/", "88..300"])
async def test_a_suffix_is_not_minted_under_what_is_no_name(caller, name):
    reply = await caller.ask(create(name, flags=PUBLIC | OpFlag.MINT_SUFFIX))
    assert code(reply) == ResponseCode.INVALID_HANDLE
    assert reply.body.text


async def test_a_suffix_is_not_minted_elsewhere(caller):
    reply = await caller.ask(create("99.1", flags=PUBLIC | OpFlag.MINT_SUFFIX))
    assert code(reply) == ResponseCode.SERVER_NOT_RESPONSIBLE


# Reading.


async def test_hidden_values_are_shown_to_those_who_may_read_them(caller):
    asked = resolution("88.300.1/A", indexes=(5,))
    for identity in (ADMIN, READER, SIGNER):
        reply = await caller.prove(asked, identity)
        assert code(reply) == 1
        assert reply.body.handle == "88.300.1/A"
        assert [v.data for v in decode_values(reply.body.values)] == [hidden().data]
    reply = await caller.prove(asked, STRANGER)
    assert code(reply) == ResponseCode.INSUFFICIENT_PERMISSIONS


async def test_nobody_is_asked_for_what_everybody_may_see(caller):
    reply = await caller.ask(resolution("88.300.1/A"))
    assert [v.index for v in decode_values(reply.body.values)] == [1]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (resolution("88.300.1/A", indexes=(5,), flags=PUBLIC), 200),
        (resolution("88.300.1/A", types=("NOPE",)), 200),
        (resolution("88.300.1/none"), 100),
        (resolution("99.1/A"), 301),
        (resolution("none"), 102),
    ],
)
async def test_nobody_is_asked_where_nothing_is_hidden(caller, asked, expected):
    assert code(await caller.ask(asked)) == expected


async def test_hidden_names_are_told_by_state(node, caller):
    node.keep("88.300.1/S", hidden(), state=State.SUSPENDED, reason="under review")
    node.keep("88.300.1/R", hidden(), state=State.RESERVED)
    node.keep("88.300.1/V", hidden(), state=State.REVOKED)
    told = {}
    for letter in "SRV":
        reply = await caller.ask(resolution(f"88.300.1/{letter}"))
        told[letter] = (code(reply), reply.body.text)
    assert told == {"S": (100, "suspended: under review"), "R": (100, ""), "V": (100, "revoked")}


async def test_a_secret_key_is_shown_to_nobody(node, caller):
    reply = await caller.ask(resolution(ADMIN.handle, types=("HS_SECKEY",)))
    assert code(reply) == ResponseCode.VALUES_NOT_FOUND
    node.keep("88.300.1/B", hidden(), *SECRETS)
    reply = await caller.prove(resolution("88.300.1/B"), OPERATOR)
    assert [v.type for v in decode_values(reply.body.values)] == ["SECRET"]


async def test_a_request_that_was_passed_on_too_often_is_not_answered(caller):
    asked = resolution("88.300.1/A")
    far = replace(asked, header=replace(asked.header, recursion_count=11))
    assert code(await caller.ask(far)) == ResponseCode.RECURSION_COUNT_TOO_HIGH


async def test_a_name_below_a_disabled_prefix_is_elsewhere_for_everybody(node):
    caller = node.caller(connection="one")
    await caller.prove(
        request(OpCode.LOGIN_ID_SYSTEM, bodies.Identity(OPERATOR.handle, 300)), OPERATOR
    )
    node.keep("88.300.7/A", url(), hidden())
    assert code(await caller.ask(resolution("88.300.7/A", indexes=(5,)))) == 301
    assert code(await caller.ask(listing("0.NA/88.300.7"))) == 301


# Lists.


def names_of(replies):
    return [name for reply in replies for name in reply.body.handles]


async def test_names_are_listed_in_messages_of_fifty(node, caller, monkeypatch):
    monkeypatch.setattr(operations, "PAGE_LIMIT", 7)
    expected = sorted(f"88.300.1/n{n:03}" for n in range(99))
    for name in expected:
        node.keep(name, url())
    expected = sorted([*expected, "88.300.1/A", READER.handle])
    replies = await caller.prove_all(listing("0.NA/88.300.1"), READER)
    assert [len(r.body.handles) for r in replies] == [50, 50, 1]
    assert [bool(r.header.flags & OpFlag.CONTINUES) for r in replies] == [True, True, False]
    assert names_of(replies) == expected
    node.store.records.pop("88.300.1/n000")
    replies = await caller.prove_all(listing("0.NA/88.300.1"), READER)
    assert [len(r.body.handles) for r in replies] == [50, 50]


async def test_a_list_of_nothing_is_one_message(caller):
    (reply,) = await caller.prove_all(listing("0.NA/88.300.2"), OPERATOR)
    assert (code(reply), reply.body) == (1, bodies.Handles(()))


async def test_lists_need_their_permission(node, caller):
    assert code(await caller.prove(listing("0.NA/88.300.1"), STRANGER)) == 400
    node.keep(ADMIN.handle, administered_by(STRANGER.handle, 300, 0x7FF))
    assert code(await caller.prove(listing("0.NA/88.300.1"), STRANGER)) == 401


async def test_rights_that_end_in_the_middle_of_a_list_end_it(node, caller, monkeypatch):
    monkeypatch.setattr(operations, "PAGE_LIMIT", 60)
    for n in range(130):
        node.keep(f"88.300.1/n{n:03}", url())
    challenge = await caller.ask(listing("0.NA/88.300.1"))
    codes = []
    async for reply in node.handle.message(encode(answer(challenge, READER)), caller.origin):
        codes.append(code(decode(reply)))
        node.keep(ADMIN.handle, administered_by(ADMIN.handle, 300), version=2)
    assert codes == [1, 400]


@pytest.mark.parametrize(
    ("name", "expected"), [("88.300.1/A", 102), ("0.NA/99.1", 301), ("x", 102), ("0.NA/a b", 102)]
)
async def test_only_prefixes_have_lists(caller, name, expected):
    assert code(await caller.ask(listing(name))) == expected


async def test_a_long_list_is_refused_in_datagrams(node):
    caller = node.caller(channel=Channel.UDP)
    short = await caller.prove_all(listing("0.NA/88.300.1"))
    assert names_of(short) == ["88.300.1/A", READER.handle]
    for n in range(50):
        node.keep(f"88.300.1/n{n:03}", url())
    reply = await caller.prove(listing("0.NA/88.300.1"))
    assert code(reply) == ResponseCode.OPERATION_NOT_SUPPORTED


# Prefixes.


def homing(op_code, name):
    return request(op_code, bodies.Named(name))


async def test_server_administrators_home_prefixes(node, caller):
    for _ in range(2):
        assert code(await caller.prove(homing(OpCode.HOME_NA, "0.NA/77.1"), OPERATOR)) == 1
    assert (await node.store.directory()).exact("77.1").enterprise == 0
    (listed,) = await caller.prove_all(homing(OpCode.LIST_HOMED_NAS, "/"), OPERATOR)
    homed = ["0.NA/77.1", "0.NA/88.300", "0.NA/88.300.1", "0.NA/88.300.1.5", "0.NA/88.300.10"]
    assert listed.body.handles == (*homed, "0.NA/88.300.2")


async def test_nobody_else_homes_prefixes(node, caller):
    for asked in (
        homing(OpCode.HOME_NA, "0.NA/77.1"),
        homing(OpCode.UNHOME_NA, "0.NA/88.300.1"),
        homing(OpCode.LIST_HOMED_NAS, "/"),
    ):
        assert code(await caller.prove(asked)) == ResponseCode.INVALID_ADMIN
    assert (await node.store.directory()).exact("77.1") is None


@pytest.mark.parametrize(
    ("op_code", "name", "expected"),
    [
        (OpCode.HOME_NA, "0.NA/88.300.1.9", 2),
        (OpCode.HOME_NA, f"0.NA/{'1.' * 40}1", 102),
        (OpCode.UNHOME_NA, "0.NA/88.300.1.9", 100),
        (OpCode.UNHOME_NA, "0.NA/77.1", 100),
        (OpCode.UNHOME_NA, "0.NA/88.300", 2),
    ],
)
async def test_what_cannot_be_homed_or_given_up(node, caller, op_code, name, expected):
    before = (await node.store.directory()).entries
    assert code(await caller.prove(homing(op_code, name), OPERATOR)) == expected
    assert (await node.store.directory()).entries == before


async def test_a_prefix_is_given_up_and_homed_again(node, caller):
    before = (await node.store.directory()).exact("88.300.1")
    values = node.values("88.300.1/A")
    for _ in range(2):
        given_up = await caller.prove(homing(OpCode.UNHOME_NA, "0.NA/88.300.1"), OPERATOR)
        assert code(given_up) == ResponseCode.SUCCESS
    for asked in (
        resolution("88.300.1/A"),
        resolution("88.300.1.9/A"),
        resolution("0.NA/88.300.1"),
        create("88.300.1/NEW"),
        listing("0.NA/88.300.1"),
    ):
        assert code(await caller.ask(asked)) == ResponseCode.SERVER_NOT_RESPONSIBLE
    # Whose keys were there is nobody, but what was allotted below it to another stays.
    assert code(await caller.prove(listing("0.NA/88.300.2"), ADMIN)) == 403
    assert (await node.store.directory()).exact("88.300.1.5").enabled
    for _ in range(2):
        homed = await caller.prove(homing(OpCode.HOME_NA, "0.NA/88.300.1"), OPERATOR)
        assert code(homed) == ResponseCode.SUCCESS
    assert (await node.store.directory()).exact("88.300.1") == before
    assert node.values("88.300.1/A") == values
    assert code(await caller.prove(create("88.300.1/NEW"))) == ResponseCode.SUCCESS


async def test_nobody_gives_up_where_his_own_key_is(node, caller):
    own = await caller.prove(homing(OpCode.UNHOME_NA, "0.NA/88.300"), OPERATOR)
    assert (code(own), own.body.text) == (
        ResponseCode.ERROR,
        f"{OPERATOR} would be nobody then: give 88.300 up at the command line",
    )
    assert (await node.store.directory()).exact("88.300").enabled


async def test_below_what_was_given_up_nothing_is_homed(node, caller):
    await caller.prove(homing(OpCode.HOME_NA, "0.NA/77"), OPERATOR)
    entry = PrefixEntry(prefix=Prefix.parse("77.3"), kind=PrefixKind.ENTERPRISE, enterprise=1)
    audit = AuditEntry(at=0, actor="a", action="b", subject="c", request="d")
    await node.store.home_prefix(entry, audit)
    refused = await caller.prove(homing(OpCode.UNHOME_NA, "0.NA/77"), OPERATOR)
    assert "1, such as 77.3" in refused.body.text
    for prefix in ("77.3", "77"):
        assert code(await caller.prove(homing(OpCode.UNHOME_NA, f"0.NA/{prefix}"), OPERATOR)) == 1
    below = await caller.prove(homing(OpCode.HOME_NA, "0.NA/77.3"), OPERATOR)
    assert (code(below), "home the secondary prefix first" in below.body.text) == (2, True)


@pytest.mark.parametrize("op_code", [OpCode.HOME_NA, OpCode.UNHOME_NA])
@pytest.mark.parametrize("name", ["/", "88.300.1/A", "0.NA/a b"])
async def test_only_prefixes_are_homed(caller, op_code, name):
    assert code(await caller.ask(homing(op_code, name))) == ResponseCode.INVALID_HANDLE


async def test_many_prefixes_are_listed_in_several_messages(node, caller):
    for n in range(60):
        await caller.prove(homing(OpCode.HOME_NA, f"0.NA/77.{n + 1}"), OPERATOR)
    node.restart()
    replies = await node.caller().prove_all(homing(OpCode.LIST_HOMED_NAS, "/"), OPERATOR)
    assert [len(r.body.handles) for r in replies] == [50, 15]


# The rest.


@pytest.mark.parametrize("identity", [ADMIN, SIGNER])
async def test_answers_are_verified_for_other_servers(caller, identity):
    nonce, digest = b"n" * 16, bodies.Digest(3, b"d" * 32)

    def verification(handle, proof):
        body = bodies.Verification(handle, identity.index, nonce, digest, proof)
        return request(OpCode.VERIFY_RESPONSE, body)

    _, proof = signed(identity, nonce, digest.value)
    reply = await caller.ask(verification(identity.handle, proof))
    assert (code(reply), reply.body.valid) == (1, True)
    _, wrong = signed(identity, b"m" * 16, digest.value)
    reply = await caller.ask(verification(identity.handle, wrong))
    assert (code(reply), reply.body.valid) == (1, False)
    reply = await caller.ask(verification("99.1/A", proof))
    assert code(reply) == ResponseCode.AUTHENTICATION_FAILED
    codes = [code(await caller.ask(verification(identity.handle, wrong))) for _ in range(12)]
    assert codes == [1] * 9 + [3] * 3


async def test_the_site_tells_of_itself(caller):
    reply = await caller.ask(request(OpCode.GET_SITE_INFO, bodies.Named("/")))
    assert decode_site(reply.body.record).servers[0].interfaces[0].port == 2641


@pytest.mark.parametrize(
    ("op_code", "body"),
    [
        (OpCode.GET_NEXT_TXN_ID, bodies.Named("/")),
        (OpCode.RETRIEVE_TXN_LOG, bodies.Raw(b"")),
        (OpCode.DUMP_HANDLES, bodies.Raw(b"")),
        (OpCode.BACKUP_SERVER, bodies.Named("/")),
        (OpCode.UPDATE_NOTIFY, bodies.Raw(b"")),
        (OpCode.META_CREATE, bodies.Raw(b"x")),
        (4711, bodies.Raw(b"x")),
    ],
)
async def test_other_operations_are_said_not_to_be_offered(caller, op_code, body):
    reply = await caller.ask(request(op_code, body))
    assert (code(reply), reply.header.op_code) == (5, op_code)
    assert reply.body.text


async def test_without_a_store_nothing_is_done_and_that_is_told(node, caller):
    challenge = await caller.ask(delete("88.300.1/A"))
    assert code(challenge) == 402
    node.store.down = True
    assert code(await caller.ask(create(NEW))) == ResponseCode.SERVER_BUSY
    assert code(await caller.ask(answer(challenge))) == ResponseCode.SERVER_BUSY
    node.store.down = False
    assert node.values("88.300.1/A") is not None


async def test_a_lost_answer_of_the_store_is_told(node, caller):
    node.store.lose_next_answer = True
    reply = await caller.prove(delete("88.300.1/A"))
    assert code(reply) == ResponseCode.ERROR
    assert "not known" in reply.body.text


async def test_what_is_no_message_is_answered_as_such(caller):
    (reply,) = await caller.raw(bytes.fromhex("020b020b") + bytes(16))
    assert reply[8:12] == b"\xff" * 4


# The site.


def knowing(serial, message):
    return replace(message, header=replace(message.header, site_serial=serial))


async def test_who_knows_an_older_site_does_nothing_here(node):
    node.restart(serial=3)
    caller = node.caller()
    for serial, expected in ((1, 300), (2, 300), (0, 402), (3, 402), (4, 402), (0xFFFF, 402)):
        reply = await caller.ask(knowing(serial, create(NEW)))
        assert (code(reply), reply.header.site_serial) == (expected, 3)
    site = await caller.ask(knowing(1, request(OpCode.GET_SITE_INFO, bodies.Named("/"))))
    assert decode_site(site.body.record).serial == 3
    assert node.values(NEW) is None


async def test_an_answer_is_taken_whatever_site_it_knows(node):
    node.restart(serial=3)
    caller = node.caller()
    challenge = await caller.ask(knowing(3, create(NEW)))
    assert code(await caller.ask(knowing(1, answer(challenge)))) == 1
    assert node.values(NEW) is not None


async def test_in_sessions_too_the_site_must_be_known_as_it_is(node):
    node.restart(serial=3)
    session = await InSession.begin(node.caller())
    for ask in (session.ask, session.ask_secretly):
        assert code(await ask(knowing(2, create(NEW)))) == 300
        assert code(await ask(knowing(3, create(NEW)))) == 402
