"""What the connections of a TCP listener share, and what each keeps of its answers."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from identifiers.wire.handle.codes import MAX_MESSAGE_BYTES
from resolver.clients import Client, Clients
from resolver.complaints import Complaints
from resolver.counters import Counters
from resolver.transports.beyond import Reply
from resolver.transports.handle import Asking, HandleExchange, Pending
from resolver.transports.misses import Gathering, Misses
from resolver.turns import Turns


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds and counts for one connection (`assurance` R-DOS-2)."""

    message_octets: int = 64 * 1024
    """Longest request that is answered here."""
    long_octets: int = MAX_MESSAGE_BYTES
    """Longest request for the registry."""
    waiting: int = 64
    """Requests of one connection that wait for the store."""
    first_byte: float = 3.0
    message: float = 5.0
    """From the first byte of a message to its last."""
    long_message: float = 30.0
    """The same for a long one."""
    write_stall: float = 10.0
    idle: float = 10.0
    requests: int = 1000
    lifetime: float = 3600.0
    trusted_idle: float = 600.0
    """Trusted clients keep pools of connections: no other limit of time or count holds for them."""
    lone_idle: float = 30.0
    """But who asked only once, and not to keep the connection, may be reading to its end."""


C = TypeVar("C")


class Desk(msgspec.Struct, Generic[C], frozen=True, kw_only=True):
    """What all connections of a listener share."""

    exchange: HandleExchange
    clients: Clients
    counters: Counters
    clock: Callable[[], float]
    misses: Misses
    gathering: Gathering["Waiting"]
    turns: Turns
    pace: Pace
    complaints: Complaints
    long: "Seats"
    admit: Callable[[C], bool]
    leave: Callable[[C], None]


class Seats:
    """So many at one time and no more."""

    def __init__(self, seats: int) -> None:
        self._free = seats

    def take(self) -> bool:
        """Take one; False: none is free."""
        if not self._free:
            return False
        self._free -= 1
        return True

    def leave(self) -> None:
        """Give one back."""
        self._free += 1


class Slot:
    """The place of one answer in its order.

    `data` is what of it waits to be sent, `ended` says that nothing follows, and `taken` tells
    whoever fills it that there is room again.
    """

    __slots__ = ("data", "ended", "taken")

    def __init__(self, data: bytes = b"") -> None:
        self.data = data
        self.ended = bool(data)
        self.taken: asyncio.Event | None = None

    async def room(self) -> None:
        """Wait until what was put here has been sent."""
        if self.data:
            self.taken = asyncio.Event()
            await self.taken.wait()

    def take(self) -> bytes:
        """Return what waits to be sent."""
        data, self.data = self.data, b""
        if self.taken is not None:
            self.taken.set()
        return data


class Asker(Protocol):
    """A connection, as the answers to its misses see it."""

    @property
    def client(self) -> Client:
        """Who asks."""
        ...

    def told(self, answer: Reply | Pending, slot: Slot, began: float) -> None:
        """Take the answer that has its place in `slot`; it began at that monotonic moment."""
        ...

    def send_on(self) -> None:
        """Send what has its turn now."""
        ...

    def failed(self) -> None:
        """Note that an answer failed; call it where the error is being handled."""
        ...


class Waiting(msgspec.Struct, frozen=True):
    """A miss that waits with others, of whichever connections."""

    asking: Asking
    asker: Asker
    slot: Slot
    began: float


async def answer_together(
    exchange: HandleExchange, clock: Callable[[], float], waiting: Sequence[Waiting]
) -> None:
    """Answer misses of several connections, each of which then sends all it can in one go."""
    try:
        asked = [(one.asking, one.asker.client) for one in waiting]
        # As of now: what is believed is not to outlive its proof by how long they have waited.
        answers = await exchange.together(asked, clock())
    except Exception:  # noqa: BLE001 -- one request never ends the loop; counted and logged
        if len(waiting) == 1:
            return waiting[0].asker.failed()
        # What one fails of is not to cost the others their answers; they ask again together.
        await asyncio.gather(*(answer_together(exchange, clock, [one]) for one in waiting))
        return None
    for one, answer in zip(waiting, answers, strict=True):
        one.asker.told(answer, one.slot, one.began)
    for asker in dict.fromkeys([one.asker for one in waiting]):
        asker.send_on()
    return None
