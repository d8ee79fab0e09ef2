import hmac
from ipaddress import ip_address
from uuid import UUID

import msgspec
import pytest

from identifiers.feeds import Place
from identifiers.webhooks import (
    LONGEST_RETRY,
    MAX_OLDER,
    PARK_AFTER,
    Delivery,
    Secrets,
    Webhook,
    delivery_number,
    is_public,
    resumed,
    settled,
    signature,
    url_faults,
)

HOOK = Webhook(
    enterprise=1,
    name="erp",
    url="https://erp.example/",
    sealed=b"",
    place=Place(5, 1),
    next_at=0,
    created_at=0,
)


def delivery(status, at=1000):
    return Delivery(
        number=UUID(int=1),
        at=at,
        attempt=1,
        changes=1,
        status=status,
        error="",
        milliseconds=3,
    )


@pytest.mark.parametrize("status", [200, 204, 299])
def test_what_was_taken_is_behind_it(status):
    after = settled(HOOK, Place(9, 1), delivery(status))
    assert (after.place, after.attempts, after.failing_since, after.parked) == (
        Place(9, 1),
        0,
        0,
        False,
    )


@pytest.mark.parametrize("status", [0, 302, 404, 410, 500])
def test_what_failed_is_tried_again_later_and_later(status):
    hook, at, pauses = HOOK, 1000, []
    for _ in range(14):
        hook = settled(hook, Place(9, 1), delivery(status, at))
        pauses.append(hook.next_at - at)
        at = hook.next_at
    assert hook.place == HOOK.place
    assert pauses[:4] == [5_000, 10_000, 20_000, 40_000]
    assert pauses[-1] == LONGEST_RETRY
    assert (hook.attempts, hook.failing_since, hook.parked) == (14, 1000, False)


def test_after_a_day_of_failures_it_is_parked_until_it_is_resumed():
    failing = settled(HOOK, Place(9, 1), delivery(500, 1000))
    late = settled(failing, Place(9, 1), delivery(500, 1000 + PARK_AFTER))
    assert late.parked
    again = resumed(late, 77)
    assert (again.parked, again.attempts, again.next_at, again.place) == (False, 0, 77, HOOK.place)


def test_the_same_changes_have_the_same_number():
    numbers = {delivery_number(HOOK, Place(6, 1), Place(9, n)) for n in (1, 1, 2)}
    assert len(numbers) == 2
    other = msgspec.structs.replace(HOOK, name="other")
    assert delivery_number(other, Place(6, 1), Place(9, 1)) not in numbers
    assert {number.version for number in numbers} == {8}


def test_a_signature_is_over_the_time_and_the_body():
    digest = hmac.new(b"s3cret", b'1700000000.{"a":1}', "sha256").hexdigest()
    assert signature(["s3cret"], 1_700_000_000_999, b'{"a":1}') == f"t=1700000000,v1={digest}"
    older = hmac.new(b"before", b'1700000000.{"a":1}', "sha256").hexdigest()
    both = signature(["s3cret", "before"], 1_700_000_000_999, b'{"a":1}')
    assert both == f"t=1700000000,v1={digest},v1={older}"


def test_secrets_that_were_replaced_sign_for_a_while():
    first = Secrets.read("one")
    assert first.in_force(0) == ("one",)
    second = first.replaced("two", 100, 0)
    third = second.replaced("three", 50, 0)
    assert Secrets.read(str(third)) == third
    assert third.in_force(49) == ("three", "two", "one")
    assert third.in_force(50) == ("three",)
    assert second.in_force(99) == ("two", "one")
    assert "two" not in repr(second)


def test_no_secret_that_signs_is_dropped_for_a_new_one():
    secrets = Secrets.read("n0")
    for number in range(1, MAX_OLDER + 1):
        secrets = secrets.replaced(f"n{number}", 100 + number, 0)
    assert secrets.in_force(0) == ("n4", "n3", "n2", "n1", "n0")
    assert secrets.replaced("n5", 200, 100) is None
    # Those that have ended make room, and when all end there is room.
    assert secrets.replaced("n5", 200, 101).in_force(101) == ("n5", "n4", "n3", "n2", "n1")
    assert str(secrets.replaced("n5", 100, 100)) == "n5"


@pytest.mark.parametrize(
    "url",
    [
        "https://erp.example/idnode?x=1",
        "https://erp.example:8443/",
        "https://203.0.114.7/",
        "https://[2001:4860:4860::8888]/",
        "https://XN--FIQS8S.example/",
    ],
)
def test_targets(url):
    assert url_faults(url, loopback=False) == []


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://erp.example/", "webhook.url"),
        ("ftp://erp.example/", "webhook.url"),
        ("https:///path", "webhook.url"),
        ("https://erp.example:22/", "webhook.url"),
        ("https://erp.example:99999/", "webhook.url"),
        ("https://user:secret@erp.example/", "webhook.url"),
        ("https://@erp.example/", "webhook.url"),
        ("https://erp.example/#part", "webhook.url"),
        ("https://erp.example/a b", "webhook.url"),
        ("https://erp.example/\r\nX: y", "webhook.url"),
        ("https://例子.example/", "webhook.url"),
        ("https://[::1", "webhook.url"),
        ("nothing", "webhook.url"),
        ("https://127.0.0.1/", "webhook.address"),
        ("https://10.0.0.1/", "webhook.address"),
        ("https://169.254.169.254/latest", "webhook.address"),
        ("https://[::1]/", "webhook.address"),
        ("https://[::ffff:10.0.0.1]/", "webhook.address"),
        ("https://[fd00::1]/", "webhook.address"),
        ("https://erp.example/" + "x" * 2048, "too_long"),
    ],
)
def test_what_is_no_target(url, code):
    (fault,) = url_faults(url, loopback=False)
    assert fault.code == code
    assert fault.detail("zh")


def test_this_machine_is_a_target_of_tests_only():
    assert url_faults("http://127.0.0.1:8123/", loopback=True) == []
    assert url_faults("ftp://127.0.0.1/", loopback=True) != []
    assert url_faults("http://10.0.0.1/", loopback=True) != []
    assert url_faults("http://127.0.0.1:8123/", loopback=False) != []


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.1", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.1.1", "172.16.0.1"),
        *("192.0.2.1", "192.168.1.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fc00::1", "ff02::1", "2001:db8::1", "fec0::1"),
        *("::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "2001:0:1::1"),
    ],
)
def test_what_is_not_public(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808"])
def test_what_is_public(address):
    assert is_public(ip_address(address))
