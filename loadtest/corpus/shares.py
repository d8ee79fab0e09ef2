"""Who owns item n of the stream: a few large enterprises, many small ones.

The stream is one cycle of slots repeated for ever. In a cycle every enterprise owns a fixed number
of slots, at least one, close to a Zipf–Mandelbrot law; the slots are shuffled once. So the owner of
item n, and how many items it owned before, are two look-ups, and each enterprise counts its own
items without a gap.
"""

from array import array
from bisect import bisect_left

from loadtest.corpus.draws import draw

_SLOTS_PER_ENTERPRISE = 8
_FEWEST_SLOTS = 4096
_FLATTEN = 2  # Mandelbrot's constant: without it the first would own a fifth of everything
_UNIT = 1_000_000_000


class Shares:
    """The cycle. Weights come in the order of the enterprises, which count from 1 here."""

    def __init__(self, seed: int, scales: list[int]) -> None:
        slots = max(_FEWEST_SLOTS, _SLOTS_PER_ENTERPRISE * len(scales))
        self.counts = apportion(_weights(seed, scales), slots)
        owners = [n for n, count in enumerate(self.counts, start=1) for _ in range(count)]
        order = sorted(range(slots), key=lambda slot: draw(seed, "slot", slot))
        # The first item is the first enterprise's: a sample of one shows the demo's own enterprise.
        first = next(place for place, slot in enumerate(order) if owners[slot] == 1)
        order[0], order[first] = order[first], order[0]
        self._owners = array("L", (owners[slot] for slot in order))
        self._slots_of = [array("L") for _ in range(len(scales) + 1)]
        self._ranks = array("L")
        for slot, owner in enumerate(self._owners):
            self._ranks.append(len(self._slots_of[owner]))
            self._slots_of[owner].append(slot)

    def owner(self, item: int) -> tuple[int, int]:
        """Return whose item this is, and which of the owner's items, from 0."""
        cycle, slot = divmod(item, len(self._owners))
        number = self._owners[slot]
        return number, cycle * self.counts[number - 1] + self._ranks[slot]

    def owned_before(self, number: int, item: int) -> int:
        """Return how many of the items 0 … item-1 the enterprise with this number owns."""
        cycles, slot = divmod(item, len(self._owners))
        return cycles * self.counts[number - 1] + bisect_left(self._slots_of[number], slot)


def apportion(weights: list[int], seats: int) -> list[int]:
    """Divide `seats` by weight, one at least to each: the largest remainders take what is left."""
    free, total = seats - len(weights), sum(weights)
    shares = [divmod(weight * free, total) for weight in weights]
    seated = [1 + whole for whole, _ in shares]
    by_remainder = sorted(range(len(weights)), key=lambda place: (-shares[place][1], place))
    for place in by_remainder[: seats - sum(seated)]:
        seated[place] += 1
    return seated


def _weights(seed: int, scales: list[int]) -> list[int]:
    """Return integer weights: the first enterprise ranks first, the others in a drawn order."""
    others = sorted(range(1, len(scales)), key=lambda place: draw(seed, "rank", place))
    weights = [0] * len(scales)
    for rank, place in enumerate([0, *others], start=1):
        weights[place] = scales[place] * _UNIT // (rank + _FLATTEN)
    return weights
