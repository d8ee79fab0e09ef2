"""Places in lists: opaque to clients, not secret."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from registry.http.requests import bad_parameter

_CURSOR: Final = re.compile(r"[A-Za-z0-9_-]{1,8192}", re.ASCII)


def write_cursor(place: str) -> str:
    """Return a place as clients get it."""
    return urlsafe_b64encode(place.encode()).rstrip(b"=").decode()


def read_cursor(
    parameters: dict[str, str], form: re.Pattern[str], name: str = "after"
) -> re.Match[str] | None:
    """Return the place that a parameter names, as `form` fits it; None when there is none.

    Raises `Refusal` for what no page could have told.
    """
    cursor = parameters.get(name)
    if cursor is None:
        return None
    if _CURSOR.fullmatch(cursor) is not None:
        try:
            place = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        except ValueError:
            pass  # UnicodeDecodeError too: said below
        else:
            if (found := form.fullmatch(place)) is not None:
                return found
    raise bad_parameter(name, "cursor")
