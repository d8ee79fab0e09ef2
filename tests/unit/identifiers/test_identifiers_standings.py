from enum import Enum
from itertools import product

import pytest

from identifiers.records import State
from identifiers.standings import (
    MAX_REASON,
    EnterpriseState,
    Hosting,
    PrefixState,
    may_become,
    reason_faults,
)


def ends(kind: type[Enum]):
    return {
        one.name
        for one in kind
        if not any(may_become(one, other) for other in kind if other is not one)
    }


@pytest.mark.parametrize("kind", [EnterpriseState, PrefixState, Hosting, State])
def test_what_is_so_stays_so(kind):
    assert all(may_become(one, one) for one in kind)


def test_what_ends_for_good():
    assert ends(EnterpriseState) == {"CLOSED"}
    assert ends(State) == {"REVOKED"}
    assert ends(PrefixState) == set()
    assert ends(Hosting) == set()


def test_nobody_becomes_an_applicant_again_who_was_approved():
    approved = (EnterpriseState.ACTIVE, EnterpriseState.SUSPENDED, EnterpriseState.CLOSED)
    never = (EnterpriseState.APPLICANT, EnterpriseState.REFUSED)
    assert not any(may_become(a, n) for a, n in product(approved, never))
    assert may_become(EnterpriseState.REFUSED, EnterpriseState.APPLICANT)


def test_a_prefix_is_enabled_only_after_a_review_or_when_it_was():
    before = {one for one in PrefixState if may_become(one, PrefixState.ENABLED)}
    assert before == {
        PrefixState.ENABLED,
        PrefixState.WAITING,
        PrefixState.IN_REVIEW,
        PrefixState.DISABLED,
    }
    assert not may_become(PrefixState.REJECTED, PrefixState.ENABLED)


def test_what_was_deleted_may_be_registered_again_and_what_was_revoked_may_not():
    assert may_become(State.DELETED, State.ACTIVE)
    assert not may_become(State.REVOKED, State.DELETED)
    assert not may_become(State.RESERVED, State.SUSPENDED)
    assert may_become(Hosting.REJECTED, Hosting.APPLIED)


@pytest.mark.parametrize(
    ("reason", "codes"),
    [
        ("质量核查，批次 7", []),
        ("r" * MAX_REASON, []),
        (" ", ["empty"]),
        ("r" * (MAX_REASON + 1), ["too_long"]),
        ("a\nb\tc", ["text.control"]),
        ("\u202e" + "r" * MAX_REASON, ["too_long", "text.control"]),
    ],
)
def test_a_reason_is_a_line_of_text(reason, codes):
    faults = reason_faults(reason)
    assert [fault.code for fault in faults] == codes
    assert all(fault.pointer == "/reason" and fault.detail("zh") for fault in faults)
