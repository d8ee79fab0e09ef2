"""A reply that there is no such name is what the codec writes, whoever asked before."""

from hypothesis import given
from hypothesis import strategies as st

from identifiers.outcomes import Absent
from identifiers.queries import Query
from identifiers.wire.handle.translate import NO_OLD_CODES, ReplyTo, Site, outcome_reply
from resolver.transports import absent
from resolver.transports.absent import AbsentReplies

SITE = Site(7)
NUMBERS = st.integers(0, 2**32 - 1)
FEW = st.integers(0, 2)
"""So that one kind of request comes again."""
ASKED = st.builds(
    ReplyTo,
    version=st.sampled_from([(2, 1), (2, 11)]),
    old_codes=st.sampled_from([NO_OLD_CODES, {100: 102}]),
    session_id=FEW,
    request_id=NUMBERS,
    op_code=st.just(1),
    flags=st.sampled_from([0, 0x19000000, 0x01000000]),
    recursion_count=FEW,
    digest=st.none(),
)


@given(st.lists(st.tuples(ASKED, NUMBERS), min_size=1, max_size=30))
def test_it_is_what_is_written_anew(asked):
    replies = AbsentReplies(SITE)
    for to, expires in asked:
        query = Query(handle=b"88.300.1/NONE")
        written = outcome_reply(to, query, Absent(), SITE, expires)
        assert replies.reply(to, query, expires) == written


def test_what_anybody_may_vary_is_bounded():
    replies, query = AbsentReplies(SITE), Query(handle=b"88.300.1/NONE")
    for session in range(3 * absent.KINDS):
        to = ReplyTo(
            version=(2, 11),
            session_id=session,
            request_id=1,
            op_code=1,
            flags=0,
            recursion_count=0,
        )
        assert replies.reply(to, query, 5) == outcome_reply(to, query, Absent(), SITE, 5)
        assert len(replies._kept) <= absent.KINDS
