"""How much of a node an enterprise may use: requests in a window, identifiers at all. Pure."""

import re
from collections.abc import Mapping
from math import ceil
from typing import Final

import msgspec

from identifiers.faults import Fault, Invalid

MAX_REQUESTS: Final = 1_000_000
MAX_SECONDS: Final = 86_400
MAX_IDENTIFIERS: Final = 10**12
_RATE: Final = re.compile(r"([0-9]{1,7})/([0-9]{1,5})", re.ASCII)


class Rate(msgspec.Struct, frozen=True):
    """So many requests in a window of so many seconds; all of them may come at once."""

    requests: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Rate | None":
        """Read ``6000/60``, or ``off``: None. Raises `Invalid`."""
        if text == "off":
            return None
        form = _RATE.fullmatch(text)
        if form is None or not (
            0 < int(form[1]) <= MAX_REQUESTS and 0 < int(form[2]) <= MAX_SECONDS
        ):
            raise Invalid([Fault("limit.rate", "", {"text": text[:32]})])
        return cls(int(form[1]), int(form[2]))

    def __str__(self) -> str:
        return f"{self.requests}/{self.seconds}"


class Limits(msgspec.Struct, frozen=True):
    """An enterprise's own limits. None: as everybody's, which for identifiers is none.

    `prefixes` bounds identifiers under single prefixes, derived ones included.
    """

    rate: Rate | None = None
    identifiers: int | None = None
    prefixes: Mapping[str, int] = {}

    @property
    def quotas(self) -> Mapping[str, int]:
        """Return how many identifiers there may be by prefix; under the empty one, at all."""
        own = {} if self.identifiers is None else {"": self.identifiers}
        return {**own, **self.prefixes}


NO_LIMITS: Final = Limits()


class Allowance(msgspec.Struct, frozen=True):
    """What is left of a window: `remaining` requests, `reset` seconds until all are back.

    `wait`: seconds until there is one again; 0: this one may go on.
    """

    rate: Rate
    remaining: int
    reset: int
    wait: int


class Bucket(msgspec.Struct, frozen=True):
    """How many requests are missing from a window at a monotonic time."""

    missing: float = 0.0
    at: float = 0.0

    def take(self, rate: Rate, now: float) -> tuple["Bucket", Allowance]:
        """Take one request, if there is one; returns what is then left."""
        per_second = rate.requests / rate.seconds
        missing = min(max(self.missing - (now - self.at) * per_second, 0.0), rate.requests)
        enough = missing + 1 <= rate.requests
        if enough:
            missing += 1
        left = rate.requests - missing
        wait = 0 if enough else max(1, ceil((1 - left) / per_second))
        reset = ceil(missing / per_second)
        return Bucket(missing, now), Allowance(rate, int(left), reset, wait)
