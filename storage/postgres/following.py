"""How a projection follows the change log: by steps, each once.

The log is read in the order of commits: only what is below the transaction horizon, by (xid, id).
What a step writes and how far it read are one transaction, so that a step happens once, whatever
ends the process. Any number of processes may follow: they take turns.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("following")
SECONDS: Final = 30.0
OPENING: Final = (
    # To lose a step costs its repetition: nobody waits for the disk.
    "BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL lock_timeout = '1s';"
    " SET LOCAL statement_timeout = '30s'; SET LOCAL work_mem = '16MB'"
)

Window = tuple[Any, Any, Any, Any]
"""Where a step begins and where it ends: xid and id, twice."""


class Progress(msgspec.Struct, frozen=True):
    """What a step did: `read` changes; the oldest of them was `age` seconds old.

    `more`: the log probably goes on.
    """

    read: int
    age: float
    more: bool = False


NOTHING_TO_DO: Final = Progress(0, 0.0)


async def claim(connection: Connection, name: str) -> tuple[Any, Any]:
    """Return how far a projection read; until the transaction ends nobody else reads on."""
    xid, number = await connection.fetchrow(_SQL["claim"], name)
    return xid, number


class Following:
    """Reads the log on for the projection `name`: `project` writes what a window left."""

    def __init__(
        self,
        database: Database,
        name: str,
        step: int,
        project: Callable[[Connection, Window], Awaitable[None]],
    ) -> None:
        self._database = database
        self._name = name
        self._step = step
        self._project = project

    async def advance(self) -> Progress:
        """Project the next changes. Raises `StoreUnavailable` and `FateUnknown`: step again."""
        waiting = await self._database.row(_SQL["waiting"], self._name)
        if waiting is None or not waiting[0]:
            return NOTHING_TO_DO
        return await self._database.commit(self._advance, opening=OPENING, seconds=SECONDS)

    async def _advance(self, connection: Connection) -> Progress:
        begin = await claim(connection, self._name)
        end = await connection.fetchrow(_SQL["window"], *begin, self._step)
        if end["read"]:
            place = end["xid"], end["id"]
            await self._project(connection, (*begin, *place))
            await connection.execute(_SQL["advance"], *place, self._name)
        # Nothing read: another process was quicker, or an older transaction is still under way.
        return Progress(end["read"], max(0.0, end["age"]), end["read"] == self._step)
