from identifiers.names import Prefix
from identifiers.routes import (
    Routes,
    is_prefix_record,
    namespace_of,
    record_key,
    routes_of,
    said_by,
)
from identifiers.values import Value
from identifiers.wire.handle.values import encode_values


def value(kind, data=b"d", **more):
    return Value(index=1, type=kind, data=data, **more)


def test_a_prefix_has_a_record_of_its_own():
    assert record_key(Prefix.parse("88.300.1")) == "0.NA/88.300.1"
    assert is_prefix_record("0.NA/88.300.1")
    assert not is_prefix_record("0.NAX/88.300.1")
    assert not is_prefix_record("88.300.1/0.NA/88")


def test_routes_are_told_by_type():
    names = [value("HS_SITE"), value("hs_site.6"), value("HS_SERV")]
    derived = [value("HS_SITE.PREFIX"), value("HS_SERV.PREFIX")]
    others = [value("HS_SITE.7"), value("URL"), value("HS_ADMIN")]
    blob = encode_values([*derived, *others, *names])
    assert routes_of(blob) == Routes(tuple(names), tuple(derived))


def test_what_is_not_public_is_no_route():
    assert routes_of(encode_values([value("HS_SITE", permissions=0x0C)])) == Routes()


def test_the_first_namespace_counts():
    values = [value("hs_namespace", b"0"), value("HS_NAMESPACE", b"1"), value("HS_NAMESPACE", b"2")]
    assert namespace_of(encode_values(values)) == b"1"
    assert namespace_of(encode_values([value("URL")])) == b""


def test_a_damaged_record_says_nothing():
    assert routes_of(b"\0\0\0\1x") == Routes()
    assert namespace_of(b"") == b""


def test_both_at_once():
    blob = encode_values([value("HS_SITE"), value("HS_NAMESPACE", b"n")])
    assert said_by(blob) == (Routes((value("HS_SITE"),)), b"n")
