"""The load tests are tested: they tell right from wrong, and a slow node from a slow driver."""

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager

import msgspec
import psutil
import pytest

from loadtest.bench import nodes
from loadtest.corpus import Corpus
from loadtest.suites.furnishing import furnish
from loadtest.suites.options import Target, read_target, write_target
from loadtest.suites.profiles import SUITES, Kind, used
from tests.e2e.nodes import until

IDENTIFIERS = 150
EVERY = 5
"""One datagram in so many is altered."""
STARVED = 2.0
"""Seconds; more than `tiny` lets its driver be late."""


class Altering(asyncio.DatagramProtocol):
    """Hands datagrams on to a node and its answers back, some with a value altered."""

    def __init__(self, behind: tuple[str, int]) -> None:
        self.behind = behind
        self.seen = 0
        self.peers: dict[bytes, tuple[str, int]] = {}

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, data, peer) -> None:
        if peer != self.behind:
            self.peers[data[8:12]] = peer
            self.transport.sendto(data, self.behind)
            return
        self.seen += 1
        if self.seen % EVERY == 0:
            # The last value's last octet stands before its count of references.
            data = data[:-5] + bytes([data[-5] ^ 1]) + data[-4:]
        self.transport.sendto(data, self.peers[data[8:12]])


@asynccontextmanager
async def altering(behind):
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: Altering(behind), local_addr=("127.0.0.1", 0)
    )
    try:
        yield "{}:{}".format(*transport.get_extra_info("sockname"))
    finally:
        transport.close()


class Run:
    """One ``python -m loadtest.suites`` of the tiny suite."""

    def __init__(self, folder, target: Target) -> None:
        folder.mkdir()
        self.output = folder / "report"
        self.file = folder / "target.json"
        write_target(self.file, target)

    async def start(self) -> "Run":
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "loadtest.suites", "--suite", "tiny"),
            *("--target", str(self.file), "--output", str(self.output)),
            stderr=asyncio.subprocess.PIPE,
        )
        return self

    async def ended(self):
        """Return exit status and the document of the suite."""
        said = (await self.process.communicate())[1].decode()
        assert (self.output / "summary.json").exists(), said
        summary = json.loads((self.output / "summary.json").read_bytes())
        return self.process.returncode, summary["suites"][0]

    async def measuring(self) -> psutil.Process:
        """Wait until something is measured; return the driver."""
        log = self.output / "tiny.log"
        await until(lambda: log.exists() and b"measuring" in log.read_bytes())
        (driver,) = psutil.Process(self.process.pid).children()
        return driver


@pytest.fixture
async def target(node):
    running = nodes.Node(node.environment, node.ready, node.pid)
    corpus = Corpus(seed=7, prefix="88.300.7", enterprises=3)
    return await asyncio.to_thread(furnish, running, corpus, IDENTIFIERS)


async def test_right_wrong_and_starved_are_told_apart(target, node, tmp_path):
    run = await Run(tmp_path / "right", target).start()
    status, told = await run.ended()
    assert (told["verdict"], told["reasons"], status) == ("PASS", [], 0), told
    (step,) = told["steps"]
    assert set(step["by_user"]) == set(Kind)
    assert all(seen["right"] and not seen["wrong"] for seen in step["by_user"].values())
    assert {"udp", "tcp", "http", "/api/v1/identifiers"} <= set(step["server_times_ms"])
    assert 0 < step["driver_cpu"] < 1
    assert step["server_cpu"] > 0
    await everything_is_reported(run.output)
    await what_was_registered_is_there(target, node)
    # A second run against the same node registers other names.
    assert read_target(run.file).fresh == target.fresh + used(SUITES["tiny"])

    # None of these registers what another does.
    targets = [
        msgspec.structs.replace(target, fresh=target.fresh + n * used(SUITES["tiny"]))
        for n in range(1, 5)
    ]
    async with altering(node.address("handle")) as altered:
        runs = [
            await Run(tmp_path / name, one).start()
            for name, one in (
                ("altered", msgspec.structs.replace(targets[0], udp=altered)),
                ("starved", targets[1]),
                ("cut", targets[2]),
                ("another", msgspec.structs.replace(targets[3], seed=8)),
            )
        ]
        driver = await runs[1].measuring()
        driver.suspend()
        await asyncio.sleep(STARVED)
        driver.resume()
        (await runs[2].measuring()).terminate()
        ended = [await run.ended() for run in runs]
    (bad, wrong), (doubtful, starved), (nothing, cut), (refused, other) = ended

    assert (bad, wrong["verdict"]) == (1, "FAIL")
    assert "wrong answers" in wrong["reasons"][0]
    assert wrong["steps"][0]["by_user"][Kind.UDP]["wrong"]
    assert not wrong["steps"][0]["by_user"][Kind.TCP]["wrong"]
    assert wrong["steps"][0]["wrong_answers"]

    assert (doubtful, starved["verdict"]) == (3, "INVALID")
    assert "the driver was late" in starved["reasons"][0]
    assert not starved["steps"][0]["wrong"]

    assert (nothing, cut["verdict"]) == (3, "INVALID")

    # A node that holds other values than the corpus says is found out before the run.
    assert (refused, other["verdict"], other["steps"]) == (1, "FAIL", [])
    assert "before the run" in other["reasons"][0]


async def everything_is_reported(output):
    names = {"summary.json", "report.html", "tiny.html", "tiny.json", "tiny_stats.csv"}
    assert names <= {path.name for path in output.iterdir()}
    summary = json.loads((output / "summary.json").read_bytes())
    assert summary["machine"]["processors"] == os.cpu_count()
    assert summary["run"]["identifiers"] == IDENTIFIERS
    assert summary["run"]["commit"]
    page = (output / "report.html").read_text()
    assert summary["machine"]["model"] in page
    assert "tiny.html" in page
    # Locust's own reports tell of the same answers.
    assert "Handle UDP" in (output / "tiny_stats.csv").read_text()
    assert "api_key" not in page + json.dumps(summary)


async def what_was_registered_is_there(target, node):
    item = target.corpus().identifier(target.fresh)
    async with node.handle() as client:
        found = await client.resolve(item["handle"])
    assert [(v.index, v.type, v.data, v.ttl) for v in found.values] == [
        (v["index"], v["type"], v["data"]["value"].encode(), v["ttl"]) for v in item["values"]
    ]
