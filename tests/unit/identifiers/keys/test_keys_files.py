"""Private keys in the files that people have, and signing with them."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from identifiers.keys import native, sm2
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.keyfiles import MAX_FILE_BYTES, read_private_key
from identifiers.keys.public import encode_public_key, parse_public_key, verify
from identifiers.keys.responses import answer_with_key, verify_response
from identifiers.keys.signers import RsaSigner, Sm2Signer
from identifiers.wire.cursor import octets, text, u16, u32

# Made by `openssl genpkey -algorithm SM2` for this test, and used nowhere.
SM2_PKCS8 = b"""-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqBHM9VAYItBG0wawIBAQQgdPPUBDuxj05XKQWB
JEZb0571UtiVP4Zbyw7hpUDl/I+hRANCAARN5KUnqV4xXNL2oWtpqrKhWdxv1ptd
sDYMC91UfpyzEemyVWzxFZ8+IRYqePEw2C3752evpOqNHp8iS50sO3SK
-----END PRIVATE KEY-----
"""
SM2_SEC1 = b"""-----BEGIN EC PARAMETERS-----
BggqgRzPVQGCLQ==
-----END EC PARAMETERS-----
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIHTz1AQ7sY9OVykFgSRGW9Oe9VLYlT+GW8sO4aVA5fyPoAoGCCqBHM9V
AYItoUQDQgAETeSlJ6leMVzS9qFraaqyoVncb9abXbA2DAvdVH6csxHpslVs8RWf
PiEWKnjxMNgt++dnr6TqjR6fIkudLDt0ig==
-----END EC PRIVATE KEY-----
"""
PASSPHRASE = b"correct horse"


def no_chance(size):
    return bytes(size)


@pytest.fixture(scope="module")
def private():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def handle_key(private, kind="RSA_PRIVCRT_KEY"):
    numbers = private.private_numbers()
    public = numbers.public_numbers
    fields = (public.n, public.e, numbers.d, numbers.p, numbers.q)
    crt = (numbers.dmp1, numbers.dmq1, numbers.iqmp)
    written = b"".join(octets(n.to_bytes(n.bit_length() // 8 + 1)) for n in fields + crt)
    return text(kind) + u16(0) + written


def encrypted(plain, iterations=1000, bits=128, passphrase=PASSPHRASE):
    salt, iv = b"salt" * 4, b"i" * 16
    key = hashlib.pbkdf2_hmac("sha1", passphrase, salt, max(iterations, 1), 16)
    padding = 16 - len(plain) % 16
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    body = encryptor.update(plain + bytes((padding,)) * padding) + encryptor.finalize()
    return u32(4) + octets(salt) + u32(iterations) + u32(bits) + octets(iv) + octets(body)


def read(file, passphrase=None):
    return read_private_key(file, passphrase, no_chance)


def test_every_form_of_an_rsa_key(private):
    plain = handle_key(private)
    signers = [
        read(u32(1) + plain),
        read(encrypted(plain), PASSPHRASE),
        *(
            read(private.private_bytes(Encoding.PEM, form, NoEncryption()))
            for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL)
        ),
        read(
            private.private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE)
            ),
            PASSPHRASE,
        ),
    ]
    assert {signer.public for signer in signers} == {RsaSigner(private).public}
    for signer in signers:
        assert verify(parse_public_key(signer.public), signer.algorithm, signer.sign(b"x"), b"x")


@pytest.mark.parametrize("file", [SM2_PKCS8, SM2_SEC1])
def test_every_form_of_an_sm2_key(file):
    signer = read(file)
    assert isinstance(signer, Sm2Signer)
    key = parse_public_key(signer.public)
    assert verify(key, signer.algorithm, signer.sign(b"x"), b"x")
    assert verify(key, "SM3", signer.sign(b"x", b"me"), b"x", identity=b"me")
    assert f"{key.x:064X}".startswith("4DE4A527A95E315C")


def test_signers_answer_challenges(private):
    for signer in (RsaSigner(private), read(SM2_PKCS8)):
        answer = answer_with_key(signer, b"n" * 16, b"d" * 32, "88.300.1/USER")
        proof = ("HS_PUBKEY", signer.public, "88.300.1/USER", answer, b"n" * 16)
        assert verify_response(*proof, b"d" * 32)
        assert not verify_response(*proof, b"e" * 32)


def test_sm2_signers_take_chance_each_time(monkeypatch):
    monkeypatch.setattr(native, "library", lambda: None)
    asked = []

    def chance(size):
        asked.append(size)
        return bytes((len(asked),)) * size

    signer = Sm2Signer(77, chance)
    assert signer.sign(b"x") != signer.sign(b"x")
    assert asked == [32, 32]


def pem(der, name=b"PRIVATE KEY"):
    body = base64.encodebytes(der)
    return b"-----BEGIN " + name + b"-----\n" + body + b"-----END " + name + b"-----\n"


@pytest.mark.parametrize(
    "file",
    [
        b"",
        u32(1),
        u32(0) + b"x",
        u32(2) + b"x",
        u32(4),
        u32(1) + text("DSA_PRIV_KEY") + u16(0),
        u32(1) + text("RSA_PRIVCRT_KEY") + u16(1),
        u32(1) + text("RSA_PRIVCRT_KEY") + u16(0),
        u32(1) + text("RSA_PRIVCRT_KEY") + u16(0) + 8 * octets(b"\3"),
        bytes(MAX_FILE_BYTES + 1),
        b"-----BEGIN PRIVATE KEY-----\n",
        pem(b"nonsense"),
        pem(b"nonsense", b"EC PRIVATE KEY"),
        b"-----BEGIN PRIVATE KEY-----\nAAA\n-----END PRIVATE KEY-----\n",
    ],
)
def test_what_is_no_private_key_is_unfit(file):
    with pytest.raises(KeyUnfit):
        read(file)


def test_keys_of_other_curves_are_unfit():
    other = ec.generate_private_key(ec.SECP256R1())
    for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
        with pytest.raises(KeyUnfit, match="neither RSA nor SM2"):
            read(other.private_bytes(Encoding.PEM, form, NoEncryption()))


def test_an_encrypted_file_needs_its_passphrase(private):
    file = encrypted(handle_key(private))
    with pytest.raises(KeyUnfit, match="needs its passphrase"):
        read(file)
    with pytest.raises(KeyUnfit):
        read(file, b"wrong")
    in_pem = private.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE)
    )
    for passphrase in (None, b"wrong"):
        with pytest.raises(KeyUnfit):
            read(in_pem, passphrase)


@pytest.mark.parametrize(("iterations", "bits"), [(0, 128), (10_000_001, 128), (1000, 256)])
def test_encrypted_files_that_ask_for_too_much(private, iterations, bits):
    file = encrypted(handle_key(private), 1, bits)
    file = file[:24] + u32(iterations) + file[28:]
    with pytest.raises(KeyUnfit, match="iterations"):
        read(file, PASSPHRASE)


def test_decryption(private):
    signer = RsaSigner(private)
    sent = private.public_key().encrypt(b"key", PKCS1v15())
    assert signer.decrypt(sent) == b"key"
    with pytest.raises(KeyUnfit):
        signer.decrypt(sent[:-1])
    # A wrong padding is not told apart from another content.
    assert signer.decrypt(bytes(255) + b"\2") != b"key"


@pytest.mark.parametrize("private_number", [0, sm2.curve.N - 1])
def test_sm2_numbers_that_are_no_keys(private_number):
    with pytest.raises(KeyUnfit):
        Sm2Signer(private_number, no_chance)


def test_the_public_key_of_an_sm2_signer():
    assert Sm2Signer(77, no_chance).public == encode_public_key(sm2.public_of(77))
