"""The reader process, for real: it reads, it is replaced, and it ends with who started it."""

import asyncio
import os
import signal
import socket
from contextlib import aclosing

import psutil
import pytest

from identifiers.errors import StoreUnavailable
from node.precedence import READER
from node.reading import MODULE, keep_reader
from registry.reading.reader import FRAME, WINDOW, Piece, ReaderProcess

BODY = b'{"handle":"88.300.1/A","values":[{"index":1,"type":"URL","data":"x"}]}\n'


def readers():
    """The reader processes that this process started."""
    return [p for p in psutil.Process().children() if MODULE in p.cmdline()]


@pytest.fixture
async def path(tmp_path):
    """Where a reader answers, kept by a task of this process."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "reading.sock"))
    listener.listen()
    keeping = asyncio.create_task(keep_reader(listener))
    yield listener.getsockname()
    keeping.cancel()
    await asyncio.wait([keeping])
    listener.close()
    assert readers() == []


async def read(path, body=None):
    async def whole():
        yield Piece(BODY, 1)

    reader = ReaderProcess(path)
    async with aclosing(reader.read("application/x-ndjson", 0, body or whole())) as blocks:
        return [row.given async for block in blocks for row in block.rows]


async def test_a_reader_reads_with_less_claim_to_the_processor(path):
    assert await read(path) == ["88.300.1/A"]
    (process,) = readers()
    assert process.nice() == min(os.nice(0) + READER, 19)


async def test_a_killed_reader_is_replaced_and_what_it_was_at_is_told(path):
    assert await read(path) == ["88.300.1/A"]
    (first,) = readers()

    async def cut():
        for _ in range(WINDOW + 1):  # the first ones are answered by now
            yield Piece(BODY * (FRAME // len(BODY) + 1), 1)
        first.send_signal(signal.SIGKILL)

    with pytest.raises(StoreUnavailable):
        await read(path, cut())
    assert await read(path) == ["88.300.1/A"]
    (second,) = readers()
    assert second.pid != first.pid
