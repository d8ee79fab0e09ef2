"""Say how many tests ran, of all reports that are named; in CI none may be left out.

Reads what ``pytest --junitxml`` wrote. A test that only root can run is left out for others also in
CI; one that misses a server, a library or a client is not.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

ONLY_ROOT = "only root"
"""How the reason of a test begins that only root can run."""


def left_out(report: ET.Element) -> Iterator[tuple[str, str]]:
    """Yield name and reason of every test that was skipped."""
    for case in report.iter("testcase"):
        for skipped in case.iter("skipped"):
            yield f"{case.get('classname')}::{case.get('name')}", skipped.get("message", "")


def main(paths: list[str]) -> int:
    told, total, missing = [], 0, 0
    for path in map(Path, paths):
        report = ET.parse(path).getroot()  # noqa: S314 -- pytest wrote it just now
        skipped = list(left_out(report))
        ran = sum(1 for _ in report.iter("testcase")) - len(skipped)
        total += ran
        told.append(f"{path.stem} {ran:,}")
        for name, why in skipped:
            sys.stdout.write(f"LEFT OUT {name}: {why}\n")
            missing += not why.startswith(ONLY_ROOT)
    sys.stdout.write(f"{total:,} tests ran: {', '.join(told)}; {missing} left out\n")
    return int(not total or (missing > 0 and "CI" in os.environ))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
