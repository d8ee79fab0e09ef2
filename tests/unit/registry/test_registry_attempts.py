from ipaddress import ip_address

import pytest

from identifiers.principals import HandleIdentity
from identifiers.relay import Channel, Origin
from registry.attempts import MINUTE, OF_IDENTITY, OF_PAIR, OF_SOURCE, Attempts

NOW = 1000.0


def origin(address="203.0.113.7", *, trusted=False):
    return Origin(channel=Channel.TCP, address=ip_address(address), trusted=trusted, secure=False)


def somebody(number=1, index=300):
    return HandleIdentity(f"88.300.1/user-{number}", index)


def wrong(attempts, times, asker, who, now=NOW):
    for _ in range(times):
        assert attempts.wait(asker, who, now) == 0
        attempts.wrong(asker, who, now)


def test_one_source_about_one_identity():
    attempts = Attempts()
    wrong(attempts, OF_PAIR, origin(), somebody())
    assert attempts.wait(origin(), somebody(), NOW) == MINUTE / OF_PAIR
    # Another index of the same handle is no way around.
    assert attempts.wait(origin(), somebody(index=301), NOW) > 0
    assert attempts.wait(origin("198.51.100.1"), somebody(), NOW) == 0
    assert attempts.wait(origin(), somebody(2), NOW) == 0
    assert attempts.wait(origin(), somebody(), NOW + MINUTE / OF_PAIR) == 0
    wrong(attempts, OF_PAIR, origin(), somebody(), NOW + MINUTE)


@pytest.mark.parametrize("addresses", [["203.0.113.7"] * 2, ["2001:db8::1", "2001:db8::2"]])
def test_one_source_about_many(addresses):
    attempts = Attempts()
    for number in range(OF_SOURCE):
        wrong(attempts, 1, origin(addresses[0]), somebody(number))
    assert attempts.wait(origin(addresses[1]), somebody(0), NOW) > 0
    assert attempts.wait(origin("198.51.100.1"), somebody(0), NOW) == 0


def test_many_sources_about_one_identity():
    attempts = Attempts()
    for number in range(OF_IDENTITY):
        wrong(attempts, 1, origin(f"198.51.{number}.1"), somebody())
    assert attempts.wait(origin(), somebody(), NOW) > 0
    # Nobody far away shuts the enterprise's own network out, nor does it count for them.
    assert attempts.wait(origin("10.0.0.1", trusted=True), somebody(), NOW) == 0


def test_what_was_begun_before_the_limit_makes_the_wait_longer():
    attempts = Attempts()
    assert all(attempts.wait(origin(), somebody(), NOW) == 0 for _ in range(3 * OF_PAIR))
    for _ in range(3 * OF_PAIR):
        attempts.wrong(origin(), somebody(), NOW)
    assert attempts.wait(origin(), somebody(), NOW) > 2 * MINUTE


def test_of_too_many_those_untouched_for_longest_are_forgotten():
    attempts = Attempts(most=6)
    for number in range(3):
        asker = origin(f"198.51.100.{number}")
        for _ in range(OF_PAIR):
            attempts.wrong(asker, somebody(number), NOW)
    assert attempts.wait(origin("198.51.100.0"), somebody(0), NOW) == 0
    assert attempts.wait(origin("198.51.100.2"), somebody(2), NOW) > 0
