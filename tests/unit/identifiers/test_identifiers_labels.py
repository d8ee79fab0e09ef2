import pytest

from identifiers.faults import Invalid
from identifiers.labels import Allotment, Range, is_vanity, read_ranges


def test_the_first_free_label_is_given():
    rule = Allotment(first=7, reserved=(Range(9, 99), Range(100, 100)))
    assert rule.next_label(set()) == "7"
    assert rule.next_label({"7"}) == "8"
    assert rule.next_label({"7", "8"}) == "101"
    assert rule.next_label(set(), above=200) == "201"


def test_labels_are_written_with_leading_zeros():
    assert Allotment(digits=4).next_label({"0001"}) == "0002"
    assert Allotment(digits=2).written(123) == "123"


def test_vanity_numbers_are_given_on_request_only():
    assert Allotment(first=8888).next_label(set()) == "8889"
    assert Allotment(first=8888, keep_vanity=False).next_label(set()) == "8888"
    assert Allotment().asked_for("8888", set()) is None


def test_there_is_an_end():
    assert Allotment(first=99_999_999_999, keep_vanity=False).next_label(set()) == "99999999999"
    assert Allotment(reserved=(Range(1, 10**11),)).next_label(set()) is None


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("", "label.form"),
        ("a", "label.form"),
        ("1.2", "label.form"),
        ("-1", "label.form"),
        ("TAKEN", "label.taken"),
        ("50", "label.reserved"),
        ("0050", "label.reserved"),
    ],
)
def test_what_cannot_be_given_is_told(label, code):
    fault = Allotment(reserved=(Range(1, 99),)).asked_for(label, {"TAKEN"})
    assert fault is not None
    assert fault.code == code
    assert fault.detail("zh")


@pytest.mark.parametrize("label", ["8888", "18888", "1234", "9876", "012345", "666", "6868", "888"])
def test_vanity(label):
    assert is_vanity(label)


@pytest.mark.parametrize("label", ["1", "88", "1235", "1122", "0008", "68", "789", "10203"])
def test_no_vanity(label):
    assert not is_vanity(label)


def test_ranges_are_read():
    assert read_ranges(["888", "1-99"]) == (Range(1, 99), Range(888, 888))
    with pytest.raises(Invalid) as caught:
        read_ranges(["99-1", "5", "a", "1-"])
    assert [fault.pointer for fault in caught.value.faults] == ["/0", "/2", "/3"]
