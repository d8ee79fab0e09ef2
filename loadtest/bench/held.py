"""What a worker holds: memory and stops of the collector, and its hot names beside a scan.

Every identifier is asked for once, so that the worker holds it; then hot ones are asked for, alone
and with as many names in between that do not exist, each of them once.
"""

from pathlib import Path
from typing import Any, Final

from loadtest.bench import cold, datagrams, importing, nodes, wire
from loadtest.bench.datagrams import Tally

_HOT: Final = 10_000
_QUESTIONS: Final = 4096
_WINDOW: Final = 512
_SLOWLY: Final = 128
"""So many at a time, so that all are taken."""
_OPEN: Final = 8192


def measure(
    node: nodes.Node, key: str, prefix: str, *, count: int, seconds: float
) -> dict[str, Any]:
    """Import `count` identifiers of 300 octets and look at a node with one worker."""
    (worker,) = node.processes()["worker"]
    before = _resident(worker)
    importing.bulk(node, key, b"".join(cold.lines(prefix, 0, count)))
    names = [cold.handle(prefix, number) for number in range(count)]
    questions = [wire.resolution(name, at + 1) for at, name in enumerate(names)]
    size = len(questions[0]) - 8 + cold.VALUES
    address = node.address("handle")
    filled = datagrams.drive_once(address, questions, size, window=_SLOWLY)
    hot = wire.zipf(questions[:_HOT], _QUESTIONS, seed=1)
    hot = [_numbered(question, at + 1) for at, question in enumerate(hot)]
    closed = datagrams.drive(address, hot, [size] * len(hot), seconds=seconds)
    after = _resident(worker)
    return {
        "identifiers": count,
        "octets_of_values": cold.VALUES,
        "held": round(node.metric("idnode_cache_entries")),
        "resident_before": before,
        "resident": after,
        "resident_per_identifier": round((after - before) / count),
        "longest_gc_pause_ms": round(
            1e3 * node.metric("process_gc_pause_longest_seconds", "worker"), 3
        ),
        "lost": filled.lost,
        "wrong": filled.wrong + closed.wrong,
        "half_unknown": _beside_a_scan(node, prefix, hot, size, closed.rate / 2, seconds),
    }


def _beside_a_scan(  # noqa: PLR0917 -- what is asked of whom, and how
    node: nodes.Node, prefix: str, hot: list[bytes], size: int, rate: float, seconds: float
) -> dict[str, Any]:
    address = node.address("handle")
    unknown = [
        wire.resolution(f"{prefix}/NONE{number:08d}", len(hot) + number + 1)
        for number in range(int(rate * seconds))
    ]
    # A name that does not exist is answered with its code and a text: ask for one to know.
    absent = datagrams.reply_to(address, wire.resolution(f"{prefix}/NONE99999999", 1))
    mixed = [
        question
        for at, scanned in enumerate(unknown)
        for question in (_numbered(hot[at % len(hot)], at + 1 + len(unknown) * 2), scanned)
    ]
    sizes = [size, len(absent)] * len(unknown)
    timed = frozenset(question[wire.ID] for question in mixed[::2])
    alone = _gently(address, mixed[::2], [size] * len(unknown), rate / 2, seconds, timed)
    asked = node.metric("idnode_store_questions_total")
    beside = _gently(address, mixed, sizes, rate, seconds, timed)
    asked = node.metric("idnode_store_questions_total") - asked
    return {
        "rate": round(rate),
        "hot_answered": round(beside.timed / max(beside.timed_asked, 1), 5),
        "hot_answered_alone": round(alone.timed / max(alone.timed_asked, 1), 5),
        "p99_ms": round(beside.p99 * 1e3, 3),
        "p99_alone_ms": round(alone.p99 * 1e3, 3),
        "store_queries": round(asked / beside.seconds),
        "wrong": beside.wrong + alone.wrong,
    }


def _gently(  # noqa: PLR0917 -- as above
    address: tuple[str, int],
    questions: list[bytes],
    sizes: list[int],
    rate: float,
    seconds: float,
    timed: frozenset[bytes],
) -> Tally:
    return datagrams.drive(
        address, questions, sizes, seconds=seconds, window=_OPEN, rate=rate, timed=timed
    )


def _numbered(question: bytes, number: int) -> bytes:
    return question[: wire.ID.start] + number.to_bytes(4, "big") + question[wire.ID.stop :]


def _resident(pid: int) -> int:
    """Return the resident memory of a process in octets."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (kibibytes,) = (line.split()[1] for line in lines if line.startswith("VmRSS:"))
    return int(kibibytes) * 1024
