"""Messages that are meant to do harm are refused, with little memory."""

import tracemalloc

import pytest

from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import resolution, translate
from identifiers.wire.handle.message import decode
from tests.fuzz.handles import FINE, HOSTILE


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_messages_are_refused_without_much_memory(name):
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError) as caught:
            decode(HOSTILE[name])
        assert resolution.decode_query(HOSTILE[name]) is None
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20
    assert decode(translate.early_error(caught.value, 0)).header.response_code == 4


@pytest.mark.parametrize("name", FINE)
def test_odd_messages_are_messages(name):
    request = decode(FINE[name])
    plain = resolution.decode_query(FINE[name])
    assert plain == (translate.reply_to(request, FINE[name]), translate.to_query(request))
