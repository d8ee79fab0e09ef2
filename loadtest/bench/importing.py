"""The bulk import, end to end: a body of JSON lines, timed until all of it is durable."""

import http.client
import json
import statistics
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

from loadtest.bench import nodes
from loadtest.bench.comparing import ROUNDS
from loadtest.corpus import Corpus


def enrol(node: nodes.Node, corpus: Corpus, prefix: str) -> str:
    """Give the corpus's enterprise its prefix; return its key."""
    enterprise = node.command("enterprise", "add", corpus.enterprise(1).name)
    node.command("prefix", "home", prefix, "--enterprise", enterprise)
    return node.command("key", "create", "--enterprise", enterprise)


def shortened(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines with the first five values of each."""
    for line in lines:
        document = msgspec.json.decode(line)
        document["values"] = document["values"][:5]
        yield msgspec.json.encode(document) + b"\n"


def measure(node: nodes.Node, key: str, lines: Iterator[bytes], count: int) -> dict[str, Any]:
    """Import `count` identifiers in as many bodies as there are rounds; the rate is a median."""
    each = count // ROUNDS
    rates, size, created = [], 0, 0
    for _ in range(ROUNDS):
        body = b"".join(islice(lines, each))
        start = time.monotonic()
        created += bulk(node, key, body)["created"]
        rates.append(each / (time.monotonic() - start))
        size += len(body)
    return {
        "identifiers": each * ROUNDS,
        "rate": round(statistics.median(rates)),
        "rates": [round(rate) for rate in rates],
        "octets_per_identifier": size // (each * ROUNDS),
        "wrong": each * ROUNDS - created,
    }


def bulk(node: nodes.Node, key: str, body: bytes) -> dict[str, Any]:
    """Import a body; return the counts that the node answers with."""
    host, port = node.address("registry")
    link = http.client.HTTPConnection(host, port, timeout=600)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
    link.request("POST", "/api/v1/imports?mode=create", body=body, headers=headers)
    told: dict[str, Any] = json.load(link.getresponse())
    link.close()
    return told
