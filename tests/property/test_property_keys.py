"""SM2 against the plainest model of its curve, and what is made against what is read."""

from hypothesis import given, settings
from hypothesis import strategies as st

from identifiers.keys import curve, sm2
from identifiers.keys.sessions import (
    CipherCode,
    SessionKey,
    agree,
    answer_offer,
    decrypt_message,
    encrypt_message,
    iv_size,
    offer,
)
from identifiers.wire.cursor import u32

scalars = st.integers(1, curve.N - 1)
chances = st.binary(min_size=48, max_size=48)


def plain_add(one, two):
    """Add two affine points as the textbook does; None is infinity."""
    if one is None or two is None:
        return two if one is None else one
    (x1, y1), (x2, y2) = one, two
    if x1 == x2 and (y1 + y2) % curve.P == 0:
        return None
    rise, run = (3 * x1 * x1 + curve.A, 2 * y1) if one == two else (y2 - y1, x2 - x1)
    slope = rise * pow(run, -1, curve.P) % curve.P
    x3 = (slope * slope - x1 - x2) % curve.P
    return x3, (slope * (x1 - x3) - y1) % curve.P


def plain_multiple(scalar, point):
    total = None
    for bit in f"{scalar:b}":
        total = plain_add(total, total)
        total = plain_add(total, point) if bit == "1" else total
    return total


@settings(max_examples=25, deadline=None)
@given(scalars, scalars, scalars)
def test_multiples_and_combinations(private, one, other):
    base = (curve.GX, curve.GY)
    point = plain_multiple(private, base)
    assert curve.multiple(private) == point
    assert curve.on_curve(*point)
    expected = plain_add(plain_multiple(one, base), plain_multiple(other, point))
    assert curve.combination(one, other, *point) == expected


@settings(max_examples=40, deadline=None)
@given(st.integers(1, curve.N - 2), st.binary(max_size=40), st.binary(max_size=80), chances)
def test_what_is_signed_verifies(private, identity, signed, chance):
    key = sm2.public_of(private)
    signature = sm2.sign(private, key, identity, signed, chance)
    assert sm2.verify(key, identity, signature, signed)
    assert not sm2.verify(key, identity, signature, signed + b"\0")
    assert not sm2.verify(key, identity + b"\0", signature, signed)
    assert sm2.decode_spki(sm2.encode_spki(key)) == key


@settings(max_examples=20, deadline=None)
@given(chances, chances, st.sampled_from(CipherCode), st.binary(max_size=100))
def test_sessions(one, other, cipher, content):
    offered, private = offer(one)
    own, key = answer_offer(offered, cipher, other)
    assert agree(offered, private, own, cipher) == key
    message = bytes.fromhex("020b020b000000290000000100000000") + u32(len(content)) + content
    assert decrypt_message(encrypt_message(message, key, bytes(iv_size(key))), key) == message
    assert isinstance(key, SessionKey)
