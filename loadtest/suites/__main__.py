"""Put a profile of load on a node and say PASS (exit status 0), FAIL (1) or INVALID (3).

Without `--target` a node of its own is started, with its stores, on fresh data; it has one
processor and the driver another. Reports go to a directory: ``report.html`` and ``summary.json``
for the whole run, and for each suite Locust's HTML and CSV files. Everything that was started is
ended.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from loadtest import machine
from loadtest.bench import nodes
from loadtest.corpus import Corpus
from loadtest.suites.furnishing import furnish
from loadtest.suites.options import Target, read_target, write_json, write_target
from loadtest.suites.profiles import PROFILES, SUITES, used
from loadtest.suites.report import page
from loadtest.suites.verdict import EXIT_CODES, Verdict, worst

_LOCUSTFILE: Final = Path(__file__).with_name("locustfile.py")
_PATIENCE: Final = 600.0


def main(words: Sequence[str] | None = None) -> int:
    """Run what the arguments say and return the exit status."""
    arguments = _parser().parse_args(words)
    # Ended from outside, it ends what it started too.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    suites = arguments.suite or PROFILES[arguments.profile]
    arguments.output.mkdir(parents=True, exist_ok=True)
    began = datetime.now(UTC)
    facts = machine.facts()
    with _target(arguments) as target:
        documents = list(_run(suites, target, arguments.target, arguments.output))
    verdict = worst([Verdict(document["verdict"]) for document in documents])
    summary = {
        "verdict": verdict.value,
        "machine": facts,
        "run": {
            "at": began.isoformat(timespec="seconds"),
            "commit": machine.commit(),
            "command": " ".join(["python -m loadtest.suites", *(words or sys.argv[1:])]),
            "enterprises": target.enterprises,
            "identifiers": target.registered,
            "seed": target.seed,
            "server_cores": target.cores,
        },
        "suites": documents,
    }
    write_json(arguments.output / "summary.json", summary)
    (arguments.output / "report.html").write_text(page(summary), encoding="utf-8")
    _say(f"{verdict}: {arguments.output / 'report.html'}")
    return EXIT_CODES[verdict]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtest.suites", description=__doc__)
    parser.add_argument("--profile", choices=sorted(PROFILES), default="standard")
    parser.add_argument("--suite", action="append", choices=sorted(SUITES), help="only this one")
    parser.add_argument(
        "--target",
        type=Path,
        help="JSON of a node that runs (docs/sizing.md); what is registered is noted in it",
    )
    parser.add_argument("--enterprises", type=int, default=514, help="of the corpus (514)")
    parser.add_argument("--identifiers", type=int, default=60_000, help="registered (60,000)")
    parser.add_argument("--output", type=Path, default=Path("var/loadtest"), help="directory")
    return parser


@contextmanager
def _target(arguments: argparse.Namespace) -> Iterator[Target]:
    """Give the node to ask: the one that is named, or one of our own on its own processor."""
    if arguments.target is not None:
        yield read_target(arguments.target)
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {nodes.SERVER_CPU})  # what is started now stays there
    try:
        with nodes.node() as node:
            os.sched_setaffinity(0, {nodes.DRIVER_CPU})
            _say(f"enrolling {arguments.enterprises} enterprises, {arguments.identifiers:,} names")
            yield furnish(node, Corpus(enterprises=arguments.enterprises), arguments.identifiers)
    finally:
        os.sched_setaffinity(0, allowed)


def _run(
    suites: Sequence[str], target: Target, given: Path | None, output: Path
) -> Iterator[dict[str, Any]]:
    """Run one suite after the other; `given` is kept true about what is registered by then."""
    with tempfile.TemporaryDirectory(prefix="idnode-load-") as folder:
        file = given or Path(folder) / "target.json"
        for name in suites:
            _say(f"{name}: {SUITES[name].title}")
            write_target(file, target)
            document = _locust(name, file, output)
            target = msgspec.structs.replace(target, fresh=target.fresh + used(SUITES[name]))
            write_target(file, target)
            for step in document["steps"]:
                _say(
                    f"  {step['rate']:>9,}/s right, driver {step['driver_cpu']:.0%},"
                    f" server {step['server_cpu']:.0%}"
                )
            _say("  ".join([f"  {document['verdict']}", *document["reasons"]]))
            yield document


def _locust(name: str, target: Path, output: Path) -> dict[str, Any]:
    """Run one suite; return its document. What ends without one is INVALID."""
    summary = output / f"{name}.json"
    summary.unlink(missing_ok=True)
    command = [
        *(sys.executable, "-m", "locust", "-f", str(_LOCUSTFILE), "--headless", "--only-summary"),
        *("--loglevel", "WARNING", "--suite", name, "--target", str(target)),
        *("--summary", str(summary), "--html", str(output / f"{name}.html")),
        *("--csv", str(output / name)),
    ]
    with (output / f"{name}.log").open("wb") as log:
        done = subprocess.run(  # noqa: S603 -- our own users
            command, stdout=log, stderr=subprocess.STDOUT, timeout=_PATIENCE, check=False
        )
    if not summary.exists():
        return {
            "suite": name,
            "title": SUITES[name].title,
            "verdict": Verdict.INVALID.value,
            "reasons": [f"Locust ended with status {done.returncode}: see {name}.log"],
            "steps": [],
        }
    document: dict[str, Any] = msgspec.json.decode(summary.read_bytes())
    return document


def _say(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
