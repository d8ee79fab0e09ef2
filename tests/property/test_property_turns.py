"""While datagrams wait, reading has its share of the loop and no more; others are never starved."""

from hypothesis import given
from hypothesis import strategies as st

from resolver.turns import LONGEST, SHARE, SHORTEST, Turns

_ROUNDING = 1e-9
PIECES = st.floats(0.0, 0.02, allow_nan=False)
"""Seconds that the rest of the loop takes between two turns."""


@given(st.lists(st.tuples(PIECES, st.integers(0, 2)), min_size=1, max_size=200))
def test_each_turn_has_its_share_of_the_time_since_the_last_one_of_its_socket(pieces):
    turns, spent = Turns(), 100.0
    rest = dict.fromkeys(range(3))
    for piece, socket in pieces:
        spent += piece
        rest = {key: None if before is None else before + piece for key, before in rest.items()}
        lasting = turns.begin(socket, spent) - spent
        due = (rest[socket] or 0.0) * SHARE / (1 - SHARE)
        assert abs(lasting - min(max(SHORTEST, due), LONGEST)) < _ROUNDING
        rest[socket] = 0.0
        spent += lasting  # the socket is never dry
        turns.end(spent)


@given(st.lists(st.floats(0.0, LONGEST * (1 - SHARE) / SHARE), min_size=1, max_size=200))
def test_reading_has_its_share_and_the_rest_keeps_its_own(pieces):
    turns, spent = Turns(), 100.0
    turns.begin(0, spent)
    turns.end(spent)
    reading = 0.0
    for piece in pieces:
        spent += piece
        until = turns.begin(0, spent)
        reading += until - spent
        spent = until
        turns.end(spent)
    others = sum(pieces)
    assert reading >= SHARE * (reading + others) - _ROUNDING
    # What is over the share is no more than the shortest turns.
    assert reading <= others * SHARE / (1 - SHARE) + len(pieces) * SHORTEST + _ROUNDING


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0.0, 0.2)), max_size=50),
)
def test_some_misses_go_on_in_every_turn_of_the_loop(steps):
    turns, now = Turns(), 0.0
    for answered, later in steps:
        now += later
        if answered:
            turns.answered(now)
        assert turns.misses(now) > 0
