"""Counts the requests of an HTTP application by route and status, with their times."""

import time
from bisect import bisect_left
from collections.abc import Callable
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from edge.problems import problem_of
from node.metrics import Family, Labels, counter, histogram

_BOUNDS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds."""
_UNEXPECTED: Final = 500
_REDIRECTIONS: Final = web.HTTPRedirection


class Observed:
    """What one application answered. `clock` is monotonic."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._answers: dict[Labels, int] = {}
        self._times: dict[Labels, tuple[list[int], float]] = {}

    def watch(self, app: web.Application) -> None:
        """Count what `app` answers from now on; to be called before it is served."""

        @web.middleware
        async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
            began = self._clock()
            status = _UNEXPECTED
            try:
                response = await handler(request)
                status = response.status
            except Exception as error:
                status = _status_of(error)
                raise
            finally:
                self._note(request, status, self._clock() - began)
            return response

        app.middlewares.append(count)

    def families(self) -> list[Family]:
        """Return the counts."""
        return [
            counter(
                "idnode_registry_requests_total",
                "Answers of the registry by operation and status.",
                self._answers,
            ),
            histogram(
                "idnode_registry_request_duration_seconds",
                "Seconds that they took.",
                _BOUNDS,
                self._times,
            ),
        ]

    def _note(self, request: web.Request, status: int, seconds: float) -> None:
        resource = request.match_info.route.resource
        # The pattern and not the path: names make no labels.
        where = (
            ("method", request.method if resource is not None else "other"),
            ("route", resource.canonical if resource is not None else "none"),
        )
        answers = (*where, ("status", str(status)))
        self._answers[answers] = self._answers.get(answers, 0) + 1
        buckets, total = self._times.get(where, ([0] * (len(_BOUNDS) + 1), 0.0))
        buckets[bisect_left(_BOUNDS, seconds)] += 1
        self._times[where] = (buckets, total + seconds)


def _status_of(error: Exception) -> int:
    if isinstance(error, _REDIRECTIONS):
        return error.status
    problem = problem_of(error)
    return _UNEXPECTED if problem is None else problem.status
