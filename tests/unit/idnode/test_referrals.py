"""Which server of a site has a handle, and how it is reached."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from identifiers.values import Value
from identifiers.wire.handle.site import HashOption, Interface, Server, Site, Transport, encode_site
from idnode import referrals
from idnode.transport import Address

ALL = 3
QUERY = 2
ADMIN = 1


def server(number, *interfaces, address="192.0.2.1", key=b""):
    made = IPv6Address(address) if ":" in address else IPv4Address(address)
    return Server(id=number, address=made, public_key=key, interfaces=interfaces)


def many(count, option):
    servers = tuple(server(n, Interface(ALL, Transport.TCP, 1000 + n)) for n in range(count))
    return Site(serial=1, hash_option=option, servers=servers)


# The last four octets of MD5("88.300.1"), ("A") and ("88.300.1/A") are -413884792, 783072809 and
# -1503940682 as signed numbers.
@pytest.mark.parametrize(
    ("option", "number"),
    [
        (HashOption.PREFIX, 413_884_792),
        (HashOption.SUFFIX, 783_072_809),
        (HashOption.WHOLE, 1_503_940_682),
        (7, 1_503_940_682),
    ],
)
def test_the_hash_of_a_part_chooses_the_server(option, number):
    for count in (1, 7, 16):
        found = referrals.address_of(many(count, option), "88.300.1/a")
        assert found.tcp == 1000 + number % count


def test_interfaces_are_chosen_by_purpose():
    site = Site(
        serial=1,
        servers=(
            server(
                1,
                Interface(QUERY, Transport.UDP, 1),
                Interface(QUERY, Transport.TCP, 2),
                Interface(ADMIN, Transport.TCP, 3),
                Interface(ALL, Transport.HTTP, 4),
                Interface(0, Transport.HTTPS, 5),
                Interface(ALL, Transport.TCP, 70_000),
                address="2001:db8::1",
                key=b"k",
            ),
        ),
    )
    reads = referrals.address_of(site, "88.1/a")
    url = "http://[2001:db8::1]:4/"
    assert reads == Address(host="2001:db8::1", udp=1, tcp=2, http=url, key=b"k")
    changes = referrals.address_of(site, "88.1/a", changes=True)
    assert changes == Address(host="2001:db8::1", tcp=3, http=url, key=b"k")


def test_https_before_http():
    interfaces = (Interface(ALL, Transport.HTTP, 80), Interface(ALL, Transport.HTTPS, 443))
    site = Site(serial=1, servers=(server(1, *interfaces),))
    assert referrals.address_of(site, "88.1/a").http == "https://192.0.2.1:443/"


def test_a_site_without_servers_or_interfaces_is_nowhere():
    assert referrals.address_of(Site(serial=1, servers=()), "88.1/a") is None
    assert referrals.address_of(Site(serial=1, servers=(server(1),)), "88.1/a") is None


def test_mirrors_take_no_changes():
    mirror = Site(serial=1, flags=0, servers=many(1, 2).servers)
    value = Value(index=1, type="hs_site.6", data=encode_site(mirror))
    assert len(referrals.addresses([value], "88.1/a", changes=False)) == 1
    assert referrals.addresses([value], "88.1/a", changes=True) == []


def test_a_service_is_named_by_a_handle():
    assert referrals.service([Value(index=1, type="HS_SERV", data=b"\xff")]) is None
    named = Value(index=2, type="hs_serv.prefix", data=b"0.SERV/x")
    assert referrals.service([Value(index=1, type="URL", data=b"u"), named]) == "0.SERV/x"


def test_a_site_has_the_keys_of_its_servers():
    one = server(1, Interface(ALL, Transport.TCP, 2641), key=b"k")
    other = server(2, Interface(ALL, Transport.TCP, 2642), key=b"l")
    site = Site(serial=1, servers=(one, other))
    assert referrals.key_of(site, "192.0.2.1", 2641) == b"k"
    assert referrals.key_of(site, "192.0.2.1", 2642) == b"l"
    assert referrals.key_of(site, "192.0.2.1", 80) == b""
    assert referrals.key_of(site, "node.example", 2641) == b""
    assert referrals.key_of(Site(serial=1, servers=(one,)), "node.example", 2641) == b"k"
    assert referrals.key_of(Site(serial=1, servers=()), "192.0.2.1", 2641) == b""
