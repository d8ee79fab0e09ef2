"""A node with the beginning of the corpus: its enterprises, their prefixes, keys, identifiers."""

import http.client
import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from loadtest.bench.nodes import Node
from loadtest.corpus import Corpus
from loadtest.suites.options import Address, Target, address
from loadtest.suites.probes import Probe

_PATIENCE = 600
_SETTLED = 1.0
"""Seconds that a projection may be behind when nothing is written."""
_CALM = 3.0
_PAUSE = 0.2


def furnish(node: Node, corpus: Corpus, identifiers: int) -> Target:
    """Enrol every enterprise and let each import its own; return where and what is there.

    What follows an import (the projections) is waited for: it would be measured with the first
    suite. Raises `ConnectionError` when an import leaves something out, `TimeoutError`.
    """
    keys = _enrol(node, corpus)
    _import(address(str(node.ready["registry"])), corpus, keys, identifiers)
    _settle(Probe(address(str(node.ready["ops"])), node.pid))
    return Target(
        handle=str(node.ready["handle"]),
        http=str(node.ready["http"]),
        registry=str(node.ready["registry"]),
        ops=str(node.ready["ops"]),
        enterprises=corpus.enterprises,
        registered=identifiers,
        fresh=identifiers,
        keys=keys,
        pid=node.pid,
        seed=corpus.seed,
        prefix=corpus.prefix,
    )


def _enrol(node: Node, corpus: Corpus) -> dict[str, str]:
    """Enrol all enterprises; return the key of each prefix."""
    enterprises = [corpus.enterprise(number) for number in range(1, corpus.enterprises + 1)]
    lines = [
        {
            "name": one.name,
            "credit_code": one.credit_code,
            "industry": one.class_code,
            "prefixes": [one.prefix],
        }
        for one in enterprises
    ]
    with tempfile.NamedTemporaryFile(suffix=".ndjson") as file:
        Path(file.name).write_bytes(b"\n".join(map(msgspec.json.encode, lines)))
        told = node.command("enterprise", "load", file.name)
    enrolled = map(json.loads, told.splitlines())
    return {prefix: one["api_key"] for one in enrolled for prefix in one["prefixes"]}


def _import(registry: Address, corpus: Corpus, keys: Mapping[str, str], identifiers: int) -> None:
    link = http.client.HTTPConnection(*registry, timeout=_PATIENCE)
    for number in range(1, corpus.enterprises + 1):
        count = corpus.count_of(number, identifiers)
        key = keys[corpus.enterprise(number).prefix]
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
        body = b"".join(corpus.ndjson_of(number, 0, count))
        link.request("POST", "/api/v1/imports?mode=create", body=body, headers=headers)
        told = json.load(link.getresponse())
        if told.get("created") != count:
            raise ConnectionError(f"of {count} identifiers not all were taken: {told}")
    link.close()


def _settle(probe: Probe) -> None:
    """Wait until no projection is behind for a while: one that stands back looks idle."""
    deadline = time.monotonic() + _PATIENCE
    calm_since = time.monotonic()
    while time.monotonic() - calm_since < _CALM:
        time.sleep(_PAUSE)
        if probe.read().lag > _SETTLED:
            calm_since = time.monotonic()
        if time.monotonic() > deadline:
            raise TimeoutError("the node does not come to rest after the import")
