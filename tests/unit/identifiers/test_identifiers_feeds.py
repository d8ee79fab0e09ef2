import pytest

from identifiers.feeds import BEGINNING, CONSUMER, Place


def test_places_are_in_the_order_of_commits():
    assert BEGINNING < Place(1, 9) < Place(2, 1) < Place(10, 1)
    assert Place.parse(str(Place(741, 12))) == Place(741, 12)


@pytest.mark.parametrize("text", ["", "1", "1.", "a.1", "1.-1", "9223372036854775808.1", "1.1 "])
def test_other_texts_are_no_places(text):
    assert Place.parse(text) is None


def test_consumers_have_plain_names():
    names = ("erp", "ERP-2.a_b", "", "-erp", "a b", "x" * 65)
    assert [CONSUMER.fullmatch(name) is not None for name in names] == [True, True, *[False] * 4]
