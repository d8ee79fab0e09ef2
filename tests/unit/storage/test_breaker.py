from storage.redis.breaker import FAILURES, FIRST_PAUSE, LAST_PAUSE, Breaker


def opened(at: float = 0.0) -> Breaker:
    breaker = Breaker()
    breaker.failed(at, certain=True)
    return breaker


def test_a_single_slow_answer_opens_nothing() -> None:
    breaker = Breaker()
    for _ in range(10):
        for _ in range(FAILURES - 1):
            breaker.failed(0.0)
        assert breaker.allows(0.0)
        breaker.succeeded()
    assert not breaker.open


def test_failures_on_end_open_it() -> None:
    breaker = Breaker()
    for _ in range(FAILURES):
        assert breaker.allows(0.0)
        breaker.failed(0.0)
    assert breaker.open
    assert not breaker.allows(FIRST_PAUSE - 0.001)


def test_a_certain_failure_opens_it_at_once() -> None:
    assert not opened().allows(0.0)


def test_one_probe_passes_after_the_pause() -> None:
    breaker = opened()
    assert breaker.allows(FIRST_PAUSE)
    assert not breaker.allows(FIRST_PAUSE)
    breaker.succeeded()
    assert breaker.allows(FIRST_PAUSE)
    assert not breaker.open


def test_a_probe_that_is_never_heard_of_makes_way_for_another() -> None:
    breaker = opened()
    assert breaker.allows(FIRST_PAUSE)
    assert not breaker.allows(FIRST_PAUSE + 0.9)
    assert breaker.allows(FIRST_PAUSE + 1.0)


def test_pauses_grow_up_to_a_bound_that_finds_a_recovered_server_within_5_seconds() -> None:
    breaker, now, pauses = opened(), 0.0, []
    for _ in range(8):
        before = now
        while not breaker.allows(now):
            now += 0.01
        pauses.append(round(now - before, 1))
        breaker.failed(now)
    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[-1] == LAST_PAUSE < 5


def test_failures_of_calls_from_before_do_not_lengthen_the_pause() -> None:
    breaker = opened()
    for _ in range(60):
        breaker.failed(0.01, certain=True)
    assert breaker.allows(FIRST_PAUSE)
