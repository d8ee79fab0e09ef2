"""Addresses that records name, and which of them are connected to."""

import pytest

from edge.addresses import BadAddress
from edge.reach import Reach, parse_reach

NEAR = (
    "127.0.0.1",
    "::1",
    "0.0.0.0",  # noqa: S104 -- never bound
    "::",
    "10.1.2.3",
    "192.168.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "fe80::1",
    "fec0::1",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.1.2.3",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
)
FAR = ("8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8")


@pytest.mark.parametrize("host", NEAR)
def test_what_is_near_is_not_public(host):
    assert not parse_reach("public").allows(host)


@pytest.mark.parametrize("host", FAR)
def test_what_is_public(host):
    assert parse_reach("public").allows(host)
    assert not parse_reach("10.0.0.0/8").allows(host)
    assert not parse_reach("none").allows(host)


def test_networks_that_are_named_are_reached():
    reach = parse_reach("10.0.0.0/8, PUBLIC")
    assert [reach.allows(h) for h in ("10.1.2.3", "::ffff:10.1.2.3", "8.8.8.8", "127.0.0.1")] == [
        True,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("text", ["public", "none", "10.0.0.0/8", "public,10.0.0.0/8,fd00::/8"])
def test_it_is_shown_as_it_is_written(text):
    assert str(parse_reach(text)) == text
    assert bool(parse_reach(text)) == (text != "none")
    assert Reach() == parse_reach("none")


@pytest.mark.parametrize("text", ["none,public", "somewhere", "10.0.0.1/8"])
def test_what_is_no_reach(text):
    with pytest.raises(BadAddress):
        parse_reach(text)
