import pytest

from identifiers.values import Reference, Value
from identifiers.wire.cursor import ProtocolError, u32
from identifiers.wire.handle.values import (
    check_values,
    count_values,
    decode_values,
    encode_value,
    encode_values,
    filter_blob,
    public_part,
    without_secrets,
)

URL = Value(index=1, type="URL", data=b"https://e.example/1")
PRIVATE = Value(index=300, type="HS_PIN", data=b"secret", permissions=0x0C)
LINK = Value(
    index=5,
    type="地址",
    data=b"\0\xff",
    ttl=0xFFFF_FFFF,
    absolute=True,
    timestamp=9,
    references=(Reference("88.1/x", 7), Reference("", 0)),
)
BLOB = encode_values([URL, PRIVATE, LINK])


def test_a_value_is_written_as_the_standard_says():
    assert encode_value(URL).hex() == (
        "00000001 00000000 00 00015180 0e 00000003 55524c 00000013"
        "68747470733a2f2f652e6578616d706c652f31 00000000".replace(" ", "")
    )


def test_values_read_back():
    assert decode_values(BLOB) == (URL, PRIVATE, LINK)
    assert count_values(BLOB) == 3
    assert decode_values(u32(1) + encode_value(LINK)) == (LINK,)
    assert decode_values(u32(0)) == ()


@pytest.mark.parametrize("end", range(len(BLOB)))
def test_a_cut_blob_is_refused(end):
    with pytest.raises(ProtocolError):
        decode_values(BLOB[:end])
    with pytest.raises(ProtocolError):
        check_values(BLOB[:end])


def at(blob, place, *octets):
    return blob[:place] + bytes(octets) + blob[place + len(octets) :]


ONE = encode_values([URL])


@pytest.mark.parametrize(
    ("blob", "why"),
    [
        (ONE + b"\0", "1 bytes after the values"),
        (at(ONE, 0, 0, 0, 8, 1), "2049 values announced"),
        (at(ONE, 0, 0, 0, 0, 3), "3 values announced"),
        (at(ONE, 12, 2), "2 is no kind of TTL"),
        (at(ONE, 22, 0xFF), "not valid UTF-8"),
        (at(ONE, 22, 0), r"U\+0000"),
        (at(ONE, 18, 0xFF, 0xFF, 0xFF, 0xFF), "too early"),
        (at(ONE, len(ONE) - 4, 0xFF, 0xFF, 0xFF, 0xFF), "4294967295 references announced"),
    ],
)
def test_what_is_no_blob_is_refused(blob, why):
    with pytest.raises(ProtocolError, match=why):
        check_values(blob)
    with pytest.raises(ProtocolError, match=why):
        decode_values(blob)


def test_selected_values_are_the_stored_bytes():
    assert public_part(BLOB) == encode_values([URL, LINK])
    assert public_part(ONE) is ONE
    assert filter_blob(BLOB, (300,), (), public_only=False) == encode_values([PRIVATE])
    assert filter_blob(BLOB, (300,), (), public_only=True) == u32(0)
    assert filter_blob(BLOB, (), ("url", "地址"), public_only=False) == encode_values([URL, LINK])
    mixed = encode_values([Value(index=1, type="uRl", data=b""), Value(index=2, type="", data=b"")])
    assert filter_blob(mixed, (), ("Url",), public_only=False) == filter_blob(
        mixed, (1,), (), public_only=False
    )
    assert filter_blob(BLOB, (5,), ("HS_.",), public_only=False) == encode_values([LINK])
    assert filter_blob(BLOB, (), ("HS_PIN.",), public_only=False) == encode_values([PRIVATE])


@pytest.mark.parametrize("kind", ["HS_SECKEY", "hs_SecKey"])
@pytest.mark.parametrize("permissions", [0x0C, 0x0E, 0x0F])
def test_secret_keys_are_never_selected(kind, permissions):
    secret = Value(index=301, type=kind, data=b"secret", permissions=permissions)
    blob = encode_values([URL, secret, PRIVATE])
    for public_only in (True, False):
        for indexes, types in (((), ()), ((301,), ()), ((), (kind,)), ((), ("HS_SECKEY.",))):
            selected = filter_blob(blob, indexes, types, public_only=public_only)
            assert kind not in {value.type for value in decode_values(selected)}
    assert without_secrets(blob) == encode_values([URL, PRIVATE])
    assert public_part(blob) == encode_values([URL])


def test_what_only_speaks_of_secret_keys_is_selected():
    blob = encode_values([URL, Value(index=2, type="NOTE", data=b"HS_SECKEY is secret")])
    assert without_secrets(blob) is blob
    assert without_secrets(BLOB) is BLOB
