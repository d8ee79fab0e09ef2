import math

import pytest

from loadtest.suites.histogram import BOUNDS, Histogram, quantile
from loadtest.suites.tally import Book, Outcome, Tally


def test_a_quantile_is_told_to_a_tenth():
    histogram = Histogram()
    for n in range(1, 1001):
        histogram.add(n / 1000)
    assert histogram.quantile(0.5) == pytest.approx(0.5, rel=0.1)
    assert histogram.quantile(0.99) == pytest.approx(0.99, rel=0.1)
    assert histogram.quantile(0.001) >= 0.001


def test_nothing_has_no_quantile_and_what_took_for_ever_no_bound():
    histogram = Histogram()
    assert histogram.quantile(0.99) is None
    histogram.add(1000.0)
    assert histogram.quantile(0.99) == math.inf


def test_everything_from_ten_microseconds_to_ten_seconds_has_its_bucket():
    assert BOUNDS[0] == pytest.approx(1e-5)
    assert BOUNDS[-1] == pytest.approx(10.0, rel=0.1)
    assert list(BOUNDS) == sorted(BOUNDS)


def test_quantiles_of_foreign_buckets():
    assert quantile([0.1, 0.2, 0.5], [50, 49, 1, 0], 0.5) == 0.1
    assert quantile([0.1, 0.2, 0.5], [50, 49, 1, 0], 0.99) == 0.2
    assert quantile([0.1, 0.2, 0.5], [50, 49, 1, 0], 1.0) == 0.5
    assert quantile([0.1], [0, 3], 0.5) == math.inf
    assert quantile([0.1], [0, 0], 0.5) is None


def test_a_tally_counts_a_batch_by_its_weight_and_keeps_a_few_wrong_answers():
    tally = Tally()
    tally.answered(Outcome.RIGHT, seconds=0.01, answer=b"abc", weight=100)
    for n in range(9):
        tally.answered(Outcome.WRONG, seconds=0.01, answer=bytes([n]))
    tally.missing += 1
    tally.answered(Outcome.REFUSED, seconds=0.01, answer=b"", weight=8)
    assert (tally.right, tally.wrong, tally.refused, tally.missing) == (100, 9, 8, 1)
    assert tally.asked == 118
    assert tally.octets == 12
    assert tally.examples == [b"\0", b"\1", b"\2"]
    assert sum(tally.times.counts) == 117


def test_tallies_add_up():
    one, other = Tally(), Tally()
    one.answered(Outcome.RIGHT, seconds=0.001, answer=b"1")
    other.answered(Outcome.WRONG, seconds=1.0, answer=b"22")
    other.missing, other.stray, other.late, other.refused = 2, 3, 4, 5
    one.merge(other)
    assert (one.right, one.wrong, one.missing, one.stray, one.late) == (1, 1, 2, 3, 4)
    assert one.refused == 5
    assert (one.octets, one.examples, sum(one.times.counts)) == (3, [b"22"], 2)


def test_a_book_turns_a_page_for_each_step():
    book = Book()
    first = book.of("udp")
    first.missing += 1
    assert book.of("udp") is first
    assert dict(book.items()) == {"udp": first}
    assert book.turn() == {"udp": first}
    assert book.of("udp").missing == 0
