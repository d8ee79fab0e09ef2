from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identifiers.coding import MAX_RULE, check_character, read_rule
from identifiers.faults import Invalid

# 2026-12-31T20:30Z is the first of January in Beijing.
AT = int(datetime(2026, 12, 31, 20, 30, tzinfo=UTC).timestamp())


def test_a_code_is_made_of_its_parts():
    rule = read_rule("COAL-{yyyy}{MM}{dd}{HH}-{{{yy}}}-{seq:6}{random:3}")
    assert rule.counts
    assert rule.draws == 3
    assert rule.series(AT) == "202701010427"
    assert rule.code(AT, 42, bytes([0, 31, 32])) == "COAL-2027010104-{27}-0000420Z0"
    assert rule.code(AT, 12_345_678, bytes(3)).endswith("-12345678000")
    with pytest.raises(ValueError, match="3 random octets"):
        rule.code(AT, 1, b"ab")


def test_a_series_may_never_begin_anew():
    rule = read_rule("{seq:3}")
    assert rule.series(AT) == ""
    assert not read_rule("{random:8}").counts


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", ["rule.length"]),
        ("x" * (MAX_RULE + 1), ["rule.length"]),
        ("COAL", ["rule.same"]),
        ("{seq:6}{seq:6}{check}{check}", ["rule.twice", "rule.twice"]),
        ("{seq:0}", ["rule.part", "rule.same"]),
        ("{seq}{random:33}", ["rule.part", "rule.part", "rule.same"]),
        ("{check:1}{day}{yyyy:2}{random:4}", ["rule.part"] * 3),
        ("{seq:6}}", ["rule.brace"]),
        ("{{seq:6}", ["rule.brace", "rule.same"]),
        ("{{{seq:6}}", ["rule.brace"]),
    ],
)
def test_what_is_no_rule_is_told(text, codes):
    with pytest.raises(Invalid) as caught:
        read_rule(text)
    assert [fault.code for fault in caught.value.faults] == codes
    for fault in caught.value.faults:
        assert fault.detail("zh")


# ISO/IEC 7064:2003 has the example of MOD 37-36: A12425GABC1234002 is checked by M.
def test_the_check_is_that_of_the_standard():
    assert check_character("A12425GABC1234002") == "M"
    assert read_rule("A12425-GABC1234{seq:3}{check}").code(AT, 2, b"") == "A12425-GABC1234002M"


ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@given(st.text(ALPHABET, min_size=1, max_size=20), st.data())
def test_one_wrong_character_is_found(text, data):
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from(ALPHABET))
    wrong = text[:place] + other + text[place + 1 :]
    assert (check_character(wrong) == check_character(text)) is (wrong == text)
