import string

import pytest

from identifiers.faults import TEXTS, Fault, Invalid


def test_a_fault_tells_itself_in_both_languages():
    fault = Fault("range", "/values/0/ttl", {"low": 0, "high": 9})
    assert fault.detail() == "must be from 0 to 9"
    assert fault.detail("zh") == "必须在 0 到 9 之间"


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
