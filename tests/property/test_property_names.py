"""Names against the plainest model of them: lists of labels."""

import re
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identifiers.directory import PrefixDirectory, PrefixEntry, PrefixKind
from identifiers.faults import Invalid
from identifiers.merkle import EMPTY_ROOT, leaf, root
from identifiers.names import Handle, Prefix, fold, prefix_of, registration_faults

labels = st.lists(
    st.text("0123456789aZ-", min_size=1, max_size=3) | st.sampled_from(["88", "300", "1", "10"]),
    min_size=1,
    max_size=5,
)
suffixes = st.text(min_size=1, max_size=10).filter(lambda text: "\0" not in text)


@settings(max_examples=2000, deadline=None)
@given(labels, labels)
def test_a_prefix_covers_by_labels(one, other):
    left, right = Prefix.parse(".".join(one)), Prefix.parse(".".join(other))
    upper = [label.upper() for label in other]
    assert left.covers(right) is (upper[: len(one)] == [label.upper() for label in one])
    assert str(left) == ".".join(one).upper()
    assert Prefix.parse(str(left)) == left


@settings(max_examples=2000, deadline=None)
@given(labels, suffixes, st.booleans())
def test_a_key_is_canonical(prefix, suffix, folded):
    given_name = f"{'.'.join(prefix)}/{suffix}"
    handle = Handle.parse(given_name)
    key = handle.key(fold_suffix=folded)
    again = Handle.parse(key)
    assert again.key(fold_suffix=folded) == key
    assert again.prefix == handle.prefix == prefix_of(key)
    assert handle.labels() == Prefix.parse(handle.prefix).labels
    assert handle.given == given_name
    assert (handle.suffix == key.partition("/")[2]) or folded or handle.prefix.startswith("0.")
    for fault in registration_faults(handle):
        assert fault.detail("en")
        assert fault.detail("zh")


@settings(max_examples=1000, deadline=None)
@given(st.text(max_size=12))
def test_any_text_is_a_handle_or_refused(text):
    prefix, slash, suffix = text.partition("/")
    fine = slash and suffix and "\0" not in suffix
    if fine and re.fullmatch(r"[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*", prefix):
        assert Handle.parse(text).given == text
    else:
        with pytest.raises(Invalid):
            Handle.parse(text)


@given(st.text())
def test_folding_touches_ascii_letters_alone(text):
    assert fold(text) == "".join(
        c.upper() if c in "abcdefghijklmnopqrstuvwxyz" else c for c in text
    )


@settings(max_examples=500, deadline=None)
@given(
    st.dictionaries(labels.map(lambda p: ".".join(p).upper()), st.integers(0, 3), max_size=6),
    labels,
)
def test_the_nearest_enterprise_decides(allotted, asked):
    entries = [
        PrefixEntry(
            prefix=Prefix.parse(text),
            kind=PrefixKind.ENTERPRISE if owner else PrefixKind.SECONDARY,
            enterprise=owner,
        )
        for text, owner in allotted.items()
    ]
    directory = PrefixDirectory(entries)
    prefix = Prefix.parse(".".join(asked))
    covering = [e for e in entries if e.prefix.covers(prefix)]
    longest = max(covering, key=lambda e: len(e.prefix.labels), default=None)
    exact = longest is not None and longest.prefix == prefix
    expected = longest if exact or (longest is not None and longest.enterprise) else None
    assert directory.nearest(str(prefix)) is expected
    assert directory.home_of(Handle.parse(f"{prefix}/x")) is (
        directory.nearest(str(prefix)) if str(prefix) != "0.NA" else None
    )
    assert directory.home_of(Handle.parse(f"0.NA/{prefix}")) is expected
    assert directory.below_root(prefix) is any(e.enterprise == 0 for e in covering)


def tree_hash(leaves):
    """RFC 9162 section 2.1.1, word by word."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\1" + tree_hash(leaves[:split]) + tree_hash(leaves[split:])).digest()


@given(st.lists(st.binary(max_size=4), max_size=40))
def test_the_tree_is_that_of_the_standard(entries):
    leaves = [leaf(entry) for entry in entries]
    assert root(leaves) == tree_hash(leaves)
