"""A Handle client of the registry process: asks, answers challenges, keeps a session."""

import asyncio
from ipaddress import ip_address

from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec.structs import replace

from identifiers.keys.credentials import with_mac
from identifiers.keys.responses import answer_with_key, answer_with_secret
from identifiers.keys.sessions import (
    CHANCE,
    agree,
    decode_agreed,
    decrypt_message,
    encrypt_message,
    offer,
)
from identifiers.keys.signers import RsaSigner
from identifiers.names import Handle
from identifiers.principals import HandleIdentity
from identifiers.records import Record, State
from identifiers.relay import Channel, Origin
from identifiers.values import Value
from identifiers.wire.handle import bodies, data
from identifiers.wire.handle.codes import EnvelopeFlag, OpCode, OpFlag
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message, decode, encode
from identifiers.wire.handle.values import decode_values, encode_values
from tests.unit.registry.world import NOW

PLAIN = OpFlag.RECURSIVE | OpFlag.CACHE_CERTIFY
PUBLIC = PLAIN | OpFlag.PUBLIC_ONLY
SECRET = b"password123"
ADMIN = HandleIdentity("0.NA/88.300.1", 300)
"""Administers 88.300.1 by a secret key."""
SIGNER = HandleIdentity("0.NA/88.300.1", 301)
"""Does so too, by a public key."""
READER = HandleIdentity("88.300.1/reader", 300)
"""May read what is for administrators, and list."""
STRANGER = HandleIdentity("88.300.10/other", 300)
"""Has a key, and no rights on 88.300.1."""
OPERATOR = HandleIdentity("88.300/operator", 300)
"""A server administrator."""
KEY = RsaSigner(rsa.generate_private_key(public_exponent=65537, key_size=2048))
SITE_KEY = RsaSigner(rsa.generate_private_key(public_exponent=65537, key_size=2048))
IV = b"i" * 16


def url(index=1, text=b"https://a.example", **more):
    return Value(index=index, type=more.pop("type", "URL"), data=text, timestamp=NOW, **more)


def hidden(index=5, text=b"for administrators"):
    return url(index, text, type="SECRET", permissions=0x0C)


def administered_by(handle, index, permissions=data.ALL_PERMISSIONS, at=100):
    admin = data.encode_admin(data.Admin(permissions, handle, index))
    return Value(index=at, type="HS_ADMIN", data=admin, timestamp=NOW)


def request(op_code, body, flags=PLAIN, **more):
    return Message(
        request_id=more.pop("request_id", 77),
        header=Header(op_code=op_code, flags=flags),
        body=body,
        **more,
    )


def resolution(name, *, indexes=(), types=(), flags=PLAIN, **more):
    return request(OpCode.RESOLUTION, bodies.Asked(name, indexes, types), flags, **more)


def create(name, *values, flags=PUBLIC, **more):
    body = bodies.Valued(name, encode_values(values or (url(),)))
    return request(OpCode.CREATE_HANDLE, body, flags, **more)


def delete(name, **more):
    return request(OpCode.DELETE_HANDLE, bodies.Named(name), **more)


def add(name, *values, **more):
    return request(OpCode.ADD_VALUE, bodies.Valued(name, encode_values(values)), **more)


def modify(name, *values, **more):
    return request(OpCode.MODIFY_VALUE, bodies.Valued(name, encode_values(values)), **more)


def remove(name, *indexes, **more):
    return request(OpCode.REMOVE_VALUE, bodies.Removal(name, indexes), **more)


def listing(name, **more):
    return request(OpCode.LIST_HANDLES, bodies.Named(name), **more)


def login(identity=ADMIN, **more):
    body = bodies.Identity(identity.handle, identity.index)
    return request(OpCode.LOGIN_ID_SYSTEM, body, OpFlag.REQUEST_DIGEST, **more)


def signed(identity, nonce, digest, secret=SECRET):
    if identity == SIGNER:
        return "HS_PUBKEY", answer_with_key(KEY, nonce, digest, identity.handle)
    return "HS_SECKEY", answer_with_secret(secret, nonce, digest, b"s" * 16)


def answer(challenge, identity=ADMIN, *, secret=SECRET, request_id=78):
    """Return the answer to a decoded challenge."""
    kind, proof = signed(identity, challenge.body.nonce, challenge.digest.value, secret)
    return Message(
        session_id=challenge.session_id,
        request_id=request_id,
        header=Header(
            op_code=OpCode.CHALLENGE_RESPONSE, flags=challenge.header.flags & ~0x80800000
        ),
        body=bodies.Answer(kind, identity.handle, identity.index, proof),
    )


def code(message):
    return message.header.response_code


class Caller:
    """Whoever sends messages from one place."""

    def __init__(self, handle, *, address="127.0.0.1", trusted=True, **more):
        self.handle = handle
        self.origin = Origin(
            channel=more.pop("channel", Channel.TCP),
            address=ip_address(address),
            trusted=trusted,
            secure=more.pop("secure", False),
            connection=more.pop("connection", ""),
            login_first=more.pop("login_first", False),
        )

    async def raw(self, octets):
        return [reply async for reply in self.handle.message(octets, self.origin)]

    async def all(self, message):
        return [decode(reply) for reply in await self.raw(encode(message))]

    async def ask(self, message):
        (reply,) = await self.all(message)
        assert reply.request_id == message.request_id
        return reply

    async def prove(self, message, identity=ADMIN, **more):
        """Ask, answer the challenge, and return the one reply."""
        (reply,) = await self.prove_all(message, identity, **more)
        return reply

    async def prove_all(self, message, identity=ADMIN, **more):
        challenge = await self.ask(message)
        assert code(challenge) == 402, challenge
        assert challenge.header.op_code == message.header.op_code
        replies = await self.all(answer(challenge, identity, **more))
        assert {r.header.op_code for r in replies} == {message.header.op_code}
        assert {r.request_id for r in replies} == {78}
        return replies


class InSession:
    """The client's side of a session that was agreed on by Diffie-Hellman."""

    def __init__(self, caller, number, key):
        self.caller = caller
        self.id = number
        self.key = key
        self.counter = 0

    @classmethod
    async def begin(cls, caller, idle=600):
        own, private = offer(b"x" * CHANCE)
        reply = await caller.ask(setup(own, idle))
        assert code(reply) == 1, reply
        cipher, theirs = decode_agreed(reply.body.data)
        return cls(caller, reply.session_id, agree(own, private, theirs, cipher))

    def under_mac(self, message, counter=None):
        if counter is None:
            self.counter += 1
            counter = self.counter
        return with_mac(replace(message, session_id=self.id), self.key, counter)

    async def ask(self, message, counter=None):
        return await self.caller.ask(self.under_mac(message, counter))

    async def all(self, message):
        return await self.caller.all(self.under_mac(message))

    async def ask_secretly(self, message, *, mac=True):
        sent = self.under_mac(message) if mac else replace(message, session_id=self.id)
        (reply,) = await self.caller.raw(encrypt_message(encode(sent), self.key, IV))
        return self.open(reply)

    def open(self, reply):
        assert reply[2] & EnvelopeFlag.ENCRYPTED
        return decode(decrypt_message(reply, self.key))

    async def prove(self, message, identity=ADMIN):
        challenge = await self.ask(message)
        assert code(challenge) == 402
        assert challenge.session_id == self.id
        return await self.caller.ask(answer(challenge, identity))


def setup(own, timeout=600, mode=4, **more):
    key = data.encode_public_key(own) if own is not None else b""
    body = bodies.SessionSetup(
        mode=mode, timeout=timeout, handle=ADMIN.handle, index=ADMIN.index, key=key, **more
    )
    return request(OpCode.SESSION_SETUP, body, OpFlag.REQUEST_DIGEST | OpFlag.CERTIFY)


class Clock:
    """Steady seconds that a test moves."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class SlowStore:
    """Reads the first record, once `asked` is set, only after `go` is; all others at once."""

    def __init__(self, store):
        self._record = store.record
        self.asked = asyncio.Event()
        self.go = asyncio.Event()

    async def record(self, key):
        if not self.asked.is_set():
            self.asked.set()
            await self.go.wait()
        return await self._record(key)


class Node:
    """The registry process with its store."""

    def __init__(self, store, seals, make):
        self.store = store
        self.seals = seals
        self._make = make
        self.clock = Clock()
        self.handle = make(self.clock)

    def restart(self, **more):
        """Begin anew, as after a crash: what was in memory is gone."""
        self.handle = self._make(self.clock, **more)

    def caller(self, **more):
        return Caller(self.handle, **more)

    def keep(self, name, *values, state=State.ACTIVE, version=1, reason=""):
        key = Handle.parse(name).key()
        self.store.records[key] = Record(
            key=key,
            name=name,
            version=version,
            state=state,
            values=encode_values(self.seals.sealed(key, values)),
            changed_at=NOW,
            reason=reason,
        )

    def values(self, name):
        record = self.store.records.get(name)
        if record is None or record.state is State.DELETED:
            return None
        return {value.index: value for value in decode_values(record.values)}
