"""SM2 by libcrypto says what SM2 in Python says, and nothing depends on there being one."""

import pytest

from identifiers.keys import curve, native, sm2
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.native import Libcrypto, Refused, load, works
from identifiers.keys.public import parse_public_key, verify
from identifiers.keys.signers import Sm2Signer

KEY = sm2.public_of(77)
SPKI = sm2.encode_spki(KEY)
needs_library = pytest.mark.skipif(native.library() is None, reason="there is no libcrypto here")


class Function:
    """A C function that answers always the same."""

    def __init__(self, name, answers, called):
        self._name = name
        self._answer = answers.get(name, 1)
        self._called = called

    def __call__(self, *_):
        self._called.append(self._name)
        return self._answer


class Stub:
    """A library of such functions; those that `answers` does not name say yes."""

    def __init__(self, **answers):
        self.called = []
        for name in native._SIGNATURES:
            setattr(self, name, Function(name, answers, self.called))


def test_a_library_says_yes_or_no():
    assert Libcrypto(Stub()).verify(SPKI, b"me", b"signature", b"signed")
    assert not Libcrypto(Stub(EVP_DigestVerify=0)).verify(SPKI, b"me", b"signature", b"signed")
    assert not Libcrypto(Stub(EVP_DigestVerify=-1)).verify(SPKI, b"me", b"signature", b"signed")
    assert len(Libcrypto(Stub()).sign(b"key", b"me", b"signed")) == 128


@pytest.mark.parametrize(
    "refused",
    [
        {"d2i_PUBKEY": None, "d2i_AutoPrivateKey": None},
        {"EVP_PKEY_CTX_set1_id": 0},
        {"EVP_DigestVerifyInit": 0, "EVP_DigestSignInit": 0},
    ],
)
def test_what_a_library_refuses(refused):
    stub = Stub(**refused)
    with pytest.raises(Refused):
        Libcrypto(stub).verify(SPKI, b"me", b"signature", b"signed")
    with pytest.raises(Refused):
        Libcrypto(stub).sign(b"key", b"me", b"signed")
    assert not works(Libcrypto(stub))
    made, freed = (stub.called.count(f"EVP_MD_CTX_{word}") for word in ("new", "free"))
    assert made == freed
    assert stub.called.count("EVP_PKEY_free") == stub.called.count("ERR_clear_error") == 3


def test_a_library_that_does_not_sign():
    with pytest.raises(Refused):
        Libcrypto(Stub(EVP_DigestSign=0)).sign(b"key", b"me", b"signed")


def test_a_library_that_says_always_the_same_is_not_used():
    assert not works(Libcrypto(Stub()))
    assert not works(Libcrypto(Stub(EVP_DigestVerify=0)))


def test_what_is_no_libcrypto_is_not_used():
    assert load("libnothing-of-this-name.so") is None
    assert load("libc.so.6") is None


@pytest.fixture
def without(monkeypatch):
    monkeypatch.setattr(native, "library", lambda: None)


@pytest.fixture
def refusing(monkeypatch):
    stub = Libcrypto(Stub(EVP_DigestVerifyInit=0, EVP_DigestSignInit=0))
    monkeypatch.setattr(native, "library", lambda: stub)


@pytest.mark.parametrize("way", ["without", "refusing"])
def test_everything_works_in_python(way, request):
    request.getfixturevalue(way)
    signer = Sm2Signer(77, bytes)
    signature = signer.sign(b"signed", b"me")
    assert sm2.sign_natively(77, KEY, b"me", b"signed") is None
    assert verify(parse_public_key(signer.public), "SM3", signature, b"signed", identity=b"me")
    assert not sm2.verify(KEY, b"you", signature, b"signed")


def test_what_libcrypto_says_counts(monkeypatch):
    signature = sm2.sign(77, KEY, b"me", b"signed", b"")
    for answer in (1, 0):
        stub = Libcrypto(Stub(EVP_DigestVerify=answer))
        monkeypatch.setattr(native, "library", lambda stub=stub: stub)
        assert sm2.verify(KEY, b"me", signature, b"signed") is bool(answer)
        assert Sm2Signer(77, bytes).sign(b"x") == bytes(128)


def test_numbers_that_add_up_to_nothing_verify_nothing():
    assert not sm2.verify_numbers(KEY, b"me", (5, curve.N - 5), b"signed")


@needs_library
@pytest.mark.parametrize("identity", [b"", b"me", b"1234567812345678", bytes(8190), bytes(8191)])
def test_both_agree(identity):
    by_python = sm2.sign(77, KEY, identity, b"signed", b"chance")
    assert sm2.verify(KEY, identity, by_python, b"signed")
    assert not sm2.verify(KEY, identity, by_python, b"another")
    signature = Sm2Signer(77, bytes).sign(b"signed", identity)
    pair = sm2.decode_dss_signature(signature)
    assert sm2.verify_numbers(KEY, identity, pair, b"signed")
    assert not sm2.verify_numbers(KEY, b"you", pair, b"signed")


@needs_library
def test_long_identities_are_unfit_either_way():
    signature = sm2.sign(77, KEY, b"me", b"signed", b"")
    with pytest.raises(KeyUnfit):
        sm2.verify(KEY, bytes(8192), signature, b"signed")


@needs_library
def test_nothing_is_left_behind_of_a_refusal():
    found = native.library()
    for _ in range(3):
        with pytest.raises(Refused):
            found.verify(b"no key", b"me", b"", b"")
        with pytest.raises(Refused):
            found.sign(b"no key", b"me", b"")
    assert found.verify(SPKI, b"me", sm2.sign(77, KEY, b"me", b"x", b""), b"x")
    assert not found.verify(SPKI, b"me", b"no signature", b"x")
