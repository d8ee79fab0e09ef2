"""How the embedded servers are made from the settings. Imports their drivers: import it late."""

from pathlib import Path
from typing import Final

from node import connections, precedence
from node.config import Settings
from storage.embedded.postgres import EmbeddedPostgres
from storage.embedded.valkey import EmbeddedValkey

_VALKEY_MEMORY: Final = 256 << 20
"""Octets that the shared tier may take."""


def postgres_data(settings: Settings) -> Path:
    """Return where the embedded PostgreSQL of this node keeps its data."""
    return settings.data_dir / "postgres"


def postgres(settings: Settings) -> EmbeddedPostgres:
    """Return the embedded PostgreSQL of this node, not started."""
    return EmbeddedPostgres(
        postgres_data(settings),
        bin_dir=settings.pg_bin,
        settings={"max_connections": str(connections.allowed(settings.workers))},
        niceness=precedence.DATABASE,
    )


def valkey(settings: Settings) -> EmbeddedValkey:
    """Return the embedded Valkey of this node, not started."""
    return EmbeddedValkey(settings.data_dir / "valkey", maxmemory=_VALKEY_MEMORY)
