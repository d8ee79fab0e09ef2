"""Numbers that others give (编码校验): what texts of an entry are checked as.

Each has a form, and most a check character, which finds a slip of the pen before anybody resolves
what it names.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from identifiers.codes.divisions import is_division
from identifiers.codes.organisations import is_credit_code, is_organisation_code
from identifiers.codes.transport import is_container, is_plate, is_vin, vin_checks


class Form(StrEnum):
    """Which number it is."""

    CREDIT_CODE = "credit_code"
    """统一社会信用代码, GB 32100-2015, with its check."""
    ORGANISATION_CODE = "organisation_code"
    """组织机构代码, GB 11714-1997, with its check."""
    DIVISION = "division"
    """行政区划代码, GB/T 2260: the form alone."""
    CONTAINER = "container"
    """集装箱箱号, ISO 6346, with its check."""
    VIN = "vin"
    """车辆识别代号, ISO 3779: the form alone, since not every market has the check."""
    VIN_CHECKED = "vin_checked"
    """车辆识别代号, with its check (GB 16735)."""
    PLATE = "plate"
    """号牌号码, GA 36-2018: the form alone."""


def fits(form: Form, text: str) -> bool:
    """Say whether a text may be such a number."""
    return _FITS[form](text)


def _is_checked_vin(text: str) -> bool:
    return is_vin(text) and vin_checks(text)


_FITS: Final[Mapping[Form, Callable[[str], bool]]] = MappingProxyType(
    {
        Form.CREDIT_CODE: is_credit_code,
        Form.ORGANISATION_CODE: is_organisation_code,
        Form.DIVISION: is_division,
        Form.CONTAINER: is_container,
        Form.VIN: is_vin,
        Form.VIN_CHECKED: _is_checked_vin,
        Form.PLATE: is_plate,
    }
)
