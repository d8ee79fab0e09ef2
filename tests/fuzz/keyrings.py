"""Keys, answers to challenges, messages of sessions, tokens: read, verified, or declared unfit."""

import contextlib
import json
import random

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from identifiers.keys.credentials import verify_mac, verify_signature
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.keyfiles import read_private_key
from identifiers.keys.public import (
    Policy,
    PublicKey,
    encode_public_key,
    parse_public_key,
    verify,
)
from identifiers.keys.responses import (
    PUBLIC_KEY,
    SECRET_KEY,
    answer_with_key,
    answer_with_secret,
    verify_response,
)
from identifiers.keys.sessions import (
    CipherCode,
    SessionKey,
    decode_agreed,
    decrypt_message,
    encode_agreed,
    encrypt_message,
    offer,
)
from identifiers.keys.signers import RsaSigner, Sm2Signer
from identifiers.trust import claims, jws
from identifiers.trust.errors import TokenUnfit
from identifiers.wire.cursor import ProtocolError, octets, text, u32
from identifiers.wire.handle.message import decode
from tests.fuzz import generation
from tests.fuzz.handles import FRAMES
from tests.fuzz.mutation import mend_message
from tests.fuzz.target import Target

LEGACY = Policy(legacy=True)
NONCE, DIGEST = b"n" * 16, b"d" * 32
SECRET = b"password123"
IV = b"i" * 16
# The two largest primes of 512 bits: a key that protects nothing, the same in every run.
_P = 2**512 - 569
_Q = 2**512 - 629
_E = 65_537
_D = pow(_E, -1, (_P - 1) * (_Q - 1))
_PRIVATE = rsa.RSAPrivateNumbers(
    _P,
    _Q,
    _D,
    rsa.rsa_crt_dmp1(_D, _P),
    rsa.rsa_crt_dmq1(_D, _Q),
    rsa.rsa_crt_iqmp(_P, _Q),
    rsa.RSAPublicNumbers(_E, _P * _Q),
).private_key()
RSA = RsaSigner(_PRIVATE)
SM2 = Sm2Signer(7**80, bytes)
SESSION = SessionKey(CipherCode.AES, bytes(range(32)))
_SPKI = (
    _PRIVATE.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    for encoding in (serialization.Encoding.DER, serialization.Encoding.PEM)
)
KEYS = [RSA.public, SM2.public, *_SPKI, encode_public_key(offer(bytes(48))[0])]
_NUMBERS = (_P * _Q, _E, _D, _P, _Q)
KEY_FILE = (
    u32(1)
    + text("RSA_PRIVCRT_KEY")
    + bytes(2)
    + b"".join(
        octets(n.to_bytes(n.bit_length() // 8 + 1))
        for n in (*_NUMBERS, _D % (_P - 1), _D % (_Q - 1), pow(_Q, -1, _P))
    )
)
PEM_FILE = _PRIVATE.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
TOKENS = [jws.make(payload, signer) for signer in (RSA, SM2) for payload in (b"{}",)]
_SIGNATURE = {
    "digests": {"alg": "SHA-256", "digests": [{"index": 1, "digest": "A" * 43 + "="}]},
    "iss": "300:0.NA/88.1",
    "sub": "88.1/a",
    "iat": 1,
    "nbf": 1,
    "exp": 9,
    "chain": ["400:0.NA/88"],
}
_CERTIFICATE = {
    "perms": [{"perm": "thisHandle"}],
    "publicKey": claims.encode_jwk(parse_public_key(RSA.public)),
    "iss": "300:0.NA/88",
    "sub": "300:0.NA/88.1",
    "iat": 1,
    "nbf": 1,
    "exp": 9,
}
CLAIMS = [json.dumps(claim).encode() for claim in (_SIGNATURE, _CERTIFICATE)]


def read_key(data: bytes) -> bool:
    try:
        key: PublicKey = parse_public_key(data)
    except KeyUnfit:
        return False
    assert parse_public_key(encode_public_key(key)) == key
    for policy in (Policy(), LEGACY):
        with contextlib.suppress(KeyUnfit):
            verify(key, "SHA-256", data[:256], b"signed", policy)
    return True


def read_answer(signed: bytes) -> bool:
    taken = False
    for kind, value in ((SECRET_KEY, SECRET), (PUBLIC_KEY, RSA.public), (PUBLIC_KEY, SM2.public)):
        for policy in (Policy(), LEGACY):
            with contextlib.suppress(KeyUnfit):
                verify_response(kind, value, "88.1/a", signed, NONCE, DIGEST, policy)
                taken = True
    return taken


def read_key_file(data: bytes) -> bool:
    try:
        read_private_key(data, None, bytes)
    except KeyUnfit:
        return False
    return True


def read_agreed(data: bytes) -> bool:
    try:
        decode_agreed(data, LEGACY)
    except KeyUnfit:
        return False
    return True


def read_sealed(received: bytes) -> bool:
    """A message of a session: encrypted, or with a credential, or neither."""
    with contextlib.suppress(KeyUnfit, ProtocolError):
        received = decrypt_message(received, SESSION)
    try:
        message = decode(received)
    except ProtocolError:
        return False
    with contextlib.suppress(KeyUnfit):
        assert not verify_mac(message, SESSION, LEGACY)
    with contextlib.suppress(KeyUnfit):
        assert not verify_signature(message, parse_public_key(RSA.public), LEGACY)
    return True


def read_token(data: bytes) -> bool:
    try:
        token = jws.parse(data)
    except TokenUnfit:
        return False
    for key in (RSA.public, SM2.public):
        with contextlib.suppress(TokenUnfit):
            jws.verify_token(token, parse_public_key(key), LEGACY)
    return True


def read_claims(payload: bytes) -> bool:
    read = 0
    for reader in (claims.decode_signature, claims.decode_certificate):
        with contextlib.suppress(TokenUnfit):
            reader(payload)
            read += 1
    return read > 0


def sealed(rng: random.Random) -> bytes:
    return encrypt_message(generation.handle_message(rng), SESSION, IV)


_ENCRYPTED = [sealed(random.Random(n)) for n in range(8)]

TARGETS = (
    Target(
        name="public-keys",
        check=read_key,
        seeds=KEYS,
        modules=("keys/public.py",),
        generate=generation.public_key,
    ),
    Target(
        name="answers",
        check=read_answer,
        seeds=[
            answer_with_secret(SECRET, NONCE, DIGEST, b"s" * 16, iterations=3),
            b"\2" + bytes(20),
            bytes(16),
            answer_with_key(RSA, NONCE, DIGEST, "88.1/a"),
            answer_with_key(SM2, NONCE, DIGEST, "88.1/a"),
        ],
        modules=("keys/responses.py",),
        # An SM2 signature is verified in Python, at the cost of a few thousand steps.
        steps=40_000,
        weight=1,
    ),
    Target(
        name="key-files",
        check=read_key_file,
        seeds=[KEY_FILE, PEM_FILE],
        modules=("keys/keyfiles.py",),
        weight=1,
    ),
    Target(
        name="session-keys",
        check=read_agreed,
        seeds=[encode_agreed(CipherCode.AES, offer(bytes(48))[0])],
        modules=(),
        weight=1,
    ),
    Target(
        name="session-messages",
        check=read_sealed,
        seeds=[*FRAMES[::5], *_ENCRYPTED],
        modules=("keys/credentials.py",),
        mend=mend_message,
        generate=sealed,
    ),
    Target(
        name="tokens",
        check=read_token,
        seeds=TOKENS,
        modules=("trust/jws.py",),
        tokens=(b".", b"eyJhbGciOiJub25lIn0", b"AA", b"="),
        steps=40_000,
        weight=1,
    ),
    Target(
        name="claims",
        check=read_claims,
        seeds=CLAIMS,
        modules=("trust/claims.py",),
        accepted=0.02,
        tokens=(b"null", b"[]", b"{}", b'"', b"1e400", b"-1", b"true", b'"crv":"SM2"'),
        weight=1,
    ),
)
