"""XML of record values, safely: no document type, no entities of one's own, bounded in every way.

HS_NAMESPACE and 10320/loc are XML that strangers register; what is read here is elements with their
attributes and nothing else. Text between elements is passed over.
"""

from collections.abc import Mapping
from typing import Final
from xml.parsers import expat

import msgspec

MAX_BYTES: Final = 16 * 1024
MAX_ELEMENTS: Final = 256
MAX_DEPTH: Final = 16


class BadXml(ValueError):
    """No XML, or more of it than is read; the message says which."""


class Element(msgspec.Struct, frozen=True):
    """An element: names as they are written, attributes decoded."""

    name: str
    attributes: Mapping[str, str] = {}
    children: tuple["Element", ...] = ()


class _Open:
    """An element whose end has not come."""

    __slots__ = ("attributes", "children", "name")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Element] = []


class _Reader:
    def __init__(self) -> None:
        self._open = [_Open("", {})]
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise BadXml(f"more than {MAX_ELEMENTS} elements")
        if len(self._open) > MAX_DEPTH:
            raise BadXml(f"elements nested deeper than {MAX_DEPTH}")
        self._open.append(_Open(name, attributes))

    def end(self, _: str) -> None:
        done = self._open.pop()
        self._open[-1].children.append(Element(done.name, done.attributes, tuple(done.children)))

    def root(self) -> Element:
        return self._open[0].children[0]


def parse(data: bytes) -> Element:
    """Return the root element of UTF-8 XML. Raises `BadXml`."""
    if len(data) > MAX_BYTES:
        raise BadXml(f"{len(data)} bytes, at most {MAX_BYTES} are read")
    reader = _Reader()
    # The encoding is said, so that no declaration changes it.
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(data, True)  # noqa: FBT003 -- expat's; it takes no keywords
    except expat.ExpatError as error:
        raise BadXml(str(error)) from None
    return reader.root()


def _refuse_doctype(*_: object) -> None:
    raise BadXml("a document type is not allowed")
