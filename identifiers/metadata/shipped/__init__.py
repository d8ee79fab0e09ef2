"""Templates that a node comes with, all self-defined (自定义): no national ones are public.

A template is a table of entries. Its columns: name, Chinese and English title, kind with its rule,
unit, and R where it is required. The rules: `string 32` has at most 32 characters, `string 11
container` is checked as that besides, `number 0..100` lies between, `one of A B` is an enumeration.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from identifiers.metadata.shipped import city, coal, freight, making
from identifiers.metadata.shipped.table import document

SHIPPED: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        version: MappingProxyType(document(version, text))
        for room in (coal, freight, making, city)
        for version, text in room.TEMPLATES.items()
    }
)
"""By version; as JSON has them, to be read with the prefix that they are to stand under."""
