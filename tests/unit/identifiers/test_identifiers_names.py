import pytest

from identifiers.faults import Invalid
from identifiers.names import (
    MAX_REGISTERED_BYTES,
    Handle,
    Prefix,
    fold,
    prefix_of,
    registration_faults,
)


def codes(text):
    with pytest.raises(Invalid) as caught:
        Handle.parse(text)
    return [fault.code for fault in caught.value.faults]


def test_a_prefix_is_labels_in_upper_case():
    assert Prefix.parse("88.300.a-1").labels == ("88", "300", "A-1")
    assert str(Prefix.parse("88.300.a-1")) == "88.300.A-1"


@pytest.mark.parametrize("text", ["", ".", "88.", ".88", "88..1", "88.1/a", "8８", "88 1", "88.é"])
def test_what_is_no_prefix_is_refused(text):
    with pytest.raises(Invalid) as caught:
        Prefix.parse(text)
    assert caught.value.faults[0].code == "name.prefix"


@pytest.mark.parametrize(
    ("prefix", "other", "covers"),
    [
        ("88.300", "88.300", True),
        ("88.300", "88.300.1", True),
        ("88.300.1", "88.300.10", False),
        ("88.300.1", "88.300", False),
        ("88.abc", "88.ABC.1", True),
    ],
)
def test_prefixes_cover_label_by_label(prefix, other, covers):
    assert Prefix.parse(prefix).covers(Prefix.parse(other)) is covers


def test_a_handle_is_split_at_its_first_slash():
    handle = Handle.parse("88.abc/x/Y")
    assert (handle.given, handle.prefix, handle.suffix) == ("88.abc/x/Y", "88.ABC", "x/Y")
    assert handle.labels() == ("88", "ABC")


def test_the_suffix_is_exact_unless_its_prefix_folds():
    assert Handle.parse("88.abc/xß").key() == "88.ABC/xß"
    assert Handle.parse("88.abc/xß").key(fold_suffix=True) == "88.ABC/Xß"
    assert Handle.parse("0.na/88.abc").key() == "0.NA/88.ABC"
    assert prefix_of("0.NA/88.ABC") == "0.NA"


def test_folding_is_ascii_only():
    assert fold("straße-ı-é") == "STRAßE-ı-é"
    assert fold("url") == "URL"


def test_what_is_no_handle_is_refused_for_its_reason():
    assert codes("88.1") == ["name.no_slash"]
    assert codes("88..1/x") == ["name.prefix"]
    assert codes("88.1/") == ["name.no_suffix"]
    assert codes("88.1/a\0b") == ["nul"]


def test_ordinary_names_may_be_registered():
    assert registration_faults(Handle.parse("88.300.1/COAL-1 ~!")) == []
    assert registration_faults(Handle.parse("88.300.1/煤炭-é")) == []


@pytest.mark.parametrize(
    ("suffix", "char", "at"),
    [
        ("a\u200bb", "U+200B", 2),
        ("\u202ea", "U+202E", 1),
        ("ab\x07", "U+0007", 3),
        ("\ue000", "U+E000", 1),
        ("a\u00ad", "U+00AD", 2),
    ],
)
def test_hidden_and_private_characters_may_not(suffix, char, at):
    (fault,) = registration_faults(Handle.parse(f"88.1/{suffix}"))
    assert (fault.code, fault.params) == ("name.character", {"char": char, "at": at})
    assert f"{char}, character {at} of the suffix" in fault.detail()


def test_names_are_registered_in_normal_form_c():
    (fault,) = registration_faults(Handle.parse("88.1/ae\u0301"))
    assert (fault.code, fault.params) == ("name.not_nfc", {"at": 2, "char": "U+0065"})
    assert "character 2 of the suffix" in fault.detail()
    # One character whose normal form is two.
    (fault,) = registration_faults(Handle.parse("88.1/\u0344"))
    assert fault.params == {"at": 1, "char": "U+0344"}


def test_long_names_may_not_be_registered():
    faults = registration_faults(Handle.parse("88.1/" + "a" * 256))
    assert [fault.params["unit"] for fault in faults] == ["characters"]
    faults = registration_faults(Handle.parse("88.1/" + "煤" * 342))
    assert [fault.params for fault in faults] == [
        {"size": 342, "unit": "characters", "limit": 255},
        {"size": 1031, "unit": "bytes", "limit": MAX_REGISTERED_BYTES},
    ]
