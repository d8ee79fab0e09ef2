"""Check characters.

Every function takes the text without its check character and returns that one character; it raises
`KeyError` or `ValueError` for a character outside the code's alphabet or another length.
"""

from typing import Final

CREDIT_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Of GB 32100-2015, 4.2: no I, O, S, V or Z."""
_CREDIT_VALUES: Final = {character: value for value, character in enumerate(CREDIT_ALPHABET)}
_CREDIT_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(17))
_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_DIGITS: Final = {str(digit): digit for digit in range(10)}
# A = 10, then upwards leaving out the multiples of 11 (ISO 6346, annex A).
_CONTAINER_VALUES: Final = _DIGITS | dict(
    zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (n for n in range(10, 39) if n % 11), strict=True)
)
_CONTAINER_WEIGHTS: Final = tuple(1 << place for place in range(10))
# No I, O or Q (ISO 3779): A-H 1-8, J-N 1-5, P 7, R 9, S-Z 2-9.
_VIN_VALUES: Final = _DIGITS | dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "12345678123457923456789"), strict=True)
)
_VIN_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 9, 8, 7, 6, 5, 4, 3, 2)


def credit_code(seventeen: str) -> str:
    """Return the last character of a unified social credit code (GB 32100-2015)."""
    pairs = zip(seventeen, _CREDIT_WEIGHTS, strict=True)
    total = sum(_CREDIT_VALUES[character] * weight for character, weight in pairs)
    return CREDIT_ALPHABET[-total % 31]


def organisation_code(eight: str) -> str:
    """Return the last character of an organisation code (GB 11714-1997); its letters are 10-35."""
    pairs = zip(eight, _ORGANISATION_WEIGHTS, strict=True)
    total = sum(int(character, 36) * weight for character, weight in pairs)
    return "0123456789X"[-total % 11]


def resident_number(seventeen: str) -> str:
    """Return the last character of a resident number (GB 11643-1999, ISO 7064 MOD 11-2)."""
    pairs = zip(seventeen, _RESIDENT_WEIGHTS, strict=True)
    return "10X98765432"[sum(_DIGITS[digit] * weight for digit, weight in pairs) % 11]


def container(ten: str) -> str:
    """Return the last digit of a container number (ISO 6346); a remainder of 10 is written 0."""
    pairs = zip(ten, _CONTAINER_WEIGHTS, strict=True)
    total = sum(_CONTAINER_VALUES[character] * weight for character, weight in pairs)
    return str(total % 11 % 10)


def vin(sixteen: str) -> str:
    """Return the ninth character of a VIN that is given without it (ISO 3779, GB 16735)."""
    pairs = zip(sixteen, _VIN_WEIGHTS, strict=True)
    return "0123456789X"[sum(_VIN_VALUES[character] * weight for character, weight in pairs) % 11]
