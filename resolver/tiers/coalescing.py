"""Concurrent misses travel together: one question per name in flight, many names per question."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Final

import msgspec

from identifiers.errors import StoreUnavailable
from identifiers.records import Record
from resolver.ports import RecordSource
from resolver.tiers.partial import Incomplete, Overloaded, TooSlow
from resolver.turns import Turns

_MANY: Final = 1024
_CLOSING: Final = "the resolver is closing"


class Batching(msgspec.Struct, frozen=True, kw_only=True):
    """How misses travel."""

    largest: int = 512
    """Names in one question."""
    in_flight: int = 4
    """Questions at one time."""
    waiting: int = 4096
    """Names that wait for their question; more are refused."""
    gap: float = 0.002
    """Seconds between two questions, unless as many names wait as one can take.

    So a scan costs the store 500 questions a second at the most, and each takes what has gathered.
    """
    many: int = 64
    """After a question for so many names the gap is twice as long: more are about to gather, and
    what a question costs beside its names is shared by more of them."""
    patience: float = 0.3
    """Seconds from asking to giving up, waiting included (RFC 8767 section 5)."""


class _Ask:
    """One call of `fetch`: what it got so far, and for how many names it still waits.

    `complete` is called when it waits for none, and then has it told.
    """

    __slots__ = ("complete", "future", "got", "left", "names", "why")

    def __init__(
        self, names: int, future: asyncio.Future[None], complete: Callable[["_Ask"], None]
    ) -> None:
        self.names = self.left = names
        self.future = future
        self.complete = complete
        self.got: dict[str, Record | None] = {}
        self.why = ""

    def take(self, key: str, record: Record | None) -> None:
        self.got[key] = record
        self.left -= 1
        if not self.left:
            self.complete(self)

    def miss(self, why: str) -> None:
        self.why = why
        self.left -= 1
        if not self.left:
            self.complete(self)

    def give_up(self) -> None:
        if self.left:
            self.fail(TooSlow("the store did not answer in time", self.got))

    def fail(self, error: Exception) -> bool:
        if self.future.done():
            return False
        self.future.set_exception(error)
        return True

    def tell(self) -> None:
        if self.future.done():
            return
        if self.why:
            # An error of its own: a shared one would collect the traceback of every asker.
            self.future.set_exception(Incomplete(self.why, self.got))
        else:
            self.future.set_result(None)


_Batch = dict[str, _Ask | list[_Ask]]
"""Names with who asks for them: a list where several do. Most names have one asker, and many names
that one: what is done for each name is the larger part of what a miss costs here."""


class Coalescing:
    """A record source whose callers share the questions to the source behind.

    What is asked within one turn of the event loop, soon after another question, and while all
    questions are under way, goes out as one. With `join_in_flight` false a caller never gets the
    answer to a question that left before it asked: what it reads is at least as new as its asking.
    `turns` say how many names' askers are told in one turn of the loop, so that what a question
    brings keeps nobody waiting who is answered without the store.
    """

    def __init__(
        self,
        behind: RecordSource,
        batching: Batching = Batching(),  # noqa: B008 -- frozen
        *,
        join_in_flight: bool = True,
        turns: Turns | None = None,
    ) -> None:
        self._behind = behind
        self._batching = batching
        self._join = join_in_flight
        self._turns = Turns() if turns is None else turns
        self._queued: _Batch = {}
        self._flying: dict[str, _Batch] = {}
        """Names with the question that they are part of."""
        self._questions: set[asyncio.Task[None]] = set()
        self._complete: deque[_Ask] = deque()
        self._due = float("-inf")
        """When the next question may leave that is not full."""
        self._called = False
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many names wait for their question."""
        return len(self._queued)

    async def fetch(self, keys: Sequence[str]) -> Sequence[Record | None]:
        """Return the record of each key. Raises `Overloaded`, `TooSlow`, else `Incomplete`."""
        wanted = dict.fromkeys(keys)
        if not wanted:
            return []  # no name would ever come to end the wait
        if self._closed:
            raise Overloaded(_CLOSING)
        if len(self._queued) + len(wanted) > self._batching.waiting:
            raise Overloaded(f"{len(self._queued)} names wait for the store already")
        loop = asyncio.get_running_loop()
        ask = _Ask(len(wanted), loop.create_future(), self._tell_soon)
        queued, flying = self._queued, self._flying
        if queued.keys().isdisjoint(wanted.keys()) and flying.keys().isdisjoint(wanted.keys()):
            queued.update(dict.fromkeys(wanted, ask))
        else:
            for key in wanted:
                self._enqueue(key, ask)
        self._call()
        patience = loop.call_later(self._batching.patience, ask.give_up)
        try:
            await ask.future
        finally:
            patience.cancel()
            if not ask.future.cancelled():
                ask.future.exception()  # retrieved, also when the caller was cancelled meanwhile
        return [ask.got[key] for key in keys]

    async def close(self) -> None:
        """Give up what is under way; its askers are told `Incomplete`."""
        self._closed = True
        for question in self._questions:
            question.cancel()
        if self._questions:
            await asyncio.wait(self._questions)
        for asked in self._queued.values():
            for ask in _asks(asked):
                ask.miss(_CLOSING)
        self._queued.clear()

    def _enqueue(self, key: str, ask: _Ask) -> None:
        batch = self._flying.get(key)
        if batch is None or _asks(batch[key])[-1].future.done():
            # A question whose askers have given up is joined by nobody: what was told of the name
            # since it left, nobody kept for it.
            batch = self._queued
        there = batch.get(key)
        if there is None:
            batch[key] = ask
        elif isinstance(there, _Ask):
            batch[key] = [there, ask]
        else:
            if batch is not self._queued and len(there) > _MANY:
                there[:] = [waiting for waiting in there if not waiting.future.done()]
            there.append(ask)

    def _call(self) -> None:
        if not self._queued or self._called or len(self._questions) >= self._batching.in_flight:
            return
        self._called = True
        loop = asyncio.get_running_loop()
        if len(self._queued) >= self._batching.largest or self._due <= loop.time():
            # At the end of this turn, behind every task that was made ready in it.
            loop.call_soon(self._depart)
        else:
            loop.call_at(self._due, self._depart)

    def _depart(self) -> None:
        self._called = False
        if not self._queued or self._closed or len(self._questions) >= self._batching.in_flight:
            return
        loop = asyncio.get_running_loop()
        batch = self._queued
        if len(batch) > self._batching.largest:
            names = list(islice(batch, self._batching.largest))
            batch = {name: self._queued.pop(name) for name in names}
        else:
            self._queued = {}
        if self._join:
            self._flying.update(dict.fromkeys(batch, batch))
        gap = self._batching.gap * (2 if len(batch) >= self._batching.many else 1)
        self._due = loop.time() + gap
        question = loop.create_task(self._travel(batch))
        self._questions.add(question)
        question.add_done_callback(self._returned)
        self._call()

    def _returned(self, question: asyncio.Task[None]) -> None:
        self._questions.discard(question)
        self._call()

    def _tell_soon(self, ask: _Ask) -> None:
        if not self._complete:
            asyncio.get_running_loop().call_soon(self._tell_some)
        self._complete.append(ask)

    def _tell_some(self) -> None:
        loop = asyncio.get_running_loop()
        names = self._turns.misses(loop.time())
        while self._complete and names > 0:
            ask = self._complete.popleft()
            ask.tell()
            names -= ask.names  # also those that could not be had: their asker works on as well
        if self._complete:
            loop.call_soon(self._tell_some)

    async def _travel(self, batch: _Batch) -> None:
        why = _CLOSING
        got: Mapping[str, Record | None] = {}
        try:
            records = await self._behind.fetch(list(batch))
            got = dict(zip(batch, records, strict=True))
        except Incomplete as error:
            why, got = str(error), error.got
        except StoreUnavailable as error:
            why = str(error)
        except Exception as error:  # noqa: BLE001 -- handed to whoever asked, or to the loop
            _broken(batch, error)
        finally:
            self._land(batch)
            for key, asked in batch.items():
                if key in got:
                    record = got[key]
                    if isinstance(asked, _Ask):
                        asked.take(key, record)
                    else:
                        for ask in asked:
                            ask.take(key, record)
                else:
                    for ask in _asks(asked):
                        ask.miss(why)

    def _land(self, batch: _Batch) -> None:
        if self._join:
            flying = self._flying
            for key in batch:
                if flying.get(key) is batch:
                    del flying[key]


def _asks(asked: _Ask | list[_Ask]) -> list[_Ask]:
    return [asked] if isinstance(asked, _Ask) else asked


def _broken(batch: _Batch, error: Exception) -> None:
    told = [ask.fail(error) for asked in batch.values() for ask in _asks(asked)]
    if not any(told):
        asyncio.get_running_loop().call_exception_handler(
            {"message": "a question failed after its askers had gone", "exception": error}
        )
