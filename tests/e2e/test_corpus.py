"""Enterprises of coal and road freight register their corpus in bulk; every name is resolved.

A sample in CI; ``make e2e-large`` runs 514 enterprises and 300,000 identifiers.
"""

import asyncio
import json
import time

import pytest

from identifiers.wire.jsonform import read_identifier
from idnode import RegistryClient
from idnode.handle import Transport
from loadtest.corpus import Corpus
from tests.e2e.nodes import all_looked_up, looked_up, until

IN_FLIGHT = 64


@pytest.mark.parametrize(
    ("enterprises", "identifiers"),
    [
        pytest.param(12, 3_000, id="sample"),
        pytest.param(
            514, 300_000, id="whole", marks=[pytest.mark.large, pytest.mark.timeout(3600)]
        ),
    ],
)
async def test_what_enterprises_import_is_what_devices_resolve(
    make_node, tmp_path, enterprises, identifiers
):
    node = await make_node()
    corpus = Corpus(enterprises=enterprises)
    keys = await enrol(node, corpus, tmp_path)
    start = time.monotonic()
    for number, key in keys.items():
        if count := corpus.count_of(number, identifiers):
            file = tmp_path / "rows.ndjson"
            file.write_bytes(b"".join(corpus.ndjson_of(number, 0, count)))
            await import_all(node, key, file, count)
    report(f"{identifiers} identifiers of {enterprises} enterprises imported", identifiers, start)
    last = corpus.identifier(identifiers - 1)
    await until(lambda: known(node, last["handle"]))
    for transport in (Transport.UDP, Transport.TCP):
        start = time.monotonic()
        await compare_by_handle(node, corpus, identifiers, transport)
        report(f"compared over {transport}", identifiers, start)
    start = time.monotonic()
    await compare_by_http(node, corpus, identifiers)
    report("compared over HTTP", identifiers, start)


async def enrol(node, corpus, directory):
    """Enrol every enterprise with the operator's command; return the keys by number."""
    lines = []
    for number in range(1, corpus.enterprises + 1):
        one = corpus.enterprise(number)
        lines.append(
            {
                "name": one.name,
                "credit_code": one.credit_code,
                "industry": one.class_code,
                "prefixes": [one.prefix],
            }
        )
    file = directory / "enterprises.ndjson"
    file.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines))
    told = (await node.command("enterprise", "load", str(file))).stdout.splitlines()
    keys = [json.loads(line)["api_key"] for line in told]
    assert len(set(keys)) == corpus.enterprises
    return dict(enumerate(keys, 1))


async def import_all(node, key, file, count):
    async with RegistryClient(node.url("registry"), key) as client:
        done = await client.transfers.send(file, "ndjson")
    assert (done.created, done.rejected) == (count, 0)


async def known(node, handle):
    async with node.http() as http:
        return (await http.resolve(handle)).found


def values_of(document):
    """Return what makes two values equal to a device: all but the server's time stamp."""
    return [
        (v.index, v.type, v.data, v.ttl, v.permissions) for v in read_identifier(document).values
    ]


def told(answer):
    return [(v.index, v.type, v.data, v.ttl, v.permissions) for v in answer.values]


async def compare_by_handle(node, corpus, identifiers, transport):
    numbers = iter(range(identifiers))

    async with node.handle(transport) as client:

        async def device():
            for n in numbers:
                document = corpus.identifier(n)
                answer = await looked_up(client, document["handle"])
                assert answer.found, (document["handle"], answer)
                assert told(answer) == values_of(document)

        await asyncio.gather(*(device() for _ in range(IN_FLIGHT)))


async def compare_by_http(node, corpus, identifiers):
    async with node.http() as http:
        for start in range(0, identifiers, 1000):
            documents = [corpus.identifier(n) for n in range(start, min(start + 1000, identifiers))]
            answers = await all_looked_up(http, [d["handle"] for d in documents])
            for document, answer in zip(documents, answers, strict=True):
                assert answer.found, (document["handle"], answer)
                assert told(answer) == values_of(document)
            one = await http.resolve(documents[0]["handle"])
            assert one == answers[0]


def report(what, count, start):
    seconds = time.monotonic() - start
    print(f"{what}: {seconds:.1f} s, {count / seconds:,.0f}/s")  # noqa: T201 -- shown by make e2e-large
