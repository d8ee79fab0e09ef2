"""Values that identifiers have for themselves alone, within a unit of work."""

from collections.abc import Sequence
from typing import Final

from identifiers.changes import Held
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("claims")


async def holders(connection: Connection, claims: Sequence[bytes]) -> dict[bytes, str]:
    """Return who has which of some unique values."""
    return dict(await connection.fetch(_SQL["holders"], list(claims)))


async def hold(connection: Connection, held: Sequence[Held]) -> None:
    """Let identifiers have just these values for themselves alone."""
    known = [one.holder for one in held if not one.fresh]
    if known:
        await connection.execute(_SQL["let_go"], known)
    pairs = [(claim, one.holder) for one in held for claim in one.claims]
    if pairs:
        claims, names = zip(*pairs, strict=True)
        await connection.execute(_SQL["hold"], list(claims), list(names))
