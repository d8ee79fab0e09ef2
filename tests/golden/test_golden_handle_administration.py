"""A node that holds the same records gives the administrator the replies that were recorded.

Nonces, challenge ids and the time are the recorded ones, so the recorded answers to challenges
prove what they proved, and replies are compared byte by byte. What differs on purpose is in
`DIFFERENT`, with its reason.
"""

from collections import deque
from ipaddress import ip_address

import pytest
from msgspec.structs import replace

from identifiers.changes import Enterprise
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.keys.sessions import CipherCode, decode_agreed
from identifiers.names import Prefix
from identifiers.principals import HandleIdentity
from identifiers.records import Record, State
from identifiers.relay import Channel, Origin
from identifiers.values import Reference, Value
from identifiers.wire.handle import bodies, data
from identifiers.wire.handle.codes import ResponseCode
from identifiers.wire.handle.message import decode
from identifiers.wire.handle.site import decode_site
from identifiers.wire.handle.translate import REPLY_LIFETIME
from identifiers.wire.handle.values import decode_values, encode_values
from registry.administration import Administration
from registry.commit import GroupCommit
from registry.handle.service import HandleAdministration
from registry.identities import Identities
from registry.prefixes import Prefixes
from registry.seals import KEY_OCTETS, Seals
from registry.service import Registry
from storage.memory import MemoryStore
from tests.golden.vectors import ADMIN_KEY, EXCHANGES, SENSIBLE, frames, whole

NOW = 1_700_000_000
HOME = "20.500.123"
ADMIN = HandleIdentity(f"{HOME}/ADMIN", 300)
SEALS = Seals(b"k" * KEY_OCTETS)
NEVER = 0x7FFF_FFFF
ADMINISTRATION = [
    name
    for name in SENSIBLE
    if not name.startswith(("resolve_", "session_", "cn_")) and name != "list_handles"
]
DIFFERENT = {
    "the Chinese login": "the recorded replies to 2001 and 200 were made by hand: they say "
    "RECU|CACR, which the request does not, and never expire",
}


class Script:
    """Chance and time as they were when the recording was made."""

    def __init__(self):
        self.nonces = deque()
        self.ids = deque()
        self.expiration = NOW + REPLY_LIFETIME
        self.drawn = 0

    def chance(self, count):
        if count == 16 and self.nonces:
            return self.nonces.popleft()
        if count == 4 and self.ids:
            return self.ids.popleft().to_bytes(4)
        self.drawn += 1
        return self.drawn.to_bytes(count)

    def clock(self):
        return (self.expiration - REPLY_LIFETIME) * 1_000_000_000

    def follow(self, recorded):
        told = decode(recorded)
        if told.header.expiration != NEVER:
            self.expiration = told.header.expiration
        if isinstance(told.body, bodies.Challenge):
            self.nonces.append(told.body.nonce)
            self.ids.append(told.session_id)


def admin(index=100, handle=f"0.NA/{HOME}", at=200, permissions=data.ALL_PERMISSIONS):
    return Value(
        index=index,
        type="HS_ADMIN",
        data=data.encode_admin(data.Admin(permissions, handle, at)),
        timestamp=NOW,
    )


def values_of(name):
    return decode_values(decode(whole(name, "resp")[-1]).body.values)


class Node:
    def __init__(self, store):
        self.store = store
        self.script = Script()
        prefixes = Prefixes(store)
        registry = Registry(store, GroupCommit(store), prefixes, SEALS, (ADMIN,))
        site = decode_site(decode(whole("get_site_info", "resp")[0]).body.record)
        self.handle = HandleAdministration(
            registry=registry,
            administration=Administration(store, b"p" * 32),
            store=store,
            prefixes=prefixes,
            identities=Identities(store, prefixes, SEALS),
            site=site,
            clock=self.script.clock,
            steady=lambda: 0.0,
            chance=self.script.chance,
        )

    def keep(self, name, *values):
        self.store.records[name] = Record(
            key=name,
            name=name,
            version=1,
            state=State.ACTIVE,
            values=encode_values(values),
            changed_at=NOW,
        )

    async def ask(self, request, channel=Channel.TCP, connection=""):
        origin = Origin(
            channel=channel,
            address=ip_address("127.0.0.1"),
            trusted=True,
            secure=True,
            connection=connection,
        )
        return [reply async for reply in self.handle.message(request, origin)]

    async def replay(self, name):
        """Ask what was asked; return replies and what they were, message by message."""
        got = []
        recorded = deque(whole(name, "resp"))
        for number, request in enumerate(whole(name, "req")):
            self.script.follow(recorded[len(got)])
            got += await self.ask(request, connection=f"{name}-{number}")
        return list(zip(got, recorded, strict=True))

    def value(self, name, index):
        record = self.store.records[name]
        return next((v for v in decode_values(record.values) if v.index == index), None)


@pytest.fixture
async def node():
    store = MemoryStore()
    await store.add_enterprise(Enterprise(id=0, name="示例"), None)
    for text in ("0.NA", HOME, "88.118.1"):
        entry = PrefixEntry(
            prefix=Prefix.parse(text), kind=PrefixKind.ENTERPRISE, enterprise=1, fold_suffix=True
        )
        await store.home_prefix(entry, None)
    made = Node(store)
    group = (Reference(f"{HOME}/ADMIN", 300), Reference(f"0.NA/{HOME}", 300))
    key = Value(index=300, type="HS_PUBKEY", data=ADMIN_KEY)
    members = Value(index=200, type="HS_VLIST", data=data.encode_vlist(group))
    made.keep(f"0.NA/{HOME}", admin(), members, key)
    made.keep("0.NA/88.118.1", admin())
    secret = Value(index=300, type="HS_SECKEY", data=b"password123", permissions=0x0C)
    made.keep(f"{HOME}/ADMIN", admin(), *SEALS.sealed(f"{HOME}/ADMIN", (secret,)))
    (hidden,) = values_of("private_read_seckey_challenge")
    public = values_of("resolve_udp_public")
    made.keep(f"{HOME}/MULTI", *sorted([*public, hidden], key=lambda v: v.index))
    for number in range(120):
        made.keep(f"88.118.1/L{number:03}", admin())
    return made


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
