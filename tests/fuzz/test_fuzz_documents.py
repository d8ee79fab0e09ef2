"""Documents and names that are meant to do harm are refused, with little memory."""

import tracemalloc

import pytest

from identifiers.faults import Invalid
from identifiers.names import Handle, Prefix, registration_faults
from identifiers.wire import cborform, jsonfast
from identifiers.wire.jsonload import load
from tests.fuzz.documents import HOSTILE_CBOR, HOSTILE_JSON, told


@pytest.mark.parametrize("name", HOSTILE_JSON)
def test_hostile_json_is_refused(name):
    text, code = HOSTILE_JSON[name]
    with pytest.raises(Invalid) as caught:
        load(text)
    assert [fault.code for fault in caught.value.faults] == [code]
    told(caught.value)
    with pytest.raises(Invalid):
        jsonfast.read_line(text)


@pytest.mark.parametrize("name", HOSTILE_CBOR)
def test_hostile_cbor_is_refused_without_much_memory(name):
    tracemalloc.start()
    try:
        with pytest.raises(Invalid) as caught:
            cborform.load(HOSTILE_CBOR[name])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20
    told(caught.value)


@pytest.mark.parametrize(
    "name", ["88.100.1２/x", "88.100.1\u200b/x", "88.100.1./x", "%2e/x", "/x", "88.1/", "88.1"]
)
def test_names_that_only_look_right_are_refused(name):
    with pytest.raises(Invalid) as caught:
        Handle.parse(name)
    told(caught.value)


def test_a_name_with_hidden_characters_is_not_registered():
    faults = registration_faults(Handle.parse("88.1/\u202eabc\u200b"))
    assert [fault.params["char"] for fault in faults] == ["U+202E", "U+200B"]
    assert not Prefix.parse("88.100.1").covers(Prefix.parse("88.100.10"))
