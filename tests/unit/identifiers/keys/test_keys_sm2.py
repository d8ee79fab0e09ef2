"""SM2 and SM3 against the published examples, and against what must not pass."""

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from identifiers.keys import curve, sm2
from identifiers.keys.errors import KeyUnfit

# GB/T 32918.5-2017 annex A.2.
PRIVATE = 0x3945208F_7B2144B1_3F36E38A_C6D39F95_88939369_2860B51A_42FB81EF_4DF7C5B8
X = 0x09F9DF31_1E5421A1_50DD7D16_1E4BC5C6_72179FAD_1833FC07_6BB08FF3_56F35020
Y = 0xCCEA490C_E26775A5_2DC6EA71_8CC1AA60_0AED05FB_F35E084A_6632F607_2DA9AD13
ZA = "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3"
E = 0xF0B43E94_BA45ACCA_ACE692ED_534382EB_17E6AB5A_19CE7B31_F4486FDF_C0D28640
K = 0x59276E27_D506861A_16680F3A_D9C02DCC_EF3CC1FA_3CDBE4CE_6D54B80D_EAC1BC21
R = 0xF5A03B06_48D2C463_0EEAC513_E1BB81A1_5944DA38_27D5B741_43AC7EAC_EEE720B3
S = 0xB1B6AA29_DF212FD8_763182BC_0D421CA1_BB9038FD_1F7F42D4_840B69C4_85BBC1AA
MESSAGE = b"message digest"
KEY = sm2.Sm2Key(X, Y)
SIGNATURE = encode_dss_signature(R, S)


def test_the_public_key_of_the_standards_example():
    assert sm2.public_of(PRIVATE) == KEY
    assert sm2.key_of(X, Y) == KEY


def test_the_standards_signature():
    assert sm2.identity_hash(KEY, sm2.DEFAULT_IDENTITY).hex() == ZA
    assert int.from_bytes(sm2.sm3(bytes.fromhex(ZA) + MESSAGE)) == E
    assert sm2.sign_digest(PRIVATE, E, K) == (R, S)
    assert sm2.verify(KEY, sm2.DEFAULT_IDENTITY, SIGNATURE, MESSAGE)


def test_sm3_of_the_standards_examples():
    # GB/T 32905-2016 annex A.
    assert sm2.sm3(b"abc").hex() == (
        "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    )
    assert sm2.sm3(b"abcd" * 16).hex() == (
        "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
    )


def test_another_message_identity_or_key_is_refused():
    other = sm2.public_of(PRIVATE + 1)
    assert not sm2.verify(KEY, sm2.DEFAULT_IDENTITY, SIGNATURE, MESSAGE + b"!")
    assert not sm2.verify(KEY, b"88.300.1/USER", SIGNATURE, MESSAGE)
    assert not sm2.verify(other, sm2.DEFAULT_IDENTITY, SIGNATURE, MESSAGE)


@pytest.mark.parametrize(
    ("r", "s"),
    [
        (0, S),
        (R, 0),
        (R + curve.N, S),
        (R, S + curve.N),
        (R, curve.N - R),  # r + s = 0
        (1, 1),
    ],
)
def test_numbers_out_of_range_are_refused(r, s):
    assert not sm2.verify(KEY, sm2.DEFAULT_IDENTITY, encode_dss_signature(r, s), MESSAGE)


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        SIGNATURE[:-1],
        SIGNATURE + b"\0",
        R.to_bytes(32) + S.to_bytes(32),
        bytes.fromhex("30060201ff020101"),  # r = -1
    ],
)
def test_signatures_that_are_no_der_are_refused(signature):
    assert not sm2.verify(KEY, sm2.DEFAULT_IDENTITY, signature, MESSAGE)


def test_a_sum_at_infinity_is_refused():
    # With s G + t P = infinity for P = G: s + t = 0, so r = -2 s.
    s = 5
    signature = encode_dss_signature(curve.N - 2 * s, s)
    base = sm2.Sm2Key(curve.GX, curve.GY)
    assert not sm2.verify(base, sm2.DEFAULT_IDENTITY, signature, MESSAGE)


def test_signing_depends_on_chance_and_needs_none():
    made = {
        sm2.sign(PRIVATE, KEY, b"me", MESSAGE, chance) for chance in (b"", b"\1" * 32, b"\2" * 32)
    }
    assert len(made) == 3
    assert all(sm2.verify(KEY, b"me", signature, MESSAGE) for signature in made)
    assert sm2.sign(PRIVATE, KEY, b"me", MESSAGE, b"") in made
    assert len({decode_dss_signature(signature)[0] for signature in made}) == 3


def test_numbers_that_give_no_signature():
    x, _ = curve.multiple(K)
    assert sm2.sign_digest(PRIVATE, curve.N - x, K) is None  # r = 0
    assert sm2.sign_digest(PRIVATE, (curve.N - K - x) % curve.N, K) is None  # r + k = n
    # s = 0 where k = r d: choose the digest for it.
    r = K * pow(PRIVATE, -1, curve.N) % curve.N
    assert sm2.sign_digest(PRIVATE, (r - x) % curve.N, K) is None


def test_signing_tries_again(monkeypatch):
    tried = []
    real = sm2.sign_digest

    def refuses_once(private, digest, nonce):
        tried.append(nonce)
        return real(private, digest, nonce) if len(tried) > 1 else None

    monkeypatch.setattr(sm2, "sign_digest", refuses_once)
    assert sm2.verify(KEY, b"me", sm2.sign(PRIVATE, KEY, b"me", MESSAGE, b""), MESSAGE)
    assert len(set(tried)) == 2
    monkeypatch.setattr(sm2, "sign_digest", lambda *_: None)
    with pytest.raises(AssertionError):
        sm2.sign(PRIVATE, KEY, b"me", MESSAGE, b"")


@pytest.mark.parametrize("private", [0, -1, curve.N - 1, curve.N, 1 << 300])
def test_private_keys_out_of_range(private):
    with pytest.raises(KeyUnfit):
        sm2.public_of(private)


@pytest.mark.parametrize(
    ("x", "y"), [(X, Y + 1), (X + curve.P, Y), (0, 0), (-X, Y), (X, Y - curve.P)]
)
def test_points_beside_the_curve(x, y):
    with pytest.raises(KeyUnfit):
        sm2.key_of(x, y)


def test_x509_reads_and_writes():
    der = sm2.encode_spki(KEY)
    assert len(der) == 91
    assert sm2.decode_spki(der) == KEY
    assert sm2.decode_spki(der + b"\0") is None
    assert sm2.decode_spki(b"\0" + der[1:]) is None
    with pytest.raises(KeyUnfit):
        sm2.decode_spki(der[:-1] + b"\0")


def test_long_identities():
    assert sm2.identity_hash(KEY, bytes(sm2.MAX_IDENTITY))
    with pytest.raises(KeyUnfit):
        sm2.identity_hash(KEY, bytes(sm2.MAX_IDENTITY + 1))


def test_multiples_of_small_and_large_numbers():
    assert curve.multiple(1) == (curve.GX, curve.GY)
    assert curve.multiple(curve.N - 1) == (curve.GX, curve.P - curve.GY)
    assert curve.multiple(curve.N + 2) == curve.multiple(2) == curve.combination(2, 0, X, Y)
    # A scalar so small that adding N once would leave it shorter than others.
    assert (1 << 200) + curve.N < 1 << 256
    assert curve.multiple(1 << 200) == curve.combination(1 << 200, 0, X, Y)


def test_combinations():
    assert curve.combination(0, 0, X, Y) is None
    assert curve.combination(3, 4, curve.GX, curve.GY) == curve.multiple(7)
    assert curve.combination(0, 1, X, Y) == (X, Y)
    assert curve.combination(curve.N - 1, 1, curve.GX, curve.GY) is None
    # The table of -G holds infinity: G + (-G).
    minus = curve.P - curve.GY
    assert curve.combination(3, 1, curve.GX, minus) == curve.multiple(2)
    assert curve.combination(3, 3, curve.GX, minus) is None
