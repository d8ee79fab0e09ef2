import pytest

from loadtest.corpus.shares import Shares, apportion


@pytest.fixture(scope="module")
def shares():
    return Shares(1, [4] * 30)


@pytest.mark.parametrize(
    ("weights", "seats", "seated"),
    [
        ([1], 5, [5]),
        ([1, 1], 4, [2, 2]),
        ([3, 1], 6, [4, 2]),
        ([1000, 1, 1], 9, [7, 1, 1]),
        ([1, 1, 1], 5, [2, 2, 1]),
    ],
)
def test_seats_follow_the_weights_and_nobody_goes_without(weights, seats, seated):
    assert apportion(weights, seats) == seated


def test_the_first_item_belongs_to_the_first_enterprise(shares):
    assert shares.owner(0) == (1, 0)


def test_each_enterprise_counts_its_own_items_without_a_gap(shares):
    met = dict.fromkeys(range(1, 31), 0)
    for item in range(3 * sum(shares.counts) + 17):
        number, rank = shares.owner(item)
        assert rank == met[number] == shares.owned_before(number, item)
        met[number] += 1


def test_a_far_item_is_as_near_as_the_first(shares):
    far = 10**15
    number, rank = shares.owner(far)
    assert shares.owned_before(number, far) == rank
    assert shares.owned_before(number, far + 1) == rank + 1


def test_few_own_most(shares):
    counts = sorted(shares.counts, reverse=True)
    assert shares.counts[0] == counts[0]
    assert sum(counts[:10]) > sum(counts) / 2
    assert counts[-1] >= 1


def test_a_larger_scale_owns_more():
    even, steep = Shares(1, [1, 1, 1]), Shares(1, [1, 5, 1])
    assert steep.counts[1] > even.counts[1]
