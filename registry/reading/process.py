"""The reader process: reads bodies for the registry process, several at a time."""

import asyncio
from socket import socket

from registry.reading import wire
from registry.reading.rows import Rows


async def serve_reading(listener: socket) -> asyncio.Server:
    """Answer on a listening Unix socket; bodies take turns piece by piece."""
    return await asyncio.start_unix_server(_converse, sock=listener)


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        told = wire.read_begin(await _frame(reader))
        rows = Rows(told.form, told.done)
        while True:
            data, at = wire.read_piece(await _frame(reader))
            writer.write(wire.block(rows.feed(data, at) if data else rows.finish(at)))
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        return  # the registry has what it wanted, or is gone
    finally:
        writer.close()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(wire.LENGTH_OCTETS)
    return await reader.readexactly(wire.length(head))
