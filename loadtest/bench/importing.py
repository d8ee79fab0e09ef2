"""The bulk import, end to end: a body of JSON lines, timed until all of it is durable."""

import http.client
import json
import time
from collections.abc import Iterable
from typing import Any

from loadtest.bench import nodes
from loadtest.bench.population import Population
from loadtest.corpus import Corpus


def enrol(node: nodes.Node, corpus: Corpus, prefix: str) -> str:
    """Give the corpus's enterprise its prefix; return its key."""
    enterprise = node.command("enterprise", "add", corpus.enterprise(1).name)
    node.command("prefix", "home", prefix, "--enterprise", enterprise)
    return node.command("key", "create", "--enterprise", enterprise)


def measure(node: nodes.Node, key: str, population: Population) -> dict[str, Any]:
    """Import all of the population in one body."""
    count, size = len(population.names), population.octets()
    start = time.monotonic()
    created = bulk(node, key, population.body(), size)["created"]
    took = time.monotonic() - start
    return {
        "identifiers": count,
        "rate": round(count / took),
        "seconds": round(took, 1),
        "octets_per_identifier": size // count,
        "wrong": count - created,
    }


def bulk(
    node: nodes.Node, key: str, body: bytes | Iterable[bytes], size: int | None = None
) -> dict[str, Any]:
    """Import a body, `size` octets when it comes in blocks; return the counts of the node."""
    host, port = node.address("registry")
    link = http.client.HTTPConnection(host, port, timeout=600)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
    if size is not None:
        headers["Content-Length"] = str(size)
    link.request("POST", "/api/v1/imports?mode=create", body=body, headers=headers)
    told: dict[str, Any] = json.load(link.getresponse())
    link.close()
    return told
