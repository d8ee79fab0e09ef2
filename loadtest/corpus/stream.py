"""`Corpus`: the identifiers one by one, as a stream, or as the stream of one enterprise."""

from collections.abc import Iterator
from typing import Any

from loadtest.corpus.draws import draw
from loadtest.corpus.enterprises import MOST_ENTERPRISES, Enterprise, enterprise, trade_of
from loadtest.corpus.forms import Item, as_dict, ndjson
from loadtest.corpus.products import Turn, turns
from loadtest.corpus.shares import Shares


class Corpus:
    """Sample data for one secondary prefix; equal arguments give equal data everywhere.

    `enterprises` is 1 … 99,999; any other number raises `ValueError`. Enterprises count from 1 as
    their prefixes do, items from 0. A number that does not exist raises `IndexError`. With
    `comprehensive` every fifth enterprise makes industrial products.
    """

    def __init__(
        self,
        seed: int = 1,
        prefix: str = "88.300",
        enterprises: int = 514,
        *,
        comprehensive: bool = False,
    ) -> None:
        if not 1 <= enterprises <= MOST_ENTERPRISES:
            raise ValueError(f"enterprises must be 1 … {MOST_ENTERPRISES:,}, not {enterprises:,}")
        self.seed = seed
        self.prefix = prefix
        self.enterprises = enterprises
        self._comprehensive = comprehensive
        scales = [
            trade_of(seed, number, comprehensive=comprehensive).scale
            for number in range(1, enterprises + 1)
        ]
        self._shares = Shares(seed, scales)
        self._known: dict[int, tuple[Enterprise, tuple[Turn, ...]]] = {}

    def enterprise(self, number: int) -> Enterprise:
        """Return the enterprise with this number, 1 … `enterprises`."""
        return self._enterprise(number)[0]

    def identifier(self, item: int) -> dict[str, Any]:
        """Return one item of the stream in the Handle JSON form, in constant time."""
        return as_dict(self._item(*self._shares.owner(_counted(item))))

    def identifier_of(self, number: int, item: int) -> dict[str, Any]:
        """Return one item of one enterprise in the Handle JSON form, in constant time."""
        return as_dict(self._item(number, _counted(item)))

    def ndjson(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the items start … stop-1, each one compact JSON line of UTF-8 with its newline."""
        return ndjson(self.items(start, stop))

    def ndjson_of(self, number: int, start: int, stop: int) -> Iterator[bytes]:
        """Yield the items start … stop-1 of one enterprise as `ndjson` does."""
        return ndjson(self.items_of(number, start, stop))

    def count_of(self, number: int, items: int) -> int:
        """Return how many of the first `items` items the enterprise with this number owns.

        Over all enterprises, the own items 0 … `count_of(number, n)`-1 are the first n items.
        """
        self._enterprise(number)
        return self._shares.owned_before(number, _counted(items))

    def items(self, start: int, stop: int) -> Iterator[Item]:
        """Yield the items start … stop-1 before they are written down."""
        owner = self._shares.owner
        return (self._item(*owner(item)) for item in range(_counted(start), stop))

    def items_of(self, number: int, start: int, stop: int) -> Iterator[Item]:
        """Yield the items start … stop-1 of one enterprise before they are written down."""
        return (self._item(number, item) for item in range(_counted(start), stop))

    def _enterprise(self, number: int) -> tuple[Enterprise, tuple[Turn, ...]]:
        known = self._known.get(number)
        if known is None:
            if not 1 <= number <= self.enterprises:
                raise IndexError(f"enterprises count from 1 to {self.enterprises:,}, not {number}")
            made = enterprise(self.seed, self.prefix, number, comprehensive=self._comprehensive)
            known = self._known[number] = (made, turns(made.class_code))
        return known

    def _item(self, number: int, item: int) -> Item:
        owner, row = self._enterprise(number)
        rounds, place = divmod(item, len(row))
        turn = row[place]
        serial = rounds * turn.per_round + turn.before + 1
        suffix, *texts = turn.kind.describe(owner, serial, draw(self.seed, number, item))
        url = f"https://id.e{number}.example/{turn.kind.path}/{serial}"
        return Item(turn.kind, f"{owner.prefix}/{suffix}", (url, *texts))


def _counted(item: int) -> int:
    if item < 0:
        raise IndexError(f"items count from 0, not {item}")
    return item
