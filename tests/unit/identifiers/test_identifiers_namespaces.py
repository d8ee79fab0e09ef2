import sys

import pytest

from identifiers.namespaces import BadNamespace, Namespace, Split, evaluate, read_namespace, split
from identifiers.patterns import BUDGET, Budget
from identifiers.values import Value

BASE = (
    Value(index=1, type="URL", data=b"https://example.org/data/abc", ttl=60, timestamp=5),
    Value(index=2, type="EMAIL", data=b"contact@example.org"),
    Value(index=3, type="RAW", data=b"\x00\xff", permissions=0x0C),
)
BOX = rb"""<namespace>
  <template delimiter="@">
    <foreach>
      <if value="type" test="equals" expression="url">
        <if value="extension" test="matches"
            expression="box\(([^,]*),([^,]*),([^,]*),([^,]*)\)" parameter="x">
          <value data="${data}?wh=${x[4]}&amp;ww=${x[3]}&amp;wy=${x[2]}&amp;wx=${x[1]}"/>
        </if>
        <else><value data="${data}?${x}"/></else>
      </if>
      <else><value/></else>
    </foreach>
  </template>
</namespace>"""


def template(body):
    return f'<namespace><template delimiter="@">{body}</template></namespace>'.encode()


def made(body, extension="7", values=BASE):
    data = body if isinstance(body, bytes) else template(body)
    parts = Split(f"88.300.1/abc@{extension}", "88.300.1/abc", extension)
    return evaluate(read_namespace(data), parts, values, Budget())


def test_the_example_of_the_manual():
    url, email, raw = made(BOX, "box(10,20,30,40)")
    assert url.data == b"https://example.org/data/abc?wh=40&ww=30&wy=20&wx=10"
    assert (url.index, url.type, url.ttl, url.timestamp) == (1, "URL", 60, 5)
    assert (email, raw) == BASE[1:]
    assert made(BOX, "other")[0].data == b"https://example.org/data/abc?other"


def test_what_is_not_public_does_not_become_so():
    (value,) = made('<foreach><value type="X" data="${data}"/></foreach>', values=BASE[2:])
    assert (value.type, value.data, value.permissions) == ("X", b"\x00\xff", 0x0C)


@pytest.mark.parametrize(
    "body",
    [
        (
            '<foreach><def parameter="d" expression="${data}"/>'
            '<foreach><value data="${d}"/></foreach></foreach>'
        ),
        (
            '<foreach><if value="data" test="matches" expression=".*" parameter="d">'
            '<foreach><value data="${d[0]}"/></foreach></if></foreach>'
        ),
        (
            '<foreach><if value="data" test="equals" expression="hidden">'
            '<foreach><value data="hidden"/></foreach></if></foreach>'
        ),
    ],
)
def test_nor_is_it_carried_over_to_a_public_value(body):
    hidden = Value(index=3, type="NOTE", data=b"hidden", permissions=0x0C)
    for values in ((BASE[0], hidden), (hidden, BASE[0])):
        found = made(body, values=values)
        assert [v.permissions for v in found if v.data == b"hidden"] == [0x0C, 0x0C]
        assert all(v.data != b"hidden" for v in found if v.public)


def test_secret_keys_take_no_part():
    secret = Value(index=9, type="hs_seckey", data=b"s", permissions=0x0C)
    assert made("<foreach><value/></foreach>", values=(secret,)) == ()


def test_values_may_be_made_of_nothing():
    (value,) = made('<value index="4${extension}" type="T" data="${base}|${handle}|${nobody}"/>')
    assert value == Value(index=47, type="T", data=b"88.300.1/abc|88.300.1/abc@7|")
    assert made("<value/>") == (Value(index=1, type="URL", data=b""),)


def test_parameters_have_a_name_for_what_follows():
    body = (
        '<def parameter="y" expression="&lt;${extension}&gt;"/>'
        '<if value="y" test="equals" expression="&lt;7&gt;" parameter="z">'
        '<value data="${y}${z}${z[1]}${z[99]}"/></if>'
    )
    assert [v.data for v in made(body)] == [b"<7><7>"]


def test_groups_can_be_tested():
    body = (
        '<if value="extension" test="matches" expression="(.)(.*)" parameter="x">'
        '<if value="x[1]" test="equals" expression="7"><value/></if></if>'
    )
    assert len(made(body, "78")) == 1
    assert made(body, "87") == ()


def test_what_is_equal_is_so_to_the_letter_but_for_types():
    body = '<if value="extension" test="equals" expression="a"><value/></if>'
    assert len(made(body, "a")) == 1
    assert made(body, "A") == ()


def test_a_namespace_without_a_template():
    assert read_namespace(b"<namespace><other/></namespace>") == Namespace()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no element"),
        (b"<template/>", "was expected"),
        (b"<namespace><template/></namespace>", "has a delimiter"),
        (template("").replace(b"@", b"@" * 17), "has a delimiter"),
        (template("<for/>"), "<for> is not understood"),
        (template("<else/>"), "without its <if>"),
        (template("<value/><else/>"), "without its <if>"),
        (
            template('<if value="data" test="equals" expression=""/><else><value/></else><else/>'),
            "without its <if>",
        ),
        (template('<if value="a b" test="equals" expression=""/>'), "no variable"),
        (template('<if value="a" test="equals"/>'), "needs the attribute expression"),
        (template('<if value="a" test="like" expression=""/>'), "test 'like'"),
        (template('<if value="a" test="matches" expression="("/>'), "without its"),
        (template('<if value="a" test="equals" expression="" parameter="1"/>'), "no name"),
        (template('<def parameter="" expression=""/>'), "no name"),
        (template('<def expression=""/>'), "needs the attribute parameter"),
    ],
)
def test_what_is_no_namespace(data, why):
    with pytest.raises(BadNamespace, match=why):
        read_namespace(data)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('<value index="x"/>', "an index"),
        ('<value index="0"/>', "an index"),
        ('<value index="4294967296"/>', "an index"),
        ('<value type=""/>', "a type"),
        ('<value type="' + "x" * 256 + '"/>', "a type"),
        ("<value/>" * 200 + "<foreach>" + "<value/>" * 20 + "</foreach>", "a record may hold"),
    ],
)
def test_what_no_record_may_hold_is_not_made(body, why):
    with pytest.raises(BadNamespace, match=why):
        made(body)


def test_what_comes_out_is_bounded():
    large = (Value(index=1, type="T", data=b"x" * 60_000),)
    with pytest.raises(BadNamespace, match="a value may hold"):
        made('<foreach><value data="${data}${data}"/></foreach>', values=large)
    with pytest.raises(BadNamespace, match="a record may hold"):
        made("<foreach>" + "<value/>" * 4 + "</foreach>", values=large)


def test_so_is_the_work():
    many = tuple(Value(index=n, type="T", data=b"x" * 9_000) for n in range(1, 20))
    with pytest.raises(BadNamespace, match="too much work"):
        made("<foreach>" * 5 + "</foreach>" * 5, values=many)
    doubling = "".join('<def parameter="y" expression="${data}${data}"/>' for _ in range(20))
    with pytest.raises(BadNamespace, match="too much work"):
        made(f"<foreach><foreach>{doubling}</foreach></foreach>", values=many)
    test = '<if value="extension" test="matches" expression="x*"/>'
    with pytest.raises(BadNamespace, match="at most 256"):
        made(test, "x" * 257)
    assert made(f"<foreach>{test * 3}</foreach>", "x" * 200, many) == ()
    with pytest.raises(BadNamespace, match="too much work"):
        made("<foreach><foreach/></foreach>", values=many * 20)


def twice(body):
    return f"<foreach><foreach>{body}</foreach></foreach>"


COSTLY = {
    "nothing within": "<foreach>" * 6 + "</foreach>" * 6,
    "many names": "".join(f'<def parameter="p{n}" expression=""/>' for n in range(150))
    + "<foreach><foreach/></foreach>",
    "many parts": twice(f'<def parameter="y" expression="{"${no}" * 1500}"/>'),
    "long types": twice(f'<if value="type" test="equals" expression="{"é" * 4000}"/>'),
    "names of names": '<def parameter="type" expression="'
    + "é" * 4000
    + '"/>'
    + twice('<if value="type" test="equals" expression="é"/>'),
    "parameters": "".join(f'<def parameter="p{n}" expression=""/>' for n in range(150))
    + twice('<if value="no" test="equals" expression="" parameter="y"/>'),
    "groups": '<foreach><if value="data" test="matches" expression="(?:'
    + "()" * 60
    + '.)*"/></foreach>',
}


def lines_run(work):
    """Count the lines of Python that `work` runs: what it takes, on any machine."""
    count = 0

    def trace(*_):
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("body", COSTLY.values(), ids=COSTLY)
def test_no_template_takes_more_than_its_budget(body):
    values = tuple(Value(index=n, type="T", data=b"x" * 200) for n in range(1, 257))
    namespace, budget = read_namespace(template(body)), Budget()

    def work():
        with pytest.raises(BadNamespace, match="too much work"):
            evaluate(namespace, Split("88.300.1/abc@7", "88.300.1/abc", "7"), values, budget)

    assert lines_run(work) <= 40 * BUDGET + 100 * len(values)
    assert budget.spent == BUDGET


def test_patterns_of_one_namespace_are_bounded_together():
    def one(number):
        expression = f"(?:a?){{20}}{number}"
        return f'<if value="data" test="matches" expression="{expression}"/>'

    assert read_namespace(template("".join(map(one, range(10))))).orders
    with pytest.raises(BadNamespace, match="too much work"):
        read_namespace(template("".join(map(one, range(60)))))


@pytest.mark.parametrize(
    ("handle", "delimiter", "parts"),
    [
        ("88.300.1/a@7", "@", ("88.300.1/a", "7")),
        ("88.300.1/a@7@8", "@", ("88.300.1/a", "7@8")),
        ("88.300.1/a@", "@", ("88.300.1/a", "")),
        ("88.300.1/a::b", "::", ("88.300.1/a", "b")),
        ("88.300.1/@7", "@", None),
        ("88.300.1/@7@8", "@", ("88.300.1/@7", "8")),
        ("88.300.1/a", "@", None),
        ("no@handle", "@", None),
    ],
)
def test_where_a_handle_is_split(handle, delimiter, parts):
    assert split(handle, delimiter) == (None if parts is None else Split(handle, *parts))
