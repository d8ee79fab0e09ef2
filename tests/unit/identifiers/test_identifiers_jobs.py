import pytest

from identifiers.jobs import JobCounts, Under
from identifiers.records import EMPTY_VALUES, Record, State


def record(key, state=State.ACTIVE, changed_at=50):
    return Record(
        key=key, name=key, version=1, state=state, values=EMPTY_VALUES, changed_at=changed_at
    )


def test_counts_add_up():
    total = JobCounts(1, 2, 3) + JobCounts(10, 20, 30)
    assert (total, total.rows) == (JobCounts(11, 22, 33), 66)


@pytest.mark.parametrize(
    ("wanted", "stored", "fits"),
    [
        ({}, record("88.1/A"), True),
        ({}, record("88.10/A"), False),
        ({}, record("88.1/A", State.DELETED), False),
        ({"begins": "AB"}, record("88.1/ABC"), True),
        ({"begins": "AB"}, record("88.1/AC"), False),
        ({"state": State.RESERVED}, record("88.1/A"), False),
        ({"state": State.ACTIVE}, record("88.1/A"), True),
        ({"since": 50, "before": 51}, record("88.1/A"), True),
        ({"since": 51}, record("88.1/A"), False),
        ({"before": 50}, record("88.1/A"), False),
    ],
)
def test_what_fits_a_filter(wanted, stored, fits):
    assert Under(prefix="88.1", **wanted).fits(stored) is fits


def test_names_are_past_what_begins_so():
    wanted = Under(prefix="88.1", begins="B")
    assert [wanted.past(f"88.1/{text}") for text in ("A", "B", "BZ", "C")] == [
        False,
        False,
        False,
        True,
    ]
