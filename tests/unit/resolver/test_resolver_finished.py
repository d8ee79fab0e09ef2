from identifiers.records import Record, State
from resolver.service import Basis
from resolver.tiers.local import Entry
from resolver.transports.finished import FinishedReplies
from resolver.transports.repeats import FinishedMessage


def an_entry(values):
    record = Record(
        key="A/B", name="A/B", version=1, state=State.ACTIVE, values=values, changed_at=0
    )
    return Entry(record, values, due=0.0)


def test_the_record_of_a_small_reply_counts_too():
    replies = FinishedReplies(octets=1_000_000)
    for number in range(100):
        basis = Basis(an_entry(bytes(200_000)), 1, None)
        replies.keep(bytes((number,)), FinishedMessage(bytes(120), basis))
    assert len(replies) == 4


def test_octets_are_bounded_and_the_oldest_goes_first():
    replies = FinishedReplies(octets=10_000)
    basis = Basis(an_entry(b""), 1, "")
    for number in range(100):
        replies.keep(bytes((number,)), FinishedMessage(bytes(600), basis))
    replies.keep(bytes((99,)), FinishedMessage(bytes(600), basis))

    class Trusting:
        def vouches(self, *_):
            return True

    assert len(replies) == 9
    there = [n for n in range(100) if replies.find(bytes((n,)), Trusting(), None, 0.0)]
    assert there == list(range(91, 100))
