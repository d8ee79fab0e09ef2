"""How many long requests an enterprise may have at once (`assurance` R-DOS-3)."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from edge.problems import Refusal, retry_after
from identifiers.principals import Account, ApiKey
from registry.http.problems import JOBS_BUSY

JOBS: Final = 2
"""Imports and exports of one enterprise at a time: one goes on while another is begun."""
RETRY_SECONDS: Final = 5


class Jobs:
    """Counts imports and exports that run, by enterprise; the node's own people are one."""

    def __init__(self) -> None:
        self._running: Counter[int | None] = Counter()

    @contextmanager
    def running(self, principal: ApiKey | Account) -> Iterator[None]:
        """Count one more for as long as the block runs. Raises `Refusal` when `JOBS` run."""
        enterprise = principal.enterprise
        if self._running[enterprise] >= JOBS:
            raise Refusal(retry_after(JOBS_BUSY, RETRY_SECONDS))
        self._running[enterprise] += 1
        try:
            yield
        finally:
            self._running[enterprise] -= 1
            if not self._running[enterprise]:
                del self._running[enterprise]
