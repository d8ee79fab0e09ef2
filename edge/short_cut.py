"""Repeated plain requests, answered before a request is made of them.

What common clients send again and again differs in one thing, the address; its header fields are
the same octets each time. So fields are read once and then recognised octet by octet, and what an
address is answered with is kept finished by whoever knows (`AtOnce`). Everything that is not
recognised goes the usual way, untouched.

Batches are a POST each: its body, which names what is asked for, is read by whoever knows, and its
length is one more thing that differs. One is answered only if it came whole and alone.
"""

import secrets
from collections.abc import Callable, Sequence
from email.utils import formatdate
from time import monotonic
from typing import Any, Final, Protocol

from edge.heads import END, VERSION, plain_fields, without_length

_KINDS: Final = 1024
"""Kinds of header fields that are remembered; the oldest goes first."""
_TURN: Final = 64
"""Requests of one connection that are answered in one turn of the loop."""
_TURN_OCTETS: Final = 64 * 1024
"""Octets of answers after which a turn ends; the rest goes the usual way, and waits there."""
_DRAWN_TOGETHER: Final = 256
_JSON: Final = "application/json"
_ID_OCTETS: Final = 8
_NEVER: Final = float("-inf")
_OFTEN: Final = 0.005
"""Seconds between looks at what need not be looked at for each answer."""
_VERSION_LENGTH: Final = len(VERSION)
_END_LENGTH: Final = len(END)


class Ready(Protocol):
    """An answer with status 200."""

    @property
    def head(self) -> bytes:
        """What `head_of` gave."""
        ...

    @property
    def data(self) -> bytes:
        """The body."""
        ...


class AtOnce(Protocol):
    """Whoever can answer plain GETs under one path without waiting."""

    @property
    def mount(self) -> str:
        """The path, with the slash at its end."""
        ...

    def client(self, host: str) -> Any:
        """Return who asks from a source address, as `answer` wants it; asked per connection."""
        ...

    def form(self, accept: str) -> Any:
        """Return how an Accept field wants the answer, as `answer` wants it; None: not so."""
        ...

    def answer(self, rest: bytes, form: Any, client: Any, now: float) -> Ready | None:
        """Answer the address `mount` + `rest` (any octets), just as a handler would.

        None: not here. Then nothing was counted, and the request goes the usual way. `now` is
        monotonic.
        """
        ...

    def answers(
        self, asked: Sequence[tuple[bytes, Any, Any]], now: float
    ) -> Sequence[Ready | None]:
        """Answer many as `answer` does one (`rest`, form, client), as far as that is quick."""
        ...

    @property
    def batch(self) -> str:
        """The path to which batches are posted as JSON."""
        ...

    def answer_all(self, body: bytes, form: Any, client: Any, now: float) -> Ready | None:
        """Answer a batch as `answer` does an address. Counts it itself."""
        ...

    @property
    def took(self) -> list[float]:
        """Where the seconds of each answer are put until they are counted."""
        ...

    def count(self, now: float) -> None:
        """Count what was put there; asked every few milliseconds in which something is answered."""
        ...


def head_of(headers: list[tuple[str, str]], length: int) -> bytes:
    """Write the beginning of an answer as it is kept: what is the same each time.

    It goes on with the request id. The fields are those of `edge.server.dress` and of aiohttp.
    """
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return (
        f"HTTP/1.1 200 OK\r\n{lines}Content-Length: {length}\r\nServer: idnode\r\n"
        "X-Content-Type-Options: nosniff\r\nX-Request-Id: "
    ).encode()


class ShortCut:
    """What all connections of a listener have in common.

    `epoch` is the wall clock, `clock` monotonic; both in seconds.
    """

    def __init__(
        self,
        at_once: AtOnce,
        epoch: Callable[[], float],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._at_once = at_once
        self._took = at_once.took
        self.client: Final = at_once.client
        self._prefix = f"GET {at_once.mount}".encode()
        self._posted = f"POST {at_once.batch}".encode()
        self._epoch = epoch
        self._clock = clock
        self._forms: dict[bytes, Any] = {}
        self._posted_forms: dict[bytes, Any] = {}
        self._ids: list[bytes] = []
        self._answered = 0
        self._look_again = self._second_ends = _NEVER
        self._date = b""

    def begin(self, now: float) -> None:
        """Begin a turn, in which `take` may be asked many times. `now` is monotonic."""
        if now >= self._look_again:
            self._look(now)

    def end(self, began: float) -> None:
        """End it: its answers go out together, so each of them took as long as all."""
        if self._answered:
            self._took += [self._clock() - began] * self._answered
            self._answered = 0

    def answers(self, asked: Sequence[tuple[bytes, Any]], now: float) -> list[bytes | None]:
        """Answer what many connections were sent, with who asks: of each all of it or nothing."""
        prefix, forms = self._prefix, self._forms
        answers: list[bytes | None] = [None] * len(asked)
        places: list[int] = []
        known: list[tuple[bytes, Any, Any]] = []
        for at, (data, client) in enumerate(asked):
            start, _, fields = data.partition(VERSION)
            rest = start.removeprefix(prefix)
            if rest is not start and (form := forms.get(fields)) is not None:
                places.append(at)
                known.append((rest, form, client))
        try:
            told = self._at_once.answers(known, now)
        except Exception:  # noqa: BLE001 -- each is asked for by itself then: as below
            return answers
        ids, date, join = self._ids, self._date, b"".join
        for at, ready in zip(places, told, strict=True):
            if ready is not None:
                answers[at] = join(
                    (ready.head, ids.pop() if ids else self._draw(), date, ready.data)
                )
                self._answered += 1
        return answers

    def take(self, data: bytes, client: Any, now: float) -> tuple[bytes, int]:
        """Answer the first requests in `data`, while they are plain and can be answered here.

        Returns the answers and how many octets of `data` they answer. `now` is when the turn began.
        """
        start, _, fields = data.partition(VERSION)
        rest = start.removeprefix(self._prefix)
        if rest is start:
            if start != self._posted:
                return b"", 0
            batch = self._answer_batch(fields, client, now)
            return batch, len(data) if batch else 0
        form = self._forms.get(fields)
        if form is None:
            return self._take_several(data, client, now)
        # The usual case, one whole request of a known kind.
        try:
            ready = self._at_once.answer(rest, form, client, now)
        except Exception:  # noqa: BLE001 -- as below
            ready = None
        if ready is None:
            return b"", 0
        ids = self._ids
        answer = (ready.head, ids.pop() if ids else self._draw(), self._date, ready.data)
        self._answered += 1
        return b"".join(answer), len(data)

    def _take_several(self, data: bytes, client: Any, now: float) -> tuple[bytes, int]:
        prefix, ids = self._prefix, self._ids
        length = len(prefix)
        out: list[bytes] = []
        taken = answered = octets = 0
        while answered < _TURN and octets < _TURN_OCTETS and data.startswith(prefix, taken):
            line = data.find(VERSION, taken)
            end = data.find(END, line) + _END_LENGTH
            if line < 0 or end < _END_LENGTH:
                break
            fields = data[line + _VERSION_LENGTH : end]
            form = self._forms.get(fields) or self._read(fields)
            if form is None:
                break
            try:
                ready = self._at_once.answer(data[taken + length : line], form, client, now)
            except Exception:  # noqa: BLE001 -- the usual way meets it too, logs it and tells it
                break
            if ready is None:
                break
            out += (ready.head, ids.pop() if ids else self._draw(), self._date, ready.data)
            taken = end
            answered += 1
            octets += len(ready.data)
        self._answered += answered
        return b"".join(out), taken

    def _answer_batch(self, rest: bytes, client: Any, now: float) -> bytes:
        """Answer what came behind the first line of a POST, if it is a whole batch; else b""."""
        head, _, body = rest.partition(END)
        fields, length = without_length(head)
        if not length or length != len(body):
            return b""
        form = self._posted_forms.get(fields) or self._read_posted(fields)
        if form is None:
            return b""
        try:
            ready = self._at_once.answer_all(body, form, client, now)
        except Exception:  # noqa: BLE001 -- as above
            return b""
        if ready is None:
            return b""
        drawn = self._ids.pop() if self._ids else self._draw()
        return b"".join((ready.head, drawn, self._date, ready.data))

    def _read(self, fields: bytes) -> Any:
        return self._learn(self._forms, fields, plain_fields(fields))

    def _read_posted(self, fields: bytes) -> Any:
        return self._learn(self._posted_forms, fields, plain_fields(fields + END, _JSON))

    def _learn(self, forms: dict[bytes, Any], fields: bytes, accept: str | None) -> Any:
        form = None if accept is None else self._at_once.form(accept)
        if form is not None:
            if len(forms) >= _KINDS:
                del forms[next(iter(forms))]
            forms[fields] = form
        return form

    def _draw(self) -> bytes:
        drawn = secrets.token_bytes(_DRAWN_TOGETHER * _ID_OCTETS)
        self._ids += drawn.hex(" ", _ID_OCTETS).encode().split()
        return self._ids.pop()

    def _look(self, now: float) -> None:
        self._at_once.count(now)
        if now >= self._second_ends:
            self._turn_second(now)
        self._look_again = min(now + _OFTEN, self._second_ends)

    def _turn_second(self, now: float) -> None:
        wall = self._epoch()
        self._second_ends = now + 1.0 - wall % 1.0
        self._date = f"\r\nDate: {formatdate(wall, usegmt=True)}\r\n\r\n".encode()
