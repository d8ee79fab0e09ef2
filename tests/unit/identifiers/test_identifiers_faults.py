import string

import pytest

from identifiers.faults import MAX_FAULTS, TEXTS, Fault, Faults, Invalid


def test_a_fault_tells_itself_in_both_languages():
    fault = Fault("range", "/values/0/ttl", {"low": 0, "high": 9})
    assert fault.detail() == "must be from 0 to 9"
    assert fault.detail("zh") == "必须在 0 到 9 之间"
    wrong = Fault("type", "/data", {"expected": "string or object", "got": "integer"})
    assert wrong.detail() == "must be string or object, not integer"
    assert wrong.detail("zh") == "应为字符串或对象，实为整数"
    long = Fault("too_long", "/data", {"size": 300, "unit": "bytes", "limit": 255})
    assert long.detail() == "is 300 bytes long; at most 255"
    assert long.detail("zh") == "长 300 字节，上限 255 字节"


def test_what_is_asked_for_is_told_with_its_form():
    date = Fault("template.value", "/attributes/ON", {"type": "date"})
    assert date.detail() == "is no date such as 2024-01-31"
    assert date.detail("zh") == "不是有效的日期（2024-01-31）"
    assert Fault("template.value", "", {"type": "number"}).detail() == "is no number"


def test_a_fault_seen_from_outside_has_the_longer_pointer():
    fault = Fault("empty", "/type").below("/values/3")
    assert (fault.code, fault.pointer) == ("empty", "/values/3/type")
    assert Fault("nul", "", {"a": 1}).below("/x").params == {"a": 1}


def test_invalid_carries_every_fault_and_names_their_places():
    invalid = Invalid([Fault("required", "/handle"), Fault("nul")])
    assert [fault.code for fault in invalid.faults] == ["required", "nul"]
    assert str(invalid) == "/handle: is required; input: U+0000 is not allowed"


@pytest.mark.parametrize("code", TEXTS)
def test_both_texts_of_a_fault_take_the_same_parameters(code):
    english, chinese = (
        {name for _, name, _, _ in string.Formatter().parse(text) if name} for text in TEXTS[code]
    )
    assert english == chinese


def test_no_more_faults_are_told_than_anybody_reads():
    asked = []

    def many():
        for at in range(1_000_000):
            asked.append(at)
            yield Fault("nul", f"/{at}")

    faults = Faults(many())
    assert len(asked) == len(faults) == MAX_FAULTS + 1
    assert faults[-1] == Fault("more")
    assert faults.full
    faults.append(Fault("nul"))
    assert len(faults) == MAX_FAULTS + 1
    assert Invalid(list(faults) * 2).faults == tuple(faults)


def test_as_many_faults_as_are_told_are_all():
    faults = Faults(Fault("nul", f"/{at}") for at in range(MAX_FAULTS))
    assert len(faults) == MAX_FAULTS
    assert not faults.full


def test_long_pointers_are_told_less_often():
    faults = Faults(Fault("nul", "/" + "x" * 40_000) for _ in range(50))
    assert [fault.code for fault in faults] == ["nul", "nul", "more"]
