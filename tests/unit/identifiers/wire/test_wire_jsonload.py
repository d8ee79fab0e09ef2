import re

import pytest

from identifiers.faults import MAX_FAULTS, Fault, Invalid
from identifiers.wire.jsonload import MAX_DEPTH, load, step, without_escapes


def faults(data):
    with pytest.raises(Invalid) as caught:
        load(data)
    return list(caught.value.faults)


def places(data):
    return [(fault.pointer, fault.code) for fault in faults(data)]


@pytest.mark.parametrize(
    ("data", "document"),
    [
        (b"null", None),
        (b' {"a": [1, 2.5, true, "\xe7\x85\xa4"]} ', {"a": [1, 2.5, True, "煤"]}),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"\\\\u0000 \\\\ud800"', "\\u0000 \\ud800"),
        (b"9223372036854775807", (1 << 63) - 1),
        (b"-9223372036854775808", -(1 << 63)),
        (b'{"a":"[[[[[[[[[[[[[[[[[[[[\\"[["}', {"a": '[[[[[[[[[[[[[[[[[[[["[['}),
        (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, None),
    ],
)
def test_good_documents_are_read(data, document):
    loaded = load(data)
    if document is not None:
        assert loaded == document


def test_every_fault_has_its_pointer():
    text = (
        b'{"a":{"x":1,"x":2},"b/c":[1e400,NaN],"d~":99999999999999999999,'
        b'"e":"\\u0000\\ud800","\\udc00":{"f":-Infinity,"f":"\\u0000"}}'
    )
    assert places(text) == [
        ("/a/x", "json.duplicate_key"),
        ("/b~1c/0", "json.number"),
        ("/b~1c/1", "json.number"),
        ("/d~0", "json.integer"),
        ("/e", "nul"),
        ("/e", "surrogate"),
        ("/\ufffd", "surrogate"),
        ("/\ufffd/f", "json.duplicate_key"),
        ("/\ufffd/f", "nul"),
    ]
    for fault in faults(text):
        (fault.pointer + fault.detail("zh")).encode()


def test_a_name_may_not_hold_nul():
    assert places(b'{"a\\u0000":1}') == [("/a\0", "nul")]


@pytest.mark.parametrize("digits", ["9223372036854775808", "-9223372036854775809", "1" * 5000])
def test_integers_fit_into_64_bits(digits):
    (fault,) = faults(f'{{"n":{digits}}}'.encode())
    assert (fault.pointer, fault.code) == ("/n", "json.integer")
    assert fault.detail().startswith(digits[:40])
    assert len(fault.detail()) < 100


def test_text_is_utf8():
    assert faults(b'"\xff"') == [Fault("utf8", params={"at": 1})]


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"{", b"[}", b"[1,]", b"1 2", b"\xef\xbb\xbf1", b'"a', b"'a'", b'"\t"', b"]["),
        *(b'"\\x"', b'"\\u00z0"', b'{"a" 1}', b'{"a":1,}', b"[1 2]"),
    ],
)
def test_bad_grammar_is_told_with_its_place(data):
    (fault,) = faults(data)
    assert fault.code == "json.syntax"
    assert " at line 1, column" in fault.detail()
    chinese = fault.detail("zh")
    assert chinese.startswith("不是有效的 JSON：第 1 行第 ")
    assert "有语法错误" not in chinese
    assert not re.search("[a-z]{2}", chinese)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 17 + b"]" * 17,
        b'{"a":' * 17 + b"1" + b"}" * 17,
        b"[" * 1000,
        b"[{" * 500,
        b"[[" * 9 + b"]]" * 9,
    ],
)
def test_deep_nesting_is_refused_before_parsing(data):
    assert [fault.code for fault in faults(data)] == ["json.too_deep"]


def test_unbalanced_but_shallow_is_a_matter_of_grammar():
    assert places(b"]" * 40 + b"[" * 9) == [("", "json.syntax")]


def test_escapes_are_taken_out_pair_by_pair():
    assert without_escapes(rb'"a\"b\\"') == b'"ab"'
    assert without_escapes(rb'"\\\""') == b'""'
    assert without_escapes(b'"plain"') == b'"plain"'


def test_pointers_are_escaped():
    assert step("/a", "b/c~d") == "/a/b~1c~0d"
    assert step("", 3) == "/3"


@pytest.mark.parametrize(
    "member",
    [b"NaN", b"1e999", b"99999999999999999999", b'{"a":1,"a":1}', b'"\\u0000"', b'{"\\ud800":1}'],
)
def test_faults_beyond_a_hundred_are_one(member):
    found = places(b"[" + b",".join([member] * 50_000) + b"]")
    assert len(found) == MAX_FAULTS + 1
    assert found[0][0].startswith("/0")
    assert found[-1] == ("", "more")


def test_faults_that_stand_nowhere_are_faults_all_the_same():
    # The names are given again, so that nothing leads to what was refused first.
    text = b'{"a":[' + b",".join([b"NaN"] * 500) + b'],"a":1}'
    assert places(text) == [("", "more")]


def test_a_long_name_above_many_faults_is_told_once_or_twice():
    name = b"x" * 400_000
    found = places(b'{"' + name + b'":[' + b",".join([b"NaN"] * 5000) + b"]}")
    assert [code for _, code in found] == ["json.number", "more"]


def test_members_beyond_a_hundred_faults_are_not_looked_at():
    members = b",".join(b'"%d":NaN' % number for number in range(5000))
    assert len(faults(b"{" + members + b"}")) == MAX_FAULTS + 1
