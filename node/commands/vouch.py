"""Trusted resolution at the command line: the verdict in words and as JSON."""

from collections.abc import Mapping
from typing import Any, Final

from identifiers.trust.verification import Report, Verdict

EXIT_STATUS: Final[Mapping[Verdict, int]] = {
    Verdict.TRUSTED: 0,
    Verdict.UNKNOWN: 3,
    Verdict.UNTRUSTED: 4,
}
"""1 and 2 say that nothing was found out."""
_LISTS: Final = ("verified", "bad", "unsigned", "missing")


def report_lines(report: Report) -> list[str]:
    """Return a report for people, a line for each thing that is worth telling."""
    lines = [f"{report.verdict.name.lower()}: {report.reason}"]
    for name in _LISTS:
        indexes = getattr(report, name)
        if indexes:
            lines.append(f"  {name + ':':<10} {', '.join(map(str, indexes))}")
    if report.chain:
        lines.append(f"  {'chain:':<10} {' < '.join(report.chain)}")
    return lines


def report_document(report: Report) -> dict[str, Any]:
    """Return a report as a JSON object."""
    lists = {name: list(getattr(report, name)) for name in _LISTS}
    verdict = report.verdict.name.lower()
    return {"verdict": verdict, "reason": report.reason, **lists, "chain": list(report.chain)}
