"""How HTTP connections end without a lost request when a process leaves and another serves on.

Only an answer can tell a client that no further request will be read (RFC 9112 9.6). So who leaves
accepts no more, waits for one more request on each connection, and closes it with that answer.
What stays silent is closed in the end, as every client of a kept connection must expect (9.5).
"""

import asyncio
from typing import Final, Protocol

SILENT_SECONDS: Final = 5.0
"""How long a connection may keep silent before it is closed without a word."""
_LOOK_AGAIN: Final = 0.02


class Farewell:
    """Whether it has begun; shared by all connections of a server."""

    def __init__(self) -> None:
        self.begun = False


class Leaving(Protocol):
    """What leaves: see `edge.server.serve`."""

    async def accept_no_more(self) -> None:
        """Stop listening, and let each answer end its connection."""
        ...

    @property
    def open(self) -> int:
        """How many connections there are."""
        ...


async def leave(server: Leaving, patience: float = SILENT_SECONDS) -> None:
    """Accept no more, and wait until all connections have ended or only silent ones are left."""
    await server.accept_no_more()
    clock = asyncio.get_running_loop().time
    until = clock() + patience
    while server.open:
        if clock() >= until:
            return
        await asyncio.sleep(_LOOK_AGAIN)
