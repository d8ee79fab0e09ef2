from itertools import product

import pytest

from identifiers.enterprises.review import (
    Approval,
    NotNow,
    Rejection,
    Resubmission,
    Reviewer,
    Stage,
    Standing,
    Withdrawal,
    stepped,
)

NODE, NATIONAL = Approval(Reviewer.NODE), Approval(Reviewer.NATIONAL)
NO = {by: Rejection(by, ("the picture cannot be read",)) for by in Reviewer}
STEPS = (NODE, NATIONAL, *NO.values(), Resubmission(), Withdrawal())


def after(*steps, local=False):
    standing = Standing()
    for step in steps:
        standing = stepped(standing, step, local=local)
        assert isinstance(standing, Standing)
    return standing


def test_two_reviews_lead_to_approval_and_one_where_the_node_decides_alone():
    assert after(NODE) == Standing(Stage.PASSED)
    assert after(NODE, NATIONAL) == Standing(Stage.APPROVED)
    assert after(NODE, local=True) == Standing(Stage.APPROVED)


@pytest.mark.parametrize("by", Reviewer)
def test_what_was_rejected_may_be_resubmitted(by):
    way = (NODE,) if by is Reviewer.NATIONAL else ()
    assert after(*way, NO[by]) == Standing(Stage.REJECTED)
    assert after(*way, NO[by], Resubmission()) == Standing(Stage.SUBMITTED, 2)
    assert after(*way, NO[by], Resubmission(), NODE, NATIONAL) == Standing(Stage.APPROVED, 2)


@pytest.mark.parametrize("local", [True, False])
def test_a_step_that_is_told_twice_changes_nothing(local):
    way = {
        NODE: (NODE,),
        NATIONAL: (NODE, NATIONAL),
        NO[Reviewer.NODE]: (NO[Reviewer.NODE],),
        Withdrawal(): (Withdrawal(),),
    }
    for step, steps in way.items():
        if local and step is NATIONAL:
            continue
        assert after(*steps, step, local=local) == after(*steps, local=local)


def allowed(stage, *, local):
    return {
        step
        for step in STEPS
        if not isinstance(stepped(Standing(stage), step, local=local), NotNow)
    }


def test_nothing_else_can_be_decided():
    node_no, national_no = NO[Reviewer.NODE], NO[Reviewer.NATIONAL]
    assert allowed(Stage.SUBMITTED, local=False) == {NODE, node_no, Withdrawal()}
    assert allowed(Stage.PASSED, local=False) == {NODE, NATIONAL, national_no, Withdrawal()}
    assert allowed(Stage.APPROVED, local=False) == {NATIONAL}
    assert allowed(Stage.REJECTED, local=False) == {
        node_no,
        national_no,
        Resubmission(),
        Withdrawal(),
    }
    assert allowed(Stage.WITHDRAWN, local=False) == {Withdrawal()}
    assert stepped(Standing(Stage.APPROVED), NODE, local=False) == NotNow(Stage.APPROVED)


def test_what_is_ended_stays_so():
    for stage, step, local in product((Stage.APPROVED, Stage.WITHDRAWN), STEPS, (True, False)):
        to = stepped(Standing(stage), step, local=local)
        assert to in (Standing(stage), NotNow(stage))
        assert not Standing(stage).open
    assert all(Standing(stage).open for stage in (Stage.SUBMITTED, Stage.PASSED, Stage.REJECTED))
