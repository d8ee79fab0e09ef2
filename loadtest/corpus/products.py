"""Which kinds an enterprise of each trade registers, and in what proportion.

A row is one round: the enterprise's items go through it again and again. So which kind its item k
is, and which one of that kind, is arithmetic.
"""

from dataclasses import dataclass

from loadtest.corpus import coal, freight, manufacturing
from loadtest.corpus.kinds import Kind

_MINE = (
    coal.BATCH, coal.SUPPORT, coal.BATCH, coal.SAFETY, coal.BATCH, coal.BATCH, coal.SHEARER,
    coal.BATCH, coal.WAGON, coal.BATCH, coal.SAFETY, coal.SUPPORT, coal.BATCH, coal.CONVEYOR,
    coal.BATCH, coal.BATCH,
)  # fmt: skip
_CARRIER = (
    freight.WAYBILL, freight.VEHICLE, freight.WAYBILL, freight.WAYBILL, freight.WAYBILL,
)  # fmt: skip
_BOX_CARRIER = (
    freight.CONTAINER, freight.WAYBILL, freight.VEHICLE, freight.CONTAINER, freight.WAYBILL,
)  # fmt: skip

ROUNDS: dict[str, tuple[Kind, ...]] = {
    "0610": _MINE,
    "0620": _MINE,
    "0690": _MINE,
    "1110": (coal.SUPPORT, coal.SAFETY, coal.SHEARER, coal.SUPPORT, coal.CONVEYOR, coal.SAFETY),
    "5161": (coal.BATCH, coal.BATCH, coal.WAGON),
    "5320": (coal.WAGON, coal.WAGON, freight.WAYBILL, freight.CONTAINER),
    "5431": _CARRIER,
    "5432": _CARRIER,
    "5433": _BOX_CARRIER,
    "5434": _CARRIER,
    "5435": _CARRIER,
    "5810": _BOX_CARRIER,
    "5920": (freight.RECEIPT, freight.RECEIPT, freight.VEHICLE),
    "3399": (manufacturing.PRODUCT,),
}


@dataclass(frozen=True, slots=True)
class Turn:
    """A place in a round: its kind, how many of the kind a round has, and how many before it."""

    kind: Kind
    per_round: int
    before: int


def turns(class_code: str) -> tuple[Turn, ...]:
    """Return the round of a trade with each place counted."""
    row = ROUNDS[class_code]
    return tuple(
        Turn(kind, row.count(kind), row[:place].count(kind)) for place, kind in enumerate(row)
    )


KINDS: tuple[Kind, ...] = tuple(dict.fromkeys(kind for row in ROUNDS.values() for kind in row))
"""Every kind once, in order of first use."""
