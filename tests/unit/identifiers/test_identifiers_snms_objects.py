"""What clients of the SNMS-style interface send and get of identifiers, and the sentences."""

import msgspec
import pytest

from identifiers.faults import Fault, Invalid
from identifiers.snms.envelope import Status, done, refused, sentence
from identifiers.snms.objects import (
    BATCH_LIMIT,
    read_handle,
    read_list,
    read_object,
    theirs,
    told_object,
)
from identifiers.values import Value

URL = {"index": 2000, "type": "URL", "data": {"format": "string", "value": "https://a.example"}}


def sent(*values, **more):
    return {"handle": "88.300.1/A", "templateVersion": "v1", "value": list(values)} | more


def faults_of(read, *given):
    with pytest.raises(Invalid) as caught:
        read(*given)
    return [(fault.code, fault.pointer) for fault in caught.value.faults]


def test_an_identifier_is_read():
    told = read_object(sent(URL))
    assert (told.handle, told.template) == ("88.300.1/A", "v1")
    assert told.values == (Value(index=2000, type="URL", data=b"https://a.example"),)


@pytest.mark.parametrize(
    "value",
    [
        URL | {"index": "2000"},
        URL | {"auth": "r", "unheard": 1},
        URL | {"data": {"value": "https://a.example"}},
        URL | {"data": {"format": "string", "vlaue": "https://a.example"}},
        URL | {"data": "https://a.example"},
    ],
)
def test_what_the_published_tables_and_examples_say_differently_is_one(value):
    assert read_object(sent(value)) == read_object(sent(URL))
    assert read_object({"vlaue" if n == "value" else n: v for n, v in sent(value).items()}) == (
        read_object(sent(URL))
    )


@pytest.mark.parametrize(
    ("document", "faults"),
    [
        ([], [("type", "")]),
        ({}, [("required", "/value"), ("required", "/handle"), ("required", "/templateVersion")]),
        (sent("x"), [("type", "/value/0")]),
        (sent(URL | {"index": 0}), [("range", "/value/0/index")]),
        (sent(URL | {"index": 1000}), [("template.no_item", "/value/0/index")]),
        (sent(URL | {"index": "1"}), [("template.no_item", "/value/0/index")]),
        (sent(URL | {"index": 1001}), [("template.own", "/value/0/index")]),
        (sent(URL | {"type": "TEMPLATE"}), [("template.own", "/value/0/index")]),
        (
            sent(URL | {"data": {"format": "hex", "value": "00"}}),
            [("one_of", "/value/0/data/format")],
        ),
        (sent(URL | {"data": 7}), [("type", "/value/0/data")]),
        (sent(URL | {"data": "x" * 256}), [("too_long", "/value/0/data")]),
        (sent(handle="1/" + "x" * 254), [("too_long", "/handle")]),
        (sent({"index": 2000, "type": "A"}), [("required", "/value/0/data")]),
    ],
)
def test_every_fault_is_told_with_its_place(document, faults):
    assert faults_of(read_object, document) == faults


def test_a_handle_alone_is_read():
    assert read_handle({"handle": "88.300.1/A"}) == "88.300.1/A"
    assert faults_of(read_handle, {}) == [("required", "/handle")]
    assert faults_of(read_handle, 1) == [("type", "")]


def test_a_list_stands_bare_or_in_an_object():
    assert read_list(["a"], "handles") == read_list({"handles": ["a"]}, "handles") == ["a"]
    assert faults_of(read_list, {}, "handles") == [("required", "/handles")]
    assert faults_of(read_list, 1, "handles") == [("type", "")]
    assert read_list([0] * BATCH_LIMIT, "handles")
    assert faults_of(read_list, [0] * (BATCH_LIMIT + 1), "handles") == [("too_many", "/handles")]


def test_an_identifier_is_told_as_clients_know_it():
    values = (
        Value(index=1001, type="TEMPLATE", data=b"v1"),
        Value(index=2000, type="URL", data="煤".encode()),
        Value(index=100, type="HS_ADMIN", data=b"\0\1"),
    )
    assert told_object("88.300.1/A", "v1", values) == {
        "code": "200",
        "prefix": "88.300.1",
        "handle": "88.300.1/A",
        "templateVersion": "v1",
        "value": [
            {
                "auth": "",
                "index": index,
                "type": kind,
                "data": {"format": "string", "value": text},
            }
            for index, kind, text in ((1001, "TEMPLATE", "v1"), (2000, "URL", "煤"))
        ],
    }


def test_the_envelope():
    assert msgspec.json.decode(msgspec.json.encode(done())) == {
        "message": "success",
        "status": 1,
        "data": True,
    }
    assert (refused("x").status, done([1]).data) == (Status.REFUSED, [1])


def test_sentences_are_those_that_clients_compare():
    assert sentence([Fault("required", "/handle")]) == "缺少必要的请求参数: handle"
    no_item = Fault("template.no_item", "/value/0/index", {"index": 1000})
    assert sentence([no_item]) == "非法操作，索引1000在模板中不存在"
    assert sentence(
        [
            Fault("empty", "/a~1b"),
            Fault("required", "/value/0/type"),
            Fault("utf8", params={"at": 1}),
        ]
    ) == ("缺少必要的请求参数: value.0.type；a/b: 不能为空；第 1 字节处不是有效的 UTF-8")


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        ("/items/3/values/0/index", "/value/0/index"),
        ("/attributes/ASH", "/ASH"),
        ("/template", "/templateVersion"),
        ("/handle", "/handle"),
        ("/items/3", ""),
    ],
)
def test_faults_of_the_registry_are_told_by_their_names(pointer, place):
    assert theirs(Fault("empty", pointer)).pointer == place
