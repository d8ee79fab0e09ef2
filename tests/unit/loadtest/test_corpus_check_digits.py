import pytest

from loadtest.corpus import check_digits


def test_unified_social_credit_code():
    assert check_digits.credit_code("91990000PDY00001X") == "R"


def test_unified_social_credit_code_whose_sum_divides_is_zero():
    assert check_digits.credit_code("0" * 17) == "0"


@pytest.mark.parametrize("letter", "IOSVZ")
def test_unified_social_credit_code_has_no_look_alikes(letter):
    with pytest.raises(KeyError):
        check_digits.credit_code(letter * 17)


@pytest.mark.parametrize(
    ("body", "check"), [("PDY00001", "X"), ("00000000", "0"), ("00000004", "3")]
)
def test_organisation_code(body, check):
    assert check_digits.organisation_code(body) == check


@pytest.mark.parametrize(
    ("body", "check"), [("99000018000101001", "7"), ("99000018000101005", "X")]
)
def test_resident_number(body, check):
    assert check_digits.resident_number(body) == check


# The second has remainder 10, which is written 0.
@pytest.mark.parametrize(("body", "check"), [("ZZZU123456", "4"), ("ZZZU000014", "0")])
def test_container_number(body, check):
    assert check_digits.container(body) == check


@pytest.mark.parametrize(
    ("without_ninth", "check"), [("ZZZTEST0T0000001", "1"), ("ZZZZZZZZZZ000001", "X")]
)
def test_vehicle_number(without_ninth, check):
    assert check_digits.vin(without_ninth) == check


@pytest.mark.parametrize("text", ["ZZZTEST0T000000", "ZZZTEST0T00000011"])
def test_a_number_of_another_length_is_refused(text):
    with pytest.raises(ValueError, match="argument"):
        check_digits.vin(text)
