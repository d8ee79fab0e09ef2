"""Answers of any length, written as the client takes them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

from aiohttp import hdrs, web

from edge.server import dress, lift_time_limit

STALL_SECONDS: Final = 10.0
"""How long a client may take nothing at all."""


async def stream(
    request: web.Request, media_type: str, pieces: AsyncIterator[bytes], **headers: str
) -> web.StreamResponse:
    """Answer with `pieces`; the handler's time limit is lifted.

    The first piece is awaited before anything is sent, so that what is wrong from the start can
    still be told. Raises ConnectionResetError when the client stalls, and whatever `pieces` raises.
    A generator is closed however the answer ends: what it holds is let go of at once.
    """
    lift_time_limit(request)
    try:
        first = await anext(pieces, b"")
        response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: media_type, **headers})
        dress(request, response)
        await response.prepare(request)
        if request.method == hdrs.METH_HEAD:
            return response
        await _write(response, first)
        async for piece in pieces:
            await _write(response, piece)
        await response.write_eof()
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()
    return response


async def _write(response: web.StreamResponse, piece: bytes) -> None:
    if not piece:
        return  # to a chunked writer nothing means the end
    try:
        async with asyncio.timeout(STALL_SECONDS):
            await response.write(piece)
    except TimeoutError:
        raise ConnectionResetError("the client takes nothing") from None
