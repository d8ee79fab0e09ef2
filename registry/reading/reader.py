"""Who is asked for the rows of a body: this process, or the reader process."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final, Protocol, Self

import msgspec

from identifiers.errors import StoreUnavailable
from registry.reading import wire
from registry.reading.rows import Block, Rows

FRAME: Final = 128 * 1024
"""Octets of a body that are sent together: rows enough to be worth a message."""
WINDOW: Final = 4
"""Messages on their way: the reader has the next one when it has answered one."""

SILENCE: Final = 30.0


class Piece(msgspec.Struct, frozen=True, gc=False):
    """Some octets of a body, and the epoch second at which they came."""

    data: bytes
    at: int


class Reader(Protocol):
    """Reads bodies."""

    def read(self, form: str, done: int, pieces: AsyncIterator[Piece]) -> AsyncGenerator[Block]:
        """Yield the rows of a body behind its first `done` octets, in order.

        Raises `StoreUnavailable` when the reader is lost, and whatever `pieces` raises.
        """
        ...


class HereReader:
    """Reads in this process."""

    async def read(
        self, form: str, done: int, pieces: AsyncIterator[Piece]
    ) -> AsyncGenerator[Block]:
        """See `Reader`."""
        rows, at = Rows(form, done), 0
        async for piece in pieces:
            at = piece.at
            yield rows.feed(piece.data, at)
            await asyncio.sleep(0)  # others are served between any two pieces
        yield rows.finish(at)


class ReaderProcess:
    """The reader process behind the Unix socket `path`.

    One that does not answer for `silence` seconds is given up.
    """

    def __init__(self, path: str, silence: float = SILENCE) -> None:
        self._path = path
        self._silence = silence

    async def read(
        self, form: str, done: int, pieces: AsyncIterator[Piece]
    ) -> AsyncGenerator[Block]:
        """See `Reader`. What waits is bounded: `WINDOW` messages and their answers."""
        link = await _Link.to(self._path, self._silence)
        try:
            link.send(wire.begin(wire.Begin(form, done)))
            under_way, at = 0, 0
            async with aclosing(_frames(pieces)) as frames:
                async for frame in frames:
                    at = frame.at
                    link.send(wire.piece(frame.data, at))
                    under_way += 1
                    if under_way == WINDOW:
                        under_way -= 1
                        yield await link.answer()
            link.send(wire.piece(b"", at))
            for _ in range(under_way + 1):
                yield await link.answer()
        finally:
            link.close()


async def _frames(pieces: AsyncIterator[Piece]) -> AsyncGenerator[Piece]:
    """Yield pieces joined to `FRAME` octets and more, each with the time of its last."""
    waiting, size, at = [], 0, 0
    async for piece in pieces:
        waiting.append(piece.data)
        size += len(piece.data)
        at = piece.at
        if size >= FRAME:
            yield Piece(b"".join(waiting), at)
            waiting, size = [], 0
    if waiting:
        yield Piece(b"".join(waiting), at)


class _Link:
    """A connection to the reader process. Whatever is wrong with it is `StoreUnavailable`."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silence: float
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._silence = silence

    @classmethod
    async def to(cls, path: str, silence: float) -> Self:
        try:
            return cls(*await asyncio.open_unix_connection(path), silence)
        except OSError as error:
            raise _lost() from error

    def send(self, frame: bytes) -> None:
        if self._writer.transport.is_closing():  # then write() raises what depends on the loop
            raise _lost()
        # Not waited for: the reader answers before it reads on, and both waiting would be for good.
        self._writer.write(frame)

    async def answer(self) -> Block:
        try:
            async with asyncio.timeout(self._silence):
                head = await self._reader.readexactly(wire.LENGTH_OCTETS)
                return wire.read_block(await self._reader.readexactly(wire.length(head)))
        except (OSError, asyncio.IncompleteReadError) as error:  # TimeoutError is an OSError
            raise _lost() from error

    def close(self) -> None:
        self._writer.close()


def _lost() -> StoreUnavailable:
    return StoreUnavailable("the reader process is being replaced")
