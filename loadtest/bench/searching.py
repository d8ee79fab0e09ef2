"""What searching costs, and what it costs imports that there is something to search.

``python -m loadtest.bench.searching [IDENTIFIERS]``; prints one JSON document. Identifiers of 514
enterprises are imported into a node of one worker, chunk by chunk: by turns the projection that
searches read is held back and follows, so that whatever else the machine does falls on both. Then
it is told how long the projection takes to catch up, how far it is behind while 5,000 identifiers a
second are written steadily, and how long each kind of search takes, one after the other over one
connection, each time something else. Exits with 1 when an answer was wrong or a bar is missed. What
it wrote is gone when it ends, also by Ctrl-C.
"""

import argparse
import asyncio
import http.client
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from random import Random
from threading import Event, Thread
from typing import Any, Final
from urllib.parse import quote, urlencode

from loadtest import machine
from loadtest.bench import importing, nodes, population, postgres
from loadtest.corpus import Corpus, forms

IDENTIFIERS: Final = 3_000_000
P99_MS: Final = 100.0
RATIO: Final = 0.9
LAG_SECONDS: Final = 2.0
STEADILY: Final = 5_000
"""Identifiers a second."""
_PREFIX: Final = "88.300.1"
_CHUNK: Final = 50_000
_SECONDS: Final = 20
_REST: Final = 900.0
_SUSPENDED: Final = 200
_LOOK: Final = 0.2
_NOWHERE: Final = "nowhere"
_BEHIND: Final = (
    "SELECT EXISTS (SELECT FROM projection p CROSS JOIN LATERAL (SELECT FROM change"
    " WHERE (xid, id) > (p.xid, p.id) ORDER BY xid, id LIMIT 1) c WHERE p.name = 'search')"
)
Question = Mapping[str, str | Sequence[str]]


class Searcher:
    """Asks one question after the other over one connection."""

    def __init__(self, node: nodes.Node, key: str) -> None:
        self._link = http.client.HTTPConnection(*node.address("registry"), timeout=60)
        self._headers = {"Authorization": f"Bearer {key}"}

    def ask(self, question: Question) -> tuple[dict[str, Any], float]:
        """Return the answer and the seconds that it took. Exits unless it is one."""
        path = f"/api/v1/search?{urlencode(question, doseq=True)}"
        began = time.perf_counter()
        self._link.request("GET", path, headers=self._headers)
        answer = self._link.getresponse()
        body = answer.read()
        took = time.perf_counter() - began
        if answer.status != http.client.OK:
            sys.exit(f"{path} was answered {answer.status}: {body.decode()}")
        document: dict[str, Any] = json.loads(body)
        return document, took

    def close(self) -> None:
        """Give the connection up."""
        self._link.close()

    def suspend(self, name: str) -> None:
        """Suspend one identifier."""
        body = json.dumps({"state": "suspended", "reason": "bench"})
        headers = self._headers | {"Content-Type": "application/json"}
        self._link.request(
            "PATCH", f"/api/v1/identifiers/{quote(name)}", body=body, headers=headers
        )
        answer = self._link.getresponse()
        answer.read()
        if answer.status != http.client.OK:
            sys.exit(f"suspending was answered {answer.status}")


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print what was found."""
    parser = argparse.ArgumentParser(prog="loadtest.bench.searching", description=__doc__)
    parser.add_argument("identifiers", nargs="?", type=int, default=IDENTIFIERS)
    parser.add_argument("--each", type=int, default=300, help="questions of each kind")
    given = parser.parse_args(words)
    if given.identifiers < 2 * _CHUNK:
        parser.error(f"give {2 * _CHUNK:,} identifiers or more")
    nodes.unwind_on_signals()
    try:
        document = measure(given.identifiers, given.each)
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return int(not document["reached"])


def measure(count: int, each: int) -> dict[str, Any]:
    """Fill a node and ask it."""
    corpus = Corpus(prefix=_PREFIX)
    with nodes.node() as node:
        key = importing.enrol(node, population.corpus(), _PREFIX)
        written = _imports(node, key, corpus, count)
        caught_up = _caught_up(node)
        nodes.settle(node, _REST)
        steady = _steadily(node, key, corpus, count)
        _caught_up(node)
        searcher = Searcher(node, key)
        suspended = Random(1).sample(range(count), _SUSPENDED)
        for item in suspended:
            searcher.suspend(corpus.identifier(item)["handle"])
        _caught_up(node)
        nodes.settle(node, _REST)
        searches = {
            name: asked(node, searcher, kind, each) for name, kind in kinds(corpus, count).items()
        }
        searcher.close()
        octets = asyncio.run(_octets(node))
    worst = max(row["p99_ms"] for row in searches.values())
    return {
        "machine": machine.facts() | {"commit": machine.commit()},
        "identifiers": count,
        "imports": written,
        "projection": {
            "caught_up_seconds": round(caught_up, 1),
            "octets_per_identifier": round(octets / count),
            "steadily": steady,
        },
        "searches": searches,
        "bars": {
            "worst_p99_ms": worst,
            "p99": f"at most {P99_MS:g} ms",
            "imports": f"at least {RATIO:g} of the rate without the projection",
            "lag": f"at most {LAG_SECONDS:g} s at {STEADILY:,} identifiers a second",
        },
        "reached": worst <= P99_MS
        and not any(row["missed"] for row in searches.values())
        and written["ratio"] >= RATIO
        and steady["worst_lag_seconds"] <= LAG_SECONDS,
    }


def _imports(node: nodes.Node, key: str, corpus: Corpus, count: int) -> dict[str, Any]:
    """Import chunk by chunk, by turns without and with the projection behind them."""
    rates: dict[bool, list[float]] = {True: [], False: []}
    for number, first in enumerate(range(0, count, _CHUNK)):
        last = min(first + _CHUNK, count)
        body = b"".join(forms.ndjson_shortened(corpus.items(first, last), population.VALUES))
        # Without, with, with, without: what grows with the table falls on both.
        held = number % 4 in {0, 3}
        with _held_back(node) if held else nullcontext():
            began = time.monotonic()
            if importing.bulk(node, key, body)["created"] != last - first:
                sys.exit("an import left something out")
            rates[held].append((last - first) / (time.monotonic() - began))
    with_it, without = (statistics.median(rates[held]) for held in (False, True))
    return {
        "rate": round(with_it),
        "rate_without_projection": round(without),
        "ratio": round(with_it / without, 3),
        "rates": [round(rate) for rate in rates[False]],
        "rates_without_projection": [round(rate) for rate in rates[True]],
    }


@contextmanager
def _held_back(node: nodes.Node) -> Iterator[None]:
    """Keep the projection from its place in the change log until the block ends."""
    with asyncio.Runner() as runner:
        connection = runner.run(postgres.connect(node))
        try:
            runner.run(
                connection.execute(
                    "SET idle_in_transaction_session_timeout = 0; BEGIN;"
                    "SELECT FROM projection WHERE name = 'search' FOR UPDATE"
                )
            )
            yield
        finally:
            runner.run(connection.close())


def _caught_up(node: nodes.Node) -> float:
    """Wait until everything that was written is found; return how many seconds that took."""
    began = time.monotonic()
    with asyncio.Runner() as runner:
        connection = runner.run(postgres.connect(node))
        while runner.run(connection.fetchval(_BEHIND)):
            time.sleep(_LOOK)
        runner.run(connection.close())
    return time.monotonic() - began


async def _octets(node: nodes.Node) -> int:
    connection = await postgres.connect(node)
    try:
        return int(await connection.fetchval("SELECT pg_total_relation_size('search_block')"))
    finally:
        await connection.close()


def _steadily(node: nodes.Node, key: str, corpus: Corpus, first: int) -> dict[str, Any]:
    """Import `STEADILY` identifiers a second for a while and look how far behind searches are."""
    seen: list[float] = []
    done = Event()

    def look() -> None:
        searcher = Searcher(node, key)
        while not done.wait(_LOOK):
            document, _ = searcher.ask({"q": "steadily", "limit": "1"})
            seen.append(document["lag_seconds"])

    looking = Thread(target=look)
    looking.start()
    began, late = time.monotonic(), 0.0
    try:
        for second in range(_SECONDS):
            start = first + second * STEADILY
            items = corpus.items(start, start + STEADILY)
            body = b"".join(forms.ndjson_shortened(items, population.VALUES))
            importing.bulk(node, key, body)
            spare = began + second + 1 - time.monotonic()
            late = max(late, -spare)
            time.sleep(max(0.0, spare))
    finally:
        done.set()
        looking.join()
    return {
        "identifiers_per_second": STEADILY,
        "seconds": _SECONDS,
        "driver_late_seconds": round(late, 2),
        "median_lag_seconds": round(statistics.median(seen), 2),
        "worst_lag_seconds": max(seen),
    }


def kinds(corpus: Corpus, count: int) -> dict[str, Callable[[int], tuple[Question, str]]]:
    """Return what is asked, by kind: from a number to a question and a name that is found.

    The name is empty where what is found first depends on the order of changes.
    """
    rare = Random(2)
    drawn = [corpus.identifier(item) for item in rare.sample(range(count), 1000)]

    def name(number: int) -> str:
        return str(drawn[number % len(drawn)]["handle"])

    def text(number: int, place: int) -> tuple[str, str]:
        value = drawn[number % len(drawn)]["values"][place]
        return value["type"], value["data"]["value"]

    def field(number: int, place: int) -> Question:
        kind, data = text(number, place)
        return {"field": f"{kind}={data}", "prefix": name(number).partition("/")[0]}

    def words(number: int) -> str:
        (_, first), (_, second) = text(number, 1), text(number, 2)
        return f"{first[:2]} {second[:2]}"

    return {
        "name": lambda n: ({"name": name(n)}, name(n)),
        "beginning_of_name": lambda n: ({"begins": name(n)[:-1]}, ""),
        "field_of_one": lambda n: ({"field": f"URL={text(n, 0)[1]}"}, name(n)),
        "field_of_some": lambda n: (field(n, 3), ""),
        "field_of_many": lambda n: ({"field": "{}={}".format(*text(n, 2))}, ""),
        "field_begins": lambda n: ({"field": f"URL={text(n, 0)[1][:-1]}*"}, ""),
        "chinese_word": lambda n: ({"q": text(n, 1)[1][:2]}, ""),
        "chinese_words": lambda n: ({"q": words(n)}, ""),
        "words_counted": lambda n: ({"q": text(n, 1)[1][:2], "count": "1"}, ""),
        "words_and_serial": lambda n: (
            {"q": f"{text(n, 1)[1][:2]} {name(n).rpartition('/')[2]}", "prefix": _above(name(n))},
            "",
        ),
        "nowhere": lambda n: ({"q": f"不存在的词{n}"}, _NOWHERE),
        "state": lambda n: ({"state": "suspended", "limit": str(1 + n % 100)}, ""),
        "state_and_prefix": lambda n: (
            {"state": "active", "prefix": _above(name(n)), "count": "1"},
            "",
        ),
        "changed": lambda n: ({"changed_since": "2026-01-01T00:00:00Z", "q": words(n)}, ""),
    }


def _above(name: str) -> str:
    return name.partition("/")[0]


def asked(
    node: nodes.Node,
    searcher: Searcher,
    kind: Callable[[int], tuple[Question, str]],
    each: int,
) -> dict[str, Any]:
    """Ask `each` questions of a kind; tell how long that took, and how often it went wrong."""
    before = nodes.used(node.pid)
    took: list[float] = []
    missed = empty = 0
    for number in range(each):
        question, name = kind(number)
        document, seconds = searcher.ask(question)
        took.append(seconds * 1e3)
        found = {item["handle"] for item in document["items"]}
        empty += not found
        missed += bool(found) if name == _NOWHERE else bool(name) and name not in found
    return {
        "p50_ms": round(statistics.median(took), 2),
        "p99_ms": round(statistics.quantiles(took, n=100, method="inclusive")[-1], 2),
        "worst_ms": round(max(took), 2),
        "processor_ms": round((nodes.used(node.pid) - before) / each * 1e3, 2),
        "found_nothing": empty,
        "missed": missed,
    }


if __name__ == "__main__":
    sys.exit(main())
