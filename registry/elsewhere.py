"""Keys of other nodes, asked for within bounds and kept for a while.

An enterprise that runs a Handle server of its own has its administrators' keys there. Public keys
are fetched and kept; of secret keys their holder says of each answer whether it is right. Who was
proved stays known for as long as the key would be kept, at most `KEPT` seconds: what happens to it
meanwhile is not told to this node.

So many questions are under way at one time: in all, to one holder, and about one prefix, so that
one that does not answer takes the room of nobody else. What came to nothing is not asked again for
`QUIET` seconds: nothing about its prefix where its holder cannot be asked, and just this where it
answered that there is no such key, since anybody may ask for one that nobody has.
"""

import asyncio
import contextlib
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, TypeVar

import msgspec
import structlog

from identifiers.directory import PrefixDirectory
from identifiers.elsewhere import Holder, Trouble
from identifiers.keys.responses import PUBLIC_KEY
from identifiers.names import PREFIX_RECORDS, Handle, fold
from identifiers.principals import HandleIdentity
from identifiers.values import Value
from registry.ports import RemoteKeys

KEPT: Final = 300.0
"""Seconds; less where the value itself lives shorter."""
QUIET: Final = 10.0
PATIENCE: Final = 4.0
"""Seconds for all that one question takes."""
MOST: Final = 48
"""Questions under way; fewer than what one worker may have the registry do at one time."""
MOST_OF_HOLDER: Final = 16
MOST_OF_PREFIX: Final = 8
MOST_KEPT: Final = 1000
MOST_KEYS: Final = 8
"""Keys of one handle that are kept, for index 0."""
LONGEST_KEY: Final = 2048
"""Octets."""
_log = structlog.get_logger(__name__)
T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")


class Fetched(msgspec.Struct, frozen=True):
    """Public keys as their holder has them; times in steady seconds."""

    values: tuple[Value, ...]
    since: float
    until: float


class Standing(msgspec.Struct, frozen=True):
    """Somebody was proved by a key of `holder`, and stays known until then (steady seconds)."""

    holder: Holder
    until: float


_Subject = tuple[Holder, str]
"""A holder and the prefix that it is asked about."""
_Question = tuple[Holder, HandleIdentity]


class Elsewhere:
    """Asks other nodes. `above` are the sites of the node above; none: there is no such node.

    `clock` gives steady seconds, `epoch` those since 1970.
    """

    def __init__(
        self,
        remote: RemoteKeys,
        above: tuple[Value, ...] = (),
        *,
        clock: Callable[[], float] = time.monotonic,
        epoch: Callable[[], float] = time.time,
    ) -> None:
        self._remote = remote
        self.above: Final = above
        self._clock = clock
        self._epoch = epoch
        self._fetched: OrderedDict[tuple[Holder, HandleIdentity], Fetched] = OrderedDict()
        self._proved: OrderedDict[HandleIdentity, Standing] = OrderedDict()
        self._quiet: OrderedDict[_Subject | _Question, tuple[Trouble, float]] = OrderedDict()
        self.asked: Final[Counter[str]] = Counter()
        """Questions by what came of them: ANSWERED, or the name of a `Trouble`."""
        self._under_way: Counter[_Subject | Holder | str] = Counter()

    async def keys(
        self, identity: HandleIdentity, holder: Holder, *, anew: bool = False
    ) -> Fetched | Trouble:
        """Return the public keys that an identity names.

        `anew`: others than those that were kept for more than `QUIET` seconds.
        """
        kept = self._fetched.get((holder, identity))
        now = self._clock()
        if kept is not None and now < (min(kept.until, kept.since + QUIET) if anew else kept.until):
            self._fetched.move_to_end((holder, identity))
            return kept
        told = await self._ask(identity, holder, lambda: self._remote.public_keys(identity, holder))
        if isinstance(told, Trouble):
            return told
        values = tuple(value for value in told if _named(value, identity))[:MOST_KEYS]
        now = self._clock()
        fetched = Fetched(values, now, now + self._life(values))
        _keep(self._fetched, (holder, identity), fetched)
        return fetched

    async def verify(
        self, identity: HandleIdentity, holder: Holder, signed: bytes, nonce: bytes, digest: bytes
    ) -> bool | Trouble:
        """Say whether an answer to a challenge is right that needs a secret key."""
        return await self._ask(
            identity, holder, lambda: self._remote.verify(identity, holder, signed, nonce, digest)
        )

    def proved(self, identity: HandleIdentity, holder: Holder, until: float | None = None) -> None:
        """Remember who was proved, for as long as what proved him is kept."""
        until = self._clock() + KEPT if until is None else until
        _keep(self._proved, identity, Standing(holder, until))

    def standing(self, identity: HandleIdentity, holder: Holder) -> Standing | None:
        """Return how long somebody is known who was proved; None: he is not any more."""
        known = self._proved.get(identity)
        valid = known is not None and known.holder == holder and self.stands(known)
        return known if valid else None

    def stands(self, standing: Standing) -> bool:
        """Say whether the time of a proof is not over."""
        return self._clock() < standing.until

    def _life(self, values: tuple[Value, ...]) -> float:
        if not values:
            return QUIET
        epoch = self._epoch()
        lives = (value.ttl - epoch if value.absolute else value.ttl for value in values)
        return min(KEPT, *lives)

    async def _ask(
        self,
        identity: HandleIdentity,
        holder: Holder,
        ask: Callable[[], Awaitable[T | Trouble]],
    ) -> T | Trouble:
        subject = (holder, _prefix_of(Handle.parse(identity.handle)))
        question = (holder, identity)
        for resting in (subject, question):
            trouble, until = self._quiet.get(resting, (Trouble.SILENT, 0.0))
            if self._clock() < until:
                return trouble
        with self._turn(holder, subject) as turn:
            if not turn:
                return Trouble.BUSY
            try:
                async with asyncio.timeout(PATIENCE):
                    told = await ask()
            except TimeoutError:
                told = Trouble.SILENT
        self.asked[told.name if isinstance(told, Trouble) else "ANSWERED"] += 1
        if isinstance(told, Trouble):
            _log.info("a key of another node is not known", identity=str(identity), why=told.name)
            if told is not Trouble.BUSY:
                resting = question if told is Trouble.NOWHERE else subject
                _keep(self._quiet, resting, (told, self._clock() + QUIET))
        return told

    @contextlib.contextmanager
    def _turn(self, holder: Holder, subject: _Subject) -> Iterator[bool]:
        """Say whether there is room for one more question, and count it."""
        room: dict[_Subject | Holder | str, int]
        room = {"all": MOST, holder: MOST_OF_HOLDER, subject: MOST_OF_PREFIX}
        if any(self._under_way[key] >= most for key, most in room.items()):
            yield False
            return
        self._under_way.update(room.keys())
        try:
            yield True
        finally:
            self._under_way.subtract(room.keys())
            for key in room:
                if not self._under_way[key]:
                    del self._under_way[key]


def holder_of(
    directory: PrefixDirectory, handle: Handle, above: tuple[Value, ...]
) -> Holder | None:
    """Return whom to ask for a key of a handle that does not live here; None: nobody. Pure.

    `above` are the sites of the node above, if there is one. A prefix that is switched off is
    nobody's, and so is what lies below one of ours without having been allotted: nobody else may
    answer for these.
    """
    home = directory.home_of(handle)
    if home is not None:
        if home.routes is None or not home.enabled:
            return None
        of_prefix = handle.prefix == PREFIX_RECORDS
        return Holder(home.routes.derived if of_prefix else home.routes.names)
    if not above or _below_ours(directory, _prefix_of(handle)):
        return None
    return Holder(above, above=True)


def _keep(table: OrderedDict[K, V], key: K, value: V) -> None:
    """Store what is used last at the end; of too many the first goes."""
    table[key] = value
    table.move_to_end(key)
    if len(table) > MOST_KEPT:
        table.popitem(last=False)


def _named(value: Value, identity: HandleIdentity) -> bool:
    wanted = identity.index in {0, value.index} and fold(value.type) == PUBLIC_KEY
    return wanted and len(value.data) <= LONGEST_KEY


def _prefix_of(handle: Handle) -> str:
    return fold(handle.suffix) if handle.prefix == PREFIX_RECORDS else handle.prefix


def _below_ours(directory: PrefixDirectory, prefix: str) -> bool:
    while prefix:
        if directory.exact(prefix) is not None:
            return True
        prefix = prefix.rpartition(".")[0]
    return False
