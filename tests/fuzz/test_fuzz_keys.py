"""Keys and answers of strangers: only the declared error, and bounded work."""

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from identifiers.keys import keyfiles, sessions, sm2
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import (
    Policy,
    encode_public_key,
    parse_public_key,
    verify,
)
from identifiers.keys.responses import answer_with_key, answer_with_secret, verify_response
from identifiers.keys.signers import RsaSigner, Sm2Signer
from identifiers.wire.cursor import octets, u32
from identifiers.wire.handle.data import DhKey, DsaKey, OtherKey
from identifiers.wire.handle.data import encode_public_key as write_key
from tests.fuzz.mutation import mutants

LEGACY = Policy(legacy=True)
NONCE, DIGEST, USER, SECRET = b"n" * 16, b"d" * 32, "88.300.1/U", b"secret"
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
SIGNERS = (RsaSigner(PRIVATE), Sm2Signer(77, bytes))
DER = sm2.encode_spki(sm2.public_of(77))
KEYS = [
    *(signer.public for signer in SIGNERS),
    encode_public_key(DhKey(y=5, p=sessions.GROUP_14, g=2)),
    encode_public_key(DsaKey(q=(1 << 159) + 7, p=(1 << 1023) + 9, g=2, y=5)),
    DER,
    write_key(
        OtherKey("SM2_PUB_KEY", b"-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----")
    ),
]
TOKENS = (
    b"RSA_PUB_KEY",
    b"SM2_PUB_KEY",
    b"SHA-256",
    b"SM3",
    b"\x22",
    b"-----BEGIN PUBLIC KEY-----",
)


def test_public_keys():
    read = 0
    for data in mutants(KEYS, 6_000, 1, tokens=TOKENS):
        for policy in (Policy(), LEGACY):
            try:
                key = parse_public_key(data)
                assert parse_public_key(encode_public_key(key)) == key
                read += 1
                # A key that was mutated never says yes.
                assert not verify(key, "SHA-256", b"s" * 256, b"signed", policy)
            except KeyUnfit:
                continue
    assert read


def test_answers():
    seeds = [answer_with_key(signer, NONCE, DIGEST, USER) for signer in SIGNERS]
    seeds += [answer_with_secret(SECRET, NONCE, DIGEST, b"s" * 16, 1), bytes(16), b"\2" + bytes(20)]
    right = 0
    for answer in mutants(seeds, 6_000, 2, tokens=TOKENS):
        for kind, data in (("HS_SECKEY", SECRET), *(("HS_PUBKEY", s.public) for s in SIGNERS[:1])):
            try:
                if verify_response(kind, data, USER, answer, NONCE, DIGEST, LEGACY):
                    assert answer in seeds
                    right += 1
            except KeyUnfit:
                continue
    assert right


def test_session_answers_and_messages():
    own = DhKey(y=5, p=sessions.GROUP_14, g=2)
    seeds = [sessions.encode_agreed(sessions.CipherCode.AES, own)]
    for data in mutants(seeds, 3_000, 3):
        try:
            cipher, key = sessions.decode_agreed(data, LEGACY)
            sessions.agree(own, 3, key, cipher)
        except KeyUnfit:
            continue
    key = sessions.SessionKey(sessions.CipherCode.AES, bytes(32))
    whole = bytes.fromhex("020b020b0000002900000001") + u32(0) + octets(b"x" * 40)
    sent = sessions.encrypt_message(whole, key, bytes(16))
    for data in mutants([sent[20:]], 3_000, 4):
        try:
            sessions.decrypt_message(sent[:20] + data, key)
        except KeyUnfit:
            continue


def test_private_key_files():
    numbers = PRIVATE.private_numbers()
    crt = (numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp)
    public = numbers.public_numbers
    body = b"".join(octets(n.to_bytes(257)) for n in (public.n, public.e, *crt))
    file = u32(1) + octets(b"RSA_PRIVCRT_KEY") + b"\0\0" + body
    encrypted = (
        u32(4) + octets(b"s" * 16) + u32(1) + u32(128) + octets(b"i" * 16) + octets(b"x" * 32)
    )
    for data in mutants([file, encrypted, PEM[:900]], 400, 5, tokens=(u32(4), u32(1))):
        try:
            keyfiles.read_private_key(data, b"passphrase", bytes)
        except KeyUnfit:
            continue
