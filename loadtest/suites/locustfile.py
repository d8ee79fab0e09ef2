"""What Locust loads: ``locust -f loadtest/suites/locustfile.py --headless --suite NAME …``.

``make loadtest`` runs it for every suite of a profile; by hand it puts load on any node that holds
the beginning of the corpus.
"""

import sys
from pathlib import Path
from typing import Any, ClassVar, Final

import gevent
from locust import LoadTestShape, events
from locust.env import Environment

from loadtest.suites.conductor import Conductor
from loadtest.suites.equipment import equip
from loadtest.suites.options import address, read_target, write_json
from loadtest.suites.payloads import WrongAnswer
from loadtest.suites.probes import Probe
from loadtest.suites.profiles import SUITES
from loadtest.suites.report import suite_document
from loadtest.suites.tally import Book
from loadtest.suites.users import (
    RegisterBulk,
    RegisterSingle,
    ResolveHttp,
    ResolveHttpBatch,
    ResolveTcp,
    ResolveUdp,
)
from loadtest.suites.verdict import EXIT_CODES, Judged, Verdict, judge

__all__ = [
    "RegisterBulk",
    "RegisterSingle",
    "ResolveHttp",
    "ResolveHttpBatch",
    "ResolveTcp",
    "ResolveUdp",
    "Steps",
]

_AT_ONCE: Final = 10_000.0
"""Users that begin in a second: a step is reached at once."""


class Steps(LoadTestShape):
    """As many users as the conductor wants."""

    conductor: ClassVar[Conductor]

    def tick(self) -> tuple[int, float] | None:
        """Return how many users there are to be; None ends the run."""
        scale = self.conductor.scale
        return None if scale is None else (self.conductor.users(scale), _AT_ONCE)


def _add_options(parser: Any) -> None:
    parser.add_argument("--suite", choices=sorted(SUITES), required=True, help="which users")
    parser.add_argument("--target", type=Path, required=True, help="JSON: the node, see options.py")
    parser.add_argument("--summary", type=Path, required=True, help="where to write the result")


def _prepare(environment: Environment, **_: Any) -> None:
    options = environment.parsed_options
    assert options is not None  # noqa: S101 -- this is Locust's command line
    suite, target = SUITES[options.suite], read_target(options.target)
    book = Book()
    conductor = Conductor(environment, suite, book, Probe(address(target.ops), target.pid))
    try:
        environment.user_classes = list(equip(suite, target, book, conductor.failed))
    except (WrongAnswer, OSError) as why:
        _end(environment, conductor, Judged(Verdict.FAIL, (f"before the run: {why!r}",)))
        sys.exit(EXIT_CODES[Verdict.FAIL])
    Steps.conductor = conductor

    def begin(**_: Any) -> None:
        gevent.spawn(conductor.run, target.cores)

    def end(**_: Any) -> None:
        judged = judge([measured.step for measured in conductor.measured], suite.limits)
        if judged.verdict is Verdict.PASS and not conductor.finished:
            judged = Judged(Verdict.INVALID, ("the run was cut short",))
        _end(environment, conductor, judged)

    environment.events.test_start.add_listener(begin)  # type: ignore[no-untyped-call]  # Locust's
    environment.events.quitting.add_listener(end)  # type: ignore[no-untyped-call]  # as above


def _end(environment: Environment, conductor: Conductor, judged: Judged) -> None:
    options = environment.parsed_options
    assert options is not None  # noqa: S101 -- this is Locust's command line
    document = suite_document(
        options.suite, SUITES[options.suite], conductor.measured, conductor.failed, judged
    )
    write_json(options.summary, document)
    environment.process_exit_code = EXIT_CODES[judged.verdict]


events.init_command_line_parser.add_listener(_add_options)  # type: ignore[no-untyped-call]  # as above
events.init.add_listener(_prepare)  # type: ignore[no-untyped-call]  # as above
