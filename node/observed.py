"""Counts the requests of an HTTP application by route and status, with their times."""

from bisect import bisect_left
from collections import Counter
from typing import Final

from aiohttp import web

from node.metrics import Family, Labels, counter, histogram

_BOUNDS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds."""
_NOWHERE: Final = ("other", "none")
"""Method and route of what is no operation: neither makes a label of its own."""


class _Times:
    """How long the answers of one operation took."""

    __slots__ = ("buckets", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * (len(_BOUNDS) + 1)
        self.seconds = 0.0


class Observed:
    """What one application answered."""

    def __init__(self) -> None:
        self._answers: Counter[tuple[str, str, int]] = Counter()
        self._times: dict[tuple[str, str], _Times] = {}

    def note(self, request: web.BaseRequest, status: int, seconds: float) -> None:
        """Count an answer; to be given to `edge.server.serve`."""
        where = _where(request)
        self._answers[*where, status] += 1
        times = self._times.get(where)
        if times is None:
            times = self._times[where] = _Times()
        times.buckets[bisect_left(_BOUNDS, seconds)] += 1
        times.seconds += seconds

    def families(self) -> list[Family]:
        """Return the counts."""
        answers = {
            (*_labels(method, route), ("status", str(status))): count
            for (method, route, status), count in self._answers.items()
        }
        times = {
            _labels(*where): (times.buckets, times.seconds) for where, times in self._times.items()
        }
        return [
            counter(
                "idnode_registry_requests_total",
                "Answers of the registry by operation and status.",
                answers,
            ),
            histogram(
                "idnode_registry_request_duration_seconds",
                "Seconds that they took.",
                _BOUNDS,
                times,
            ),
        ]


def _where(request: web.BaseRequest) -> tuple[str, str]:
    resource = request.match_info.route.resource if isinstance(request, web.Request) else None
    # The pattern and not the path: names make no labels.
    return _NOWHERE if resource is None else (request.method, resource.canonical)


def _labels(method: str, route: str) -> Labels:
    return (("method", method), ("route", route))
