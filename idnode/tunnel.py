"""The Handle protocol in HTTP: a message is the body of a POST, and so is its reply."""

from typing import Final

import aiohttp

from idnode.errors import FateUnknown, Garbled, Unreachable
from idnode.problems import reaching

PATIENCE: Final = 10.0
"""Seconds for one answer."""
MEDIA_TYPE: Final = "application/x-hdl-message"
_LONGEST: Final = 1 << 20
_OK: Final = 200


class Tunnel:
    """Posts messages to one URL."""

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        self._url: Final = url
        # No proxies of the environment: a node is asked itself.
        self._session: Final = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=patience), trust_env=False
        )

    async def ask(self, request: bytes, *, repeatable: bool = True) -> bytes:
        """Send a request and return its reply.

        Raises `Unreachable`, `Garbled`, and `FateUnknown` in place of the first for a request that
        is not `repeatable` and was sent.
        """
        try:
            async with (
                reaching(self._url),
                self._session.post(
                    self._url,
                    data=request,
                    headers={"Content-Type": MEDIA_TYPE},
                    allow_redirects=False,
                ) as answer,
            ):
                reply = await _read(answer)
        except Unreachable as why:
            refused = isinstance(why.__cause__, aiohttp.ClientConnectorError)
            if repeatable or refused:
                raise
            raise FateUnknown(str(why)) from why
        if answer.status != _OK or answer.content_type != MEDIA_TYPE:
            raise Garbled(f"{self._url}: {answer.status} {answer.content_type}, no Handle message")
        return reply

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    pieces, size = [], 0
    async for piece in answer.content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > _LONGEST:
            raise Garbled(f"{answer.url}: a reply of more than {_LONGEST} octets")
    return b"".join(pieces)
