"""The codes that name an enterprise (企业) and its trade in China, as far as their form goes."""

import re
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Of GB 32100-2015, 4.2: no I, O, S, V or Z."""
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)}
_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(17))
_CREDIT_CODE: Final = re.compile(rf"[{_ALPHABET}]{{2}}[0-9]{{6}}[{_ALPHABET}]{{10}}")
_INDUSTRY: Final = re.compile(r"[A-T]|[A-T]?[0-9]{2,4}")


def credit_check_character(seventeen: str) -> str:
    """Return the last character of a unified social credit code (GB 32100-2015).

    Raises `KeyError` or `ValueError` for what are not 17 characters of its alphabet.
    """
    pairs = zip(seventeen, _WEIGHTS, strict=True)
    total = sum(_VALUES[character] * weight for character, weight in pairs)
    return _ALPHABET[-total % 31]


def is_credit_code(text: str) -> bool:
    """Say whether this may be a unified social credit code (统一社会信用代码), check included."""
    shape = _CREDIT_CODE.fullmatch(text) is not None
    return shape and credit_check_character(text[:17]) == text[17]


def is_industry(text: str) -> bool:
    """Say whether this has the form of a class of GB/T 4754: section, division, group or class.

    Such as ``B``, ``06``, ``061``, ``0610``, or ``B0610``.
    """
    return _INDUSTRY.fullmatch(text) is not None
