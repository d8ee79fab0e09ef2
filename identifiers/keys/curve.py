"""The elliptic curve of SM2 (GB/T 32918.5-2017): points and their multiples.

A point in Jacobian coordinates stands for (X/Z^2, Y/Z^3); Z = 0 is the point at infinity. Python
cannot promise that arithmetic takes the same time for every number: `multiple`, which handles
secrets, does at least the same operations for every scalar.
"""

from typing import Final

P: Final = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_00000000_FFFFFFFF_FFFFFFFF
A: Final = P - 3
B: Final = 0x28E9FA9E_9D9F5E34_4D5A9E4B_CF6509A7_F39789F5_15AB8F92_DDBCBD41_4D940E93
N: Final = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_7203DF6B_21C6052B_53BBF409_39D54123
"""The order of the base point; the cofactor is 1, so every point of the curve is a multiple."""
GX: Final = 0x32C4AE2C_1F198119_5F990446_6A39C994_8FE30BBF_F2660BE1_715A4589_334C74C7
GY: Final = 0xBC3736A2_F4F6779C_59BDCEE3_6B692153_D0A9877C_C62A4740_02DF32E5_2139F0A0

_Point = tuple[int, int, int]
_INFINITY: Final[_Point] = (1, 1, 0)
_BASE: Final[_Point] = (GX, GY, 1)


def on_curve(x: int, y: int) -> bool:
    """Say whether (x, y) is a point of the curve, in reduced coordinates."""
    return 0 <= x < P and 0 <= y < P and (y * y - (x * x * x + A * x + B)) % P == 0


def multiple(scalar: int) -> tuple[int, int]:
    """Return `scalar` times the base point, for a secret scalar from 1 to N - 1."""
    # N or 2N more change nothing but make every scalar 257 bits long: a Montgomery ladder then
    # takes the same steps for each, and its length tells nothing.
    scalar += N
    if scalar.bit_length() == N.bit_length():
        scalar += N
    low, high = _BASE, _double(_BASE)
    for bit in bin(scalar)[3:]:
        both = _add(low, high)
        low, high = (both, _double(high)) if bit == "1" else (_double(low), both)
    return _affine(low)


def combination(scalar: int, other: int, x: int, y: int) -> tuple[int, int] | None:
    """Return `scalar` times the base point plus `other` times (x, y); None for infinity.

    For public scalars below N: the time depends on them.
    """
    point = (x, y, 1)
    table = (_INFINITY, point, _BASE, _add(_BASE, point))
    total = _INFINITY
    for at in range(max(scalar.bit_length(), other.bit_length()) - 1, -1, -1):
        total = _double(total)
        chosen = (scalar >> at & 1) << 1 | other >> at & 1
        if chosen:
            total = _add(total, table[chosen])
    return _affine(total) if total[2] else None


def _double(point: _Point) -> _Point:
    x, y, z = point
    zz, yy = z * z % P, y * y % P
    xyy = x * yy % P
    slope = 3 * (x - zz) * (x + zz) % P
    doubled = (slope * slope - 8 * xyy) % P
    return doubled, (slope * (4 * xyy - doubled) - 8 * yy * yy) % P, 2 * y * z % P


def _add(one: _Point, two: _Point) -> _Point:
    if not one[2]:
        return two
    if not two[2]:
        return one
    x1, y1, z1 = one
    x2, y2, z2 = two
    zz1, zz2 = z1 * z1 % P, z2 * z2 % P
    u1, s1 = x1 * zz2 % P, y1 * z2 * zz2 % P
    run, rise = (x2 * zz1 - u1) % P, (y2 * z1 * zz1 - s1) % P
    if not run:
        return _INFINITY if rise else _double(one)
    run2 = run * run % P
    run3, v = run * run2 % P, u1 * run2 % P
    x3 = (rise * rise - run3 - 2 * v) % P
    return x3, (rise * (v - x3) - s1 * run3) % P, run * z1 * z2 % P


def _affine(point: _Point) -> tuple[int, int]:
    x, y, z = point
    inverse = pow(z, -1, P)
    square = inverse * inverse % P
    return x * square % P, y * square * inverse % P
