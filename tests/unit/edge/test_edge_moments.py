from edge.moments import day, moment


def test_times_are_those_of_beijing_and_say_so():
    assert moment(0) == "1970-01-01 08:00:00 UTC+8"
    assert moment(2**32 - 1) == "2106-02-07 14:28:15 UTC+8"


def test_a_day_begins_in_beijing():
    assert (day(57_599), day(57_600)) == ("1970-01-01", "1970-01-02")
