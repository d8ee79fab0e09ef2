"""The projection of the change log that searches read.

How the log is followed stands in `following`. What is projected is the record as it is now, and
only for the change that made it so: a record that changes often is written once, and whatever else
blocks hold of it is of a version that is no longer its newest, which whoever searches passes over.
So nothing is looked for here and nothing changed: a step appends (docs/decisions/0014).
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from storage.postgres import blocks
from storage.postgres.database import Database
from storage.postgres.following import OPENING, SECONDS, Following, Progress, Window, claim
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("projection")
_NAME: Final = "search"
STEP: Final = 5000
"""Changes of one step."""
ROUND: Final = 16
"""Blocks that one tidying looks at."""
HELD: Final = 8 * 2**20
"""Octets of blocks that are made before they are written: those of one step may be a gigabyte."""
_MANY_TERMS: Final = 50_000
"""In the index's waiting list, which every search reads from end to end: a millisecond or two."""

_log = logging.getLogger(__name__)


class SearchProjection:
    """Reads the change log on. Any number of processes may: they take turns."""

    def __init__(
        self, database: Database, step: int = STEP, round_: int = ROUND, held: int = HELD
    ) -> None:
        self._database = database
        self._following = Following(database, _NAME, step, self._project)
        self._round = round_
        self._held = held
        self._tidied = 0
        self._waiting_terms = 0

    async def advance(self) -> Progress:
        """Project the next changes. Raises `StoreUnavailable` and `FateUnknown`: step again."""
        return await self._following.advance()

    async def tidy(self) -> int:
        """Look at the next blocks, round and round; put those together that hold little.

        Single changes make blocks of their own, and what is changed anew leaves holes. Returns how
        many blocks are fewer. Raises as `advance` does.
        """
        if self._waiting_terms >= _MANY_TERMS:
            await self._database.commit(self._sort_in, opening=OPENING, seconds=SECONDS)

        async def look(connection: Connection) -> Sequence[int]:
            return await self._low(connection)

        low = await self._database.read(look)
        if not low:
            return 0

        async def merge(connection: Connection) -> int:
            return await self._merge(connection, low)

        return await self._database.commit(merge, opening=OPENING, seconds=SECONDS)

    async def _project(self, connection: Connection, window: Window) -> None:
        await self._append(connection, "versions", *window)

    async def _append(self, connection: Connection, statement: str, *arguments: object) -> int:
        """Write what a statement gives into new blocks; return how many these are."""
        made: list[blocks.Row] = []
        group: list[blocks.Version] = []
        octets = written = held = 0
        async for row in connection.cursor(_SQL[statement], *arguments, prefetch=blocks.SIZE):
            group.append(blocks.Version(*row))
            octets += len(row["wire_values"])
            if len(group) == blocks.SIZE or octets >= blocks.OCTETS:
                made.append(_built(group))
                held += made[-1].octets
                group, octets = [], 0
                await asyncio.sleep(0)  # a block takes milliseconds: others go on in between
                if held >= self._held:
                    written += await self._copy(connection, made)
                    made, held = [], 0
        if group:
            made.append(_built(group))
        return written + await self._copy(connection, made)

    async def _copy(self, connection: Connection, made: Sequence[blocks.Row]) -> int:
        filled = [row for row in made if row.entries]
        if filled:
            await connection.copy_to_table(
                "search_block",
                source=memoryview(blocks.copied(filled)),
                columns=blocks.COLUMNS,
                format="binary",
            )
            self._waiting_terms += sum(len(row.terms) for row in filled)
        return len(filled)

    async def _sort_in(self, connection: Connection) -> None:
        await connection.execute(_SQL["sort_in"])
        self._waiting_terms = 0

    async def _low(self, connection: Connection) -> Sequence[int]:
        """Return those of the next blocks that are better put together."""
        looked = await connection.fetch(_SQL["round"], self._tidied, self._round)
        # At the end of a round the next begins anew.
        self._tidied = looked[-1]["id"] if len(looked) == self._round else 0
        entries = {row["id"]: blocks.heads(row["head"]) for row in looked}
        live = await _live(connection, entries)
        low = [number for number in entries if live.get(number, 0) < blocks.SIZE // 2]
        # One that holds little stays as it is until it has company; one that holds nothing goes.
        return low if len(low) > 1 or not all(map(live.get, low)) else ()

    async def _merge(self, connection: Connection, low: Sequence[int]) -> int:
        await claim(connection, _NAME)  # one at a time writes
        dropped = await connection.fetch(_SQL["drop_blocks"], low)
        # What another process has put together meanwhile is not there any more.
        kept = [entry for row in dropped for entry in blocks.heads(row["head"])]
        made = await self._append(
            connection, "versions_now", [e.key for e in kept], [e.version for e in kept]
        )
        return len(dropped) - made


async def _live(
    connection: Connection, entries: dict[int, Sequence[blocks.Entry]]
) -> dict[int, int]:
    """Return how many versions of each block are still the newest."""
    flat = [(number, e.key, e.version) for number, several in entries.items() for e in several]
    numbers, keys, versions = [f[0] for f in flat], [f[1] for f in flat], [f[2] for f in flat]
    return dict(await connection.fetch(_SQL["count_live"], numbers, keys, versions))


def _built(versions: Sequence[blocks.Version]) -> blocks.Row:
    row, faults = blocks.build(versions)
    for key, error in faults:
        # One record that nobody can read must not keep all that come after it from being found.
        _log.error("the values of %r cannot be read, so it is not findable: %s", key, error)
    return row
