from node.restarts import GROWN_UP, History


def after(*lives: float) -> History:
    history = History()
    for lived in lives:
        history = history.after(lived)
    return history


def test_the_first_death_is_mended_at_once():
    assert after(0.1).delay == 0
    assert after(GROWN_UP).delay == 0


def test_who_keeps_dying_young_waits_longer_and_longer_up_to_five_seconds():
    delays = [after(*[0.1] * deaths).delay for deaths in range(1, 10)]
    assert delays == [0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert after(*[0.1] * 5000).delay == 5.0


def test_one_long_life_makes_good():
    assert after(0.1, 0.1, 0.1, GROWN_UP, 0.1).delay == 0
