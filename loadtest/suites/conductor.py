"""Leads one suite through its steps and measures each. Loaded by Locust only."""

import sys
import time
from typing import Final

import gevent
from locust.env import Environment

from loadtest.suites.measured import Measured, measure
from loadtest.suites.probes import Probe
from loadtest.suites.profiles import SETTLE, Suite
from loadtest.suites.publishing import Publisher
from loadtest.suites.tally import Book, Tally
from loadtest.suites.verdict import goes_on

_TURN: Final = 0.5
_PATIENCE: Final = 30.0


class Conductor:
    """Goes from step to step; `scale` is what the shape reads, None: the end."""

    def __init__(self, environment: Environment, suite: Suite, book: Book, probe: Probe) -> None:
        self.scale: int | None = suite.steps[0]
        self.measured: list[Measured] = []
        self.failed: list[str] = []
        self.finished = False
        self._environment, self._suite = environment, suite
        self._book, self._probe = book, probe
        self._publisher = Publisher(environment.stats, book)

    def users(self, scale: int) -> int:
        """Return how many users a scale is."""
        return scale * sum(part.users for part in self._suite.parts)

    def run(self, cores: float) -> None:
        """Go through the steps while it is worth it; `cores` the server was given."""
        try:
            for scale in self._suite.steps:
                self.scale = scale
                self._everybody_is_there(scale)
                self._go_on(SETTLE)
                measured = self._measure(scale, cores)
                self.measured.append(measured)
                if not goes_on(measured.step, self._suite.limits):
                    break
            self.finished = True
        except OSError as why:
            self.failed.append(f"the node did not tell its metrics: {why}")
        finally:
            self.scale = None

    def _everybody_is_there(self, scale: int) -> None:
        runner = self._environment.runner
        deadline = time.monotonic() + _PATIENCE
        while runner is None or runner.user_count != self.users(scale):
            if time.monotonic() > deadline:
                raise ConnectionError("not all users could begin")
            gevent.sleep(0.05)

    def _measure(self, scale: int, cores: float) -> Measured:
        before = self._probe.look()
        self._turn()
        began = time.monotonic()
        sys.stderr.write(f"measuring {self._name(scale)}\n")
        sys.stderr.flush()
        self._go_on(self._suite.seconds)
        users, seconds = self._turn(), time.monotonic() - began
        after = self._probe.look()
        return measure(
            self._suite,
            scale,
            users,
            (before, after),
            seconds=seconds,
            cores=cores,
            errors=len(self.failed),
        )

    def _go_on(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            gevent.sleep(min(left, _TURN))
            self._publish()

    def _turn(self) -> dict[str, Tally]:
        self._publish()
        self._publisher.turned()
        return self._book.turn()

    def _publish(self) -> None:
        if self.scale is not None:
            self._publisher.publish(self._name(self.scale))

    def _name(self, scale: int) -> str:
        offered = self._suite.offered(scale)
        return "full load" if offered is None else f"{offered:,.0f}/s"
