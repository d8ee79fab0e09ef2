"""Hot names while as many names are asked for that do not exist, each of them once: a scan.

Open load at half of the capacity, which is taken just before: a quarter of it hot, a quarter
unknown; in turn with the hot quarter alone, in short runs. Every unknown name is a miss on all
tiers; a resolver that is asked for more of them than it looks up at a time drops them, never hot
ones.
"""

import asyncio
import statistics
import time
from collections.abc import Iterable, Sequence
from typing import Any, Final

from loadtest.bench import datagrams, nodes, postgres, wire
from loadtest.bench.asking import OverUdp, over_udp
from loadtest.bench.datagrams import Tally
from loadtest.bench.hot import Hot
from loadtest.bench.workload import Exchange, Workload

SHARE: Final = 0.5
"""Of the capacity, is asked."""
_RUNS: Final = 5


def measure(node: nodes.Node, prefix: str, asked: Hot, seconds: float) -> dict[str, Any]:
    """Ask for hot names with and without a scan; runs take half of `seconds` each."""
    port = node.address("handle")[1]
    with over_udp(asked.warming) as ask:
        ask(port)
    with over_udp(asked.workload) as ask:
        capacity = ask(port, seconds=seconds).rate
        rate, each = SHARE * capacity, seconds / 2
        mixed = _mixed(node, prefix, asked, int(rate * each / 2) * _RUNS)
        with over_udp(mixed) as ask_mixed:
            return _alternating(node, ask, ask_mixed, port, rate, each) | {
                "capacity": round(capacity)
            }


def _mixed(node: nodes.Node, prefix: str, asked: Hot, unknown: int) -> Workload:
    """Return hot names and names that do not exist by turns."""
    hot = asked.workload
    # A name that does not exist is answered with its code and a text: ask for one to know.
    address = node.address("handle")
    absent = len(datagrams.reply_to(address, wire.resolution(f"{prefix}/NONE99999999", 1)))
    scanned = [
        Exchange(
            wire.resolution(f"{prefix}/NONE{number:08d}", 0),
            bytes(absent),
            passing=(0, absent),
            timed=False,
        )
        for number in range(unknown)
    ]
    draws = [
        draw
        for number in range(unknown)
        for draw in (hot.draws[number % len(hot.draws)], len(hot.exchanges) + number)
    ]
    return Workload([*hot.exchanges, *scanned], draws)


def _alternating(  # noqa: PLR0917 -- what is asked of whom, and how
    node: nodes.Node, ask: OverUdp, ask_mixed: OverUdp, port: int, rate: float, seconds: float
) -> dict[str, Any]:
    alone, beside = [], []
    questions = 0.0
    transactions = asyncio.run(postgres.transactions(node))
    for number in range(_RUNS):
        asked = round(rate * seconds) * number
        alone.append(ask(port, seconds=seconds, rate=rate / 2, start=asked // 2))
        before = node.metric("idnode_store_questions_total")
        beside.append(ask_mixed(port, seconds=seconds, rate=rate, start=asked))
        questions += node.metric("idnode_store_questions_total") - before
    # What a node at rest asks meanwhile, some eight a second, is counted too.
    time.sleep(postgres.LATEST)
    transactions = asyncio.run(postgres.transactions(node)) - transactions
    seconds = sum(t.seconds for t in beside)
    return {
        "rate": round(rate),
        "hot_answered": _answered(beside),
        "hot_answered_alone": _answered(alone),
        "unknown_answered": round(
            sum(t.answered - t.timed for t in beside)
            / max(sum(t.asked - t.timed_asked for t in beside), 1),
            4,
        ),
        "p50_ms": _milliseconds(t.p50 for t in beside),
        "p50_alone_ms": _milliseconds(t.p50 for t in alone),
        "p99_ms": _milliseconds(t.p99 for t in beside),
        "p99_alone_ms": _milliseconds(t.p99 for t in alone),
        "times_alone": round(
            statistics.median(t.p99 for t in beside)
            / max(statistics.median(t.p99 for t in alone), 1e-9),
            2,
        ),
        "p99_each_ms": [round(t.p99 * 1e3, 3) for t in beside],
        "p99_alone_each_ms": [round(t.p99 * 1e3, 3) for t in alone],
        "store_queries": round(questions / seconds),
        "postgres_transactions": round(transactions / seconds),
        "busy": sum(t.busy for t in beside),
        "wrong": sum(t.wrong for t in beside + alone),
    }


def _answered(runs: Sequence[Tally]) -> float:
    return round(sum(t.timed for t in runs) / max(sum(t.timed_asked for t in runs), 1), 6)


def _milliseconds(seconds: Iterable[float]) -> float:
    return round(statistics.median(seconds) * 1e3, 3)
