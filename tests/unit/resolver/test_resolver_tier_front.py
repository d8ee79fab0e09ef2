import gc

from resolver.tiers.front import LONGEST, Front, Ready, Under

UNDER = Under("88.300.1", 1)


def ready(body=b"told"):
    return Ready(body, UNDER, 10.0)


def filled(front, names):
    for name in names:
        front.put(name, name.encode(), ready())
    return front


def there(front, names):
    return "".join(name for name in names if front.find(name.encode()) is not None)


def test_a_reply_is_found_by_its_question_until_its_name_is_forgotten():
    front, one = Front(), ready()
    front.put("A", b"?A", one)
    assert front.find(b"?A") is one
    assert front.find(b"?") is None
    front.forget("B")
    assert front.find(b"?A") is one
    front.forget("A")
    assert front.find(b"?A") is None
    assert len(front) == 0


def test_the_next_reply_to_a_question_takes_its_place():
    front, later = Front(), ready(b"later")
    front.put("A", b"?A", ready())
    front.put("A", b"?A", later)
    assert front.find(b"?A") is later
    assert len(front) == 1


def test_a_full_one_gives_up_what_came_first_for_one_in_eight():
    front = filled(Front(3), "ABC")
    filled(front, "DEFGHIJ")
    assert there(front, "ABCDEFGHIJ") == "ABC"
    filled(front, "K")
    assert there(front, "ABCDEFGHIJK") == "BCK"
    filled(front, "BBBBBBBB")
    assert there(front, "ABCK") == "BCK"


def test_one_question_a_name_is_kept_and_the_other_one_draws_for_its_place():
    front = Front()
    front.put("A", b"?A", ready())
    for _ in range(7):
        front.put("A", b"?a", ready())
        assert front.find(b"?A") is not None
    front.put("A", b"?a", ready())
    assert front.find(b"?A") is None
    assert front.find(b"?a") is not None
    front.forget("A")
    assert len(front) == 0


def test_what_is_forgotten_and_comes_again_takes_no_more_room_than_there_is():
    front = Front(3)
    for _ in range(100):
        filled(front, "ABCD")
        front.forget("A")
        assert len(front) <= 3
        assert len(front._order) <= 3
        assert set(front._questions) == set(front._order)
        assert {asked for asked in front._questions.values() if asked} == set(front._ready)


def test_what_is_forgotten_and_comes_again_has_its_place_once():
    front = filled(Front(3), "AB")
    for _ in range(5):
        assert front.forget("A")
        assert not front.forget("A")
        filled(front, "A")
    filled(front, "C")
    assert there(front, "ABC") == "ABC"


def test_long_replies_are_not_kept():
    front = Front()
    front.put("A", b"?A", ready(bytes(LONGEST)))
    front.put("B", b"?B", ready(bytes(LONGEST + 1)))
    assert front.find(b"?A") is not None
    assert front.find(b"?B") is None


def test_the_garbage_collector_looks_at_none_of_it():
    front = filled(Front(), "AB")
    assert not gc.is_tracked(front.find(b"A"))
    assert not gc.is_tracked(UNDER)
    assert not gc.is_tracked(front._ready)
    assert not gc.is_tracked(front._questions)
