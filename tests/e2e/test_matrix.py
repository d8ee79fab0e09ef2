"""Every opcode, over every transport, by nobody and by the administrator of one prefix.

The administrator of 88.300.1 asks about names of his own prefix, of one derived from it, of a
prefix that is another enterprise's, of one that only looks like his, and of one that is not here.
No cell is missing: the table is compared with the list of all opcodes.
"""

import asyncio
import base64
import re
import secrets
from urllib.parse import quote

import aiohttp
import pytest

from identifiers.keys.sessions import CHANCE, offer
from identifiers.principals import HandleIdentity
from identifiers.values import Value
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode
from identifiers.wire.handle.data import encode_public_key
from identifiers.wire.handle.framing import NEED_DATA, TcpFramer, UdpJoiner, split
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message, decode, encode
from identifiers.wire.handle.values import encode_values
from idnode import SecretKey
from node.commands.administer import adding_enterprise, administer, creating_key, homing_prefix
from node.config import load

OWN, CHILD, FOREIGN, ALIKE, ABSENT = "88.300.1", "88.300.1.2", "88.300.2", "88.300.10", "99.1"
PREFIXES = (OWN, CHILD, FOREIGN, ALIKE, ABSENT)
URL = Value(index=1, type="URL", data=b"https://1.example")
HIDDEN = {
    "index": 5,
    "type": "SECRET",
    "data": {"format": "string", "value": "hidden"},
    "permissions": "1100",
}
PUBLIC = {"index": 1, "type": "URL", "data": {"format": "string", "value": "https://1.example"}}
# Two datagrams long, which two workers may take.
KEY = encode_public_key(offer(b"x" * CHANCE)[0])


def valued(handle, *values):
    return bodies.Valued(handle, encode_values(values))


def of_record(prefix):
    return bodies.Named(f"0.NA/{prefix}")


# How each opcode is asked about a prefix; the number makes cells independent of each other.
BODIES = {
    OpCode.RESOLUTION: lambda p, _n: bodies.Asked(f"{p}/A", (5,)),
    OpCode.GET_SITE_INFO: lambda _p, _n: bodies.Named("/"),
    OpCode.CREATE_HANDLE: lambda p, n: valued(f"{p}/NEW{n}", URL),
    OpCode.DELETE_HANDLE: lambda p, n: bodies.Named(f"{p}/D{n}"),
    OpCode.ADD_VALUE: lambda p, n: valued(f"{p}/A", Value(index=100 + n, type="URL", data=b"x")),
    OpCode.REMOVE_VALUE: lambda p, n: bodies.Removal(f"{p}/R{n}", (5,)),
    OpCode.MODIFY_VALUE: lambda p, _n: valued(f"{p}/A", URL),
    OpCode.LIST_HANDLES: lambda p, _n: of_record(p),
    OpCode.CHALLENGE_RESPONSE: lambda p, _n: bodies.Answer("HS_SECKEY", f"0.NA/{p}", 300, b"\x22"),
    OpCode.VERIFY_RESPONSE: lambda p, _n: bodies.Verification(
        f"0.NA/{p}", 300, bytes(16), bodies.Digest(3, bytes(32)), b"\x22"
    ),
    OpCode.HOME_NA: lambda p, _n: of_record(p),
    OpCode.UNHOME_NA: lambda p, _n: of_record(p),
    OpCode.LIST_HOMED_NAS: lambda _p, _n: bodies.Named("/"),
    OpCode.SESSION_SETUP: lambda p, _n: bodies.SessionSetup(
        mode=4, timeout=60, handle=f"0.NA/{p}", index=300, key=KEY
    ),
    OpCode.SESSION_TERMINATE: lambda p, _n: of_record(p),
    OpCode.SESSION_EXCHANGE_KEY: lambda _p, _n: bodies.ExchangeKey(bytes(256)),
    OpCode.META_CREATE: lambda _p, _n: bodies.Raw(b""),
    OpCode.META_REMOVE: lambda _p, _n: bodies.Raw(b""),
    OpCode.META_MODIFY: lambda _p, _n: bodies.Raw(b""),
    OpCode.META_QUERY: lambda _p, _n: bodies.Raw(b""),
    OpCode.GET_NEXT_TXN_ID: lambda p, _n: of_record(p),
    OpCode.RETRIEVE_TXN_LOG: lambda _p, _n: bodies.Raw(b""),
    OpCode.DUMP_HANDLES: lambda _p, _n: bodies.Raw(b""),
    OpCode.BACKUP_SERVER: lambda p, _n: of_record(p),
    OpCode.UPDATE_NOTIFY: lambda _p, _n: bodies.Raw(b""),
    OpCode.PASSWORD_LOGIN: lambda p, _n: bodies.Asked(f"0.NA/{p}", (300,), ("password",)),
    OpCode.LOGIN_ID_SYSTEM: lambda p, _n: bodies.Identity(f"0.NA/{p}", 300),
}

# What comes of it: to nobody, and to the administrator of OWN, by prefix in the order of PREFIXES.
CHANGE = ((402, 402, 402, 402, 301), (1, 400, 400, 400, 301))
OPERATOR_ONLY = ((402,) * 5, (400,) * 5)
REFUSED = ((5,) * 5, (5,) * 5)
ANYBODY = ((1,) * 5, (1,) * 5)
EXPECTED = {
    OpCode.RESOLUTION: ((402, 402, 402, 402, 301), (1, 401, 401, 401, 301)),
    OpCode.GET_SITE_INFO: ANYBODY,
    OpCode.CREATE_HANDLE: CHANGE,
    OpCode.DELETE_HANDLE: CHANGE,
    OpCode.ADD_VALUE: CHANGE,
    OpCode.REMOVE_VALUE: CHANGE,
    OpCode.MODIFY_VALUE: CHANGE,
    # A prefix without a record of its own is listed by the administrators of the one above.
    OpCode.LIST_HANDLES: (CHANGE[0], (1, 1, 400, 400, 301)),
    OpCode.CHALLENGE_RESPONSE: ((405,) * 5, (405,) * 5),
    OpCode.VERIFY_RESPONSE: ((1, 1, 1, 1, 403), (1, 1, 1, 1, 403)),
    OpCode.HOME_NA: OPERATOR_ONLY,
    OpCode.UNHOME_NA: OPERATOR_ONLY,
    OpCode.LIST_HOMED_NAS: OPERATOR_ONLY,
    OpCode.SESSION_SETUP: ANYBODY,
    OpCode.SESSION_TERMINATE: ((501,) * 5, (501,) * 5),
    OpCode.SESSION_EXCHANGE_KEY: ((501,) * 5, (501,) * 5),
    OpCode.META_CREATE: REFUSED,
    OpCode.META_REMOVE: REFUSED,
    OpCode.META_MODIFY: REFUSED,
    OpCode.META_QUERY: REFUSED,
    OpCode.GET_NEXT_TXN_ID: REFUSED,
    OpCode.RETRIEVE_TXN_LOG: REFUSED,
    OpCode.DUMP_HANDLES: REFUSED,
    OpCode.BACKUP_SERVER: REFUSED,
    OpCode.UPDATE_NOTIFY: REFUSED,
    OpCode.PASSWORD_LOGIN: REFUSED,
    OpCode.LOGIN_ID_SYSTEM: ((402,) * 5, (1,) * 5),
}
# A login belongs to a TCP connection.
ELSEWHERE = {OpCode.LOGIN_ID_SYSTEM: REFUSED}


def by_index(name, *indexes):
    return f"/api/handles/{quote(name)}?" + "&".join(f"index={index}" for index in indexes)


# The calls of the REST form; opcodes that are not here have none: replication, the Chinese logins,
# and answers and keys of sessions, which the REST form carries in its own headers.
REST = {
    OpCode.RESOLUTION: lambda p, _n: ("GET", by_index(f"{p}/A", 5) + "&publicOnly=false", None),
    OpCode.GET_SITE_INFO: lambda _p, _n: ("GET", "/api/site", None),
    OpCode.CREATE_HANDLE: lambda p, n: (
        "PUT",
        f"/api/handles/{p}/NEW{n}?overwrite=false",
        [PUBLIC],
    ),
    OpCode.DELETE_HANDLE: lambda p, n: ("DELETE", f"/api/handles/{p}/D{n}", None),
    OpCode.ADD_VALUE: lambda p, n: (
        "PUT",
        by_index(f"{p}/A", 100 + n) + "&overwrite=false",
        [{**PUBLIC, "index": 100 + n}],
    ),
    OpCode.REMOVE_VALUE: lambda p, n: ("DELETE", by_index(f"{p}/R{n}", 5), None),
    OpCode.MODIFY_VALUE: lambda p, _n: ("PUT", by_index(f"{p}/A", 1), [PUBLIC]),
    OpCode.LIST_HANDLES: lambda p, _n: ("GET", f"/api/handles?prefix={p}", None),
    OpCode.HOME_NA: lambda p, _n: ("POST", f"/api/prefixes/{p}", None),
    OpCode.UNHOME_NA: lambda p, _n: ("DELETE", f"/api/prefixes/{p}", None),
    OpCode.LIST_HOMED_NAS: lambda _p, _n: ("GET", "/api/prefixes", None),
}
WITHOUT_REST = {
    OpCode.CHALLENGE_RESPONSE,
    OpCode.VERIFY_RESPONSE,
    OpCode.SESSION_SETUP,
    OpCode.SESSION_TERMINATE,
    OpCode.SESSION_EXCHANGE_KEY,
    OpCode.GET_NEXT_TXN_ID,
    OpCode.RETRIEVE_TXN_LOG,
    OpCode.DUMP_HANDLES,
    OpCode.BACKUP_SERVER,
    OpCode.UPDATE_NOTIFY,
    OpCode.META_CREATE,
    OpCode.META_REMOVE,
    OpCode.META_MODIFY,
    OpCode.META_QUERY,
    OpCode.PASSWORD_LOGIN,
    OpCode.LOGIN_ID_SYSTEM,
}


def test_no_cell_is_missing():
    every = set(OpCode) - {OpCode.RESERVED}
    assert BODIES.keys() == EXPECTED.keys() == every
    assert all(len(row) == len(PREFIXES) for rows in EXPECTED.values() for row in rows)
    assert REST.keys() | WITHOUT_REST == every
    assert not REST.keys() & WITHOUT_REST


class Tcp:
    """One connection for everything."""

    async def __aenter__(self):
        self._reader, self._writer = await asyncio.open_connection(*self.address)
        self._framer = TcpFramer()
        return self

    def __init__(self, node):
        self.address = node.address("handle")

    async def __aexit__(self, *_):
        self._writer.close()
        await self._writer.wait_closed()

    async def ask(self, octets):
        self._writer.write(octets)
        while (reply := self._framer.next_message()) is NEED_DATA:
            data = await self._reader.read(65536)
            assert data, "the connection was closed without an answer"
            self._framer.feed(data)
        return reply


class Udp(asyncio.DatagramProtocol):
    """Datagrams from one socket."""

    def __init__(self, node):
        self.address = node.address("handle")
        self._joiner = UdpJoiner()
        self._replies = asyncio.Queue()

    async def __aenter__(self):
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, remote_addr=self.address
        )
        return self

    async def __aexit__(self, *_):
        self._transport.close()

    def datagram_received(self, data, addr):
        if (whole := self._joiner.add(data, addr, 0.0)) is not None:
            self._replies.put_nowait(whole)

    async def ask(self, octets):
        for packet in split(octets):
            self._transport.sendto(packet)
        try:
            async with asyncio.timeout(3):
                return await self._replies.get()
        except TimeoutError:
            return None


class Tunnel:
    """Messages in HTTP requests."""

    def __init__(self, node):
        self._url = node.url("http")

    async def __aenter__(self):
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_):
        await self._session.close()

    async def ask(self, octets):
        headers = {"Content-Type": "application/x-hdl-message"}
        async with self._session.post(self._url, data=octets, headers=headers) as answer:
            assert answer.status == 200
            return await answer.read()


async def code_of(transport, op_code, body, me):
    """Ask as nobody, or prove who asks; return the last code."""
    asked = Message(request_id=7, header=Header(op_code=op_code), body=body)
    octets = await transport.ask(encode(asked))
    if octets is None:
        return None
    reply = decode(octets)
    if me is None or reply.header.response_code != 402:
        return reply.header.response_code
    answer = Message(
        session_id=reply.session_id,
        request_id=8,
        header=Header(op_code=OpCode.CHALLENGE_RESPONSE),
        body=bodies.Answer(
            me.kind,
            me.handle,
            me.index,
            me.answer(reply.body.nonce, reply.digest.value, secrets.token_bytes),
        ),
    )
    final = decode(await transport.ask(encode(answer)))
    assert (final.request_id, final.header.op_code) == (8, op_code)
    return final.header.response_code


@pytest.fixture
async def secret(node):
    """Another enterprise with two prefixes, records everywhere, an administrator of OWN."""
    settings = load(node.environment)
    other = int(await administer(settings, adding_enterprise("示例物流")))
    for prefix in (FOREIGN, ALIKE):
        await administer(settings, homing_prefix(prefix, enterprise=other))
    keys = {OWN: node.api_key, CHILD: node.api_key}
    keys[FOREIGN] = keys[ALIKE] = await administer(settings, creating_key(enterprise=other))
    for prefix, key in keys.items():
        node.api_key = key
        async with node.registry() as registry:
            for name in ("A", *(f"{letter}{n}" for letter in "DR" for n in range(8))):
                values = [PUBLIC | {"data": "https://1.example"}, HIDDEN]
                await registry.create({"handle": f"{prefix}/{name}", "values": values})
    told = (await node.command("prefix", "admin", OWN, "--secret")).stdout
    assert HandleIdentity.parse(re.search(r"(\d+:\S+)", told)[1]) == ME
    return told.split()[-1]


ME = HandleIdentity(f"0.NA/{OWN}", 300)


@pytest.mark.timeout(300)
async def test_every_opcode_over_every_transport(node, secret):
    me = SecretKey(ME.handle, ME.index, secret.encode())
    wrong = {}
    for number, (kind, exceptions) in enumerate(((Tcp, {}), (Udp, ELSEWHERE), (Tunnel, ELSEWHERE))):
        for op_code, expected in (EXPECTED | exceptions).items():
            for who, row in zip((None, me), expected, strict=True):
                # A connection of its own: who logged in before is known on his.
                async with kind(node) as transport:
                    body = [BODIES[op_code](prefix, number) for prefix in PREFIXES]
                    got = tuple([await code_of(transport, op_code, b, who) for b in body])
                if got != row:
                    wrong[kind.__name__, op_code.name, who is not None] = (got, row)
    assert not wrong, "\n".join(f"{cell}: {rows}" for cell, rows in wrong.items())


@pytest.mark.timeout(300)
async def test_every_call_of_the_rest_form(node, secret):
    user = base64.b64encode(f"{ME.index}%3A{ME.handle}:{secret}".encode()).decode()
    wrong = {}
    async with aiohttp.ClientSession(node.url("http")) as session:
        for op_code, call in REST.items():
            nobody, administrator = EXPECTED[op_code]
            if nobody == CHANGE[0] and op_code != OpCode.RESOLUTION:
                nobody = (402,) * 5  # this form asks for credentials first
            for known, row in ((False, nobody), (True, administrator)):
                headers = {"Authorization": f"Basic {user}"} if known else {}
                got = []
                for prefix in PREFIXES:
                    method, path, body = call(prefix, 7)
                    async with session.request(method, path, json=body, headers=headers) as answer:
                        document = await answer.json()
                        # The site record comes without a code.
                        got.append(document.get("responseCode", 1))
                if tuple(got) != row:
                    wrong[op_code.name, known] = (tuple(got), row)
    assert not wrong, "\n".join(f"{cell}: {rows}" for cell, rows in wrong.items())
