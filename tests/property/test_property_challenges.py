"""Challenges and sessions against a model: an answer finds its challenge once, whatever happens."""

from ipaddress import ip_address

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from identifiers.keys.sessions import CipherCode, SessionKey
from identifiers.principals import HandleIdentity
from identifiers.relay import Channel, Origin
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message
from registry.handle.challenges import FULL, LIFETIME, Challenges
from registry.handle.sessions import PATIENCE, SHORTEST, Sessions, Terms
from registry.proofs import Proof

DIGEST = bodies.Digest(3, bytes(32))
KEY = SessionKey(CipherCode.AES, bytes(32))
PROOF = Proof(HandleIdentity("0.NA/88.300.1", 300), b"key")
MOST, OF_STRANGERS, OF_ONE, OCTETS = 6, 4, 2, 500
PLACES = [
    Origin(
        channel=Channel.TCP,
        address=ip_address(address),
        trusted=address.startswith("127."),
        secure=False,
        connection=connection,
    )
    for address in ("203.0.113.7", "203.0.113.8", "2001:db8::1", "127.0.0.1")
    for connection in ("", f"{address}-a", f"{address}-b")
]
places = st.sampled_from(PLACES)


class Tables(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.now = 1000.0
        self.drawn = 0
        self.challenges = Challenges(
            self.chance,
            taken=lambda n: n in self.sessions,
            most=MOST,
            most_of_strangers=OF_STRANGERS,
            most_of_one=OF_ONE,
            most_bytes=OCTETS,
        )
        self.sessions = Sessions(
            self.chance,
            taken=lambda n: n in self.challenges,
            terms=Terms(MOST, OF_STRANGERS, OF_ONE),
        )
        self.waiting = {}  # nonce: challenge
        self.taken = set()
        self.live = {}  # session id: (ends at, idle, known, origin)
        self.past = set()

    def chance(self, count):
        self.drawn += 1
        if count == 4:
            return (self.drawn % 7).to_bytes(4)  # so few ids that they come again
        return self.drawn.to_bytes(count)

    def forget_what_is_over(self):
        self.waiting = {n: c for n, c in self.waiting.items() if c.expires_at > self.now}
        self.live = {n: s for n, s in self.live.items() if s[0] > self.now}

    def ids_are_left(self):
        return len(set(range(1, 7)) - self.in_use()) > 0

    def in_use(self):
        used = {c.session_id for c in self.challenges._open.values()}
        return used | set(self.sessions._open)

    @precondition(lambda self: self.ids_are_left())
    @rule(origin=places, chosen=st.sampled_from([0, 3, 10001]), size=st.integers(60, 200))
    def ask(self, origin, chosen, size):
        request = Message(
            session_id=chosen, header=Header(op_code=OpCode.DELETE_HANDLE), body=bodies.Named("x")
        )
        self.issue(request, origin, size, 0)

    @precondition(lambda self: self.live)
    @rule(origin=places, data=st.data())
    def ask_in_a_session(self, origin, data):
        number = data.draw(st.sampled_from(sorted(self.live)))
        request = Message(
            session_id=number, header=Header(op_code=OpCode.DELETE_HANDLE), body=bodies.Named("x")
        )
        self.waiting = {n: c for n, c in self.waiting.items() if c.session_id != number}
        self.issue(request, origin, 100, number)

    def issue(self, request, origin, size, number):
        self.forget_what_is_over()
        same = [c for c in self.waiting.values() if c.origin.address == origin.address]
        strangers = [c for c in self.waiting.values() if not c.origin.trusted]
        octets = sum(c.size for c in self.waiting.values()) + size
        full = len(self.waiting) >= MOST or octets > OCTETS
        if not origin.trusted:
            full |= len(strangers) >= OF_STRANGERS or len(same) >= OF_ONE
        challenge = self.challenges.issue(
            request, size, origin, DIGEST, self.now, session_id=number
        )
        assert (challenge is FULL) == full
        if challenge is not FULL:
            assert challenge.nonce not in self.waiting
            assert challenge.nonce not in self.taken
            assert challenge.session_id == number or challenge.session_id not in self.live
            self.waiting[challenge.nonce] = challenge

    @rule(origin=places, number=st.sampled_from([0, 1, 2, 3, 4, 5, 6, 10001]))
    def answer(self, origin, number):
        got = self.challenges.take(number, origin, self.now)
        self.forget_what_is_over()
        if got is None:
            assert all(c.session_id != number for c in self.waiting.values())
            return
        assert got.nonce not in self.taken, "an answer found a challenge for the second time"
        assert self.waiting.pop(got.nonce) == got
        self.taken.add(got.nonce)
        by_id = got.session_id == number
        chosen = got.request.session_id == number and not got.in_session
        here = origin.connection and got.origin.connection == origin.connection
        assert by_id or (chosen and here)

    @precondition(lambda self: self.ids_are_left())
    @rule(origin=places, timeout=st.sampled_from([0, 100, 1000]))
    def begin(self, origin, timeout):
        session = self.sessions.begin(KEY, timeout, origin, self.now)
        if session is FULL:
            self.forget_what_is_over()
            strangers = [s for s in self.live.values() if not s[3].trusted]
            same = [s for s in strangers if s[3].address == origin.address]
            sizes = (len(self.live) >= MOST, len(strangers) >= OF_STRANGERS, len(same) >= OF_ONE)
            assert sizes[0] or not origin.trusted
            return
        assert session.id not in {c.session_id for c in self.waiting.values()}
        self.live[session.id] = (self.now + PATIENCE, max(SHORTEST, timeout), False, origin)

    @precondition(lambda self: self.live)
    @rule(data=st.data(), known=st.booleans())
    def use(self, data, known):
        number = data.draw(st.sampled_from(sorted(self.live)))
        ends, idle, was_known, origin = self.live[number]
        session = self.sessions.find(number, self.now)
        if ends <= self.now:
            assert session is None
            del self.live[number]
            return
        if known or was_known:
            session.belongs_to(PROOF, self.now)
            self.live[number] = (self.now + idle, idle, True, origin)
        else:
            session.used(self.now)

    @precondition(lambda self: self.live)
    @rule(data=st.data())
    def end(self, data):
        number = data.draw(st.sampled_from(sorted(self.live)))
        self.sessions.end(number)
        assert self.sessions.find(number, self.now) is None
        del self.live[number]

    @rule(seconds=st.sampled_from([1.0, LIFETIME / 2, LIFETIME, 1000.0]))
    def wait(self, seconds):
        self.now += seconds

    @rule()
    def restart(self):
        """Everything is forgotten, and no answer finds what was before."""
        waiting = dict(self.waiting)
        drawn = self.drawn
        self.__init__()
        self.drawn = drawn
        for challenge in waiting.values():
            assert self.challenges.take(challenge.session_id, challenge.origin, self.now) is None

    @invariant()
    def bounds_hold(self):
        assert len(self.challenges) <= MOST
        assert len(self.sessions) <= MOST
        assert self.challenges._bytes == sum(c.size for c in self.challenges._open.values())
        strangers = [c for c in self.challenges._open.values() if not c.origin.trusted]
        assert self.challenges._strangers == len(strangers) <= OF_STRANGERS
        assert sum(self.challenges._by_source.values()) == len(strangers)
        assert set(self.challenges._on_connection.values()) <= set(self.challenges._open)
        assert not set(self.challenges._open) & set(self.sessions._open) - {
            c.session_id for c in self.challenges._open.values() if c.in_session
        }


TestTables = Tables.TestCase
TestTables.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
