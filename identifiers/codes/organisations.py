"""Who an enterprise (企业) or a person is in China, as far as the form of the number tells."""

import re
from datetime import date
from typing import Final

from identifiers.codes.checks import (
    CREDIT_ALPHABET,
    credit_code,
    organisation_code,
    resident_number,
)

_CREDIT_CODE: Final = re.compile(rf"[1-9ANY][{CREDIT_ALPHABET}][0-9]{{6}}[{CREDIT_ALPHABET}]{{10}}")
_ORGANISATION_CODE: Final = re.compile(r"[0-9A-Z]{8}-?[0-9X]")
_RESIDENT_NUMBER: Final = re.compile(r"[0-9]{17}[0-9X]")


def is_credit_code(text: str) -> bool:
    """Say whether this may be a unified social credit code (统一社会信用代码, GB 32100-2015)."""
    return _CREDIT_CODE.fullmatch(text) is not None and credit_code(text[:17]) == text[17]


def is_organisation_code(text: str) -> bool:
    """Say whether this may be an organisation code (组织机构代码, GB 11714-1997).

    Its hyphen may be missing.
    """
    return (
        _ORGANISATION_CODE.fullmatch(text) is not None and organisation_code(text[:8]) == text[-1]
    )


def is_resident_number(text: str) -> bool:
    """Say whether this may be a resident number (公民身份号码, GB 11643-1999).

    Six digits of a place, eight of a day that the calendar has, three of a sequence and the check.
    Places are not looked up: some are no more, and people keep their numbers.
    """
    if _RESIDENT_NUMBER.fullmatch(text) is None or resident_number(text[:17]) != text[17]:
        return False
    try:
        date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    return True
