"""Who is known: challenges answered once, logins, and what is told to those who are not known."""

import asyncio

import pytest
from msgspec.structs import replace

from identifiers.principals import HandleIdentity
from identifiers.records import State
from identifiers.relay import Channel
from identifiers.wire.cursor import text, u32
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode, OpFlag
from identifiers.wire.handle.digests import request_digest
from identifiers.wire.handle.message import encode
from registry.handle.challenges import LIFETIME, MOST_OF_ONE
from registry.handle.logins import IDLE
from tests.unit.registry.handle.wire import (
    ADMIN,
    PLAIN,
    SECRET,
    SIGNER,
    STRANGER,
    SlowStore,
    answer,
    code,
    create,
    delete,
    listing,
    login,
    request,
    resolution,
    url,
)

NEW = "88.300.1/NEW"
LATE, WRONG, LOGIN_FIRST, RELOGIN = 405, 403, 408, 407
PASSWORD = SECRET.decode()
STRANGERS = {"address": "203.0.113.7", "trusted": False}


async def test_what_is_told_is_counted(node, caller):
    await caller.prove(create(NEW))
    await caller.ask(create("99.1/x"))
    await caller.ask(create(NEW, flags=PLAIN | OpFlag.OVERWRITE))
    assert node.handle.answered == {402: 2, 1: 1, 301: 1}
    assert node.handle.known == {"challenge": 1, "session": 0, "login": 0}


async def test_a_challenge_carries_the_digest_and_a_nonce_of_its_own(caller):
    asked = create(NEW, request_id=4711)
    first, second = await caller.ask(asked), await caller.ask(asked)
    assert first.header.flags & OpFlag.REQUEST_DIGEST
    assert first.digest == request_digest(encode(asked), (2, 11))
    assert len(first.body.nonce) == 16
    assert first.body.nonce != second.body.nonce
    assert 0 != first.session_id != second.session_id != 0


@pytest.mark.parametrize(("version", "size"), [((2, 11), 32), ((2, 4), 20), ((2, 0), 16)])
async def test_the_digest_goes_by_the_version(caller, node, version, size):
    asked = replace(delete("88.300.1/A"), version=version, suggested=(0, 0))
    challenge = await caller.ask(asked)
    assert len(challenge.digest.value) == size
    done = await caller.ask(replace(answer(challenge), version=version, suggested=(0, 0)))
    assert code(done) == 1
    assert node.values("88.300.1/A") is None


async def test_an_answer_sent_twice_executes_once(node, caller):
    challenge = await caller.ask(create(NEW))
    proved = answer(challenge)
    assert code(await caller.ask(proved)) == 1
    assert code(await caller.prove(delete(NEW))) == 1
    for again in (caller, node.caller(connection="other", **STRANGERS)):
        assert code(await again.ask(proved)) == LATE
    assert node.values(NEW) is None


async def test_answers_sent_at_once_execute_once(node, caller):
    challenge = await caller.ask(create(NEW))
    codes = await asyncio.gather(*(caller.ask(answer(challenge)) for _ in range(5)))
    assert sorted(map(code, codes)) == [1, *[LATE] * 4]
    assert len(node.store.changes) == 1


async def test_an_answer_may_come_over_another_connection(node):
    one, other = (node.caller(connection=name) for name in ("one", "other"))
    challenge = await one.ask(create(NEW))
    assert code(await other.ask(answer(challenge))) == 1
    assert node.values(NEW)


async def test_after_a_restart_an_answer_executes_nothing(node, caller):
    challenge = await caller.ask(create(NEW))
    node.restart()
    assert code(await node.caller().ask(answer(challenge))) == LATE
    assert node.values(NEW) is None


async def test_an_answer_must_come_in_time(node, caller):
    challenge = await caller.ask(create(NEW))
    node.clock.now += LIFETIME
    assert code(await caller.ask(answer(challenge))) == LATE
    assert node.values(NEW) is None


async def test_a_wrong_answer_ends_the_challenge(node, caller):
    challenge = await caller.ask(create(NEW))
    wrong = await caller.ask(answer(challenge, secret=b"password124"))
    assert (code(wrong), wrong.body.text, wrong.header.op_code) == (WRONG, "", 100)
    assert code(await caller.ask(answer(challenge))) == LATE
    assert node.values(NEW) is None


async def test_who_is_wrong_too_often_must_wait(node):
    caller = node.caller(connection="one")
    codes = [code(await caller.prove(create(NEW), secret=b"wrong")) for _ in range(12)]
    assert codes == [WRONG] * 10 + [3] * 2
    assert code(await caller.prove(create(NEW))) == 3
    # Another's mistakes are another's, and those of minutes ago are forgotten.
    assert code(await caller.prove(create(NEW), STRANGER)) == 400
    node.clock.now += 60
    assert code(await caller.prove(create(NEW))) == 1
    for _ in range(12):
        assert code(await caller.prove(resolution("88.300.1/A", indexes=(5,)))) == 1


async def test_many_are_right_at_the_same_time(node, caller):
    async def one(number):
        return code(await caller.prove(create(f"88.300.1/P{number}")))

    assert set(await asyncio.gather(*(one(number) for number in range(60)))) == {1}
    assert len(node.store.changes) == 60


async def test_an_answer_proves_nothing_for_another_request(caller, node):
    harmless = await caller.ask(delete("88.300.1/none"))
    wanted = await caller.ask(delete("88.300.1/A"))
    swapped = replace(answer(harmless), session_id=wanted.session_id)
    assert code(await caller.ask(swapped)) == WRONG
    assert node.values("88.300.1/A")


async def test_what_is_no_answer_finds_nothing(caller):
    challenge = await caller.ask(create(NEW))
    assert code(await caller.ask(replace(answer(challenge), session_id=0))) == LATE
    other = replace(answer(challenge), session_id=challenge.session_id ^ 1)
    assert code(await caller.ask(other)) == LATE


async def test_a_key_elsewhere_is_said_to_be_elsewhere(caller):
    reply = await caller.prove(create(NEW), HandleIdentity("99.1/ADMIN", 300))
    assert code(reply) == WRONG
    assert "not on this node" in reply.body.text


async def test_one_stranger_has_so_many_challenges(node):
    stranger = node.caller(**STRANGERS)
    for _ in range(MOST_OF_ONE):
        assert code(await stranger.ask(create(NEW))) == 402
    assert code(await stranger.ask(create(NEW))) == 3
    assert code(await node.caller().ask(create(NEW))) == 402


@pytest.mark.parametrize(
    "asked",
    [create(NEW), delete("88.300.1/A"), resolution("88.300.1/A", indexes=(5,)), login(ADMIN)],
    ids=["create", "delete", "read", "login"],
)
async def test_strangers_are_not_challenged_in_datagrams(node, asked):
    stranger = node.caller(channel=Channel.UDP, connection="?", **STRANGERS)
    assert await stranger.raw(encode(asked)) == []
    assert len(node.handle.challenges) == 0
    friend = node.caller(channel=Channel.UDP, connection="?")
    assert code(await friend.ask(asked)) == 402


# Logins (2001, 2000).


@pytest.mark.parametrize("identity", [ADMIN, SIGNER])
async def test_a_login_is_good_for_everything_on_its_connection(node, identity):
    caller = node.caller(connection="one")
    done = await caller.prove(login(identity), identity)
    assert (code(done), done.header.op_code, done.digest) == (1, 2001, None)
    assert code(await caller.ask(create(NEW))) == 1
    assert code(await caller.ask(resolution("88.300.1/A", indexes=(5,)))) == 1
    assert code(await caller.ask(delete(NEW))) == 1


async def test_a_session_id_that_a_client_chose_is_repeated_to_it(node):
    caller = node.caller(connection="one")
    asked = replace(login(), session_id=10001)
    challenge = await caller.ask(asked)
    assert challenge.session_id == 10001
    done = await caller.ask(answer(challenge))
    assert (code(done), done.session_id) == (1, 10001)
    created = await caller.ask(replace(create(NEW), session_id=10001))
    assert (code(created), created.session_id) == (1, 10001)


async def test_a_login_is_no_other_connections(node):
    await node.caller(connection="one").prove(replace(login(), session_id=10001))
    for other in (node.caller(connection="two"), node.caller()):
        assert code(await other.ask(replace(create(NEW), session_id=10001))) == 402


async def test_an_answer_taken_off_the_wire_logs_nobody_else_in(node):
    caller, thief = (node.caller(connection=name) for name in ("one", "thief"))
    challenge = await caller.ask(login())
    assert code(await thief.ask(answer(challenge))) == WRONG
    assert code(await thief.ask(create(NEW))) == 402
    assert code(await caller.ask(answer(challenge))) == LATE


async def test_another_login_takes_the_place_of_the_first(node):
    caller = node.caller(connection="one")
    await caller.prove(login())
    await caller.prove(login(STRANGER), STRANGER)
    assert code(await caller.ask(create(NEW))) == 400


async def test_a_wrong_answer_logs_nobody_in(node):
    caller = node.caller(connection="one")
    assert code(await caller.prove(login(), secret=b"wrong")) == WRONG
    assert code(await caller.ask(create(NEW))) == 402


async def test_without_a_connection_nobody_logs_in(caller):
    assert code(await caller.ask(login())) == 5


async def test_a_login_that_is_over_is_told_so(node):
    caller = node.caller(connection="one")
    await caller.prove(login())
    node.clock.now += IDLE
    assert code(await caller.ask(create(NEW))) == RELOGIN
    assert code(await caller.prove(login())) == 1
    assert code(await caller.ask(create(NEW))) == 1


async def test_a_login_that_began_meanwhile_stays(node, monkeypatch):
    caller = node.caller(connection="one")
    await caller.prove(login())
    node.keep(ADMIN.handle, url())
    slow = SlowStore(node.store)
    monkeypatch.setattr(node.store, "record", slow.record)
    early = asyncio.create_task(caller.ask(create(NEW)))
    await slow.asked.wait()
    challenge = await node.caller(connection="one").ask(login(STRANGER))
    assert code(await caller.ask(answer(challenge, STRANGER))) == 1
    slow.go.set()
    assert code(await early) == 402
    assert code(await caller.ask(create(NEW))) == 400


@pytest.mark.parametrize("change", ["taken away", "replaced", "suspended"])
async def test_a_login_ends_with_its_key(node, change):
    caller = node.caller(connection="one")
    await caller.prove(login())
    record = node.store.records[ADMIN.handle]
    if change == "taken away":
        node.keep(ADMIN.handle, url())
    elif change == "replaced":
        (key,) = node.seals.sealed(ADMIN.handle, (url(300, b"new", type="HS_SECKEY"),))
        node.keep(ADMIN.handle, key)
    else:
        node.store.records[ADMIN.handle] = replace(record, state=State.SUSPENDED)
    assert code(await caller.ask(create(NEW))) == RELOGIN


async def test_a_key_that_went_in_between_logs_nobody_in(node):
    caller = node.caller(connection="one")
    challenge = await caller.ask(login())
    node.keep(ADMIN.handle, url())
    assert code(await caller.ask(answer(challenge))) == WRONG


async def test_some_clients_want_to_be_told_to_log_in(node):
    assert code(await node.caller(connection="other").ask(create(NEW))) == 402
    caller = node.caller(connection="one", login_first=True)
    for asked in (create(NEW), listing("0.NA/88.300.1"), resolution("88.300.1/A", indexes=(5,))):
        assert code(await caller.ask(asked)) == LOGIN_FIRST
    assert code(await caller.prove(login())) == 1
    assert code(await caller.ask(create(NEW))) == 1


def password(secret=PASSWORD, indexes=(300,)):
    types = (secret,) if secret else ()
    return request(OpCode.PASSWORD_LOGIN, bodies.Asked(ADMIN.handle, indexes, types), PLAIN)


async def test_passwords_are_not_taken(node):
    assert code(await node.caller(connection="one").ask(password())) == 5


async def test_passwords_are_taken_where_the_setting_says_so(node):
    node.restart(passwords=True)
    caller = node.caller(connection="one", trusted=False, secure=True)
    done = await caller.ask(password())
    assert (code(done), done.body) == (1, bodies.Raw(text(ADMIN.handle) + u32(0)))
    assert code(await caller.ask(create(NEW))) == 1


@pytest.mark.parametrize(
    ("asked", "more", "expected"),
    [
        (password("wrong"), {"connection": "one"}, WRONG),
        (password(""), {"connection": "one"}, WRONG),
        (password(indexes=(301,)), {"connection": "one"}, WRONG),
        (password(), {}, 5),
        (password(), {"connection": "one", **STRANGERS}, 5),
    ],
)
async def test_passwords_are_taken_from_no_others(node, asked, more, expected):
    node.restart(passwords=True)
    caller = node.caller(**more)
    assert code(await caller.ask(asked)) == expected
    assert code(await node.caller(connection="one").ask(create(NEW))) == 402


async def test_passwords_are_not_tried_out(node):
    node.restart(passwords=True)
    caller = node.caller(connection="one")
    codes = [code(await caller.ask(password("wrong"))) for _ in range(12)]
    assert codes == [WRONG] * 10 + [3] * 2
    assert code(await caller.ask(password())) == 3


async def test_a_password_for_any_key_of_a_handle(node):
    node.restart(passwords=True)
    caller = node.caller(connection="one")
    assert code(await caller.ask(password(indexes=()))) == 1
    assert code(await caller.ask(create(NEW))) == 1
