"""Documents: what they are by their first octets, and to which field they may be bound."""

from types import MappingProxyType
from uuid import UUID

import msgspec
import pytest

from identifiers.enterprises.differences import Difference, differences
from identifiers.enterprises.files import (
    LIMITS,
    Media,
    Reference,
    TooLarge,
    UnknownForm,
    binding_faults,
    bound,
    judged,
    references,
)
from identifiers.enterprises.ledger import Attachment, Identity
from identifiers.enterprises.tables import FIELDS

ONE, TWO = UUID(int=1), UUID(int=2)
OURS, OTHERS = Identity(1, "a"), Identity(1, "b")
PNG = b"\x89PNG\r\n\x1a\n"


def document(**basic):
    return MappingProxyType({"basic": MappingProxyType(basic)})


def attachment(number=ONE, **more):
    told = {"owner": "node", "media": "image/png", "size": 1, "sha256": b"", "uploaded_at": 0}
    return Attachment(id=number, **(told | more))


def named(number=ONE, field="/basic/x", *, picture=False, pointer=None):
    return Reference(pointer or field, field, number, picture)


def codes(references_, *there):
    known = {one.id: one for one in there}
    return [(f.code, f.pointer) for f in binding_faults(references_, known, "node", OURS)]


def test_what_the_owner_sent_may_be_of_an_organisation_whose_number_is_at_fault():
    one = attachment(identity=OURS, field="/basic/x")
    for owner, faults in (("node", []), ("key:1", ["document.unknown"])):
        found = binding_faults([named()], {ONE: one}, owner, None)
        assert [fault.code for fault in found] == faults


@pytest.mark.parametrize(
    ("octets", "media"),
    [
        (b"\xff\xd8\xff\xe0..", Media.JPEG),
        (PNG + b"..", Media.PNG),
        (b"%PDF-1.7", Media.PDF),
        (b"", UnknownForm()),
        (b"GIF89a", UnknownForm()),
        (b"<html>%PDF-", UnknownForm()),
        (PNG.ljust(LIMITS[Media.PNG], b"\0"), Media.PNG),
        (PNG.ljust(LIMITS[Media.PNG] + 1, b"\0"), TooLarge(Media.PNG, 1 << 20)),
        (b"%PDF-".ljust(LIMITS[Media.PDF], b"\0"), Media.PDF),
        (b"%PDF-".ljust(LIMITS[Media.PDF] + 1, b"\0"), TooLarge(Media.PDF, 5 << 20)),
    ],
)
def test_a_document_is_what_its_first_octets_say(octets, media):
    assert judged(octets) == media


def test_every_document_that_is_named_is_found_with_its_field():
    told = {
        "basic": {"org_name": "x", "org_cert_image": str(ONE), "legal_cert_front": "no"},
        "management": {"realname_check_files": (str(ONE), str(TWO))},
        "service": {"licences": ({"type": 1, "no": "x"},)},
    }
    assert references(told, FIELDS) == [
        Reference("/basic/org_cert_image", "/basic/org_cert_image", ONE, picture=True),
        Reference("/basic/legal_cert_front", "/basic/legal_cert_front", None, picture=True),
        Reference(
            "/management/realname_check_files/0",
            "/management/realname_check_files",
            ONE,
            picture=False,
        ),
        Reference(
            "/management/realname_check_files/1",
            "/management/realname_check_files",
            TWO,
            picture=False,
        ),
    ]


def test_a_document_is_bound_once_to_a_field_of_one_organisation():
    assert codes([named()], attachment()) == []
    assert codes([named()]) == [("document.unknown", "/basic/x")]
    assert codes([named(None)]) == [("document.unknown", "/basic/x")]
    assert codes([named()], attachment(owner="enterprise:7")) == [("document.unknown", "/basic/x")]
    ours = attachment(owner="enterprise:7", identity=OURS, field="/basic/x")
    assert codes([named()], ours) == []
    assert codes([named(field="/basic/y")], ours) == [("document.bound", "/basic/y")]
    others = msgspec.structs.replace(ours, owner="node", identity=OTHERS)
    assert codes([named()], others) == [("document.unknown", "/basic/x")]
    twice = [named(), named(pointer="/basic/x/1")]
    assert codes(twice, attachment()) == [("document.bound", "/basic/x/1")]


def test_where_a_picture_is_needed_no_other_document_does():
    pdf = attachment(media=Media.PDF)
    assert codes([named(picture=True)], pdf) == [("document.picture", "/basic/x")]
    assert codes([named(picture=True)], attachment(media=Media.JPEG)) == []
    assert codes([named()], pdf) == []


def test_what_is_bound_knows_where():
    (one,) = bound([named(), named(None)], {ONE: attachment()}, TWO, OURS)
    assert (one.application, one.identity, one.field) == (TWO, OURS, "/basic/x")


def test_what_changed_is_told_value_by_value_and_masked():
    before = document(org_name="旧名", legal_name="张某某", legal_cert_front="f", website="a")
    after = document(org_name="新名", legal_name="李某某", legal_cert_front="g", org_nature=2)
    assert differences(before, after, FIELDS) == (
        Difference("/basic/legal_cert_front", None, None),
        Difference("/basic/legal_name", "张**", "李**"),
        Difference("/basic/org_name", "旧名", "新名"),
        Difference("/basic/org_nature", None, 2),
        Difference("/basic/website", "a", None),
    )
    listed = MappingProxyType({"service": MappingProxyType({"licences": ({"no": "1"},)})})
    assert differences(document(), listed, FIELDS) == (
        Difference("/service/licences/0/no", None, "1"),
    )
