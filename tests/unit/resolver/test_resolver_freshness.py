from resolver.freshness import Freshness, Patience


def test_nothing_is_believed_before_the_first_proof():
    freshness = Freshness()
    assert not freshness.believed(0.0)
    assert not freshness.stale_shown(0.0)
    assert freshness.age(0.0) == float("inf")


def test_a_proof_counts_for_four_seconds_from_when_its_poll_began():
    freshness = Freshness()
    freshness.prove(100.0)
    assert freshness.believed(104.0)
    assert not freshness.believed(104.1)
    assert freshness.stale_shown(3700.0)
    assert not freshness.stale_shown(3700.1)


def test_an_older_proof_takes_nothing_back():
    freshness = Freshness()
    freshness.prove(100.0)
    freshness.prove(90.0)
    assert freshness.age(100.0) == 0.0


def test_after_a_failure_one_caller_a_second_asks_again():
    freshness = Freshness(Patience(recheck=1.0))
    assert freshness.worth_asking(10.0)
    assert not freshness.away(10.0)
    freshness.fail(10.0)
    assert freshness.away(10.9)
    assert not freshness.worth_asking(10.9)
    assert not freshness.away(11.0)
    assert freshness.worth_asking(11.0)
    assert not freshness.worth_asking(11.0)
    assert freshness.worth_asking(12.0)


def test_an_answer_or_a_proof_ends_a_failure():
    freshness = Freshness()
    freshness.fail(10.0)
    freshness.recover()
    assert freshness.worth_asking(10.0)
    freshness.fail(10.0)
    freshness.prove(10.0)
    assert freshness.worth_asking(10.0)
