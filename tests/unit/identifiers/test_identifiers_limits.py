import pytest

from identifiers.faults import Invalid
from identifiers.limits import NO_LIMITS, Bucket, Limits, Rate

RATE = Rate(3, 60)


def taken(bucket, times, now=0.0):
    found = []
    for _ in range(times):
        bucket, allowance = bucket.take(RATE, now)
        found.append((allowance.remaining, allowance.reset, allowance.wait))
    return bucket, found


def test_a_window_is_used_up_and_comes_back():
    bucket, found = taken(Bucket(), 4)
    assert found == [(2, 20, 0), (1, 40, 0), (0, 60, 0), (0, 60, 20)]
    bucket, found = taken(bucket, 2, 20.0)
    assert found == [(0, 60, 0), (0, 60, 20)]
    assert taken(bucket, 1, 1000.0)[1] == [(2, 20, 0)]


def test_a_clock_that_is_new_gives_no_more_than_the_window():
    assert taken(Bucket(), 1, 10**9)[1] == [(2, 20, 0)]


@pytest.mark.parametrize(
    ("text", "rate"), [("6000/60", Rate(6000, 60)), ("off", None), ("1/86400", Rate(1, 86400))]
)
def test_a_rate_is_read(text, rate):
    assert Rate.parse(text) == rate
    assert str(rate or "off") == text


@pytest.mark.parametrize("text", ["", "6000", "0/60", "60/0", "1000001/1", "1/86401", "a/b"])
def test_what_is_no_rate(text):
    with pytest.raises(Invalid):
        Rate.parse(text)


def test_quotas_are_of_all_and_below_prefixes():
    assert NO_LIMITS.quotas == {}
    assert Limits(identifiers=9, prefixes={"88.300.1": 5}).quotas == {"": 9, "88.300.1": 5}
