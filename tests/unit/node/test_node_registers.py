import pytest

from node.refusals import NotDone
from node.registers import Register, load, registers


def test_until_a_register_is_loaded_what_is_shipped_counts(tmp_path):
    shipped = registers(tmp_path)
    assert not shipped.places.whole
    assert not shipped.trades.whole


def test_what_was_loaded_is_whole(tmp_path):
    text = "\ufeff140000,山西省\r\n\n140100, 太原市 \n".encode()
    assert load(tmp_path, Register.DIVISIONS, text) == 2
    assert load(tmp_path, Register.INDUSTRIES, "B,采矿业\n06,煤炭\n".encode()) == 2
    loaded = registers(tmp_path)
    assert loaded.places.name("140100") == "太原市"
    assert not loaded.places.has("140200")
    assert loaded.trades.sections == {"06": "B"}
    assert loaded.trades.whole


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "the file has no line"),
        (b"\xff", "not UTF-8"),
        (b"140000\n14,x\n140100,\n", "line 1: CODE,NAME"),
        (b"x,y\n" * 7, "and 2 more"),
    ],
)
def test_what_is_no_register_is_refused(tmp_path, text, told):
    with pytest.raises(NotDone, match=told):
        load(tmp_path, Register.DIVISIONS, text)
    assert not registers(tmp_path).places.whole
