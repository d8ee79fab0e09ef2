import pytest

from identifiers.directory import PrefixDirectory, PrefixEntry, PrefixKind
from identifiers.names import Prefix
from identifiers.outcomes import InvalidName, NotHomed
from identifiers.queries import Query
from resolver.delegation import Ours, delegate


def entry(prefix, kind=PrefixKind.ENTERPRISE, **fields):
    return PrefixEntry(prefix=Prefix.parse(prefix), kind=kind, enterprise=1, **fields)


ROOT = entry("88.300", PrefixKind.SECONDARY)
COAL = entry("88.300.1")
FOLDING = entry("88.300.2", fold_suffix=True)
OFF = entry("88.300.3", enabled=False)
DIRECTORY = PrefixDirectory([ROOT, COAL, FOLDING, OFF])


def to(handle):
    return delegate(DIRECTORY, Query(handle=handle.encode()))


@pytest.mark.parametrize(
    ("handle", "key", "home"),
    [
        ("88.300.1/Abc", "88.300.1/Abc", COAL),
        ("88.300.1.7/x", "88.300.1.7/x", COAL),
        ("88.300.1/煤", "88.300.1/煤", COAL),
        ("88.300.2/abc", "88.300.2/ABC", FOLDING),
        ("88.300/x", "88.300/x", ROOT),
        ("0.na/88.300.1", "0.NA/88.300.1", COAL),
        ("0.NA/88.300", "0.NA/88.300", ROOT),
        ("0.NA/88.300.99", "0.NA/88.300.99", None),
    ],
)
def test_what_is_ours_has_its_key_and_its_entry(handle, key, home):
    assert to(handle) == Ours(key, home)


@pytest.mark.parametrize(
    "handle",
    [
        "88.300.10/x",
        "88.300.99/x",
        "88.301/x",
        "20.500.123/x",
        "88.300.3/x",
        "0.NA/88.300.3",
        "0.NA/20.500",
        "0.NA/no prefix",
        "0.NA/0.NA",
    ],
)
def test_what_does_not_live_here(handle):
    assert to(handle) == NotHomed()


@pytest.mark.parametrize(
    ("handle", "told"),
    [
        ("no-slash", "'/'"),
        ("/x", "is no prefix"),
        ("88..1/x", "is no prefix"),
        ("88.300.1/", "suffix is empty"),
        ("88.300.1/" + "x" * 2048, "2048 bytes"),
    ],
)
def test_what_is_no_handle_is_told_why(handle, told):
    answer = to(handle)
    assert isinstance(answer, InvalidName)
    assert told in answer.message
