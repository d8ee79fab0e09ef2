"""Resolutions over the Handle protocol that were answered before, and the same for other names.

A question is a head, which tells how it is asked (`shapes`), and what is asked for. The hottest are
looked up whole, as a packet cache does: what is asked for has a finished reply (`tiers.front`), to
which a head is added. All values of a record that is asked for by its very key are told straight
from the local tier, where the record stands with what says that it may be (`Resolver.retell`).
Other answers with values, parts of records or names in other letters, are finished replies too, but
each for one way of asking.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import msgspec

from identifiers.outcomes import Found
from identifiers.queries import Query
from identifiers.wire.handle.envelope import SIZE as ENVELOPE
from identifiers.wire.handle.resolution import (
    answer_key,
    decode_query,
    patch,
    request_id_of,
    shared_part,
)
from identifiers.wire.handle.shapes import (
    ASKED_AT,
    HEAD,
    HEADED,
    LEAST,
    REPLY,
    Shape,
    Shapes,
    body_of,
    name_of,
)
from identifiers.wire.handle.translate import REPLY_LIFETIME, STALE_LIFETIME, ReplyTo
from resolver.clients import Client
from resolver.retelling import Basis
from resolver.service import Resolver
from resolver.tiers.front import Ready, Under
from resolver.tiers.s3fifo import MOST_USES, S3Fifo
from resolver.unheld import Unheld

DEFAULT_OCTETS: Final = 48 * 1024 * 1024
_NOBODYS: Final = Under("", -1)
_SECOND: Final = lru_cache(maxsize=1024)(float)
"""A whole second, as one object for all that end in it: memory that is in use anyway."""
_OVERHEAD: Final = 250
"""What a reply takes beside its question and its octets; measured on CPython 3.11."""


class Expirations:
    """What replies say of their end. `epoch` is the wall clock, read once a second.

    `stale` says whether what is told may be out of date (`AtHand.stale`).
    """

    def __init__(self, epoch: Callable[[], float], stale: Callable[[float], float | None]) -> None:
        self._epoch = epoch
        self._stale = stale
        self._at = 0
        self._renew_at = float("-inf")

    def at(self, now: float) -> int:
        """Return when what is proven right expires, an epoch second. `now` is monotonic."""
        if now >= self._renew_at:
            self._renew_at = now + 1.0
            self._at = int(self._epoch()) + REPLY_LIFETIME
        return self._at

    def told(self, now: float) -> int:
        """Return when any reply of this moment expires: one that may be out of date soon."""
        fresh = self.at(now)
        return fresh if self._stale(now) is None else fresh - REPLY_LIFETIME + STALE_LIFETIME


class Finished(msgspec.Struct, gc=False):
    """A reply that serves again for the question; it never changes but for its `uses`."""

    question: bytes
    """Its `answer_key`."""
    data: bytes
    basis: Basis
    uses: int = 0

    @property
    def octets(self) -> int:
        """About how much memory it takes."""
        # The record stays alive with the reply, which may be a small part of it.
        values = len(self.basis.entry.record.values)
        return _OVERHEAD + len(self.question) + len(self.data) + values


class Plain(msgspec.Struct, frozen=True, gc=False):
    """A question of a known shape for a record of which nothing is held: it is read no further."""

    request: bytes
    name: str
    shape: Shape
    held: Unheld

    def asking(self) -> tuple[ReplyTo, Query]:
        """Read it whole."""
        asking = decode_query(self.request)
        if asking is None:
            raise AssertionError("a question of this shape has been read before")
        return asking

    def query(self) -> Query:
        """Read what is asked for."""
        return self.asking()[1]

    def reply(self, values: bytes, expires: int) -> bytes:
        """Return the reply that tells these values."""
        request = self.request
        return _reply(
            self.shape, request_id_of(request), body_of(request[ASKED_AT:], values), expires
        )


class Repeats:
    """Answers what was answered before, for requests by which nobody is known.

    Finished replies take up to `octets` of memory. One serves only while the resolver vouches for
    what it stands on; so news, the end of freshness and of a record's life end it too, and nothing
    has to be told to this cache.
    """

    def __init__(self, resolver: Resolver, expires: Callable[[float], int], octets: int) -> None:
        self._resolver = resolver
        self._expires = expires
        self._shapes = Shapes()
        self._finished = S3Fifo[bytes, Finished](max(octets // _OVERHEAD, 1), octets)
        self._front = resolver.front

    def learn(self, request: bytes, query: Query, found: Found, reply: bytes, now: float) -> None:
        """Take the answer to a plain resolution as an example."""
        if query.authoritative or self.learn_shape(request, query, found, reply):
            return
        key = answer_key(request)
        if key is not None:
            basis = self._resolver.basis(query, found, now)
            if basis is not None:
                self._finished.put(key, Finished(key, reply, basis))

    def learn_shape(self, request: bytes, query: Query, found: Found, reply: bytes) -> bool:
        """Take the answer to a question for all values of a record by its very key as an example.

        False: it is none.
        """
        if query.authoritative or query.indexes or query.types or query.text != found.record.key:
            return False
        self._shapes.learn(request, reply)
        return True

    def one(self, request: bytes, client: Client, now: float) -> bytes | None:
        """Return the reply to a request, if it is known and still the right one."""
        reply = self.look(request, client, now)
        return None if isinstance(reply, Plain) else reply

    def look(self, request: bytes, client: Client, now: float) -> bytes | Plain | None:
        """Return the reply as `one` does, or else what is missed, if that is known at a glance."""
        if len(request) < LEAST:
            return None
        resolver = self._resolver
        start, request_id, length, status = HEAD.unpack_from(request)
        shape = self._shapes.find((start, status))
        if shape is not None and length == len(request) - ENVELOPE:
            asked = request[ASKED_AT:]
            told = self._front.find(asked)
            if told is None or now >= told.due or told.under.standing != resolver.standing(now):
                told = self._make_ready(asked, now)
            if told is not None:
                resolver.count(told.under.prefix, client.address)
                return _reply(shape, request_id, told.body, self._expires(now))
            name = name_of(asked)
            if name is not None and resolver.peek(name) is None:
                unheld = resolver.unheld(name, now)
                if unheld is not None:
                    return Plain(request, name, shape, unheld)
        return self._finished_one(request, client, now)

    def some(  # noqa: PLR0917 -- what came, from whom and when; where to and how much
        self,
        stream: bytes,
        client: Client,
        now: float,
        out: list[bytes],
        most: int,
        octets: int,
    ) -> tuple[int, int]:
        """Answer the first whole messages of `stream`, up to one that is not known.

        Returns how many they are, and their octets. The replies go to `out` in pieces: at most
        `most`, and about `octets`.
        """
        resolver, expires = self._resolver, self._expires(now)
        standing = resolver.standing(now)
        if standing is None:
            return 0, 0
        head_of, write = HEAD.unpack_from, REPLY.pack
        find, find_shape = self._front.find, self._shapes.find
        shape, start, status = None, b"", b""
        under, counted = _NOBODYS, 0
        answered = at = 0
        size = len(stream)
        while size - at >= LEAST and answered < most and octets > 0:
            asked_start, request_id, length, asked_status = head_of(stream, at)
            end = at + ENVELOPE + length
            if end > size:
                break
            if asked_status != status or asked_start != start:  # seldom: a client has one way
                start, status = asked_start, asked_status
                shape = find_shape((start, status))
            told = None
            if shape is not None:
                told = find(asked := stream[at + ASKED_AT : end])
                if told is None or now >= told.due or told.under.standing != standing:
                    told = self._make_ready(asked, now)
            if shape is None or told is None:
                reply = self._finished_one(stream[at:end], client, now)
                if reply is None:
                    break
                out.append(reply)
                octets -= len(reply)
            else:
                body = told.body
                told_octets = HEADED + len(body)
                out += (write(shape.start, request_id, told_octets, shape.status, expires), body)
                octets -= told_octets
                if told.under is not under:
                    resolver.retold(under.prefix, client, counted)
                    under, counted = told.under, 0
                counted += 1
            at = end
            answered += 1
        resolver.retold(under.prefix, client, counted)
        return answered, at

    def _make_ready(self, asked: bytes, now: float) -> Ready | None:
        """Return the reply by a record, if one is held and told; what may goes to the front."""
        name = name_of(asked)
        entry = None if name is None else self._resolver.retell(name, now)
        if entry is None:
            return None
        due = _SECOND(entry.due // 1.0)
        ready = Ready(body_of(asked, entry.public), self._resolver.under(entry.prefix), due)
        if (entry.uses == MOST_USES or not self._front.full) and now < due:
            self._front.put(entry.record.key, asked, ready)
        return ready

    def _finished_one(self, request: bytes, client: Client, now: float) -> bytes | None:
        key = shared_part(request)
        done = self._finished.find(key)
        if done is None:
            return None
        if not self._resolver.vouches(done.basis, client, now):
            self._finished.discard(key)
            return None
        expires = self._expires(now).to_bytes(4, "big")
        return patch(done.data, request_id_of(request), expires)


def _reply(shape: Shape, request_id: bytes, body: bytes, expires: int) -> bytes:
    return REPLY.pack(shape.start, request_id, HEADED + len(body), shape.status, expires) + body
