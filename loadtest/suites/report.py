"""The documents of a run: JSON for programs, one page of HTML for people. Pure."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from loadtest.suites.measured import Measured
from loadtest.suites.profiles import Suite
from loadtest.suites.verdict import Judged, knee


def suite_document(
    name: str, suite: Suite, measured: Sequence[Measured], failed: Sequence[str], judged: Judged
) -> dict[str, Any]:
    """Return what one suite came to."""
    best = knee([one.step for one in measured], suite.limits) if suite.is_open else None
    found = best is not None and best is not measured[-1].step
    return {
        "suite": name,
        "title": suite.title,
        "load": "open" if suite.is_open else "closed",
        "verdict": judged.verdict.value,
        "reasons": [*judged.reasons, *failed],
        "borne": None if best is None else {"offered": best.offered, "rate": round(best.rate)},
        "knee_found": found,
        "limits": {
            "p99_ms": _ms(suite.limits.p99),
            "answered": suite.limits.answered,
            "at_least": suite.limits.at_least,
        },
        "shares": {"unknown": suite.shares.unknown, "scanned": suite.shares.scanned},
        "steps": [step_document(one) for one in measured],
    }


def step_document(measured: Measured) -> dict[str, Any]:
    """Return what one step came to; the driver's times only where it had little to do."""
    step = measured.step
    entries = measured.cached[1] - measured.cached[0]
    workers = [
        sum(v for name, v in memory.items() if name.startswith("worker"))
        for memory in measured.memory
    ]
    return {
        "offered": step.offered,
        "rate": round(step.rate),
        "seconds": round(step.seconds, 2),
        "asked": step.asked,
        "right": step.right,
        "wrong": step.wrong,
        "refused": step.refused,
        "missing": step.missing,
        "late": step.late,
        "stray": sum(tally.stray for tally in measured.users.values()),
        "driver_cpu": round(step.driver, 3),
        "server_cpu": round(step.server, 3),
        "cpu": {name: round(share, 3) for name, share in measured.cpu.items()},
        "cpu_us_per_answer": {
            name: round(1e6 * share / step.rate, 1) if step.right else None
            for name, share in measured.cpu.items()
            if name != "others"
        },
        "times_ms": {
            user: {
                "p50": _ms(tally.times.quantile(0.5)),
                "p99": _ms(tally.times.quantile(0.99)),
            }
            for user, tally in measured.users.items()
        }
        if step.easy
        else None,
        "server_times_ms": {
            what: {"count": told.count, "p50": _ms(told.p50), "p99": _ms(told.p99)}
            for what, told in measured.server_times.items()
        },
        "by_user": {
            user: {
                "right": tally.right,
                "wrong": tally.wrong,
                "refused": tally.refused,
                "missing": tally.missing,
            }
            for user, tally in measured.users.items()
        },
        "wrong_answers": [
            answer[:400].hex() for tally in measured.users.values() for answer in tally.examples
        ],
        "cached": {"entries": measured.cached[1], "more": entries},
        "worker_memory": {"octets": workers[1], "more": workers[1] - workers[0]},
    }


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None or math.isinf(seconds) else round(1000 * seconds, 3)


_STYLE: Final = """
body { font: 15px/1.5 sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem }
table { border-collapse: collapse; margin: .5rem 0 1.5rem }
td, th { border: 1px solid #bbb; padding: .2rem .6rem; text-align: right; vertical-align: top }
td:first-child, th:first-child { text-align: left }
.PASS { color: #176b2c } .FAIL { color: #b00020 } .INVALID { color: #8a5a00 }
"""
_COLUMNS: Final = (
    "asked/s",
    "right/s",
    "wrong",
    "refused",
    "missing",
    "driver CPU",
    "server CPU",
    "others' CPU",
    "p50 / p99 ms by user",
    "p50 / p99 ms, server's own",
)


def page(document: Mapping[str, Any]) -> str:
    """Return the page of a whole run (`run_document`), with links to Locust's own reports."""
    facts = "".join(
        f"<tr><td>{escape(str(name))}</td><td>{escape(str(value))}</td></tr>"
        for name, value in (document["machine"] | document["run"]).items()
    )
    suites = "".join(_section(suite) for suite in document["suites"])
    verdict = document["verdict"]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>idnode: load test</title>'
        f"<style>{_STYLE}</style><h1>Load test: <span class={verdict}>{verdict}</span></h1>"
        f"<table>{facts}</table>{suites}</html>\n"
    )


def _section(suite: Mapping[str, Any]) -> str:
    name, verdict = suite["suite"], suite["verdict"]
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in suite["reasons"])
    head = "".join(f"<th>{column}</th>" for column in _COLUMNS)
    rows = "".join(_row(step) for step in suite["steps"])
    return (
        f"<h2>{name}: <span class={verdict}>{verdict}</span></h2>"
        f'<p>{escape(suite["title"])}. <a href="{name}.html">Locust’s report</a></p>'
        f"<ul>{reasons}</ul><table><tr>{head}</tr>{rows}</table>"
    )


def _row(step: Mapping[str, Any]) -> str:
    offered = step["offered"]
    theirs = (
        "not told: the driver was too busy"
        if step["times_ms"] is None
        else _times(step["times_ms"])
    )
    cells = (
        "as answers come" if offered is None else f"{offered:,.0f}",
        f"{step['rate']:,}",
        f"{step['wrong']:,}",
        f"{step['refused']:,}",
        f"{step['missing']:,}",
        f"{step['driver_cpu']:.0%}",
        f"{step['server_cpu']:.0%}",
        f"{step['cpu']['others']:.0%}",
        theirs,
        _times(step["server_times_ms"]),
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _times(times: Mapping[str, Mapping[str, Any]]) -> str:
    return "<br>".join(
        f"{escape(what)}: {_told(told['p50'])} / {_told(told['p99'])}"
        for what, told in times.items()
    )


def _told(milliseconds: float | None) -> str:
    return "–" if milliseconds is None else f"{milliseconds:g}"
