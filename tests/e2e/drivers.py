"""Clients of all kinds that never stop asking, and see it when an answer is lost or wrong."""

import asyncio
import itertools
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

from loadtest.bench import wire
from tests.e2e.journal import values

NAMES = 40
WINDOW = 32
ENVELOPE, LENGTH = 20, slice(16, 20)
ID = slice(8, 12)


class Driver:
    """Keeps asking until `finish`; `answered`, `wrong` and `outstanding` tell how it went.

    `pause` is how many seconds it waits after an answer before it asks again.
    """

    def __init__(self, names, pause=0):
        self.turn = itertools.cycle(names)
        self.numbers = itertools.count(1)
        self.outstanding = {}
        self.answered = self.wrong = 0
        self.pause, self.going = pause, True
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
        if not self.going:
            if not self.outstanding:
                self.quiet.set()
        elif self.pause:
            asyncio.get_running_loop().call_later(self.pause, self.ask_on)
        else:
            self.ask()

    def ask_on(self):
        if self.going:
            self.ask()

    async def finish(self):
        self.going = False
        if self.outstanding:
            async with asyncio.timeout(5):
                await self.quiet.wait()


class Udp(Driver, asyncio.DatagramProtocol):
    """A window that is always full, but for pauses."""

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

    def __init__(self, names, pause=0):
        super().__init__(names, pause)
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


class Load(NamedTuple):
    """What asks a node: two over UDP and six over TCP, five over HTTP."""

    wires: list
    webs: list
    stop: asyncio.Event

    @property
    def all(self):
        return (*self.wires, *self.webs)

    @property
    def answered(self):
        return [driver.answered for driver in self.all]

    async def finish(self):
        """Ask no more, and wait for what is outstanding."""
        self.stop.set()
        for driver in self.wires:
            await driver.finish()

    def assert_nothing_is_lost_or_wrong(self):
        """Say so after `finish`, and that no Handle connection was cut."""
        assert [len(driver.outstanding) for driver in self.wires] == [0] * len(self.wires), "lost"
        assert [driver.wrong for driver in self.all] == [0] * len(self.all)
        assert [web.lost for web in self.webs] == [0] * len(self.webs)
        assert [driver.cut for driver in self.wires if isinstance(driver, Tcp)] == [False] * 6


@asynccontextmanager
async def under_load(node, pause=0):
    """Start all kinds of clients; gives a `Load`, and ends it.

    With a `pause`, in seconds, they leave the processor to others after each answer.
    """
    names = await register(node)
    loop, load = asyncio.get_running_loop(), Load([], [], asyncio.Event())
    async with AsyncExitStack() as stack:
        for _ in range(2):
            transport, driver = await loop.create_datagram_endpoint(
                lambda: Udp(names, pause), remote_addr=node.address("handle")
            )
            stack.callback(transport.close)
            load.wires.append(driver)
        for _ in range(6):
            transport, driver = await loop.create_connection(
                lambda: Tcp(names, pause), *node.address("handle")
            )
            stack.callback(transport.close)
            load.wires.append(driver)
        load.webs.extend(
            Http(node.address("http"), names, at_once, max(pause, rest))
            for at_once, rest in ((1, 0), (1, 0), (1, 0.05), (8, 0), (8, 0.02))
        )
        async with asyncio.TaskGroup() as tasks:
            for web in load.webs:
                tasks.create_task(web.run(load.stop))
            try:
                yield load
            finally:
                await load.finish()
