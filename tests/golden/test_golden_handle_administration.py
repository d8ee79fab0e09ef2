"""A node that holds the same records gives the administrator the replies that were recorded.

Nonces, challenge ids and the time are the recorded ones, so the recorded answers to challenges
prove what they proved, and replies are compared byte by byte. What differs on purpose is in
`DIFFERENT`, with its reason.
"""

import pytest
from msgspec.structs import replace

from identifiers.keys.sessions import CipherCode, decode_agreed
from identifiers.records import State
from identifiers.relay import Channel
from identifiers.wire.handle.codes import ResponseCode
from identifiers.wire.handle.message import decode
from identifiers.wire.handle.values import decode_values
from tests.golden.administered import ADMIN, HOME, made_node
from tests.golden.vectors import EXCHANGES, SENSIBLE, frames, whole

ADMINISTRATION = [
    name
    for name in SENSIBLE
    if not name.startswith(("resolve_", "session_", "cn_")) and name != "list_handles"
]
DIFFERENT = {
    "the Chinese login": "the recorded replies to 2001 and 200 were made by hand: they say "
    "RECU|CACR, which the request does not, and never expire",
}


@pytest.fixture
async def node():
    return await made_node()


async def set_the_stage(node, name):
    """Store what the exchanges before this one had left behind."""
    if name in {"create_handle_exists", "create_handle_overwrite", "add_value", "delete_handle"}:
        await node.replay("create_handle_seckey")
    if name in {"modify_value", "remove_value"}:
        await node.replay("create_handle_seckey")
        await node.replay("add_value")


@pytest.mark.parametrize("name", ADMINISTRATION)
async def test_replies_are_those_that_were_recorded(node, name):
    await set_the_stage(node, name)
    for got, recorded in await node.replay(name):
        assert got == recorded


async def test_lists_come_in_the_messages_that_were_recorded(node):
    pairs = await node.replay("list_handles")
    assert len(pairs) == 4
    for got, recorded in pairs:
        assert got == recorded


async def test_what_was_asked_is_done(node):
    for name, index, expected in (
        ("create_handle_seckey", 1, b"https://example.org/gv1"),
        ("create_handle_overwrite", 1, b"https://example.org/gv1c"),
        ("add_value", 3, b"added"),
        ("modify_value", 3, b"modified"),
    ):
        await node.replay(name)
        assert node.value(f"{HOME}/GV1", index).data == expected
    await node.replay("remove_value")
    assert node.value(f"{HOME}/GV1", 3) is None
    await node.replay("delete_handle")
    assert node.store.records[f"{HOME}/GV1"].state is State.DELETED
    await node.replay("home_na")
    assert (await node.store.directory()).exact("77.1") is not None
    assert next(entry.actor for entry in node.store.audited if entry) == f"identity:{ADMIN}"


async def test_the_chinese_sdk_logs_in_and_administers(node):
    values = decode_values(decode(whole("cn_teleinfo_sdk_2_3_1_session", "resp")[0]).body.values)
    node.keep(f"{HOME}/0000001", *values)
    recorded = whole("cn_teleinfo_sdk_2_3_1_session", "resp")
    for request, expected in zip(
        whole("cn_teleinfo_sdk_2_3_1_session", "req"), recorded, strict=True
    ):
        node.script.follow(expected)
        (got,) = await node.ask(request, connection="one")
        told, there = decode(got), decode(expected)
        if told.header.op_code == 2001:
            flags = decode(request).header.flags if told.header.response_code == 402 else 0x10000000
            header = replace(
                there.header, flags=flags | 0x80000000, expiration=told.header.expiration
            )
            assert told == replace(there, header=header), DIFFERENT["the Chinese login"]
        else:
            assert got == expected
    assert node.store.records[f"{HOME}/TELE1"].state is State.DELETED


async def test_a_session_is_agreed_on_as_recorded_but_for_the_keys(node):
    request, recorded = (whole("session_dh_create_delete", way)[0] for way in ("req", "resp"))
    node.script.follow(recorded)
    node.script.ids.append(decode(recorded).session_id)
    (got,) = await node.ask(request, Channel.UDP)
    told, there = decode(got), decode(recorded)
    # This node has no key of its own here, and signs nothing: see the unit tests.
    assert replace(told, body=there.body) == replace(there, credential=None)
    assert told.body.mode == there.body.mode
    (cipher, ours), (_, theirs) = decode_agreed(told.body.data), decode_agreed(there.body.data)
    assert cipher is CipherCode.AES
    assert (ours.p, ours.g) == (theirs.p, theirs.g)
    # The rest of the recording is under a key that only the recorded client knew.
    (refused,) = await node.ask(whole("session_dh_create_delete", "req")[1])
    assert decode(refused).header.response_code == ResponseCode.INVALID_SESSION_KEY


async def test_a_recorded_answer_executes_once(node):
    await node.replay("create_handle_seckey")
    answer = whole("create_handle_seckey", "req")[1]
    await node.replay("delete_handle")
    for _ in range(3):
        (late,) = await node.ask(answer)
        assert decode(late).header.response_code == ResponseCode.AUTHENTICATION_TIMEOUT
    assert node.store.records[f"{HOME}/GV1"].state is State.DELETED


def test_every_recorded_exchange_is_replayed_somewhere():
    here = {*ADMINISTRATION, "list_handles", "session_dh_create_delete"}
    here.add("cn_teleinfo_sdk_2_3_1_session")
    anonymous = {name for name in EXCHANGES if name.startswith(("resolve_", "raw_"))}
    assert here | anonymous == EXCHANGES.keys()
    assert all(frames(name, "req") for name in here)
