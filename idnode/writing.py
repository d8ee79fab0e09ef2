"""What is asked, as it travels: text, names in paths, JSON. What cannot be said is `Unaskable`."""

from typing import Any
from urllib.parse import quote

import msgspec

from idnode.errors import Unaskable


def octets_of(text: str) -> bytes:
    """Return text as UTF-8. Raises `Unaskable` for a lone surrogate, which that cannot say."""
    try:
        return text.encode()
    except UnicodeEncodeError as why:
        raise Unaskable(f"character {why.start + 1} is a lone surrogate: UTF-8 has none") from why


def segment(name: str) -> str:
    """Return a name as one segment of a path: every octet quoted, slashes too."""
    return quote(octets_of(name), safe="")


def json_octets(content: Any) -> bytes:
    """Return a document as JSON."""
    try:
        return msgspec.json.encode(content)
    except UnicodeEncodeError as why:
        raise Unaskable("a text with a lone surrogate: UTF-8 has none") from why
