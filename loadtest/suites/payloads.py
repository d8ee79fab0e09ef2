"""Questions as octets, made and verified before the run, so that asking them costs nothing.

Every popular name is asked once beforehand and its answer held against the corpus value by value;
under load its answers are held to those octets. Scanned names are not asked beforehand, so that the
server has them as cold as it would: their answers are decoded under load.
"""

import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from loadtest.bench import wire
from loadtest.corpus import Corpus
from loadtest.corpus.forms import as_line
from loadtest.suites import truth
from loadtest.suites.fleet import Exchange
from loadtest.suites.framing import HandleStream, HttpStream, Stream
from loadtest.suites.questions import Kind, Question, batches
from loadtest.suites.window import Datagram

Address = tuple[str, int]

_AT_ONCE: Final = 32
_PATIENCE: Final = 30.0
_ROOM: Final = 262_144


class WrongAnswer(Exception):
    """The node does not answer as the corpus says, already before the run."""


class HandlePayloads:
    """Questions of the Handle protocol; makes references of the popular ones at `address`."""

    def __init__(self, corpus: Corpus, questions: Sequence[Question], address: Address) -> None:
        self._questions = questions
        self._rights: dict[str, truth.Right] = {}
        self._sizes: dict[str, int] = {}
        popular = {q.handle: q.item for q in questions if q.kind is Kind.POPULAR}
        for handle, reply in _learned(corpus, popular, address):
            self._rights[handle] = truth.same(reply)
            self._sizes[handle] = len(reply)
        for q in questions:
            if q.kind is Kind.SCANNED:
                self._rights.setdefault(q.handle, truth.registered(corpus.identifier(q.item)))

    def datagrams(self, *, single: bool = False) -> list[Datagram]:
        """Return the questions for UDP; `single`: only those answered in one datagram."""
        return [
            Datagram(wire.resolution(q.handle, 0), self._right(q))
            for q in self._questions
            if not single or self._sizes.get(q.handle, 0) <= wire.DATAGRAM
        ]

    def pipelines(self, size: int) -> list[Exchange]:
        """Return the questions for TCP, `size` of them sent at once."""
        return [
            Exchange(
                b"".join(wire.resolution(q.handle, at) for at, q in enumerate(batch, start=1)),
                tuple(self._right(q) for q in batch),
                size,
                truth.refused,
            )
            for batch in batches(self._questions, size)
        ]

    def _right(self, question: Question) -> truth.Right:
        return self._rights.get(question.handle, truth.unknown)


def gets(corpus: Corpus, questions: Sequence[Question], address: Address) -> list[Exchange]:
    """Return the questions as GET requests over HTTP."""
    checks: dict[str, truth.Right] = {}
    for q in questions:
        if q.handle not in checks:
            checks[q.handle] = (
                truth.unknown_over_http(q.handle)
                if q.kind is Kind.UNKNOWN
                else truth.registered_over_http(corpus.identifier(q.item))
            )
    popular = list(dict.fromkeys(q.handle for q in questions if q.kind is Kind.POPULAR))
    first = [
        Exchange(wire.get(handle), (checks[handle],), 1, truth.refused_over_http)
        for handle in popular
    ]
    for handle, (answer,) in zip(popular, _asked(address, first, HttpStream), strict=True):
        checks[handle] = truth.same_over_http(answer)
    return [
        Exchange(wire.get(q.handle), (checks[q.handle],), 1, truth.refused_over_http)
        for q in questions
    ]


def resolve_batches(
    corpus: Corpus, questions: Sequence[Question], address: Address, size: int
) -> list[Exchange]:
    """Return the questions as batches of `size` over HTTP, each asked once beforehand."""
    found = []
    for batch in batches(questions, size):
        body = msgspec.json.encode({"handles": [q.handle for q in batch]})
        expected = [
            q.handle if q.kind is Kind.UNKNOWN else corpus.identifier(q.item) for q in batch
        ]
        right = truth.batch_over_http(expected)
        refused = truth.batch_refused(expected)
        found.append(Exchange(_post("/api/resolve", body), (right,), size, refused))
    return [
        msgspec.structs.replace(exchange, rights=(truth.same_over_http(answer),))
        for exchange, (answer,) in zip(found, _asked(address, found, HttpStream), strict=True)
    ]


def registrations(
    corpus: Corpus, keys: Mapping[str, str], start: int, count: int
) -> Iterator[Exchange]:
    """Make `count` single registrations, from item `start` of the stream on.

    `keys`: the API key of each prefix.
    """
    for item in corpus.items(start, start + count):
        key = keys[item.handle.partition("/")[0]]
        body = as_line(item).rstrip()
        right = truth.created(item.handle)
        yield Exchange(
            _post("/api/v1/identifiers", body, key), (right,), 1, truth.refused_over_http
        )


def bulk_registrations(
    corpus: Corpus, keys: Mapping[str, str], number: int, start: int, *, count: int, size: int
) -> Iterator[Exchange]:
    """Make `count` batches of `size` of one enterprise, from its item `start` on."""
    key = keys[corpus.enterprise(number).prefix]
    for at in range(start, start + count * size, size):
        items = list(corpus.items_of(number, at, at + size))
        body = b'{"items":[' + b",".join(as_line(item).rstrip() for item in items) + b"]}"
        handles = [item.handle for item in items]
        right, refused = truth.all_created(handles), truth.bulk_refused(handles)
        yield Exchange(_post("/api/v1/identifiers/batch", body, key), (right,), size, refused)


def _learned(
    corpus: Corpus, items: Mapping[str, int], address: Address
) -> Iterator[tuple[str, bytes]]:
    """Ask each handle over TCP, hold the reply against the corpus, and give it."""
    handles = list(items)
    exchanges = [
        Exchange(
            b"".join(wire.resolution(handle, at) for at, handle in enumerate(some, start=1)),
            tuple(truth.registered(corpus.identifier(items[handle])) for handle in some),
            len(some),
            truth.refused,
        )
        for some in (handles[at : at + _AT_ONCE] for at in range(0, len(handles), _AT_ONCE))
    ]
    answers = (reply for replies in _asked(address, exchanges, HandleStream) for reply in replies)
    return zip(handles, answers, strict=True)


def _asked(
    address: Address, exchanges: Iterable[Exchange], stream: Callable[[], Stream]
) -> Iterator[list[bytes]]:
    """Ask one exchange after the other over one connection; give the answers to each, in place.

    Raises `WrongAnswer`, `OSError`.
    """
    with socket.create_connection(address, timeout=_PATIENCE) as sock:
        cut = stream()
        for exchange in exchanges:
            sock.sendall(exchange.payload)
            told: dict[int, bytes] = {}
            while len(told) < len(exchange.rights):
                data = sock.recv(_ROOM)
                if not data:
                    raise ConnectionError("the node closed a connection before the run")
                told |= dict(cut.feed(data))
            answers = [told[at] for at in range(len(exchange.rights))]
            for right, answer in zip(exchange.rights, answers, strict=True):
                if not right(answer):
                    raise WrongAnswer(f"{answer[:2000]!r} to {exchange.payload[:2000]!r}")
            yield answers


def _post(path: str, body: bytes, key: str | None = None) -> bytes:
    head = [
        f"POST {path} HTTP/1.1",
        "Host: node.example",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *([f"Authorization: Bearer {key}"] if key else []),
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body
