from urllib.parse import quote

import pytest

from identifiers import outcomes
from identifiers.faults import Invalid
from identifiers.queries import Query
from identifiers.records import Record, State
from identifiers.values import Value
from identifiers.wire import cborform, restform
from identifiers.wire.handle.values import encode_values
from identifiers.wire.restform import Form
from resolver.transports import rest

URL = Value(index=1, type="URL", data=b"https://example.org/1", ttl=300)
RECORD = Record(
    key="88.300.1/A",
    name="88.300.1/A",
    version=7,
    state=State.ACTIVE,
    values=encode_values([URL]),
    changed_at=0,
)
MOUNT = "/api/handles/"


@pytest.mark.parametrize(
    ("target", "handle"),
    [
        ("/api/handles/88.300.1/A", "88.300.1/A"),
        ("/api/handles/88.300.1%2FA", "88.300.1/A"),
        ("/api/handles/88.300.1/A%2FB/C", "88.300.1/A/B/C"),
        ("/api/handles/88.300.1/A?index=1", "88.300.1/A"),
        ("/api/handles/88.300.1/A#x", "88.300.1/A"),
        ("/api/handles/88.300.1/%E7%85%A4", "88.300.1/煤"),
        ("/api/handles/88.300.1/煤", "88.300.1/煤"),
        ("/api/handles/88.300.1/a+b", "88.300.1/a+b"),
        ("/api/handles/88.300.1/%3Fx%23y", "88.300.1/?x#y"),
        ("/api/handles/88.300.1/../x//y/", "88.300.1/../x//y/"),
        ("http://host/api/handles/88.300.1/A", "88.300.1/A"),
        ("/api/handles/88.300.1/api/handles/A", "88.300.1/api/handles/A"),
    ],
)
def test_the_handle_is_the_rest_of_the_path(target, handle):
    assert restform.handle_in(target, MOUNT) == handle.encode()


@pytest.mark.parametrize("path", ["88.300.1/%FF", "88.300.1/%00", "88.300.1/\udcff"])
def test_what_is_no_text_is_no_handle(path):
    with pytest.raises(restform.Unreadable) as caught:
        restform.handle_in(MOUNT + path, MOUNT)
    assert caught.value.code == 102


def look_up(*parameters):
    return rest.read_look_up(b"88.300.1/A", parameters)


def test_parameters_of_a_look_up():
    asked = look_up(
        ("index", "1"),
        ("type", "URL"),
        ("index", "300"),
        ("auth", ""),
        ("cert", "yes"),
        ("doNotRefer", "TRUE"),
        ("pretty", "no"),
        ("unknown", "x"),
    )
    assert asked.query == Query(
        handle=b"88.300.1/A",
        indexes=(1, 300),
        types=("URL",),
        authoritative=True,
        certified=True,
        do_not_refer=True,
    )
    assert asked.form == restform.PLAIN
    assert not asked.wants_private


def test_private_values_are_asked_for_by_saying_no():
    assert look_up(("publicOnly", "false")).wants_private
    assert not look_up(("publicOnly", "")).wants_private


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("index", "x"),
        ("index", "-1"),
        ("index", "4294967296"),
        ("index", "1" * 5000),
        ("index", "１"),
        ("index", ""),
        ("callback", "alert(1)"),
        ("callback", ""),
        ("callback", "a..b"),
        ("callback", "x" * 129),
    ],
)
def test_parameters_that_ask_nothing(name, value):
    with pytest.raises(restform.Unreadable, match=name) as caught:
        look_up((name, value))
    assert caught.value.code == 4


def test_filters_are_bounded():
    with pytest.raises(restform.Unreadable, match="2048"):
        look_up(*[("type", "URL")] * 2049)


@pytest.mark.parametrize(
    ("outcome", "status", "code", "rest_of_it"),
    [
        (outcomes.ValuesAbsent(RECORD), 200, 200, {"values": []}),
        (outcomes.Absent(), 404, 100, {}),
        (outcomes.PassedOnTooOften(), 500, 6, {}),
        (outcomes.Absent("suspended: recall"), 404, 100, {"message": "suspended: recall"}),
        (outcomes.NotHomed(), 400, 301, {"message": "That prefix doesn't live here"}),
        (outcomes.InvalidName("no slash"), 400, 102, {"message": "no slash"}),
        (outcomes.NeedsAuthentication(), 503, 5, {"message": rest.NO_LOGIN}),
        (outcomes.Unavailable(2), 503, 3, {}),
    ],
)
def test_how_outcomes_are_told(outcome, status, code, rest_of_it):
    told = rest.tell(outcome, "88.300.1/A")
    assert told.status == status
    assert told.document == {"responseCode": code, "handle": "88.300.1/A"} | rest_of_it
    assert told.retry_after == (2 if status == 503 and code == 3 else None)


def test_what_is_found_is_told_with_its_values():
    told = rest.tell(outcomes.Found(RECORD, RECORD.values), "88.300.1/a")
    assert (told.status, told.life.left(0)) == (200, 300)
    assert list(told.document) == ["responseCode", "handle", "values"]
    assert told.document["handle"] == "88.300.1/a"
    assert told.document["values"][0]["data"] == {
        "format": "string",
        "value": "https://example.org/1",
    }


@pytest.mark.parametrize(("of_prefix", "code"), [(False, 302), (True, 303)])
def test_a_referral_is_told_with_its_sites(of_prefix, code):
    told = rest.tell(outcomes.Referral((URL,), of_prefix=of_prefix), "88.300.2/A")
    assert (told.status, told.document["responseCode"]) == (300, code)
    assert len(told.document["values"]) == 1


def test_values_may_be_kept_as_long_as_the_shortest_lives():
    def life(*values):
        return rest.shortest_life(values).left(1000)

    assert life(URL, Value(index=2, type="X", data=b"", ttl=60)) == 60
    assert life(URL, Value(index=2, type="X", data=b"", ttl=1100, absolute=True)) == 100
    assert life(URL, Value(index=2, type="X", data=b"", ttl=900, absolute=True)) == 0
    assert life() == 0x7FFFFFFF


def test_every_representation_has_its_own_tag():
    asked = [
        look_up(),
        look_up(("index", "1")),
        look_up(("index", "2")),
        look_up(("type", "1")),
        look_up(("pretty", "")),
        look_up(("callback", "f")),
        look_up(("callback", "g")),
        rest.read_look_up(b"88.300.1/A", (), restform.CBOR),
    ]
    tags = [rest.entity_tag(7, one) for one in asked]
    assert tags[0] == '"v7"'
    assert all(tag.startswith('"v7-') for tag in tags[1:])
    assert len(set(tags)) == len(tags)
    assert rest.entity_tag(8, asked[1]) != tags[1]
    assert rest.entity_tag(7, look_up(("auth", ""))) == tags[0]


@pytest.mark.parametrize(
    ("field", "matches"),
    [
        ('"v7"', True),
        ("*", True),
        (' "v6" , W/"v7"', True),
        ('"v6"', False),
        ("v7", False),
        ("", False),
    ],
)
def test_which_tags_match(field, matches):
    assert rest.tag_matches(field, '"v7"') is matches


def test_forms_of_a_document():
    document = {"responseCode": 1, "handle": "a/\u2028b"}
    assert restform.written(document, Form()) == '{"responseCode":1,"handle":"a/\u2028b"}'.encode()
    assert b'\n  "handle"' in restform.written(document, Form(pretty=True))
    script = restform.written(document, Form(restform.JAVASCRIPT, callback="my.f"))
    assert script == b'my.f({"responseCode":1,"handle":"a/\\u2028b"});'
    assert cborform.load(restform.written(document, Form(restform.CBOR))) == document


def test_a_batch_is_read_strictly():
    assert rest.read_batch(b'{"handles": ["a/b", "x"]}', 2000) == ["a/b", "x"]
    assert rest.read_batch(b'{"handles": []}', 2000) == []
    assert rest.read_batch(rb'{"h\u0061ndles": ["a\/\"b"]}', 2000) == ['a/"b']
    assert rest.read_batch('{"handles":["煤"]}'.encode(), 2000) == ["煤"]
    assert len(rest.read_batch(b'{"handles":["a","b","c","d"]}', 2)) == 3


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        (b"[]", [""]),
        (b"{}", ["/handles"]),
        (b'{"handles": "a/b"}', ["/handles"]),
        (b'{"handles": ["a/b", 1, null]}', ["/handles/1", "/handles/2"]),
        (b'{"handles": [1], "more": 1}', ["/more", "/handles/0"]),
        (b'{"handles": ["a"], "handles": ["b"]}', ["/handles"]),
        (rb'{"handles": ["a"], "h\u0061ndles": ["b"]}', ["/handles"]),
        (b'{"handles": ["a"], "more": "b"}', ["/more"]),
        (rb'{"handles": ["a\u0000"]}', ["/handles/0"]),
        (b'{"handles": ["a"', [""]),
        (b'{"handles": ["\xff"]}', [""]),
    ],
)
def test_every_fault_of_a_batch_is_named(body, pointers):
    with pytest.raises(Invalid) as caught:
        rest.read_batch(body, 2000)
    assert [fault.pointer for fault in caught.value.faults] == pointers


def test_any_handle_fits_an_address():
    handle = "88.300.1/ä/?#%25 +&=煤"
    assert restform.handle_in(MOUNT + quote(handle, safe=""), MOUNT) == handle.encode()
