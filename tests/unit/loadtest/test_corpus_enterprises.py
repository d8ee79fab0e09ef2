import re
from collections import Counter

import pytest

from identifiers.codes import checks
from loadtest.corpus import Corpus, Sector
from loadtest.corpus.enterprises import TRADES, enterprise
from loadtest.corpus.names import BRANDS, brand

# GB/T 2260: every first pair of digits that is given to a province.
PROVINCES = (
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 "
    "50 51 52 53 54 61 62 63 64 65 71 81 82"
)
ASSIGNED = set(map(int, PROVINCES.split()))


@pytest.fixture(scope="module")
def enterprises():
    corpus = Corpus()
    return [corpus.enterprise(number) for number in range(1, 515)]


def test_prefixes_count_from_one_below_the_secondary_prefix(enterprises):
    assert [e.prefix for e in enterprises] == [f"88.300.{number}" for number in range(1, 515)]


def test_names_are_unique_and_begin_with_an_invented_province(enterprises):
    assert len({e.name for e in enterprises}) == len(enterprises)
    assert {e.name[:2] for e in enterprises} == {"示北", "示南", "示东", "示西"}
    assert all(e.name.startswith(e.place.province) for e in enterprises)


def test_brands_stay_unique_past_their_number():
    ordinals = range(2 * BRANDS + 10)
    assert len({brand(ordinal) for ordinal in ordinals}) == len(ordinals)
    assert brand(BRANDS)[1] == brand(0)[1] + "第二"
    assert brand(11 * BRANDS)[1].endswith("第十二")
    assert brand(20 * BRANDS)[1].endswith("第二十一")


def test_credit_codes_check_and_name_no_real_division(enterprises):
    for e in enterprises:
        code = e.credit_code
        assert re.fullmatch(r"91\d{6}PDY\d{5}[0-9X][0-9A-HJ-NPQRTUWXY]", code)
        assert code[2:8] == e.place.code
        assert int(code[2:4]) not in ASSIGNED
        assert code[16] == checks.organisation_code(code[8:16])
        assert code[17] == checks.credit_code(code[:17])
    assert len({e.credit_code for e in enterprises}) == len(enterprises)


def test_a_division_code_means_one_place(enterprises):
    places = {(e.place.code, str(e.place)) for e in enterprises}
    assert len({code for code, _ in places}) == len(places)
    assert all(1 <= int(code[2:4]) <= 20 and 21 <= int(code[4:]) <= 80 for code, _ in places)


def test_telephone_and_resident_numbers_cannot_exist(enterprises):
    for e in enterprises:
        assert re.fullmatch(r"100\d{8}", e.phone)
        assert re.fullmatch(r"9[6-9]\d{4}1800\d{7}[0-9X]", e.identity_number)
        assert e.identity_number[17] == checks.resident_number(e.identity_number[:17])
        assert "某" in e.contact


def test_a_small_corpus_has_each_trade_and_a_large_one_about_its_share(enterprises):
    first = enterprises[: len(TRADES)]
    assert [e.class_code for e in first] == [trade.class_code for trade in TRADES]
    assert {e.sector for e in enterprises[:2]} == {Sector.COAL, Sector.ROAD_FREIGHT}
    met = Counter(e.class_code for e in enterprises)
    for trade in TRADES:
        assert 0.4 * trade.share < met[trade.class_code] / 5.14 < 1.8 * trade.share + 1


def test_shares_of_the_trades_are_hundredths():
    assert sum(trade.share for trade in TRADES) == 100


def test_every_trade_has_its_section_of_the_classification():
    coal, freight = (
        {t.class_code[:2] for t in TRADES if t.sector is sector}
        for sector in (Sector.COAL, Sector.ROAD_FREIGHT)
    )
    assert coal <= {"06", "11", "51"}
    assert freight <= {"53", "54", "58", "59"}


def test_another_seed_makes_other_enterprises(enterprises):
    other = enterprise(2, "88.300", 40)
    assert other.name != enterprises[39].name
    assert other.prefix == enterprises[39].prefix
