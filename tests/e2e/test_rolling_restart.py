"""All workers are replaced under load: no answer is lost or wrong, no Handle connection is cut."""

import asyncio
import itertools
import json
import os
import signal
from contextlib import AsyncExitStack

import pytest

from loadtest.bench import wire
from tests.e2e.journal import values
from tests.e2e.nodes import until

NAMES = 40
WINDOW = 32
ENVELOPE, LENGTH = 20, slice(16, 20)
ID = slice(8, 12)


class Driver:
    """Keeps asking until `finish`; `answered`, `wrong` and `outstanding` tell how it went."""

    def __init__(self, names):
        self.turn = itertools.cycle(names)
        self.numbers = itertools.count(1)
        self.outstanding = {}
        self.answered = self.wrong = 0
        self.going = True
        self.quiet = asyncio.Event()

    def question(self):
        number = next(self.numbers)
        question = wire.resolution(next(self.turn), number)
        self.outstanding[question[ID]] = question
        return question

    def take(self, reply):
        question = self.outstanding.pop(reply[ID], None)
        self.answered += 1
        self.wrong += question is None or not wire.is_success(reply, question)
        if self.going:
            self.ask()
        elif not self.outstanding:
            self.quiet.set()

    async def finish(self):
        self.going = False
        if self.outstanding:
            async with asyncio.timeout(5):
                await self.quiet.wait()


class Udp(Driver, asyncio.DatagramProtocol):
    """A window that is always full."""

    def connection_made(self, transport):
        self.transport = transport
        for _ in range(WINDOW):
            self.ask()

    def ask(self):
        self.transport.sendto(self.question())

    def datagram_received(self, data, _):
        self.take(data)


class Tcp(Driver, asyncio.Protocol):
    """A pipeline that is never empty; octets are sent in odd pieces."""

    def __init__(self, names):
        super().__init__(names)
        self.read, self.cut, self.kept = b"", False, b""

    def connection_made(self, transport):
        self.transport = transport
        for _ in range(WINDOW):
            self.ask()

    def ask(self):
        octets = self.kept + self.question()
        # The last octets go with the next question, so a message is under way at most moments.
        self.kept = octets[-7:] if len(self.outstanding) < WINDOW else b""
        self.transport.write(octets[: len(octets) - len(self.kept)])

    def data_received(self, data):
        self.read += data
        while len(self.read) >= ENVELOPE:
            end = ENVELOPE + int.from_bytes(self.read[LENGTH], "big")
            if len(self.read) < end:
                return
            reply, self.read = self.read[:end], self.read[end:]
            self.take(reply)

    def connection_lost(self, _):
        self.cut = True

    async def finish(self):
        self.transport.write(self.kept)
        await super().finish()


class Http:
    """Kept connections, `at_once` requests pipelined on each, `pause` seconds between."""

    def __init__(self, address, names, at_once, pause):
        self.address, self.turn = address, itertools.cycle(names)
        self.at_once, self.pause = at_once, pause
        self.answered = self.lost = self.wrong = self.opened = 0

    async def run(self, stop):
        while not stop.is_set():
            reader, writer = await asyncio.open_connection(*self.address)
            self.opened += 1
            try:
                while not stop.is_set() and await self.ask(reader, writer):
                    await asyncio.sleep(self.pause)
                    if reader.at_eof():
                        break  # closed while nothing was asked
            finally:
                writer.close()

    async def ask(self, reader, writer):
        """Return whether the connection may be asked again."""
        names = [next(self.turn) for _ in range(self.at_once)]
        writer.write(b"".join(map(wire.get, names)))
        for name in names:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.partition(b":")[2])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length:")
                )
                body = await reader.readexactly(length)
            except (asyncio.IncompleteReadError, ConnectionError):
                self.lost += 1
                return False
            self.answered += 1
            self.wrong += not (head.startswith(b"HTTP/1.1 200 ") and name.encode() in body)
            ends = b"connection: close" in head.lower()
            if ends and name is not names[-1]:
                self.lost += 1
        return not ends


async def register(node):
    names = [f"{node.prefix}/ROLL-{number}" for number in range(NAMES)]
    async with node.registry() as client:
        await client.batch([{"handle": name, "values": values(name)} for name in names])
    return names


@pytest.fixture
async def load(node):
    """Start all kinds of clients; gives them, and ends them when it is called."""
    names = await register(node)
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    wires = []
    async with AsyncExitStack() as stack:
        for _ in range(2):
            transport, driver = await loop.create_datagram_endpoint(
                lambda: Udp(names), remote_addr=node.address("handle")
            )
            stack.callback(transport.close)
            wires.append(driver)
        for _ in range(6):
            transport, driver = await loop.create_connection(
                lambda: Tcp(names), *node.address("handle")
            )
            stack.callback(transport.close)
            wires.append(driver)
        webs = [
            Http(node.address("http"), names, at_once, pause)
            for at_once, pause in ((1, 0), (1, 0), (1, 0.05), (8, 0), (8, 0.02))
        ]
        async with asyncio.TaskGroup() as tasks:
            for web in webs:
                tasks.create_task(web.run(stop))

            async def finish():
                stop.set()
                for driver in wires:
                    await driver.finish()

            yield wires, webs, finish
            await finish()


@pytest.mark.timeout(180)
async def test_no_answer_is_lost_or_wrong_while_all_workers_are_replaced(node, load):
    wires, webs, finish = load
    before = await node.pids()
    for _ in range(2):
        answered = [driver.answered for driver in (*wires, *webs)]
        done = await node.command("restart")
        assert done.stdout == "replaced: worker-0, worker-1\n"
        await until(
            lambda counts=answered: all(
                driver.answered > count + 50
                for driver, count in zip((*wires, *webs), counts, strict=True)
            )
        )
    await finish()
    after = await node.pids()
    assert {before["worker-0"], before["worker-1"]}.isdisjoint(after.values())
    assert [len(driver.outstanding) for driver in wires] == [0] * len(wires), "lost"
    assert [driver.wrong for driver in (*wires, *webs)] == [0] * (len(wires) + len(webs))
    assert [web.lost for web in webs] == [0] * len(webs)
    assert [driver.cut for driver in wires if isinstance(driver, Tcp)] == [False] * 6
    assert all(web.opened > 1 for web in webs), "no HTTP connection had to be made anew"
    # What workers counted that have ended is among the sums.
    metrics = await node.metrics()
    for transport, drivers in (("udp", wires[:2]), ("tcp", wires[2:]), ("http", webs)):
        counted = metrics[
            f'idnode_resolve_requests_total{{transport="{transport}",result="found"}}'
        ]
        assert counted == sum(driver.answered for driver in drivers), transport
    # And so it is in the sums of the day, which workers tell every second.
    total = sum(driver.answered for driver in (*wires, *webs))

    async def reported():
        return json.loads((await node.command("report")).stdout)

    async with asyncio.timeout(20):
        while (found := await reported())["answers"] < total:  # noqa: ASYNC110 -- as operators do
            await asyncio.sleep(0.1)
    assert found["answers"] == total
    assert found["prefixes"] == [{"prefix": node.prefix, "queries": total, "found": total}]
    assert found["sources"] == [{"prefix": node.prefix, "source": "127.0.0.1", "queries": total}]
    assert 0 < found["peak"]["answers"] < total


@pytest.mark.timeout(120)
async def test_a_worker_that_hangs_is_replaced(node):
    names = await register(node)
    hung = await node.kill("worker-0", signal.SIGSTOP)
    async with asyncio.timeout(20):
        await node.replaced("worker-0", hung)
    async with node.handle() as client:
        for name in names:
            assert (await client.resolve(name)).found
    with pytest.raises(ProcessLookupError):
        os.kill(hung, 0)
