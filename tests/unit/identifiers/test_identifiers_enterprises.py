import pytest

from identifiers.enterprises import credit_check_character, is_credit_code, is_industry

# The division 969696 is nobody's; the check characters are worked out by hand from GB 32100, 5.
GOOD = "91969696MA0000001" + credit_check_character("91969696MA0000001")


def test_the_check_character_is_that_of_the_standard():
    # 1 * 3**0 leaves 30; 31 - (1 * 9) mod 31 is 22, the character N.
    assert credit_check_character("1" + "0" * 16) == "Y"
    assert credit_check_character("001" + "0" * 14) == "N"
    assert credit_check_character("0" * 17) == "0"
    for wrong, error in (("0" * 16, ValueError), ("0" * 18, ValueError), ("I" * 17, KeyError)):
        with pytest.raises(error):
            credit_check_character(wrong)


@pytest.mark.parametrize("place", range(18))
def test_one_wrong_character_is_found(place):
    assert is_credit_code(GOOD)
    other = "1" if GOOD[place] != "1" else "2"
    assert not is_credit_code(f"{GOOD[:place]}{other}{GOOD[place + 1 :]}")


@pytest.mark.parametrize("text", ["", "123", GOOD.lower(), f"{GOOD}0", f" {GOOD}", "０" * 18])
def test_what_is_no_credit_code(text):
    assert not is_credit_code(text)


@pytest.mark.parametrize("text", ["B", "06", "061", "0610", "B06", "B0610", "T97"])
def test_classes_of_any_level(text):
    assert is_industry(text)


@pytest.mark.parametrize("text", ["", "abc", "b06", "U01", "6", "06100", "B0610x", "０６", "B6"])
def test_what_is_no_class(text):
    assert not is_industry(text)
