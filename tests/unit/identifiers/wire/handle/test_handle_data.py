from ipaddress import IPv4Address, IPv6Address

import pytest
from msgspec.structs import replace

from identifiers.values import Reference
from identifiers.wire.cursor import ProtocolError, octets, text, u16
from identifiers.wire.handle.data import (
    Admin,
    DsaKey,
    OtherKey,
    RsaKey,
    decode_admin,
    decode_public_key,
    decode_vlist,
    encode_admin,
    encode_public_key,
    encode_vlist,
)
from identifiers.wire.handle.site import (
    Interface,
    Server,
    Site,
    Transport,
    Usage,
    decode_site,
    encode_site,
)

ADMIN = Admin(0x0FFF, "0.NA/88.300", 200)
SERVER = Server(
    id=1,
    address=IPv4Address("192.0.2.1"),
    public_key=b"key",
    interfaces=(Interface(int(Usage.QUERY | Usage.ADMIN), Transport.TCP, 2641),),
)
SITE = Site(serial=3, attributes=(("desc", "示例"),), servers=(SERVER,))


def test_an_administrator_reads_back():
    encoded = encode_admin(ADMIN)
    assert encoded.hex() == "0fff" + "0000000b" + b"0.NA/88.300".hex() + "000000c8"
    assert decode_admin(encoded) == ADMIN
    assert decode_admin(encoded + b"\0\0") == ADMIN
    for tail in (b"\0", b"\0\1", bytes(3)):
        with pytest.raises(ProtocolError, match="left over"):
            decode_admin(encoded + tail)


def test_a_list_of_references_reads_back():
    references = (Reference("88.1/a", 1), Reference("88.1/b", 2))
    assert decode_vlist(encode_vlist(references)) == references
    with pytest.raises(ProtocolError):
        decode_vlist(encode_vlist(references) + b"\0")


def test_an_rsa_key_keeps_its_padding():
    key = RsaKey(65537, 0xFF)
    assert encode_public_key(key).endswith(bytes.fromhex("0000000200ff") + bytes(4))
    for one in (key, replace(key, padded=False)):
        assert decode_public_key(encode_public_key(one)) == one
    with pytest.raises(ProtocolError, match="left over"):
        decode_public_key(encode_public_key(key) + b"\0")


def test_other_keys_read_back():
    for key in (DsaKey(1, 2, 3, 1 << 80), OtherKey("SM2_PUB_KEY", b"-----BEGIN")):
        assert decode_public_key(encode_public_key(key)) == key


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"-----BEGIN PUBLIC KEY-----", "a string of"),
        (text("RSA_PUB_KEY") + u16(1), "unknown options"),
        (text("ED_PUB_KEY") + u16(0), "Unknown key algorithm: ED_PUB_KEY"),
        (text("RSA_PUB_KEY") + u16(0) + octets(b"\xff") + octets(b"\1"), "negative"),
        (text("DSA_PUB_KEY") + u16(0) + octets(b"\1") * 5, "left over"),
    ],
)
def test_what_is_no_key_is_refused(data, why):
    with pytest.raises(ProtocolError, match=why):
        decode_public_key(data)


def test_a_site_reads_back():
    assert decode_site(encode_site(SITE)) == SITE
    with pytest.raises(ProtocolError, match="left over"):
        decode_site(encode_site(SITE) + b"\0")
    with pytest.raises(ProtocolError, match="Unknown form of a site record: 2"):
        decode_site(b"\0\2" + encode_site(SITE)[2:])


@pytest.mark.parametrize(
    ("address", "packed"),
    [
        (IPv4Address("192.0.2.1"), "00" * 12 + "c0000201"),
        (IPv4Address(0), "00" * 16),
        (IPv6Address("::1"), "00" * 15 + "01"),
        (IPv6Address("2001:db8::1"), "20010db8" + "00" * 11 + "01"),
        (IPv6Address("::ffff:192.0.2.1"), "00" * 10 + "ffffc0000201"),
    ],
)
def test_addresses_of_both_kinds_share_sixteen_bytes(address, packed):
    site = replace(SITE, servers=(replace(SERVER, address=address),))
    assert bytes.fromhex(packed) in encode_site(site)
    assert decode_site(encode_site(site)) == site
