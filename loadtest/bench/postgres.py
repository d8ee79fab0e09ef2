"""What the embedded PostgreSQL of a node counts, asked from outside the node."""

from pathlib import Path
from typing import Final

import asyncpg

from loadtest.bench import nodes

_COUNTED: Final = (
    "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
)
LATEST: Final = 10.5
"""Seconds until a backend has told of all its transactions: it does so once a second, and what it
had in a second after which it rests, ten seconds later (``PGSTAT_IDLE_INTERVAL``)."""


async def transactions(node: nodes.Node) -> int:
    """Return how many transactions it has told of; that is up to `LATEST` behind.

    Raises `ProcessLookupError` when the node has no embedded PostgreSQL.
    """
    connection = await connect(node)
    try:
        return int(await connection.fetchval(_COUNTED))
    finally:
        await connection.close()


async def connect(node: nodes.Node) -> "asyncpg.Connection[asyncpg.Record]":
    """Return a connection to it. Raises `ProcessLookupError` when the node has none."""
    words = _command(nodes.child(node.pid, "postgres"))
    data = Path(words[words.index("-D") + 1])
    socket = next(w.partition("=")[2] for w in words if w.startswith("--unix_socket_directories="))
    return await asyncpg.connect(
        host=socket,
        user="idnode",
        database="idnode",
        password=data.with_name(f"{data.name}.password").read_text().strip(),
    )


def _command(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode().split("\0")
