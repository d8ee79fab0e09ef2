"""Hold branch coverage: 100 % of identifiers/, 90 % of every other room that unit tests reach.

Reads the data file that pytest-cov left; prints a line per room and fails below the bar.
``node`` and ``loadtest`` run as processes of their own in the end-to-end tests: they are shown here
and proved there.
"""

import json
import subprocess
import sys
from collections import Counter

BARS = {"identifiers": 100.0, "edge": 90.0, "idnode": 90.0, "registry": 90.0, "resolver": 90.0}
BARS["storage"] = 90.0


def main() -> int:
    report = subprocess.run(
        [sys.executable, "-m", "coverage", "json", "-q", "-o", "-"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    total: Counter[str] = Counter()
    covered: Counter[str] = Counter()
    for path, entry in json.loads(report)["files"].items():
        room, summary = path.split("/")[0], entry["summary"]
        total[room] += summary["num_statements"] + summary["num_branches"]
        covered[room] += summary["covered_lines"] + summary["covered_branches"]
    if not total:
        sys.exit("no coverage data: nothing was measured")
    failed = False
    for room in sorted(total):
        share, bar = 100 * covered[room] / total[room], BARS.get(room)
        short = bar is not None and share < bar
        failed |= short
        sys.stdout.write(
            f"{room:12} {share:6.2f} %  {'' if bar is None else f'bar {bar:.0f} %'}"
            f"{'  BELOW' if short else ''}\n"
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
