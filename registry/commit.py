"""Group commit: commands that arrive together travel in one transaction.

One transaction each reaches some 2,000 commits a second, 32 commands in one reach eight times that
(`decisions` section 5). While one group is being committed the next gathers, so a lone command
waits for nobody; only where company is likely does a group wait for it, at most `gather` seconds.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar, cast

import msgspec

from identifiers.changes import Current, RequestKey, Touched, Writes
from identifiers.errors import FateUnknown, QuotaSpent, StoreUnavailable
from registry.effects import joined
from registry.ports import RegistryStore

T = TypeVar("T")

GATHER_SECONDS: Final = 0.002
MOST_KEYS: Final = 64
"""Records of one group: stores lock so many one by one, and whole prefixes beyond."""
_LARGE: Final = ""
"""The name (no record's) that all larger units touch: one of them is carried at a time, so that
the other carrier is left to what is small."""
DEPTH: Final = 1024
"""Units that may wait."""
PARALLEL: Final = 2
"""Groups in flight: one commits while the next is written."""
_Name = str | RequestKey | bytes
"""What two units of one group may not share: a record, a request, a claim."""
_SMALL: Final = 32
"""Units that are always worth a group: what a group costs by itself is little beside so many."""


class Unit(msgspec.Struct, Generic[T], frozen=True):
    """One command on its way: what it touches, and the pure function that decides about it.

    `decide` may run more than once: a group that fails is committed again one by one. It is given
    what is stored of `keys` and of `reads`; the latter another unit may change at the same time.
    """

    keys: tuple[str, ...]
    requests: tuple[RequestKey, ...]
    decide: Callable[[Current], tuple[Writes, T]]
    reads: tuple[str, ...] = ()
    claims: tuple[bytes, ...] = ()
    """What records may have for themselves alone (`registry.holding`)."""


class _Waiting(msgspec.Struct, frozen=True, eq=False):
    unit: Unit[Any]
    names: tuple[_Name, ...]
    done: asyncio.Future[Any]

    def succeed(self, answer: Any) -> None:
        if not self.done.done():  # nobody waits for it any more
            self.done.set_result(answer)

    def fail(self, error: Exception) -> None:
        if not self.done.done():  # as above
            self.done.set_exception(error)


def _names(unit: Unit[Any]) -> tuple[_Name, ...]:
    names: tuple[_Name, ...] = (*unit.keys, *unit.requests, *unit.claims)
    return (*names, _LARGE) if len(unit.keys) > MOST_KEYS else names


class GroupCommit:
    """Brings units to the store, several at a time.

    Units that touch the same record or request key never share a group: they are committed one
    after another, in the order of their arrival, so that each is decided on what the one before it
    left and each gets a version of its own.
    """

    def __init__(
        self,
        store: RegistryStore,
        *,
        gather: float = GATHER_SECONDS,
        depth: int = DEPTH,
        parallel: int = PARALLEL,
    ) -> None:
        self._store = store
        self._gather = gather
        self._depth = depth
        self._parallel = parallel
        self._queue: deque[_Waiting] = deque()
        self._busy: set[_Name] = set()
        self._carriers: set[asyncio.Task[None]] = set()
        self._company = False
        self._in_flight = 0
        self.written = 0
        """Records committed, ever rising."""

    async def submit(self, unit: Unit[T]) -> T:
        """Commit `unit` and return what it decided, once that is durable.

        It is committed also when the caller is cancelled meanwhile. Raises `StoreUnavailable`
        (also when too many wait already), `FateUnknown`, and whatever `decide` raises.
        """
        if len(self._queue) >= self._depth:
            raise StoreUnavailable(f"{self._depth} writes wait already")
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(unit, _names(unit), done))
        self._staff()
        return await done

    async def close(self) -> None:
        """Wait until everything that was submitted has its answer."""
        while self._queue or self._carriers:
            self._staff()
            await asyncio.wait(self._carriers)

    def _staff(self) -> None:
        """Start one more carrier if something waits and there may be one more."""
        if self._queue and len(self._carriers) < self._parallel:
            self._carriers.add(asyncio.create_task(self._carry()))

    async def _carry(self) -> None:
        try:
            await self._carry_all()
        finally:
            # In the same turn in which the queue was found empty: who submits later in that turn
            # must not count on this carrier.
            self._carriers.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _carry_all(self) -> None:
        while self._queue:
            if self._company or len(self._carriers) > 1:
                await asyncio.sleep(self._gather)
            group = self._take()
            if not group:
                return  # all that wait, wait for a group in flight: its carrier takes them
            self._company = len(group) > 1
            touched = {name for waiting in group for name in waiting.names}
            self._busy |= touched
            self._in_flight += len(group)
            try:
                await self._commit(group)
            finally:
                self._in_flight -= len(group)
                self._busy -= touched

    def _take(self) -> list[_Waiting]:
        """Take from the queue what may travel together; what collides keeps its place.

        A group takes its share of all units there are. Else all callers end up in one group, and
        who reads requests and writes answers has nothing to do while that is committed.
        """
        group: list[_Waiting] = []
        left: deque[_Waiting] = deque()
        taken = set(self._busy)
        room = MOST_KEYS
        most = max(_SMALL, -(-(len(self._queue) + self._in_flight) // self._parallel))
        while self._queue and room > 0 and len(group) < most:
            waiting = self._queue.popleft()
            names = waiting.names
            if taken.isdisjoint(names) and (len(waiting.unit.keys) <= room or not group):
                group.append(waiting)
                room -= max(1, len(waiting.unit.keys))
            else:
                left.append(waiting)
            taken.update(names)
        left.extend(self._queue)
        self._queue = left
        return group

    async def _commit(self, group: list[_Waiting]) -> None:
        units = [waiting.unit for waiting in group]
        touched = Touched(
            keys=tuple(key for unit in units for key in unit.keys),
            requests=tuple(request for unit in units for request in unit.requests),
            reads=tuple({key for unit in units for key in unit.reads}),
            claims=tuple({claim for unit in units for claim in unit.claims}),
        )
        written = 0

        def decide(current: Current) -> tuple[Writes, list[Any]]:
            nonlocal written
            writes, answers = _decide(units, current)
            written = len(writes.records)
            return writes, answers

        try:
            answers = await self._store.write(touched, decide)
        except QuotaSpent as error:
            await self._alone(group, error)
        except (StoreUnavailable, FateUnknown) as error:
            for waiting in group:
                # One exception object cannot be raised in several tasks.
                waiting.fail(type(error)(*error.args))
        except Exception as error:  # noqa: BLE001 -- handed to the one whose unit it is
            await self._alone(group, error)
        else:
            self.written += written
            for waiting, answer in zip(group, answers, strict=True):
                waiting.succeed(answer)

    async def _alone(self, group: list[_Waiting], error: Exception) -> None:
        """Commit one by one what failed together, so that the error comes to whose it is."""
        if len(group) == 1:
            group[0].fail(error)
            return
        for waiting in group:
            await self._commit([waiting])


def _decide(units: list[Unit[Any]], current: Current) -> tuple[Writes, list[Any]]:
    decided = [unit.decide(current) for unit in units]
    return joined(writes for writes, _ in decided), [answer for _, answer in decided]
