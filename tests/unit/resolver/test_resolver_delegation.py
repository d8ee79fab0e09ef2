import pytest

from identifiers.directory import PrefixDirectory, PrefixEntry, PrefixKind
from identifiers.names import Prefix
from identifiers.outcomes import Absent, InvalidName, NotHomed, Referral
from identifiers.queries import Query
from identifiers.routes import Routes
from identifiers.values import Value
from resolver.delegation import Ours, delegate


def entry(prefix, kind=PrefixKind.ENTERPRISE, **fields):
    return PrefixEntry(prefix=Prefix.parse(prefix), kind=kind, enterprise=1, **fields)


ROOT = entry("88.300", PrefixKind.SECONDARY)
COAL = entry("88.300.1")
FOLDING = entry("88.300.2", fold_suffix=True)
OFF = entry("88.300.3", enabled=False)
SITE = (Value(index=1, type="HS_SITE", data=b"site"),)
DERIVED = (Value(index=2, type="HS_SITE.PREFIX", data=b"site of prefixes"),)
AWAY = entry("88.300.5", routes=Routes(SITE, DERIVED))
HERE_AGAIN = entry("88.300.5.1")
ASTRAY = entry("88.300.6", routes=Routes())
GONE_DARK = entry("88.300.7", routes=Routes(SITE, DERIVED), enabled=False)
LETTERS = entry("88.300.AB")
FOLDED_WHOLE = entry("0.TYPE")
DIRECTORY = PrefixDirectory(
    [ROOT, COAL, FOLDING, OFF, AWAY, HERE_AGAIN, ASTRAY, GONE_DARK, LETTERS, FOLDED_WHOLE]
)


def to(handle, **fields):
    return delegate(DIRECTORY, Query(handle=handle.encode(), **fields))


@pytest.mark.parametrize(
    ("handle", "key", "home"),
    [
        ("88.300.1/Abc", "88.300.1/Abc", COAL),
        ("88.300.1.7/x", "88.300.1.7/x", COAL),
        ("88.300.1/煤", "88.300.1/煤", COAL),
        ("88.300.1//a/", "88.300.1//a/", COAL),
        ("88.300.2/abc", "88.300.2/ABC", FOLDING),
        ("88.300.ab/x", "88.300.AB/x", LETTERS),
        ("88.300.AB/x", "88.300.AB/x", LETTERS),
        ("0.TYPE/x", "0.TYPE/X", FOLDED_WHOLE),
        ("88.300/x", "88.300/x", ROOT),
        ("0.na/88.300.1", "0.NA/88.300.1", COAL),
        ("0.NA/88.300", "0.NA/88.300", ROOT),
        ("0.NA/88.300.99", "0.NA/88.300.99", None),
    ],
)
def test_what_is_ours_has_its_key_and_its_entry(handle, key, home):
    assert to(handle) == Ours(key, home, "" if home is None else str(home.prefix))


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
        ("88.300.1/a\0b", "U+0000"),
        ("88.300.1/" + "x" * 2048, "2048 bytes"),
    ],
)
def test_what_is_no_handle_is_told_why(handle, told):
    answer = to(handle)
    assert isinstance(answer, InvalidName)
    assert told in answer.message


@pytest.mark.parametrize("handle", ["88.300.5/x", "88.300.5.2/x", "88.300.5.2.3/x"])
def test_names_under_a_delegated_prefix_are_elsewhere(handle):
    assert to(handle) == Referral(SITE)
    assert to(handle, do_not_refer=True) == Absent()


@pytest.mark.parametrize("handle", ["0.NA/88.300.5.2", "0.na/88.300.5.2.3"])
def test_so_are_the_records_of_prefixes_derived_from_it(handle):
    assert to(handle) == Referral(DERIVED, of_prefix=True)
    assert to(handle, do_not_refer=True) == Absent()


def test_the_record_of_the_delegated_prefix_stays_ours():
    assert to("0.na/88.300.5") == Ours("0.NA/88.300.5", AWAY, "88.300.5")


def test_what_was_allotted_below_a_delegated_prefix_lives_here():
    assert to("88.300.5.1/x") == Ours("88.300.5.1/x", HERE_AGAIN, "88.300.5.1")
    assert to("0.NA/88.300.5.1.9") == Ours("0.NA/88.300.5.1.9", HERE_AGAIN, "88.300.5.1")


def test_a_delegated_prefix_without_routes_leads_nowhere():
    assert to("88.300.6/x") == NotHomed()
    assert to("88.300.6/x", do_not_refer=True) == NotHomed()
    assert to("0.NA/88.300.6.1") == Absent()


def test_a_disabled_prefix_refers_nobody():
    for handle in ("88.300.7/x", "0.NA/88.300.7", "0.NA/88.300.7.1"):
        assert to(handle) == NotHomed()
