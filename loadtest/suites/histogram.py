"""Times counted in buckets that are a tenth wide, and quantiles of a server's own buckets."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

_SMALLEST: Final = 1e-5
_WIDTH: Final = 1.1
BOUNDS: Final = tuple(_SMALLEST * _WIDTH**step for step in range(146))
"""Seconds, 10 µs … 10 s; what took longer is counted behind the last."""


class Histogram:
    """Counts by bucket; adding one costs a bisection."""

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)

    def add(self, seconds: float, times: int = 1) -> None:
        """Count something that took `seconds`."""
        self.counts[bisect_left(BOUNDS, seconds)] += times

    def merge(self, other: "Histogram") -> None:
        """Add the counts of another."""
        self.counts = [a + b for a, b in zip(self.counts, other.counts, strict=True)]

    def quantile(self, share: float) -> float | None:
        """Return the bound in seconds that `share` of the times do not pass; None: no times."""
        return quantile(BOUNDS, self.counts, share)


def quantile(bounds: Sequence[float], counts: Sequence[int], share: float) -> float | None:
    """Return the upper bound of the bucket in which the quantile lies, infinity behind the last.

    `counts` are by bucket, one more than `bounds`, not cumulative. None: nothing was counted.
    """
    total = sum(counts)
    if not total:
        return None
    at = bisect_left(list(accumulate(counts)), max(1, math.ceil(share * total)))
    return bounds[at] if at < len(bounds) else math.inf
