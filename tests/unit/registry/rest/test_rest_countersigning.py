"""The site proves itself to a client: its signature over the nonce it tells, and the client's."""

import asyncio
import base64
import re
from urllib.parse import quote

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from msgspec.structs import replace

from identifiers.wire.handle.data import decode_public_key
from registry.rest.asks import Ask
from registry.rest.countersigning import MOST_A_SECOND, Countersigning
from registry.rest.replies import Reply
from tests.unit.registry.handle.wire import SITE_KEY
from tests.unit.registry.rest.conftest import OPEN, TLS, basic

SESSIONS = "/api/sessions"
CNONCE = bytes(range(32))
TEXT = base64.b64encode(CNONCE).decode()
STRANGER = replace(TLS, trusted=False)
PROTECTED = "/api/handles/88.300.1/A"


def handle(**parameters):
    return "Handle " + ", ".join(f'{name}="{value}"' for name, value in parameters.items())


def verified(nonce, signature):
    key = decode_public_key(SITE_KEY.public)
    public = rsa.RSAPublicNumbers(key.e, key.n).public_key()
    signed = base64.b64decode(signature)
    public.verify(signed, base64.b64decode(nonce) + CNONCE, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize(
    ("path", "body", "who"),
    [
        (SESSIONS, None, handle(cnonce=TEXT)),
        (SESSIONS, None, handle(version="0", cnonce=TEXT, serverAlg="SHA256")),
        (SESSIONS, None, handle(cnonce=TEXT, serverAlg="sha-256")),
        (f"{SESSIONS}?cnonce={quote(TEXT, safe='')}", None, None),
        (f"{SESSIONS}?cnonce={quote(TEXT, safe='')}&serverAlg=SHA-256", None, basic()),
        (SESSIONS, {"cnonce": TEXT, "serverAlg": "SHA-256"}, None),
    ],
)
async def test_a_new_session_says_whose_site_it_is(rest, path, body, who):
    begun = await rest.post(path, body, who=who)
    assert begun.status == 201
    assert begun.json["serverAlg"] == "SHA-256"
    verified(begun.json["nonce"], begun.json["serverSignature"])
    with pytest.raises(InvalidSignature):
        verified(base64.b64encode(b"n" * 16).decode(), begun.json["serverSignature"])


async def test_a_session_that_goes_on_says_so_too(rest):
    begun = (await rest.post(SESSIONS)).json
    assert "serverSignature" not in begun
    known = handle(sessionId=begun["sessionId"], cnonce=TEXT)
    looked = (await rest.get(f"{SESSIONS}/this", who=known)).json
    assert looked["nonce"] == begun["nonce"]
    verified(looked["nonce"], looked["serverSignature"])


async def test_a_demand_for_a_proof_says_so_too(rest):
    demand = await rest.put(PROTECTED, [], who=handle(cnonce=TEXT, serverAlg="SHA-256"))
    assert demand.status == 401
    basic_one, told = demand.headers.getall("WWW-Authenticate")
    assert basic_one == 'Basic realm="handle"'
    found = dict(re.findall(r'(\w+)="([^"]*)"', told))
    assert found["serverAlg"] == "SHA-256"
    verified(found["nonce"], found["serverSignature"])


async def test_who_says_who_he_is_asks_for_it_by_the_algorithm(rest):
    begun = (await rest.post(SESSIONS, who=basic())).json
    inside = f"{SESSIONS}/this?id=300%3A0.NA%2F88.300.1&cnonce={quote(TEXT, safe='')}"
    session = handle(sessionId=begun["sessionId"])
    assert "serverSignature" not in (await rest.get(inside, who=session)).json
    told = (await rest.get(f"{inside}&serverAlg=SHA-256", who=session)).json
    assert told["authenticated"]
    verified(told["nonce"], told["serverSignature"])


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"cnonce": TEXT, "serverAlg": "SHA1"}, "this site signs with SHA-256"),
        ({"cnonce": TEXT, "serverAlg": "SM3"}, "this site signs with SHA-256"),
        ({"serverAlg": "SHA-256"}, "cnonce must be 1 to 64"),
        ({"cnonce": "?"}, "cnonce must be base64"),
        ({"cnonce": base64.b64encode(bytes(65)).decode()}, "cnonce must be 1 to 64"),
    ],
)
async def test_what_cannot_be_signed_is_refused(rest, parameters, why):
    for method, path in (("POST", SESSIONS), ("PUT", PROTECTED)):
        refused = await rest.call(method, path, who=handle(**parameters))
        assert (refused.status, refused.json["responseCode"]) == (400, 4)
        assert why in refused.json["message"]


async def test_what_tells_no_nonce_is_not_signed(rest):
    who = handle(cnonce=TEXT)
    shown = await rest.get(PROTECTED, who=who)
    assert (shown.status, "serverSignature" in shown.json) == (200, False)
    in_the_open = await rest.post(SESSIONS, who=who, origin=OPEN)
    assert (in_the_open.status, "serverSignature" in in_the_open.json) == (403, False)
    # A verification has a cnonce of its own.
    asked = f"/api/verifications/300:0.NA/88.300.1?type=HS_SECKEY&cnonce={quote(TEXT, safe='')}"
    assert "serverSignature" not in (await rest.get(asked)).json


async def test_strangers_share_so_many_signatures_a_second(rest, steady):
    async def told(**more):
        return (await rest.post(SESSIONS, who=handle(cnonce=TEXT), **more)).status

    codes = await asyncio.gather(*(told(origin=STRANGER) for _ in range(25)))
    assert sorted(codes) == [201] * int(MOST_A_SECOND) + [503] * 5
    assert await told() == 201
    steady.now += 0.1
    assert [await told(origin=STRANGER) for _ in range(3)] == [201, 201, 503]


async def test_a_site_without_a_key_proves_nothing(ask):
    countersigning = Countersigning(None)
    wanted = countersigning.wanted(ask(handle(cnonce=TEXT)))
    reply = Reply(status=201, document={"nonce": "bm9uY2U="}, nonce=b"nonce")
    assert await countersigning.signed(reply, wanted, ask("")) == reply


@pytest.fixture
def ask():
    """Make requests of one Authorization field."""

    def make(field):
        return Ask(
            method="POST",
            target=SESSIONS,
            authorization=(field,) if field else (),
            origin=TLS,
            request_id="r",
            at=0,
            now=0.0,
        )

    return make
