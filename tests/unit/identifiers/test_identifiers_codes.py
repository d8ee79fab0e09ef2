"""Codes: the examples are invented, their check characters worked out from the standards."""

import pytest

from identifiers.codes import checks, divisions
from identifiers.codes.industries import SHIPPED, Classification, Industry, is_industry
from identifiers.codes.organisations import (
    is_credit_code,
    is_organisation_code,
    is_resident_number,
)
from identifiers.codes.transport import is_container, is_plate, is_vin, vin_checks
from identifiers.faults import Fault

CREDIT = "91990000PDY00001XR"
ORGANISATION = "PDY00001-X"
RESIDENTS = ("990000180001010017", "99000018000101005X")
CONTAINERS = ("ZZZU1234564", "ZZZU0000140")
VINS = ("ZZZTEST01T0000001", "ZZZZZZZZXZZ000001")


@pytest.mark.parametrize(
    ("of", "text", "check"),
    [
        (checks.credit_code, "91990000PDY00001X", "R"),
        # 1 * 3**0 leaves 30; 31 - (1 * 9) mod 31 is 22, the character N.
        (checks.credit_code, "1" + "0" * 16, "Y"),
        (checks.credit_code, "001" + "0" * 14, "N"),
        (checks.credit_code, "0" * 17, "0"),
        (checks.organisation_code, "PDY00001", "X"),
        (checks.resident_number, "99000018000101001", "7"),
        (checks.resident_number, "99000018000101005", "X"),
        (checks.container, "ZZZU123456", "4"),
        (checks.container, "ZZZU000014", "0"),
        (checks.vin, "ZZZTEST0T0000001", "1"),
        (checks.vin, "ZZZZZZZZZZ000001", "X"),
    ],
)
def test_the_check_character_is_that_of_the_standard(of, text, check):
    assert of(text) == check
    for wrong in (text[1:], text + "0", "！" * len(text)):
        with pytest.raises((KeyError, ValueError)):
            of(wrong)


@pytest.mark.parametrize(
    ("judge", "good"),
    [
        (is_credit_code, CREDIT),
        (is_organisation_code, ORGANISATION),
        *((is_resident_number, number) for number in RESIDENTS),
        *((is_container, number) for number in CONTAINERS),
    ],
)
def test_what_is_well_formed_is_taken_and_one_wrong_character_is_found(judge, good):
    assert judge(good)
    for wrong in ("", good.lower() if good.lower() != good else "x", f"{good}0", f" {good}"):
        assert not judge(wrong)
    for place, character in enumerate(good):
        if character != "-":
            # In the organisation code 2 and D weigh the same.
            other = "3" if character in "2D" else "2"
            assert not judge(good[:place] + other + good[place + 1 :])


def test_an_organisation_code_may_be_written_without_its_hyphen():
    assert is_organisation_code("PDY00001X")


def test_a_resident_number_names_a_day_that_there_was():
    without = "99000018000230001"  # the 30th of February
    assert not is_resident_number(without + checks.resident_number(without))


def test_places_are_within_others():
    assert divisions.is_division("140100")
    for text in ("", "1401", "040100", "14010a", "１４０１００"):
        assert not divisions.is_division(text)
    assert [divisions.level(code) for code in ("140000", "140100", "140105")] == [1, 2, 3]
    assert divisions.within("140105", "140100")
    assert divisions.within("140105", "140000")
    assert not divisions.within("140100", "140105")
    assert not divisions.within("140100", "140100")
    assert not divisions.within("140205", "140100")


def test_until_all_places_are_loaded_any_is_taken():
    shipped = divisions.Divisions()
    assert shipped.name("140000") == "山西省"
    assert shipped.has("140105")
    assert shipped.name("140105") == "140105"
    whole = divisions.Divisions({"140000": "山西省"}, whole=True)
    assert whole.has("140000")
    assert not whole.has("140105")


@pytest.mark.parametrize("text", ["B", "06", "061", "0610", "B06", "B0610", "T97"])
def test_classes_of_any_level(text):
    assert is_industry(text)


@pytest.mark.parametrize("text", ["", "abc", "b06", "U01", "6", "06100", "B0610x", "０６", "B6"])
def test_what_is_no_class(text):
    assert not is_industry(text)


def coal(**other):
    levels = {"category": "B", "division": "06", "group": "061", "class_": "0610"}
    return Industry(**(levels | other))


def test_what_is_shipped_has_its_names_and_is_whole_in_itself():
    assert str(coal()) == "B0610"
    assert SHIPPED.name("0610") == "烟煤和无烟煤开采洗选"
    assert SHIPPED.name("9999") == "9999"
    classes = [code for code in SHIPPED.names if len(code) == 4]
    assert len(classes) == 35
    for code in classes:
        division = code[:2]
        found = Industry(
            category=SHIPPED.sections[division], division=division, group=code[:3], class_=code
        )
        assert code[:3] in SHIPPED.names
        assert SHIPPED.faults(found, "") == ()


def test_a_class_that_is_not_shipped_is_taken_until_all_are_loaded():
    forestry = Industry(category="A", division="02", group="021", class_="0211")
    assert SHIPPED.faults(forestry, "") == ()
    whole = Classification.of([("B", "采矿业"), ("06", "煤炭")], whole=True)
    assert whole.faults(coal(), "/industry") == (
        Fault("industry.code", "/industry/group", {"code": "061"}),
        Fault("industry.code", "/industry/class", {"code": "0610"}),
    )


def test_the_divisions_of_the_standard_are_known():
    assert len(SHIPPED.sections) == 97
    assert {SHIPPED.sections[one] for one in ("01", "05")} == {"A"}
    assert [SHIPPED.sections[one] for one in ("06", "43", "70", "97")] == list("BCKT")


@pytest.mark.parametrize("code", ["B", "06", "061", "0610", "B0610", "G54", "0211", "T9700"])
def test_a_code_of_any_level(code):
    assert SHIPPED.code_faults(code, "/industry") == ()


@pytest.mark.parametrize(
    ("code", "fault", "params"),
    [
        ("6", "enterprise.industry", {}),
        ("9999", "industry.code", {"code": "9999"}),
        ("00", "industry.code", {"code": "00"}),
        ("B9800", "industry.code", {"code": "B9800"}),
        ("G0610", "industry.above", {"code": "06", "above": "G"}),
    ],
)
def test_a_code_that_is_none(code, fault, params):
    assert SHIPPED.code_faults(code, "/industry") == (Fault(fault, "/industry", params),)


def test_a_code_that_is_not_among_all():
    rows = [("B", "采矿业"), ("06", "煤炭"), ("061", "烟煤"), ("0610", "烟煤")]
    whole = Classification.of(rows, whole=True)
    assert whole.code_faults("B0610", "/i") == whole.code_faults("B", "/i") == ()
    for code in ("0690", "0619", "A", "A0610"):
        assert [fault.code for fault in whole.code_faults(code, "/i")] == ["industry.code"]


def test_every_level_that_is_wrong_is_told():
    nonsense = Industry(category="b", division="6", group="61", class_="610")
    assert [fault.pointer for fault in SHIPPED.faults(nonsense, "/i")] == [
        "/i/category",
        "/i/division",
        "/i/group",
        "/i/class",
    ]
    crossed = coal(category="G", group="543", class_="0690")
    assert SHIPPED.faults(crossed, "/i") == (
        Fault("industry.above", "/i/division", {"code": "06", "above": "G"}),
        Fault("industry.above", "/i/group", {"code": "543", "above": "06"}),
        Fault("industry.above", "/i/class", {"code": "0690", "above": "543"}),
    )


@pytest.mark.parametrize("number", VINS)
def test_a_vin_may_lack_a_right_check(number):
    assert is_vin(number)
    assert vin_checks(number)
    other = number[:16] + ("2" if number[16] != "2" else "3")
    assert is_vin(other)
    assert not vin_checks(other)
    for wrong in (number[:16], number[:16] + "O", number[:8] + "Z" + number[9:]):
        assert not is_vin(wrong)


PLATES = """
晋A12345 晋AB1234 晋A1234B 晋ABC123 晋A1234挂 晋A1234警 晋AD12345 晋A12345D
"""
NO_PLATES = """
晋A1234 A12345 晋I12345 晋AO1234 晋ABCD12 晋AL12345 晋A123456 晉A12345
"""


def test_plates():
    assert not is_plate("")
    assert [plate for plate in PLATES.split() if not is_plate(plate)] == []
    assert [plate for plate in NO_PLATES.split() if is_plate(plate)] == []
