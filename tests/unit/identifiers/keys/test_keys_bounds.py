from ipaddress import ip_address, ip_network

import pytest

from identifiers.keys.bounds import UNBOUNDED, Beyond, Bounds, Scoped, read_network, within

TEN, ELEVEN = ip_network("10.0.0.0/8"), ip_network("11.0.0.0/8")
PART, SIX = ip_network("10.1.0.0/16"), ip_network("2001:db8::/32")
INSIDE, OUTSIDE = ip_address("10.1.2.3"), ip_address("11.0.0.1")


def test_a_network_is_that_of_every_machine():
    assert read_network("10.0.0.0/8") == TEN
    assert read_network("2001:db8::/32") == SIX
    for text in ("fe80::%eth0/64", "fe80::1%2", "%"):
        with pytest.raises(Scoped, match="scope id"):
            read_network(text)
    with pytest.raises(ValueError, match="host bits"):
        read_network("10.0.0.1/8")


@pytest.mark.parametrize(
    ("bounds", "at", "address", "beyond"),
    [
        (UNBOUNDED, 2**40, None, None),
        (Bounds(100), 99, None, None),
        (Bounds(100), 100, INSIDE, Beyond.EXPIRED),
        (Bounds(0), 0, INSIDE, Beyond.EXPIRED),
        (Bounds(None, (TEN, SIX)), 5, INSIDE, None),
        (Bounds(None, (TEN, SIX)), 5, ip_address("2001:db8::1"), None),
        (Bounds(None, (TEN, SIX)), 5, OUTSIDE, Beyond.ADDRESS),
        (Bounds(None, (SIX,)), 5, INSIDE, Beyond.ADDRESS),
        (Bounds(None, (TEN,)), 5, None, Beyond.ADDRESS),
        (Bounds(100, (TEN,)), 99, INSIDE, None),
        (Bounds(100, (TEN,)), 101, OUTSIDE, Beyond.EXPIRED),
    ],
)
def test_a_key_counts_until_its_end_and_from_its_networks(bounds, at, address, beyond):
    assert bounds.beyond(at, address) is beyond


@pytest.mark.parametrize(
    ("addresses", "beyond"),
    [
        ((INSIDE, INSIDE), None),
        ((INSIDE, OUTSIDE), Beyond.ADDRESS),
        ((None, INSIDE), Beyond.ADDRESS),
        ((), Beyond.ADDRESS),
    ],
)
def test_a_key_counts_from_every_address_that_somebody_was_at(addresses, beyond):
    assert Bounds(None, (TEN,)).beyond(5, *addresses) is beyond
    assert UNBOUNDED.beyond(5, *addresses) is None


@pytest.mark.parametrize(
    ("new", "old", "later"),
    [(None, None, False), (5, None, False), (None, 5, True), (6, 5, True), (5, 5, False)],
)
def test_an_end_is_later_than_another(new, old, later):
    assert Bounds(new).later_than(Bounds(old)) is later


@pytest.mark.parametrize(
    ("networks", "allowed", "inside"),
    [
        ((), (), True),
        ((TEN,), (), True),
        ((), (TEN,), False),
        ((PART,), (TEN,), True),
        ((TEN,), (PART,), False),
        ((PART, SIX), (TEN,), False),
        ((PART, SIX), (SIX, TEN), True),
        ((PART,), (SIX,), False),
        ((SIX,), (TEN,), False),
        ((PART,), (ELEVEN, TEN), True),
    ],
)
def test_networks_are_within_others(networks, allowed, inside):
    assert within(networks, allowed) is inside
    assert Bounds(None, networks).wider_than(Bounds(None, allowed)) is not inside
