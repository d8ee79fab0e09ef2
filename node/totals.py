"""What all processes of a node counted since it began, also those that have ended."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from node.control import PATIENCE, Question, ask
from node.metrics import Family, Labels, added_up, counter, gauge, lasting
from node.seats import Seat
from node.tenure import Tenure


class Totals:
    """Sums that never fall: what a process counted stays when it ends.

    A process tells the supervisor every second what it counted, and once more when all that it
    served is closed. One that is killed takes at most its last second with it. `siblings` are the
    control sockets by seat.
    """

    def __init__(self, siblings: Mapping[str, str]) -> None:
        self._siblings: Final = siblings
        self._retired: list[Family] = []

    def retire(self, families: Sequence[Family]) -> None:
        """Keep what a process counted that has ended."""
        self._retired = added_up([*self._retired, *lasting(families)])

    async def families(self, seats: Mapping[str, Seat]) -> list[Family]:
        """Return the sums of now; of a process that does not answer, what it last told."""
        holders = {name: seat.holder for name, seat in seats.items()}
        up = await asyncio.gather(*(self._freshened(n, t) for n, t in holders.items()))
        # Who has ended meanwhile is among the retired, and no longer in its seat.
        running = [tenure for seat in seats.values() for tenure in seat.tenures()]
        return added_up(
            [
                *self._retired,
                *(family for tenure in running for family in tenure.families),
                *_of_seats(seats, dict(zip(holders, up, strict=True))),
            ]
        )

    async def _freshened(self, name: str, tenure: Tenure | None) -> bool:
        if tenure is None:
            return False
        fresh = await ask(self._siblings[name], Question.METRICS, list[Family], PATIENCE)
        # Another may have taken the seat while it was asked, and answered in its stead.
        if fresh is None or tenure.over.done() or _began(fresh) != _began(tenure.families):
            return False
        tenure.families = tuple(fresh)
        return True


def _began(families: Sequence[Family]) -> float | None:
    return next(
        (f.samples[0].value for f in families if f.name == "process_start_time_seconds"), None
    )


def _of_seats(seats: Mapping[str, Seat], up: Mapping[str, bool]) -> list[Family]:
    def by_name(counts: Mapping[str, float]) -> dict[Labels, float]:
        return {(("process", name),): count for name, count in counts.items()}

    return [
        gauge("idnode_process_up", "Whether the process answered.", by_name(up)),
        counter(
            "idnode_process_restarts_total",
            "How often the process was replaced since the node began.",
            by_name({name: seat.ended for name, seat in seats.items()}),
        ),
        counter(
            "idnode_process_hung_total",
            "How often it was replaced because it gave no sign of life.",
            by_name({name: seat.hung for name, seat in seats.items()}),
        ),
        counter(
            "idnode_process_starved_total",
            "How often it gave none for as long because it waited for a processor.",
            by_name({name: seat.starved for name, seat in seats.items()}),
        ),
    ]
