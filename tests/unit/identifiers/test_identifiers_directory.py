from identifiers.directory import PrefixDirectory, PrefixEntry, PrefixKind
from identifiers.names import Handle, Prefix


def entry(prefix, kind=PrefixKind.ENTERPRISE, enterprise=1, **others):
    return PrefixEntry(prefix=Prefix.parse(prefix), kind=kind, enterprise=enterprise, **others)


ROOT = entry("88.300", PrefixKind.SECONDARY, 0)
COAL = entry("88.300.1")
FREIGHT = entry("88.300.1.7", enterprise=2)
DIRECTORY = PrefixDirectory([ROOT, COAL, FREIGHT])


def test_a_prefix_is_known_by_its_canonical_text():
    assert DIRECTORY.exact("88.300.1") is COAL
    assert DIRECTORY.exact("88.300.2") is None
    assert DIRECTORY.entries == (ROOT, COAL, FREIGHT)


def test_the_longest_covering_prefix_decides():
    assert DIRECTORY.nearest("88.300.1") is COAL
    assert DIRECTORY.nearest("88.300.1.6.5") is COAL
    assert DIRECTORY.nearest("88.300.1.7.1") is FREIGHT


def test_a_secondary_prefix_answers_for_itself_only():
    assert DIRECTORY.nearest("88.300") is ROOT
    assert DIRECTORY.nearest("88.300.99") is None
    assert DIRECTORY.nearest("88.300.10") is None
    assert DIRECTORY.nearest("99") is None


def test_a_prefix_record_belongs_to_its_prefix():
    assert DIRECTORY.home_of(Handle.parse("0.na/88.300.1")) is COAL
    assert DIRECTORY.home_of(Handle.parse("88.300.1.7/x")) is FREIGHT
    assert DIRECTORY.home_of(Handle.parse("0.NA/99")) is None


def test_only_ascii_letters_are_folded_in_the_name_of_a_prefix_record():
    directory = PrefixDirectory([entry("88.300.SS"), entry("88.300.AI")])
    assert directory.home_of(Handle.parse("0.NA/88.300.ss")) is directory.entries[0]
    for other in ("0.NA/88.300.\u00df", "0.NA/88.300.a\u0131"):
        assert directory.home_of(Handle.parse(other)) is None


def test_a_secondary_prefix_that_is_switched_off_is_no_root():
    off = entry("88.300", PrefixKind.SECONDARY, 0, enabled=False)
    directory = PrefixDirectory([off, entry("88.300.5", PrefixKind.SECONDARY, 0)])
    assert not directory.below_root(Prefix.parse("88.300.1"))
    assert directory.root_of(Prefix.parse("88.300.5.1")).prefix == Prefix.parse("88.300.5")


def test_of_secondary_prefixes_below_one_another_the_uppermost_is_the_root():
    upper = entry("88.300", PrefixKind.SECONDARY, 0)
    lower = entry("88.300.5", PrefixKind.SECONDARY, 0)
    for order in ((upper, lower), (lower, upper)):  # stores give prefixes in any order
        assert PrefixDirectory(order).root_of(Prefix.parse("88.300.5.1")) is upper


def test_what_lies_below_a_root():
    assert DIRECTORY.below_root(Prefix.parse("88.300.4711"))
    assert not DIRECTORY.below_root(Prefix.parse("88.301"))
