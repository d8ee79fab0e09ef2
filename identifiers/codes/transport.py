"""Numbers of containers and vehicles."""

import re
from typing import Final

from identifiers.codes.checks import container, vin

_CONTAINER: Final = re.compile(r"[A-Z]{3}[UJZ][0-9]{7}")
_VIN: Final = re.compile(r"[0-9A-HJ-NPR-Z]{8}[0-9X][0-9A-HJ-NPR-Z]{8}")
_VIN_CHECK: Final = 8
_PROVINCE: Final = "[京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新]"
# The serial has no I and no O. Of a new energy vehicle one letter tells the kind, at either end.
_PLATE: Final = re.compile(
    rf"{_PROVINCE}[A-HJ-NP-Z]"
    r"(?:[0-9A-HJ-NP-Z]{5}|[0-9A-HJ-NP-Z]{4}[挂学警港澳]|[A-HJK][0-9A-HJ-NP-Z][0-9]{4}|[0-9]{5}[A-HJK])"
)
_MOST_LETTERS: Final = 2
_ORDINARY: Final = 7


def is_container(text: str) -> bool:
    """Say whether this may be a container number (箱号, ISO 6346), check digit included."""
    return _CONTAINER.fullmatch(text) is not None and container(text[:10]) == text[10]


def is_vin(text: str) -> bool:
    """Say whether this has the form of a VIN (车辆识别代号, ISO 3779, GB 16735)."""
    return _VIN.fullmatch(text) is not None


def vin_checks(text: str) -> bool:
    """Say whether the check of a VIN is right. Not all markets demand it: warn, do not refuse."""
    return vin(text[:_VIN_CHECK] + text[_VIN_CHECK + 1 :]) == text[_VIN_CHECK]


def is_plate(text: str) -> bool:
    """Say whether this may be the number of a plate (号牌, GA 36-2018)."""
    if _PLATE.fullmatch(text) is None:
        return False
    serial = text[2:]
    return len(text) > _ORDINARY or sum("A" <= c <= "Z" for c in serial) <= _MOST_LETTERS
