"""Resolutions over the Handle protocol that were answered before, and the same for other names.

All values of a record that is asked for by its very key are told straight from the local tier,
where the record stands with what says that it may be (`Resolver.retell`): octets around the name
and the values are all that is added (`shapes`), and nothing is kept twice. Other answers with
values, parts of records or names in other letters, are finished replies.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from identifiers.outcomes import Found
from identifiers.queries import Query
from identifiers.wire.handle import envelope
from identifiers.wire.handle.resolution import (
    answer_key,
    decode_query,
    patch,
    request_id_of,
    shared_part,
)
from identifiers.wire.handle.shapes import END, HEAD, LEAST, NAME_AT, NAMED_AT, REPLY, Shape, Shapes
from identifiers.wire.handle.translate import REPLY_LIFETIME, ReplyTo
from resolver.clients import Client
from resolver.retelling import Basis
from resolver.service import Resolver
from resolver.tiers.s3fifo import MOST_USES, S3Fifo
from resolver.unheld import Unheld

DEFAULT_OCTETS: Final = 48 * 1024 * 1024
_ID: Final = slice(8, 12)
_OVERHEAD: Final = 250
"""What a reply takes beside its question and its octets; measured on CPython 3.11."""


class Expirations:
    """What replies say of their end. `epoch` is the wall clock.

    It is read once a second: an expiration is a matter of hours.
    """

    def __init__(self, epoch: Callable[[], float]) -> None:
        self._epoch = epoch
        self._at = 0
        self._renew_at = float("-inf")

    def at(self, now: float) -> int:
        """Return when a reply of this moment expires, an epoch second. `now` is monotonic."""
        if now >= self._renew_at:
            self._renew_at = now + 1.0
            self._at = int(self._epoch()) + REPLY_LIFETIME
        return self._at


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
        return _reply(self.request, self.shape, values, expires)


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
        start, _, status, lengths = HEAD.unpack_from(request)
        shape = self._shapes.find((start, status, lengths))
        if shape is not None and request[shape.name_end :] == shape.tail:
            try:
                name = request[NAME_AT : shape.name_end].decode()
            except UnicodeDecodeError:
                return None
            resolver = self._resolver
            values = resolver.retell(name, client, now)
            if values is not None:
                return _reply(request, shape, values, self._expires(now))
            if resolver.peek(name) is None:
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
        picture = resolver.picture(now)
        if picture is None:
            return 0, 0
        peek, holds = resolver.peek, resolver.holds
        head_of, find, write = HEAD.unpack_from, self._shapes.find, REPLY.pack
        prefix, counted = "", 0
        answered = at = 0
        last = len(stream) - LEAST
        while at <= last and answered < most and octets > 0:
            start, request_id, status, lengths = head_of(stream, at)
            shape, told = find((start, status, lengths)), None
            end = at if shape is None else at + shape.name_end
            if shape is not None and stream.startswith(shape.tail, end):
                try:
                    told = peek(stream[at + NAME_AT : end].decode())
                except UnicodeDecodeError:
                    break
            if (
                shape is None
                or told is None
                or told.told != picture
                or not ((told.uses == MOST_USES and now < told.due) or holds(told, now))
            ):
                request = _first(stream, at)
                reply = self._finished_one(request, client, now)
                if reply is None:
                    break
                out.append(reply)
                at += len(request)
                octets -= len(reply)
            else:
                values = told.public
                size = len(values)
                out += (
                    write(
                        shape.start,
                        request_id,
                        shape.rest + size,
                        shape.status,
                        expires,
                        shape.body + size,
                    ),
                    stream[at + NAMED_AT : end],
                    values,
                    END,
                )
                at = end + len(shape.tail)
                octets -= shape.rest + size
                if told.prefix is not prefix:
                    resolver.retold(prefix, client, counted)
                    prefix, counted = told.prefix, 0
                counted += 1
            answered += 1
        resolver.retold(prefix, client, counted)
        return answered, at

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


def _reply(request: bytes, shape: Shape, values: bytes, expires: int) -> bytes:
    size = len(values)
    head = REPLY.pack(
        shape.start,
        request[_ID],
        shape.rest + size,
        shape.status,
        expires,
        shape.body + size,
    )
    return b"".join((head, request[NAMED_AT : shape.name_end], values, END))


def _first(stream: bytes, at: int) -> bytes:
    """Return the message that begins there, or what there is of it."""
    return stream[at : at + envelope.SIZE + int.from_bytes(stream[at + 16 : at + 20], "big")]
