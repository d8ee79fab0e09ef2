import re
from collections.abc import Sequence

import pytest

from identifiers.changes import RequestKey, Touched
from storage.postgres.locks import FEW, MAX_REQUESTS, statement

Lock = tuple[str, int]


def locks(*keys: str, requests: Sequence[RequestKey] = ()) -> list[Lock]:
    text = statement(Touched(keys=keys, requests=tuple(requests)))
    return [
        (mode or "exclusive", int(number))
        for mode, number in re.findall(r"pg_advisory_xact_lock(?:_(shared))?\((-?\d+)\)", text)
    ]


def clash(one: list[Lock], other: list[Lock]) -> bool:
    return any(a == b and "exclusive" in (mode, mode_b) for mode, a in one for mode_b, b in other)


MANY = [f"88.300.1/N{n}" for n in range(FEW + 1)]


def test_nothing_touched_takes_no_lock() -> None:
    assert statement(Touched()) == ""


def test_locks_are_taken_in_the_order_of_their_numbers() -> None:
    keys = [f"88.300.{n}/X" for n in range(FEW)]
    taken = locks(*reversed(keys), requests=[RequestKey("p", str(n)) for n in range(64)])
    numbers = [number for _, number in taken]
    assert numbers == sorted(set(numbers))
    assert all(-(2**63) <= number < 2**63 for number in numbers)


@pytest.mark.parametrize(
    ("one", "other", "clashes"),
    [
        (["88.300.1/A"], ["88.300.1/A"], True),
        (["88.300.1/A"], ["88.300.1/B"], False),
        (["88.300.1/A"], ["88.300.1/a"], False),
        (["88.300.1/A"], MANY, True),
        (["88.300.2/A"], MANY, False),
        (MANY, MANY, True),
        (MANY[:FEW], MANY[1:], True),
    ],
)
def test_who_waits_for_whom(one: list[str], other: list[str], clashes: bool) -> None:  # noqa: FBT001 -- a table
    assert clash(locks(*one), locks(*other)) is clashes


def test_requests_are_told_apart_by_principal_and_key() -> None:
    ours = locks(requests=[RequestKey("key:a", "b")])
    assert clash(ours, locks(requests=[RequestKey("key:a", "b")]))
    assert not clash(ours, locks(requests=[RequestKey("key:", "ab")]))
    assert not clash(ours, locks("key:a/b"))


def test_the_number_of_locks_is_bounded() -> None:
    assert len(locks(*(f"88.300.1.{n}/X" for n in range(20_000)))) <= 256
    assert len(locks(*MANY)) == 1
    requests = [RequestKey("p", str(n)) for n in range(MAX_REQUESTS + 1)]
    with pytest.raises(ValueError, match="257 requests"):
        locks(requests=requests)
