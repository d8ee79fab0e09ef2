"""Reading request bodies within limits of size and time."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from aiohttp import web

from edge import problems
from edge.problems import Problem, Refusal
from edge.server import DEFAULT_LIMITS, lift_time_limit, limit_time

BODY_SECONDS: Final = 30.0
"""For a body that is read whole, and for each wait of a body that is streamed."""
MIN_RATE: Final = 1024
"""Octets per second that a client must send on average while it is waited for."""
_GRACE_SECONDS: Final = 5.0
_SLICE: Final = 64 * 1024
"""As much as aiohttp holds of a body that comes faster than it is taken."""


async def read_body(request: web.Request, limit: int) -> bytes:
    """Return the whole body. Raises `Refusal`: longer than `limit` octets, or too slow."""
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    if request.content.is_eof():
        # It came with the header, as most do: there is nothing to wait for.
        body = request.content.read_nowait()
        if len(body) > limit:
            raise _too_large(limit)
        return body
    lift_time_limit(request)
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in stream_body(request):
                size += len(piece)
                if size > limit:
                    raise _too_large(limit)
                pieces.append(piece)
    except TimeoutError:
        raise Refusal(Problem(kind=problems.SLOW)) from None
    limit_time(request, DEFAULT_LIMITS.handler)
    return b"".join(pieces)


async def stream_body(request: web.Request) -> AsyncGenerator[bytes]:
    """Yield the body in slices of up to 64 KiB, however long it is.

    While the caller works the client is not read from, and that time is not the client's. Raises
    `Refusal` when one wait or the average rate is too slow, ConnectionError when it goes away.
    """
    clock = asyncio.get_running_loop().time
    content = request.content
    waited, size = 0.0, 0
    while not content.at_eof():
        before = clock()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                piece = await content.read(_SLICE)
        except TimeoutError:
            raise Refusal(Problem(kind=problems.SLOW)) from None
        waited += clock() - before
        size += len(piece)
        if waited > _GRACE_SECONDS and size < waited * MIN_RATE:
            raise Refusal(Problem(kind=problems.SLOW))
        if piece:
            yield piece


def _too_large(limit: int) -> Refusal:
    return Refusal(Problem(kind=problems.TOO_LARGE, members={"limit": limit}))
