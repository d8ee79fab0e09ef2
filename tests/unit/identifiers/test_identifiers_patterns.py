import re

import pytest

from identifiers.pattern_syntax import MAX_NESTING, MAX_PATTERN, BadPattern
from identifiers.patterns import (
    BUDGET,
    MAX_TEXT,
    Budget,
    TooMuchWork,
    compiled,
    match,
)


def matched(pattern, text, budget=None):
    return match(compiled(pattern), text, budget or Budget())


@pytest.mark.parametrize(
    ("pattern", "text", "groups"),
    [
        (r"box\(([^,]*),([^,]*)\)", "box(10,20)", ("10", "20")),
        ("^(urn:.*)$", "urn:nbn:de", ("urn:nbn:de",)),
        ("(a*?)(a*)", "aaa", ("", "aaa")),
        ("(a*)(a*?)", "aaa", ("aaa", "")),
        ("(a|ab)(c|bcd)(d*)", "abcd", ("a", "bcd", "")),
        ("(a)|(b)", "b", ("", "b")),
        ("(?:ab){2,3}(c?)", "abab", ("",)),
        ("(a{2})(a{1,})", "aaaaa", ("aa", "aaa")),
        ("(a{0,2}?)(a*)", "aaa", ("", "aaa")),
        (r"(\d+)\.(\w+)\s(\S)(\D)", "12.x_Y -煤", ("12", "x_Y", "-", "煤")),
        (r"([\]\[^-]+)", "]-[^", ("]-[^",)),
        ("([^a-c]+)", "xyz煤", ("xyz煤",)),
        (r"([\d.-]+)\t", "1.5-2\t", ("1.5-2",)),
        ("(|x)y", "xy", ("x",)),
        ("", "", ()),
        ("(?:a|b|cd)*", "abcd", ()),
        ("(a*)*", "aa", ("aa",)),
    ],
)
def test_what_matches_and_its_groups(pattern, text, groups):
    assert matched(pattern, text) == (text, *groups)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("a", "b"),
        ("a", "aa"),
        ("a", ""),
        ("[^a]", "a"),
        (".", "\n"),
        (r"\W", "a"),
        ("a^b", "ab"),
        ("a$b", "ab"),
        ("a{2,3}", "aaaa"),
        (r"[^\d\D]", "1"),
    ],
)
def test_what_does_not_match(pattern, text):
    assert matched(pattern, text) is None
    assert re.fullmatch(pattern, text) is None


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("x" * (MAX_PATTERN + 1), "at most 256 characters"),
        ("(?:(?:(?:){999}){999}){999}", "too large"),
        ("(?:x{99}){99}", "too large"),
        ("a**", "repetition of a repetition"),
        ("*", "nothing to repeat"),
        ("^*", "nothing to repeat"),
        ("(a", r"a \( without"),
        ("a)", r"a \) without"),
        ("[a", "ends too early"),
        ("[]", "holds no character"),
        ("[[]", "bracket within brackets"),
        ("[b-a]", "to a later one"),
        (r"[\d-x]", "to a later one"),
        (r"[a-\d]", "to a later one"),
        (r"(a)\1", "not understood"),
        (r"\bx", "not understood"),
        ("\\", "ends too early"),
        ("(?=a)", r"only \(\?:"),
        ("a{2", "} is missing"),
        ("a{x}", "is written"),
        ("a{1,x}", "is written"),
        ("a{1000}", "is written"),
        ("a{3,1}", "repeats nothing"),
        ("(" * (MAX_NESTING + 1), "nested deeper"),
    ],
)
def test_what_is_no_pattern(pattern, why):
    with pytest.raises(BadPattern, match=why):
        compiled(pattern)


@pytest.mark.parametrize("pattern", ["(a*)*b", "(a|a)*b", "(.*a){20}b", "(?:a?){30}a{30}"])
def test_patterns_that_take_others_for_ever_take_a_bounded_number_of_steps(pattern):
    budget = Budget()
    try:
        assert matched(pattern, "a" * 40, budget) in {None, ("a" * 40,)}
    except TooMuchWork:
        return
    assert 0 <= budget.left < BUDGET


def test_work_is_bounded():
    with pytest.raises(TooMuchWork, match="at most 256"):
        matched(".*", "x" * (MAX_TEXT + 1))
    with pytest.raises(TooMuchWork, match="too much work"):
        matched("x*", "x" * 10, Budget(10))
