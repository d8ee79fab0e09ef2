"""Prefixes as the node keeps them."""

import msgspec
import pytest

from identifiers.enterprises.review import Stage
from identifiers.holdings import STATE_AT, Holding
from identifiers.names import Prefix
from identifiers.standings import Hosting, PrefixState, may_become

HOLDING = Holding(
    prefix=Prefix.parse("88.300.1"),
    enterprise=1,
    state=PrefixState.ENABLED,
    hosting=Hosting.HOSTED,
    approved_at=1_000,
)


@pytest.mark.parametrize(("seen", "took"), [(0, None), (1_250, 250), (900, 0)])
def test_how_long_an_approval_took_to_be_seen(seen, took):
    assert msgspec.structs.replace(HOLDING, resolvable_at=seen).effective_ms == took


def test_what_reviewers_do_is_a_way_that_prefixes_may_go():
    ways = [
        (Stage.SUBMITTED, Stage.PASSED),
        (Stage.SUBMITTED, Stage.APPROVED),
        (Stage.PASSED, Stage.APPROVED),
        (Stage.PASSED, Stage.REJECTED),
        (Stage.REJECTED, Stage.SUBMITTED),
    ]
    assert all(may_become(STATE_AT[now], STATE_AT[then]) for now, then in ways)
