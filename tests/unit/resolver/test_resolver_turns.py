import pytest

from resolver.turns import FEW, LATELY, LONGEST, MANY, SHARE, SHORTEST, Turns


def turn(turns, socket, spent, lasting):
    """Take a turn of `lasting` seconds and return how long it might have been."""
    until = turns.begin(socket, spent)
    turns.end(spent + lasting)
    return until - spent


def test_the_first_turn_is_short():
    assert turn(Turns(), 0, 7.0, 0.0) == pytest.approx(SHORTEST)


def test_a_turn_makes_up_for_what_else_was_done_since_the_last():
    turns = Turns()
    turn(turns, 0, 7.0, 0.25)
    rest = 0.001
    assert turn(turns, 0, 7.25 + rest, 0.0) == pytest.approx(rest * SHARE / (1 - SHARE))


def test_a_turn_never_lasts_longer_than_the_longest():
    turns = Turns()
    turn(turns, 0, 7.0, 0.0)
    assert turn(turns, 0, 9.0, 0.0) == pytest.approx(LONGEST)


def test_turns_at_other_sockets_are_nothing_else():
    turns = Turns()
    turn(turns, 0, 0.0, 0.0)
    turn(turns, 1, 0.0, 0.1)
    assert turn(turns, 0, 0.1, 0.1) == pytest.approx(SHORTEST)
    # What else was done counts for each of them.
    rest = 0.001
    longest = pytest.approx(rest * SHARE / (1 - SHARE))
    assert turn(turns, 0, 0.2 + rest, 0.1) == longest
    assert turn(turns, 1, 0.3 + rest, 0.1) == longest


def test_few_misses_go_on_in_a_turn_of_the_loop_while_questions_are_answered_at_once():
    turns = Turns()
    assert turns.misses(10.0) == MANY
    turns.answered(10.0)
    assert turns.misses(10.0) == FEW
    assert turns.misses(10.0 + LATELY) == MANY
