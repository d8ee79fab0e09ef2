"""Patterns match what Python's `re` matches, with the same groups, where both understand them."""

import re

from hypothesis import given
from hypothesis import strategies as st

from identifiers.pattern_syntax import BadPattern
from identifiers.patterns import Budget, compiled, match

_ATOMS = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^b]", r"\w", r"\d", "1", "-"])


def _grown(inner):
    # What may be empty is not repeated: dialects differ in what such a group then holds.
    repeated = st.builds(
        "{}{}".format, _ATOMS, st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}"])
    )
    joined = st.lists(inner | repeated, min_size=1, max_size=3).map("".join)
    either = st.tuples(joined, joined)
    return (
        joined
        | joined.map("({})".format)
        | joined.map("(?:{})".format)
        | either.map(lambda ways: f"({ways[0]}|{ways[1]})")
    )


_PATTERNS = st.recursive(_ATOMS, _grown, max_leaves=8)
_TEXTS = st.text("abc1-", max_size=8)


@given(_PATTERNS, _TEXTS)
def test_the_same_as_python(pattern, text):
    ours = match(compiled(pattern), text, Budget(10**6))
    theirs = re.fullmatch(pattern, text)
    if theirs is None:
        assert ours is None
    else:
        assert ours == (theirs[0], *(group or "" for group in theirs.groups()))


@given(st.text(st.sampled_from("ab(|)[]*+?{}1,^$.\\d-:"), max_size=20), _TEXTS)
def test_any_text_is_a_pattern_or_refused(pattern, text):
    try:
        read = compiled(pattern)
    except BadPattern:
        return
    match(read, text, Budget(10**6))
