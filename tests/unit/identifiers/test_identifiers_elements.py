import pytest

from identifiers.elements import MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS, BadXml, Element, parse


def test_elements_with_their_attributes():
    assert parse('<a x="1 &amp; 煤"><b/>text<c><d y=""/></c></a>'.encode()) == Element(
        "a", {"x": "1 & 煤"}, (Element("b"), Element("c", {}, (Element("d", {"y": ""}),)))
    )


def test_what_stands_beside_elements_changes_nothing():
    assert parse(b'<?xml version="1.0" encoding="utf-8"?><!-- c --><a><?p i?></a>') == Element("a")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no element found"),
        (b"<a>", "no element found"),
        (b"<a/><b/>", "junk"),
        (b"<a x='1' x='2'/>", "duplicate"),
        (b"<a>&nbsp;</a>", "undefined entity"),
        (b"<a>\xff</a>", "not well-formed"),
        (b"<!DOCTYPE a><a/>", "document type"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "document type"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>', "document type"),
        (b"<a>" * (MAX_DEPTH + 1), "nested deeper"),
        (b"<a>" + b"<b/>" * MAX_ELEMENTS + b"</a>", "more than 256 elements"),
        (b"<a>" + b" " * MAX_BYTES + b"</a>", "bytes, at most"),
    ],
)
def test_what_is_not_read(data, why):
    with pytest.raises(BadXml, match=why):
        parse(data)


def test_the_bounds_themselves_are_within():
    assert parse(b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH).name == "a"
    assert len(parse(b"<a>" + b"<b/>" * (MAX_ELEMENTS - 1) + b"</a>").children) == MAX_ELEMENTS - 1
