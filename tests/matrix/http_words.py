"""What stands for what: the prefixes of each standing, and texts that are filled in from them."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

_HOLE: Final = re.compile(r"\{(\w+)\}")


class Place(NamedTuple):
    """A prefix: whose it is (0: the node's; None: nobody's), whose names under it are."""

    prefix: str
    owner: int | None
    names: int | None
    fit: bool = True
    """Whether it is a prefix at all."""


PLACES: Final[Mapping[str, Place]] = MappingProxyType(
    {
        "own": Place("88.300.1", 1, 1),
        "own, in small letters": Place("88.300.mine", 1, 1),
        "child": Place("88.300.1.2", None, 1),
        "child that looks like another": Place("88.300.1.20", None, 1),
        "child of another": Place("88.300.1.5", 3, 3),
        "sibling": Place("88.300.2", 2, 2),
        "parent": Place("88.300", 0, 0),
        "look-alike": Place("88.300.10", 2, 2),
        "look-alike by a letter": Place("88.300.1X", 2, 2),
        "look-alike by a zero": Place("88.300.01", None, 0),
        "look-alike by a wide digit": Place("88.300.\uff11", None, None, fit=False),
        "look-alike by a Cyrillic letter": Place("88.300.\u041cINE", None, None, fit=False),
        "look-alike by a dot": Place("88\u2024300\u20241", None, None, fit=False),
        "foreign": Place("99.1000.1", None, None),
    }
)


def filled(found: Any, words: Mapping[str, str]) -> Any:
    """Return a document with the texts in braces filled in; a text that is a number is one."""
    if isinstance(found, dict):
        return {name: filled(value, words) for name, value in found.items()}
    if isinstance(found, list):
        return [filled(value, words) for value in found]
    if not isinstance(found, str):
        return found
    text = _HOLE.sub(lambda match: words.get(match[1], match[0]), found)
    return int(text) if found == "{enterprise}" else text
