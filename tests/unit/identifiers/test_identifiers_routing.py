"""Routes as enterprises tell them: read strictly, every fault at once; written as sites."""

import base64
from ipaddress import ip_address

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from identifiers.faults import Invalid
from identifiers.keys.public import encode_public_key, parse_public_key
from identifiers.routing import MAX_SITES, Endpoint, endpoints_of, read_endpoints
from identifiers.values import Value
from identifiers.wire.handle.site import (
    Interface,
    Server,
    Site,
    Transport,
    decode_site,
    encode_site,
)

FOUR, SIX = ip_address("203.0.113.7"), ip_address("2001:db8::7")
PEM = (
    rsa.generate_private_key(65537, 2048)
    .public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
KEY = encode_public_key(parse_public_key(PEM.encode()))


def public(address):
    return not address.startswith("10.")


def read(*items):
    return read_endpoints(list(items), public)


def faults(*items):
    with pytest.raises(Invalid) as invalid:
        read(*items)
    return [(fault.pointer, fault.code) for fault in invalid.value.faults]


def test_addresses_and_ports_are_read():
    assert read(
        {"address": "203.0.113.7", "tcp": 2641, "udp": 2642, "http": 8000, "https": 443},
        {"address": "2001:db8::7", "http": 80},
    ) == (
        Endpoint(address=FOUR, tcp=2641, udp=2642, http=8000, https=443),
        Endpoint(address=SIX, http=80),
    )


@pytest.mark.parametrize("text", [PEM, base64.b64encode(KEY).decode()])
def test_keys_are_read_as_pem_or_as_they_stand_in_a_record(text):
    (endpoint,) = read({"address": "203.0.113.7", "tcp": 1, "public_key": text})
    assert endpoint.public_key == KEY
    told = {"address": "203.0.113.7", "tcp": 1, "public_key": base64.b64encode(KEY).decode()}
    assert endpoint.document() == told


def test_every_fault_is_told_at_once():
    assert faults(
        {"address": "203.0.113.7"},
        {"address": "far.example", "tcp": 2641},
        {"address": "10.0.0.1", "tcp": 0, "udp": 70000, "http": "x"},
        {"address": "::ffff:203.0.113.7", "tcp": 1},
        {"address": "fe80::1%eth0", "tcp": 1},
        {"address": "", "tcp": 1},
        {"tcp": 1, "port": 2},
        {"address": 5, "tcp": 1},
        "x",
        {"address": "203.0.113.7", "tcp": 1, "public_key": "???"},
        {"address": "203.0.113.8", "tcp": 1, "public_key": "ü"},
    ) == [
        ("/0", "route.no_port"),
        ("/1/address", "route.address"),
        ("/2/address", "route.not_public"),
        ("/2/tcp", "range"),
        ("/2/udp", "range"),
        ("/2/http", "type"),
        ("/3/address", "route.address"),
        ("/4/address", "route.address"),
        ("/5/address", "empty"),
        ("/6/port", "unknown_key"),
        ("/6/address", "required"),
        ("/7/address", "type"),
        ("/8", "type"),
        ("/9/public_key", "route.key"),
        ("/9/address", "route.twice"),
        ("/10/public_key", "route.key"),
    ]


@pytest.mark.parametrize("items", [None, {}, [], "x"])
def test_what_is_no_list_of_sites(items):
    with pytest.raises(Invalid) as invalid:
        read_endpoints(items, public)
    assert [fault.code for fault in invalid.value.faults] == ["empty"]


def test_a_route_has_a_bounded_number_of_sites():
    items = [{"address": f"203.0.113.{n}", "tcp": 1} for n in range(MAX_SITES + 1)]
    assert len(read(*items[:-1])) == MAX_SITES
    assert faults(*items) == [("", "too_many")]


def test_the_tcp_interface_comes_first_and_takes_everything():
    site = Endpoint(address=FOUR, http=80, udp=2, tcp=1).site()
    assert [server.interfaces for server in site.servers] == [
        (Interface(3, 1, 1), Interface(2, 0, 2), Interface(3, 2, 80))
    ]
    assert decode_site(encode_site(site)) == site


@pytest.mark.parametrize("kind", ["HS_SITE", "HS_SITE.6", "hs_site"])
def test_what_is_written_is_told_again(kind):
    endpoint = Endpoint(address=SIX, tcp=1, udp=2, http=3, https=4, public_key=KEY)
    value = Value(index=1, type=kind, data=encode_site(endpoint.site()))
    assert endpoints_of([value]) == (endpoint,)


def test_of_routes_that_others_wrote_what_can_be_told_is():
    interfaces = (
        Interface(1, Transport.TCP, 5),
        Interface(2, Transport.TCP, 6),
        Interface(2, Transport.TCP, 7),
        Interface(2, 9, 8),
    )
    server = Server(id=1, address=FOUR, public_key=b"", interfaces=interfaces)
    site = encode_site(Site(serial=1, servers=(server, server)))
    values = [
        Value(index=1, type="HS_SITE", data=site),
        Value(index=2, type="HS_SITE", data=b"x"),
        Value(index=3, type="HS_SITE.PREFIX", data=site),
    ]
    assert endpoints_of(values) == (Endpoint(address=FOUR, tcp=6),) * 2
