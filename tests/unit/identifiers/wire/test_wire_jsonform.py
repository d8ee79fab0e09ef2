import base64

import pytest

from identifiers.faults import MAX_FAULTS, Fault, Invalid
from identifiers.records import State
from identifiers.submissions import Submission
from identifiers.values import Reference, Value
from identifiers.wire import jsonform
from identifiers.wire.cursor import text, u16
from identifiers.wire.handle import data, site
from identifiers.wire.handle.values import encode_values
from identifiers.wire.jsonform import (
    instant,
    parse_instant,
    read_identifier,
    read_values,
    value_document,
    write_json,
    write_record,
)
from identifiers.wire.jsonload import load

URL = {"index": 1, "type": "URL", "data": {"format": "string", "value": "https://e.example/1"}}


def read(*items, **members):
    return read_identifier({"handle": "88.1/a", "values": list(items), **members})


def places(document, reader=read_identifier):
    with pytest.raises(Invalid) as caught:
        reader(document)
    assert all(fault.detail("en") and fault.detail("zh") for fault in caught.value.faults)
    return [(fault.pointer, fault.code) for fault in caught.value.faults]


def data_places(document):
    value = {"index": 1, "type": "T", "data": document}
    found = places([value], read_values)
    return [(pointer.removeprefix("/0/data"), code) for pointer, code in found]


def one(document):
    ((value),) = read_values([{"index": 1, "type": "T", "data": document}])
    return value.data


def test_a_plain_identifier():
    assert read(URL) == Submission(
        "88.1/a", (Value(index=1, type="URL", data=b"https://e.example/1"),), None
    )
    assert read(URL, state="active").state is State.ACTIVE
    assert read(URL, state="reserved").state is State.RESERVED


def test_all_members_of_a_value():
    value = {
        "index": 4294967295,
        "type": "T",
        "data": "plain",
        "permissions": "1100",
        "ttl": "2024-01-01T00:00:00Z",
        "timestamp": "2024-01-01T08:00:00+08:00",
        "references": [{"handle": "88.1/b", "index": 2}],
    }
    assert read(value).values == (
        Value(
            index=4294967295,
            type="T",
            data=b"plain",
            permissions=0x0C,
            ttl=1704067200,
            absolute=True,
            timestamp=1704067200,
            references=(Reference("88.1/b", 2),),
        ),
    )


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("煤", "煤".encode()),
        (b"\0\xff", b"\0\xff"),
        ({"format": "string", "value": "x"}, b"x"),
        ({"format": "string", "value": b"\xff"}, b"\xff"),
        ({"format": "base64", "value": "AAH/"}, b"\0\1\xff"),
        ({"format": "hex", "value": "00FF"}, b"\0\xff"),
        (
            {"format": "admin", "value": {"handle": "a/b", "index": 2, "permissions": "11"}},
            data.encode_admin(data.Admin(3, "a/b", 2)),
        ),
        (
            {"format": "admin", "value": {"handle": "a/b", "index": "2", "permissions": "11"}},
            data.encode_admin(data.Admin(3, "a/b", 2)),
        ),
        (
            {"format": "vlist", "value": [{"handle": "a/b", "index": 0}]},
            data.encode_vlist((Reference("a/b", 0),)),
        ),
        (
            {"format": "key", "value": {"kty": "RSA", "n": "AQAB", "e": "Aw"}},
            data.encode_public_key(data.RsaKey(3, 65537)),
        ),
        (
            {"format": "key", "value": {"kty": "DSA", "q": "AQ", "p": "Ag", "g": "Aw", "y": "BA"}},
            data.encode_public_key(data.DsaKey(1, 2, 3, 4)),
        ),
    ],
)
def test_data_comes_in_formats(document, expected):
    assert one(document) == expected


SITE = {
    "version": 1,
    "protocolVersion": "2.11",
    "serialNumber": 7,
    "primarySite": True,
    "multiPrimary": False,
    "attributes": [{"name": "desc", "value": "示例"}],
    "servers": [
        {
            "serverId": 1,
            "address": "2001:db8::1",
            "publicKey": {"format": "base64", "value": "a2V5"},
            "interfaces": [{"query": True, "admin": False, "protocol": "UDP", "port": 2641}],
        }
    ],
}


def test_a_site_is_spelled_out():
    record = one({"format": "site", "value": SITE})
    assert site.decode_site(record) == site.Site(
        serial=7,
        attributes=(("desc", "示例"),),
        servers=(
            site.Server(
                id=1,
                address=site.IPv6Address("2001:db8::1"),
                public_key=b"key",
                interfaces=(site.Interface(2, 0, 2641),),
            ),
        ),
    )
    value = Value(index=3, type="HS_SITE", data=record)
    assert value_document(value)["data"] == {"format": "site", "value": SITE}
    short = {"serialNumber": 1, "servers": []}
    assert site.decode_site(one({"format": "site", "value": short})).flags == 0


def test_the_server_of_a_site_may_have_no_key():
    server = {"serverId": 1, "address": "192.0.2.1", "interfaces": []}
    record = one({"format": "site", "value": {"serialNumber": 1, "servers": [server]}})
    assert site.decode_site(record).servers[0].public_key == b""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"version": 2}, ("/version", "range")),
        ({"protocolVersion": "2"}, ("/protocolVersion", "value.format")),
        ({"protocolVersion": "2.256"}, ("/protocolVersion", "value.format")),
        ({"serialNumber": 65536}, ("/serialNumber", "range")),
        ({"primarySite": 1}, ("/primarySite", "type")),
        ({"hashOption": 3}, ("/hashOption", "range")),
        ({"attributes": [1]}, ("/attributes/0", "type")),
        ({"attributes": {}}, ("/attributes", "type")),
        ({"servers": [1]}, ("/servers/0", "type")),
        ({"servers": None}, ("/servers", "type")),
        ({"more": 1}, ("/more", "unknown_key")),
    ],
)
def test_faults_of_a_site(changes, expected):
    assert data_places({"format": "site", "value": SITE | changes}) == [
        ("/value" + expected[0], expected[1])
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"serverId": -1}, ("/serverId", "range")),
        ({"address": "nowhere"}, ("/address", "value.format")),
        ({"address": 1}, ("/address", "type")),
        ({"publicKey": 1}, ("/publicKey", "type")),
        ({"interfaces": [1]}, ("/interfaces/0", "type")),
        ({"interfaces": [{"protocol": "QUIC", "port": 1}]}, ("/interfaces/0/protocol", "one_of")),
        ({"interfaces": [{"protocol": "TCP", "port": 65536}]}, ("/interfaces/0/port", "range")),
        ({"interfaces": [{"protocol": "TCP"}]}, ("/interfaces/0/port", "required")),
        ({"interfaces": [{"port": 1}]}, ("/interfaces/0/protocol", "required")),
    ],
)
def test_faults_of_a_server(changes, expected):
    servers = [SITE["servers"][0] | changes]
    assert data_places({"format": "site", "value": SITE | {"servers": servers}}) == [
        ("/value/servers/0" + expected[0], expected[1])
    ]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (1, [("", "type")]),
        (None, [("", "type")]),
        ([], [("", "type")]),
        ({}, [("/format", "required")]),
        ({"format": 1}, [("/format", "type")]),
        ({"format": "text", "value": "x"}, [("/format", "one_of")]),
        ({"format": "string"}, [("/value", "required")]),
        ({"format": "string", "value": 1}, [("/value", "type")]),
        ({"format": "string", "value": "x", "encoding": "u"}, [("/encoding", "unknown_key")]),
        ({"format": "base64", "value": "A"}, [("/value", "value.format")]),
        ({"format": "base64", "value": "A A="}, [("/value", "value.format")]),
        ({"format": "hex", "value": "0"}, [("/value", "value.format")]),
        ({"format": "hex", "value": "0g"}, [("/value", "value.format")]),
        ({"format": "admin"}, [("/value", "required")]),
        ({"format": "admin", "value": []}, [("/value", "type")]),
        (
            {"format": "admin", "value": {"handle": 1, "index": "x", "permissions": "2"}},
            [
                ("/value/permissions", "value.format"),
                ("/value/handle", "type"),
                ("/value/index", "type"),
            ],
        ),
        (
            {"format": "admin", "value": {"handle": "a/b", "index": "9" * 30, "permissions": "1"}},
            [("/value/index", "type")],
        ),
        ({"format": "vlist", "value": {}}, [("/value", "type")]),
        ({"format": "vlist", "value": ["a"]}, [("/value/0", "type")]),
        ({"format": "key", "value": "x"}, [("/value", "type")]),
        (
            {"format": "key", "value": {"kty": "RSA", "n": "*", "e": 1}},
            [("/value/e", "type"), ("/value/n", "value.format")],
        ),
        (
            {"format": "key", "value": {"kty": "EC", "n": "AQ", "e": "AQ"}},
            [("/value/kty", "one_of")],
        ),
        ({"format": "site"}, [("/value", "required")]),
        ({"format": "site", "value": 1}, [("/value", "type")]),
    ],
)
def test_faults_of_data(document, expected):
    assert data_places(document) == expected


@pytest.mark.parametrize("document", [None, [], "x", 1])
def test_an_identifier_is_an_object(document):
    assert places(document) == [("", "type")]


def test_every_fault_of_an_identifier_is_told_at_once():
    document = {
        "handle": "88..1/a",
        "values": [
            URL | {"index": 0},
            "x",
            {"type": 5},
            URL | {"index": True, "ttl": -1, "permissions": "rw", "timestamp": "now"},
            URL | {"ttl": 1.5, "permissions": 7, "timestamp": 5, "references": [1]},
            URL | {"references": {}, "ttl": "soon", "extra": None},
            URL | {"type": "", "index": 2},
            URL | {"index": 2},
        ],
        "state": "revoked",
        "template": 5,
        "attributes": {"A": [], "B": {}, "C/D": 1 << 63, "E": None, "F": 1.5, "G": True},
        "colour": "black",
    }
    assert places(document) == [
        ("/colour", "unknown_key"),
        ("/template", "type"),
        ("/attributes/A", "type"),
        ("/attributes/B", "type"),
        ("/attributes/C~1D", "range"),
        ("/values/0/index", "range"),
        ("/values/1", "type"),
        ("/values/2/index", "required"),
        ("/values/2/type", "type"),
        ("/values/2/data", "required"),
        ("/values/3/index", "type"),
        ("/values/3/ttl", "range"),
        ("/values/3/permissions", "value.permissions"),
        ("/values/3/timestamp", "value.instant"),
        ("/values/4/ttl", "type"),
        ("/values/4/permissions", "type"),
        ("/values/4/timestamp", "type"),
        ("/values/4/references/0", "type"),
        ("/values/5/extra", "unknown_key"),
        ("/values/5/ttl", "value.ttl"),
        ("/values/5/references", "type"),
        ("/state", "one_of"),
        ("/handle", "name.prefix"),
        ("/values/5/index", "value.duplicate_index"),
        ("/values/6/type", "empty"),
        ("/values/7/index", "value.duplicate_index"),
    ]


def test_rules_are_asked_once_the_form_is_at_fault():
    long = {"handle": "88.1/" + "a" * 300, "values": [URL] * 2, "more": 1}
    assert places(long) == [
        ("/more", "unknown_key"),
        ("/handle", "too_long"),
        ("/values/1/index", "value.duplicate_index"),
    ]
    many = {"handle": "88.1/a", "values": [URL | {"index": n} for n in range(1, 258)], "more": 1}
    assert places(many) == [("/more", "unknown_key"), ("/values", "too_many")]
    assert places({"values": []}) == [("/handle", "required"), ("/values", "empty")]
    assert places({"values": ["x"]}) == [("/handle", "required"), ("/values/0", "type")]
    assert places({"handle": "88.1/a"}) == [("/values", "required")]


def test_pointers_begin_where_the_document_stands():
    with pytest.raises(Invalid) as caught:
        read_identifier({"handle": 5, "values": [URL, 1]}, "/items/3")
    assert [fault.pointer for fault in caught.value.faults] == [
        "/items/3/handle",
        "/items/3/values/1",
    ]


def test_a_list_of_values_is_read_by_itself():
    assert read_values([URL]) == read(URL).values
    assert places({}, read_values) == [("", "type")]
    assert places([URL, URL | {"index": 1, "x": 1}, URL], read_values) == [
        ("/1/x", "unknown_key"),
        ("/1/index", "value.duplicate_index"),
        ("/2/index", "value.duplicate_index"),
    ]
    assert places(["x"], read_values) == [("/0", "type")]


def test_one_fault_of_a_value_hides_no_other_of_it():
    values = [
        URL | {"index": 0, "type": ""},
        URL | {"index": "1", "type": "T" * 1_100},
        URL | {"ttl": -1},
        URL | {"permissions": "rw"},
    ]
    assert places(values, read_values) == [
        ("/0/index", "range"),
        ("/1/index", "type"),
        ("/2/ttl", "range"),
        ("/3/permissions", "value.permissions"),
        ("/0/type", "empty"),
        ("/1/type", "too_long"),
        ("/3/index", "value.duplicate_index"),
    ]


@pytest.mark.parametrize(
    ("text_", "epoch"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2024-01-01T00:00:00.999Z", 1704067200),
        ("2024-01-01T08:00:00+08:00", 1704067200),
        ("2106-02-07T06:28:15Z", 0xFFFF_FFFF),
    ],
)
def test_instants_are_read(text_, epoch):
    assert parse_instant(text_) == epoch


@pytest.mark.parametrize(
    "text_",
    [
        "2024-01-01",
        "2024-01-01T00:00:00",
        "2024-02-30T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "2106-02-07T06:28:16Z",
        "２024-01-01T00:00:00Z",
    ],
)
def test_what_is_no_instant_is_refused(text_):
    with pytest.raises(ValueError, match=r"."):
        parse_instant(text_)


def test_instants_are_written():
    assert instant(0) == "1970-01-01T00:00:00Z"
    assert instant(0xFFFF_FFFF) == "2106-02-07T06:28:15Z"


def document_of(kind, raw, **others):
    return value_document(Value(index=1, type=kind, data=raw, **others))


def b64(raw):
    return {"format": "base64", "value": base64.b64encode(raw).decode()}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"plain", {"format": "string", "value": "plain"}),
        ("a\tb\r\n煤".encode(), {"format": "string", "value": "a\tb\r\n煤"}),
        (b"", {"format": "string", "value": ""}),
        (b"a\x00", b64(b"a\x00")),
        (b"a\x08", b64(b"a\x08")),
        (b"a\x0e", b64(b"a\x0e")),
        (b"a\x7f", b64(b"a\x7f")),
        (b"\xff", b64(b"\xff")),
    ],
)
def test_text_is_written_as_text_and_the_rest_in_base64(raw, expected):
    assert document_of("T", raw)["data"] == expected


RSA = data.encode_public_key(data.RsaKey(65537, 0xFF))


@pytest.mark.parametrize(
    ("kind", "raw", "name"),
    [
        ("HS_ADMIN", data.encode_admin(data.Admin(0x0FFF, "a/b", 1)), "admin"),
        ("HS_ADMIN", data.encode_admin(data.Admin(0x1FFF, "a/b", 1)), "base64"),
        ("HS_ADMIN", data.encode_admin(data.Admin(1, "a/b", 1)) + b"\0\0", "base64"),
        ("HS_ADMIN", b"\xff", "base64"),
        ("HS_ADMIN", b"text", "string"),
        ("HS_VLIST", data.encode_vlist((Reference("a/b", 1),)), "vlist"),
        ("HS_VLIST", b"\xff", "base64"),
        ("HS_PUBKEY", RSA, "key"),
        ("HS_PUBKEY", RSA[:-4], "base64"),
        ("HS_PUBKEY", data.encode_public_key(data.DsaKey(0, 1, 2, 3)), "key"),
        ("HS_PUBKEY", data.encode_public_key(data.DhKey(1, 2, 3)), "base64"),
        ("HS_PUBKEY", b"-----BEGIN PUBLIC KEY-----", "string"),
        ("HS_PUBKEY", text("RSA_PUB_KEY") + u16(9), "base64"),
        ("HS_SITE", b"\xff", "base64"),
        ("HS_SECKEY", b"secret", "string"),
        ("URL", data.encode_admin(data.Admin(1, "a/b", 1)), "base64"),
    ],
)
def test_a_structure_is_written_only_if_it_reads_back(kind, raw, name):
    written = document_of(kind, raw)
    assert written["data"]["format"] == name
    ((value),) = read_values([load(write_json(written))])
    assert value.data == raw


def site_record(**changes):
    server = site.Server(
        id=1,
        address=site.IPv4Address("192.0.2.1"),
        public_key=RSA,
        interfaces=(site.Interface(3, 1, 2641),),
    )
    return site.encode_site(site.Site(**{"serial": 1, "servers": (server,)} | changes))


def test_sites_are_written_with_their_keys_and_hash_option():
    written = document_of("HS_SITE.PREFIX", site_record(hash_option=0))["data"]["value"]
    assert written["hashOption"] == 0
    assert written["servers"][0]["publicKey"]["format"] == "key"


@pytest.mark.parametrize(
    "record",
    [
        site_record(hash_filter=b"x"),
        site_record(flags=0x81),
        site_record(
            servers=(
                site.Server(
                    id=1,
                    address=site.IPv4Address("192.0.2.1"),
                    public_key=b"",
                    interfaces=(site.Interface(3, 9, 2641),),
                ),
            )
        ),
    ],
)
def test_sites_with_something_without_a_name_stay_binary(record):
    assert document_of("HS_SITE", record)["data"]["format"] == "base64"


def test_a_value_is_written_with_what_is_not_usual():
    assert document_of("T", b"x") == {
        "index": 1,
        "type": "T",
        "data": {"format": "string", "value": "x"},
        "ttl": 86400,
        "timestamp": "1970-01-01T00:00:00Z",
    }
    others = document_of(
        "T", b"x", permissions=0x0C, ttl=0, absolute=True, references=(Reference("a/b", 1),)
    )
    assert others["permissions"] == "1100"
    assert others["ttl"] == "1970-01-01T00:00:00Z"
    assert others["references"] == [{"handle": "a/b", "index": 1}]


def test_json_is_compact_and_leaves_slashes_alone():
    blob = encode_values([Value(index=1, type="URL", data="https://e.example/煤".encode())])
    assert jsonform.write_record("88.1/a", blob).decode() == (
        '{"handle":"88.1/a","values":[{"index":1,"type":"URL","data":{"format":"string",'
        '"value":"https://e.example/煤"},"ttl":86400,"timestamp":"1970-01-01T00:00:00Z"}]}'
    )
    assert jsonform.write_record("a/b", encode_values([]), State.SUSPENDED) == (
        b'{"handle":"a/b","values":[],"state":"suspended"}'
    )
    assert jsonform.write_values(encode_values([])) == b"[]"


MANY = [1] * 10_000
SERVER = {"serverId": 1, "address": "192.0.2.1", "interfaces": []}


@pytest.mark.parametrize(
    "data_",
    [
        {"format": "vlist", "value": MANY},
        {"format": "site", "value": {"serialNumber": 1, "servers": MANY}},
        {"format": "site", "value": {"serialNumber": 1, "servers": [], "attributes": MANY}},
        {
            "format": "site",
            "value": {"serialNumber": 1, "servers": [{**SERVER, "interfaces": MANY}]},
        },
        {str(number): 1 for number in range(10_000)},
    ],
)
def test_faults_of_data_beyond_a_hundred_are_one(data_):
    with pytest.raises(Invalid) as caught:
        read_values([{"index": 1, "type": "T", "data": data_}])
    assert len(caught.value.faults) == MAX_FAULTS + 1
    assert caught.value.faults[-1] == Fault("more")


def test_faults_of_values_beyond_a_hundred_are_one():
    for values in (MANY, [{"index": 1, "type": "", "data": ""}] * 10_000):
        with pytest.raises(Invalid) as caught:
            read_identifier({"handle": "nonsense", "values": values, "other": 1})
        assert len(caught.value.faults) == MAX_FAULTS + 1


def test_with_a_template_values_may_be_missing():
    named = read_identifier({"handle": "88.1/a", "template": "t"})
    assert (named.template, named.attributes, named.values) == ("t", None, ())
    told = read_identifier({"handle": "88.1/a", "template": "t", "attributes": {"A": 1}})
    assert told.attributes == {"A": 1}
    both = read_identifier({"handle": "88.1/a", "template": "t", "values": [URL]})
    assert [value.index for value in both.values] == [1]
    assert places({"handle": "88.1/a", "attributes": []}) == [("/attributes", "type")]
    many = {str(number): [] for number in range(300)}
    assert len(places({"handle": "88.1/a", "template": "t", "attributes": many})) == 101


def test_an_identifier_with_a_template_is_written_so_that_it_can_be_read():
    blob = encode_values(
        [
            Value(index=1001, type="TEMPLATE", data=b"t"),
            Value(index=2000, type="NO", data=b"7"),
        ]
    )
    written = load(write_record("88.1/a", blob, template="88/t"))
    assert written["template"] == "88/t"
    read = read_identifier(written)
    assert (read.template, [value.index for value in read.values]) == ("88/t", [2000])
