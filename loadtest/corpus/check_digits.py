"""Check characters of the Chinese codes and of the transport numbers in the corpus.

Every function takes the text without its check character and returns that one character; a
character outside the code's alphabet raises `ValueError` or `KeyError`.
"""

from identifiers.enterprises import credit_check_character

_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# A = 10, then upwards leaving out the multiples of 11 (ISO 6346, annex A).
_CONTAINER_VALUES = {str(digit): digit for digit in range(10)} | dict(
    zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (n for n in range(10, 39) if n % 11), strict=True)
)
# No I, O or Q (ISO 3779): A-H 1-8, J-N 1-5, P 7, R 9, S-Z 2-9.
_VIN_VALUES = {str(digit): digit for digit in range(10)} | dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "12345678123457923456789"), strict=True)
)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN_CHECK_PLACE = 8


def credit_code(seventeen: str) -> str:
    """Return the check character of a unified social credit code (GB 32100-2015)."""
    return credit_check_character(seventeen)


def organisation_code(eight: str) -> str:
    """Return the check character of an organisation code (GB 11714-1997); its letters are 10-35."""
    pairs = zip(eight, _ORGANISATION_WEIGHTS, strict=True)
    total = sum(int(character, 36) * weight for character, weight in pairs)
    return "0123456789X"[-total % 11]


def resident_number(seventeen: str) -> str:
    """Return the check character of a resident number (GB 11643-1999, ISO 7064 MOD 11-2)."""
    pairs = zip(seventeen, _RESIDENT_WEIGHTS, strict=True)
    return "10X98765432"[sum(int(digit) * weight for digit, weight in pairs) % 11]


def container(ten: str) -> str:
    """Return the check digit of a container number (ISO 6346); a remainder of 10 is written 0."""
    total = sum(_CONTAINER_VALUES[character] << place for place, character in enumerate(ten))
    return str(total % 11 % 10)


def vin(sixteen: str) -> str:
    """Return the check character of a VIN given without its ninth place (ISO 3779, GB 16735)."""
    whole = f"{sixteen[:_VIN_CHECK_PLACE]}0{sixteen[_VIN_CHECK_PLACE:]}"
    pairs = zip(whole, _VIN_WEIGHTS, strict=True)
    return "0123456789X"[sum(_VIN_VALUES[character] * weight for character, weight in pairs) % 11]
