"""What a running node is told to do: read its settings again, replace its processes.

One order at a time. Processes are replaced one after the other, so that all but one serve at any
moment; a worker's successor serves before it leaves.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from node.config import FILE, BadSettings, given
from node.control import Done
from node.reloading import Changes, changes
from node.seats import NotReplaced, Seat

_log = structlog.get_logger(__name__)

UNCHANGED: Final = "the settings in force stay as they are"


class Orders:
    """Carries orders out on `seats`.

    `environ` is what the settings were read from at the start; with a settings file they may
    change. `in_force` are the texts that processes work with. `applied` is called with new ones.
    """

    def __init__(
        self,
        seats: Mapping[str, Seat],
        environ: Mapping[str, str],
        in_force: Mapping[str, str],
        applied: Callable[[Mapping[str, str]], None],
    ) -> None:
        self._seats: Final = seats
        self._environ: Final = environ
        self._in_force = dict(in_force)
        self._applied: Final = applied
        self._turn: Final = asyncio.Lock()

    async def reload(self) -> Done:
        """Read the settings again; on any fault, everything stays as it is."""
        async with self._turn:
            return _logged("reload", await self._reload())

    async def restart(self, *, workers_only: bool) -> Done:
        """Replace the processes with such as have the same settings."""
        async with self._turn:
            seats = self._in_order()
            if workers_only:
                seats = [seat for seat in seats if seat.overlaps] or seats
            return _logged("restart", await self._replace(seats, self._in_force))

    async def _reload(self) -> Done:
        try:
            found = await asyncio.to_thread(self._changes)
        except BadSettings as why:
            return Done(ok=False, told=(str(why), UNCHANGED))
        told = [f"{name} needs a restart of the whole node" for name in found.later]
        if not found.apply:
            return Done(ok=True, told=(*told, self._nothing()))
        done = await self._replace(self._in_order(), found.texts)
        if done.ok:
            self._in_force = found.texts
            self._applied(found.texts)
            told += [f"{name} is applied" for name in found.apply]
        return Done(ok=done.ok, told=(*told, *done.told))

    def _nothing(self) -> str:
        if self._environ.get(FILE):
            return "nothing to apply"
        return f"nothing to apply: {FILE} is not set, so there is no file to read again"

    def _changes(self) -> Changes:
        return changes(self._in_force, given(self._environ))

    def _in_order(self) -> list[Seat]:
        # Workers first: when a setting does not work, they find out beside those that serve.
        return sorted(self._seats.values(), key=lambda seat: not seat.overlaps)

    async def _replace(self, seats: list[Seat], settings: Mapping[str, str]) -> Done:
        replaced: list[Seat] = []
        for seat in seats:
            try:
                await seat.replace(settings)
            except NotReplaced as why:
                told = [str(why)]
                if settings != self._in_force:
                    told.append("the settings before it are in force again")
                    for other in replaced:
                        told += await _tried(other.replace(self._in_force))
                return Done(ok=False, told=tuple(told))
            replaced.append(seat)
        names = ", ".join(seat.name for seat in replaced)
        return Done(ok=True, told=(f"replaced: {names}",))


async def _tried(replacing: Awaitable[None]) -> list[str]:
    try:
        await replacing
    except NotReplaced as why:
        return [str(why)]
    return []


def _logged(order: str, done: Done) -> Done:
    (_log.info if done.ok else _log.error)(order, told=list(done.told))
    return done
