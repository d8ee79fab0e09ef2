import contextlib
import re
import sys

import pytest

from identifiers.pattern_syntax import MAX_NESTING, MAX_PATTERN, BadPattern
from identifiers.patterns import (
    BUDGET,
    MAX_PROGRAM,
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


HOSTILE = {
    "repeated repetitions": "(a*)*b",
    "equal ways": "(a|a)*b",
    "counted": "(.*a){20}b",
    "optional": "(?:a?){60}a{60}",
    "long classes": "(?:[" + "".join(f"{chr(300 + 3 * n)}" for n in range(120)) + "z]?){80}q",
    "many groups": "(?:" + "()" * 80 + "a)*b",
    "nested": "(" * (MAX_NESTING - 1) + "a*" + ")*" * (MAX_NESTING - 1),
}


def lines_run(work):
    """Count the lines of Python that `work` runs: what it takes, on any machine."""
    count = 0

    def trace(*_):
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("pattern", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("text", ["a" * MAX_TEXT, "z" * MAX_TEXT, "\u0400" * MAX_TEXT])
def test_no_pattern_takes_more_than_its_budget(pattern, text):
    """A step is a handful of lines whatever the pattern is, so steps are time."""
    read, budget = compiled(pattern), Budget()

    def work():
        with contextlib.suppress(TooMuchWork):
            match(read, text, budget)

    assert lines_run(work) <= 40 * (budget.spent + MAX_PROGRAM + len(text))
    assert budget.spent <= BUDGET


@pytest.mark.parametrize("pattern", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("length", [0, 1, 16, MAX_TEXT])
def test_steps_are_at_most_those_of_the_program_for_each_character(pattern, length):
    read, budget = compiled(pattern), Budget(10**9)
    match(read, "a" * length, budget)
    assert budget.spent <= len(read.steps) * (length + 1)
    assert len(read.steps) <= MAX_PROGRAM


def test_the_last_turn_of_a_repeated_group_counts():
    assert matched("(?:(a)|(b))*", "abab") == ("abab", "a", "b")


def test_sets_that_overlap_are_one():
    assert matched("([c-da-cb-e]+)", "abcde") == ("abcde", "abcde")
    assert matched("[c-da-cb-e]+", "f") is None


def test_work_is_bounded():
    with pytest.raises(TooMuchWork, match="at most 256"):
        matched(".*", "x" * (MAX_TEXT + 1))
    with pytest.raises(TooMuchWork, match="too much work"):
        matched("x*", "x" * 10, Budget(10))
