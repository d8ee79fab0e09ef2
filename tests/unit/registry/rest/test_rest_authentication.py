"""Who is believed to be whom over the REST form."""

import base64
import re

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from identifiers.keys.responses import answer_with_secret
from identifiers.values import Value
from identifiers.wire.cursor import Cursor
from identifiers.wire.handle.data import RsaKey, encode_public_key
from registry.attempts import OF_PAIR
from registry.rest.sessions import IDLE_SECONDS, OFFER_SECONDS
from tests.unit.registry.handles import admin, stored, url
from tests.unit.registry.rest.conftest import OPEN, OWNER, SECRET, TLS, basic, seckey
from tests.unit.registry.rest.proving import (
    CERT,
    CNONCE,
    PRIVATE,
    b64,
    certificate,
    in_session,
    proof,
)

A = "/api/handles/88.300.1/A"
THIS = "/api/sessions/this"
SECRET_KEY = 'id="300:0.NA/88.300.1", type="HS_SECKEY"'
KDF = f'Handle sessionId="a", signature="", {SECRET_KEY}, alg="PBKDF2WithHmacSHA1", salt="", '


def demanded(answer):
    """The session and the nonce of a demand."""
    assert answer.status == 401, answer.body
    _, field = answer.headers.getall("WWW-Authenticate")
    match = re.fullmatch(r'Handle sessionId="([^"]+)", nonce="([^"]+)"', field)
    return match[1], base64.b64decode(match[2])


def signed_proof(session_id, nonce, name="301:0.NA/88.300.1"):
    signature = PRIVATE.sign(nonce + CNONCE, padding.PKCS1v15(), hashes.SHA256())
    return (
        f'{in_session(session_id)}, id="{name}", type="HS_PUBKEY", cnonce="{b64(CNONCE)}", '
        f'alg="SHA256", signature="{b64(signature)}"'
    )


@pytest.fixture(autouse=True)
async def public_key(records):
    numbers = PRIVATE.public_key().public_numbers()
    key = encode_public_key(RsaKey(numbers.e, numbers.n))
    await stored(
        records,
        "0.NA/88.300.1",
        admin(OWNER),
        admin(type(OWNER)("0.NA/88.300.1", 301), index=101),
        seckey("0.NA/88.300.1"),
        Value(index=301, type="HS_PUBKEY", data=key),
        url(),
    )
    owner = type(OWNER)("0.NA/88.300.1", 301)
    await stored(records, "88.300.1/A", admin(OWNER), admin(owner, index=101), url())


# Basic


@pytest.mark.parametrize(
    "who",
    [
        basic(secret=b"wrong"),
        basic(secret=b""),
        basic("301:0.NA/88.300.1"),
        basic("299:0.NA/88.300.1"),
        basic("300:0.NA/88.300.1.5"),
        basic("300:99.1/nobody"),
    ],
)
async def test_wrong_and_unknown_look_alike(rest, who):
    answer = await rest.delete(A, who=who)
    assert (answer.status, answer.json["responseCode"]) == (401, 403)
    assert answer.json["message"] == "These credentials prove nobody"
    demanded(answer)


@pytest.mark.parametrize(
    "who",
    [
        "Bearer x",
        "Basic",
        "Basic !",
        "Basic " + b64(b"300%3A0.NA/88.300.1"),
        "Basic " + b64(b"\xff:x"),
        "Basic " + b64(b"nobody:x"),
        "Basic " + b64(b"4294967296%3A0.NA/88.300.1:x"),
        "Handle",
        "Handle sessionId",
        'Handle sessionId="a", sessionId="b"',
        'Handle sessionId="a", signature="!", id="300:0.NA/88.300.1", type="HS_PUBKEY"',
        'Handle sessionId="a", signature="", id="300:0.NA/88.300.1", type="HS_SECKEY", alg="MD5"',
        'Handle sessionId="a", signature="", id="300", type="HS_PUBKEY"',
        KDF + 'iterations="x", length="160"',
        KDF + 'iterations="4294967296", length="160"',
        "Basic " + "A" * 8185,
    ],
)
async def test_credentials_that_cannot_be_read(rest, who):
    answer = await rest.delete(A, who=who)
    assert (answer.status, answer.json["responseCode"]) == (401, 403)


async def test_nothing_is_believed_in_the_open(rest):
    answer = await rest.delete(A, who=basic(), origin=OPEN)
    assert (answer.status, answer.json["responseCode"]) == (403, 402)
    assert (await rest.get(A, who=basic(), origin=OPEN)).status == 403


async def test_guessing_is_slowed_down(rest, steady):
    for _ in range(OF_PAIR):
        assert (await rest.delete(A, who=basic(secret=b"guess"))).status == 401
    slowed = await rest.delete(A, who=basic())
    assert (slowed.status, slowed.headers["Retry-After"]) == (429, "6")
    other = msgspec.structs.replace(TLS, address=OPEN.address)
    assert (await rest.get(A, who=basic(), origin=other)).status == 200
    steady.now += 6
    assert (await rest.get(A, who=basic())).status == 200


async def test_whoever_is_right_may_be_so_often(rest):
    for _ in range(OF_PAIR * 4):
        assert (await rest.get(A, who=basic())).status == 200


# sessions


async def test_a_demand_is_answered_and_the_session_goes_on(rest):
    session_id, nonce = demanded(await rest.delete(A))
    assert (await rest.delete(f"{A}?index=1", who=proof(session_id, nonce))).status == 200
    assert (await rest.get(THIS, who=in_session(session_id))).json["id"] == "300:0.NA/88.300.1"
    assert (await rest.delete(A, who=in_session(session_id))).status == 200


async def test_an_answer_counts_once(rest):
    session_id, nonce = demanded(await rest.delete(A))
    answer = proof(session_id, nonce)
    assert (await rest.delete(A, who=answer)).status == 200
    assert (await rest.delete(A, who=answer)).status == 401
    # Also when the session was ended, or the first answer was wrong.
    await rest.delete(THIS, who=in_session(session_id))
    assert (await rest.delete(A, who=answer)).status == 401
    session_id, nonce = demanded(await rest.delete(A))
    wrong = await rest.delete(A, who=proof(session_id, nonce, b"wrong"))
    assert demanded(wrong)[0] != session_id
    assert (await rest.delete(A, who=proof(session_id, nonce))).status == 401


async def test_a_public_key_proves_too(rest):
    session_id, nonce = demanded(await rest.delete(A))
    assert (await rest.delete(A, who=signed_proof(session_id, nonce))).status == 200
    session_id, nonce = demanded(await rest.delete(A))
    mixed = signed_proof(session_id, nonce).replace("HS_PUBKEY", "HS_CERT")
    assert (await rest.delete(A, who=mixed)).status == 401
    session_id, nonce = demanded(await rest.delete(A))
    other = signed_proof(session_id, nonce, "300:0.NA/88.300.1")
    assert (await rest.delete(A, who=other)).status == 401


async def test_a_session_is_not_made_anew_for_each_demand(rest):
    session_id, nonce = demanded(await rest.delete(A))
    assert demanded(await rest.delete(A, who=in_session(session_id))) == (session_id, nonce)


@pytest.mark.parametrize("invented", ["x", "é", "AAAA", "A" * 64])
async def test_invented_sessions(rest, invented):
    made, _ = demanded(await rest.delete(A, who=in_session(invented)))
    assert made != invented
    assert (await rest.delete(A, who=proof(invented, b"n" * 16))).status == 401


async def test_offers_and_sessions_end(rest, steady):
    session_id, nonce = demanded(await rest.delete(A))
    steady.now += OFFER_SECONDS
    assert (await rest.delete(A, who=proof(session_id, nonce))).status == 401
    session_id, nonce = demanded(await rest.delete(A))
    assert (await rest.get(A, who=proof(session_id, nonce))).status == 200
    steady.now += IDLE_SECONDS - 1
    assert (await rest.get(A, who=in_session(session_id))).status == 200
    steady.now += IDLE_SECONDS
    assert (await rest.get(A, who=in_session(session_id))).status == 401


async def test_the_calls_of_sessions(rest):
    made = await rest.post("/api/sessions")
    assert (made.status, set(made.json)) == (201, {"sessionId", "nonce"})
    session_id, nonce = made.json["sessionId"], base64.b64decode(made.json["nonce"])
    told = await rest.get(THIS, who=in_session(session_id))
    assert (told.status, told.json) == (200, made.json)
    assert (await rest.put(THIS, who=in_session(session_id))).status == 401
    proved = await rest.put(THIS, who=proof(session_id, nonce))
    assert proved.status == 200
    assert proved.json["authenticated"] is True
    assert proved.json["nonce"] != made.json["nonce"]
    # The new nonce may be answered in its turn.
    anew = proof(session_id, base64.b64decode(proved.json["nonce"]))
    assert (await rest.put(THIS, who=anew)).status == 200
    assert (await rest.delete(THIS, who=in_session(session_id))).status == 204
    assert (await rest.get(THIS, who=in_session(session_id))).status == 401


async def test_a_session_of_somebody_known_at_once(rest):
    made = await rest.post("/api/sessions", who=basic())
    assert (made.status, made.json["id"]) == (201, "300:0.NA/88.300.1")
    assert (await rest.delete(A, who=in_session(made.json["sessionId"]))).status == 200


async def test_a_session_ends_with_the_key_that_was_proved(rest, records):
    made = await rest.post("/api/sessions", who=basic())
    who = in_session(made.json["sessionId"])
    assert (await rest.get(THIS, who=who)).status == 200
    changed = seckey("0.NA/88.300.1", secret=b"another")
    await stored(records, "0.NA/88.300.1", admin(OWNER), changed)
    assert (await rest.get(THIS, who=who)).status == 401
    await stored(records, "0.NA/88.300.1", admin(OWNER), seckey("0.NA/88.300.1"))
    assert (await rest.delete(A, who=who)).status == 401


async def test_sessions_need_one(rest):
    for method in ("GET", "PUT", "DELETE"):
        assert (await rest.call(method, THIS)).status == 401
        assert (await rest.call(method, THIS, who=basic())).status == 401
        assert (await rest.call(method, THIS, who=basic(secret=b"x"))).status == 401
    assert (await rest.post("/api/sessions", origin=OPEN)).status == 403
    assert (await rest.post("/api/sessions", who=basic(secret=b"x"))).status == 401
    assert (await rest.get("/api/sessions")).status == 405


# client certificates


@pytest.mark.parametrize(
    "names",
    [
        [(NameOID.COMMON_NAME, "301:0.NA/88.300.1")],
        [(NameOID.COMMON_NAME, "somebody"), (NameOID.USER_ID, "301:0.NA/88.300.1")],
        [(NameOID.USER_ID, "somebody"), (NameOID.COMMON_NAME, "301:0.NA/88.300.1")],
    ],
)
async def test_a_certificate_with_the_key_of_the_identity(rest, names):
    origin = msgspec.structs.replace(TLS, certificate=certificate(*names))
    assert (await rest.delete(A, who=CERT, origin=origin)).status == 200


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"0\x03\x02\x01\x00",
        certificate((NameOID.COMMON_NAME, "somebody")),
        certificate((NameOID.COMMON_NAME, "300:0.NA/88.300.1")),
        certificate((NameOID.COMMON_NAME, "301:99.1/nobody")),
        certificate(
            (NameOID.COMMON_NAME, "301:0.NA/88.300.1"),
            key=rsa.generate_private_key(public_exponent=65537, key_size=2048),
        ),
        certificate(
            (NameOID.COMMON_NAME, "301:0.NA/88.300.1"), key=ec.generate_private_key(ec.SECP256R1())
        ),
    ],
)
async def test_certificates_that_prove_nobody(rest, der):
    origin = msgspec.structs.replace(TLS, certificate=der)
    answer = await rest.delete(A, who=CERT, origin=origin)
    assert (answer.status, answer.json["responseCode"]) == (401, 403)


async def test_a_certificate_is_not_looked_at_unless_it_is_referred_to(rest):
    der = certificate((NameOID.COMMON_NAME, "301:0.NA/88.300.1"))
    origin = msgspec.structs.replace(TLS, certificate=der)
    assert (await rest.delete(A, origin=origin)).status == 401


async def test_a_stored_key_that_cannot_be_read(rest, records):
    broken = Value(index=302, type="HS_PUBKEY", data=b"no key")
    await stored(records, "0.NA/88.300.1", admin(OWNER), broken)
    der = certificate((NameOID.COMMON_NAME, "302:0.NA/88.300.1"))
    origin = msgspec.structs.replace(TLS, certificate=der)
    assert (await rest.delete(A, who=CERT, origin=origin)).status == 401


# verifications


def verification(nonce=b"n" * 16, secret=SECRET):
    signed = Cursor(answer_with_secret(secret, nonce, CNONCE, b"s" * 16))
    signed.u8()
    salt, iterations, bits, mac = signed.octets(), signed.u32(), signed.u32(), signed.octets()
    return {
        "nonce": b64(nonce),
        "cnonce": b64(CNONCE),
        "alg": "PBKDF2WithHmacSHA1",
        "salt": b64(salt),
        "iterations": iterations,
        "length": bits,
        "signature": b64(mac),
    }


async def test_verifying_for_somebody_else(rest):
    path = "/api/verifications/300:0.NA/88.300.1"
    right = await rest.post(path, verification())
    assert (right.status, right.json) == (200, {"responseCode": 1, "verificationResult": True})
    wrong = await rest.post(path, verification(secret=b"wrong"))
    assert wrong.json["verificationResult"] is False
    signature = PRIVATE.sign(b"n" * 16 + CNONCE, padding.PKCS1v15(), hashes.SHA256())
    parameters = {
        "nonce": b64(b"n" * 16),
        "cnonce": b64(CNONCE),
        "alg": "SHA-256",
        "signature": b64(signature),
    }
    by_key = await rest.post("/api/verifications/301:0.NA/88.300.1", parameters)
    assert by_key.json["verificationResult"] is True


async def test_verifications_that_cannot_be_read(rest):
    for path, parameters in (
        ("300", verification()),
        ("300:0.NA/88.300.1", {**verification(), "signature": "!"}),
        ("300:0.NA/88.300.1", {**verification(), "nonce": "!"}),
        ("300:0.NA/88.300.1", {**verification(), "alg": "MD5"}),
    ):
        answer = await rest.post(f"/api/verifications/{path}", parameters)
        assert answer.status == 400, answer.body


async def test_verifying_is_no_way_to_guess(rest):
    path = "/api/verifications/300:0.NA/88.300.1"
    for _ in range(OF_PAIR):
        assert (await rest.post(path, verification(secret=b"guess"))).status == 200
    assert (await rest.post(path, verification())).status == 429
