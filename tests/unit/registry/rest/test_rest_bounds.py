"""Keys beyond their bounds prove nobody over the REST form, by whatever they are proved."""

import base64
from ipaddress import ip_address, ip_network

import msgspec
import pytest
from cryptography.x509.oid import NameOID

from identifiers.keys.bounds import Bounds, KeyBounds
from identifiers.principals import HandleIdentity
from identifiers.values import Value
from identifiers.wire.handle.data import RsaKey, encode_public_key
from registry.access.bounds import BOOK_SECONDS
from tests.unit.registry.handles import admin, stored
from tests.unit.registry.rest.conftest import OWNER, TLS, basic, seckey
from tests.unit.registry.rest.proving import CERT, PRIVATE, certificate, in_session, proof
from tests.unit.registry.world import NOW, say


@pytest.fixture(autouse=True)
async def keys(records):
    """Both keys of the owner: a secret and a public one."""
    numbers = PRIVATE.public_key().public_numbers()
    data = encode_public_key(RsaKey(numbers.e, numbers.n))
    public = Value(index=301, type="HS_PUBKEY", data=data)
    await stored(records, OWNER.handle, admin(OWNER), seckey(OWNER.handle), public)


async def bounded(bounds, steady, *said):
    for index in (300, 301):
        identity = HandleIdentity(OWNER.handle, index)
        await say(bounds, KeyBounds(identity, Bounds(*said), "a", 1))
    steady.now += BOOK_SECONDS


async def statuses(rest, origin, session_id):
    """What a password, a certificate, an answer and a session are told where somebody is needed."""
    offer = (await rest.post("/api/sessions", origin=origin)).json
    answered = proof(offer["sessionId"], base64.b64decode(offer["nonce"]))
    ways = (basic(), CERT, answered, in_session(session_id))
    return [(await rest.get("/api/handles", who=who, origin=origin)).status for who in ways]


async def test_keys_beyond_their_bounds_prove_nobody(rest, bounds, steady):
    der = certificate((NameOID.COMMON_NAME, "301:0.NA/88.300.1"))
    near = msgspec.structs.replace(TLS, certificate=der)
    far = msgspec.structs.replace(near, address=ip_address("192.0.2.1"))
    begun = (await rest.post("/api/sessions", who=basic(), origin=near)).json["sessionId"]
    unbounded = await statuses(rest, far, begun)
    assert 401 not in unbounded
    await bounded(bounds, steady, None, (ip_network("127.0.0.0/8"),))
    assert await statuses(rest, near, begun) == unbounded
    assert await statuses(rest, far, begun) == [401] * 4
    await bounded(bounds, steady)
    begun = (await rest.post("/api/sessions", who=basic(), origin=near)).json["sessionId"]
    assert await statuses(rest, near, begun) == unbounded
    await bounded(bounds, steady, NOW)
    assert await statuses(rest, near, begun) == [401] * 4
