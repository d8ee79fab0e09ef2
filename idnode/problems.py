"""Answers of HTTP as what they mean: problem documents (RFC 9457) and what is no answer at all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import msgspec

from idnode.errors import (
    Garbled,
    NobodyThere,
    Problem,
    Refused,
    Unavailable,
    Unreachable,
    reason_of,
)

_NAMED: Final = ("status", "type", "title", "detail", "errors", "request_id")
UNAVAILABLE: Final = 503
_MOST_SHOWN: Final = 200
_NO_STATUS_LINE: Final = "Bad status line"


@asynccontextmanager
async def reaching(base: str, *, first: bool = False) -> AsyncIterator[None]:
    """Tell errors of the connection as `Unreachable`, and what is no HTTP as `Garbled`.

    `first`: this server has not answered yet; who cannot be connected to is then `NobodyThere`.
    """
    try:
        yield
    except aiohttp.ConnectionTimeoutError as why:
        raise _unconnected(base, "no connection in time", first=first) from why
    except TimeoutError as why:  # aiohttp's own are among these
        raise Unreachable(f"{base}: no answer in time") from why
    except aiohttp.ClientConnectorError as why:
        raise _unconnected(base, reason_of(why.os_error), first=first) from why
    except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as why:
        raise Unreachable(f"{base}: {why}") from why
    except aiohttp.InvalidURL as why:
        raise Garbled(f"{base} is no address of a server: {why}") from why
    except aiohttp.ClientResponseError as why:
        if why.message.startswith(_NO_STATUS_LINE):
            raise Garbled(f"{base} does not speak HTTP: is it the Handle port?") from why
        # Its own words end in the octets that came.
        raise Garbled(f"{base}: broken HTTP, or a header that is too long") from why
    except aiohttp.ClientError as why:
        raise Garbled(f"{base}: {why}") from why


def _unconnected(base: str, reason: str, *, first: bool) -> Unreachable:
    if first:
        return NobodyThere(f"nobody answers at {base} ({reason}): does the node run?")
    return Unreachable(f"{base}: {reason}")


def document(body: bytes) -> dict[str, Any]:
    """Read a JSON object. Raises `Garbled`."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError) as why:
        raise Garbled(f"not a JSON object but {body[:_MOST_SHOWN]!r}") from why


def refusal(status: int, content_type: str, body: bytes) -> Refused:
    """Return the error that an answer with a status of 400 or more is."""
    kind = Unavailable if status == UNAVAILABLE else Refused
    if content_type != "application/problem+json":
        return kind(Problem(status=status, detail=body[:_MOST_SHOWN].decode(errors="replace")))
    told = document(body)
    members = {name: value for name, value in told.items() if name not in _NAMED}
    try:
        named: dict[str, Any] = {name: told[name] for name in _NAMED if name in told}
        named |= {"status": status, "members": members}
        return kind(msgspec.convert(named, Problem))
    except msgspec.ValidationError as why:
        raise Garbled(f"not a problem document: {why}") from why
