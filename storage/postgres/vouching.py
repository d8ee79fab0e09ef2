"""What stands beside enterprises: versions, verifications, certificates, notices upward."""

from collections.abc import Sequence
from typing import Any, Final

from identifiers.enterprises.ledger import (
    Certificate,
    Event,
    Identity,
    Notice,
    Outcome,
    Postings,
    Verification,
)
from storage.postgres import rows
from storage.postgres.database import Database
from storage.postgres.pool import Connection
from storage.postgres.sql import load

_SQL: Final = load("vouching")


class PostgresNotices:
    """NoticeStore. Every method raises `StoreUnavailable`; `settle`, `FateUnknown` too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def notices(self, limit: int) -> Sequence[Notice]:
        """Return what the national node is to be told, oldest first."""
        return [Notice(**dict(row)) for row in await self._database.rows(_SQL["notices"], limit)]

    async def settle(self, number: int) -> None:
        """Forget a notice: it was told."""

        async def work(connection: Connection) -> None:
            await connection.execute(_SQL["settle"], number)

        await self._database.commit(work)


async def verification(connection: Connection, identity: Identity) -> Verification | None:
    """Return the newest verification, within a transaction at hand."""
    row = await connection.fetchrow(_SQL["verification"], identity.type, identity.number)
    if row is None:
        return None
    told = dict(row) | {"outcome": Outcome(row["outcome"])}
    return Verification(identity=identity, **told)


async def certificate(connection: Connection, serial: str) -> Certificate | None:
    """Return a certificate, within a transaction at hand."""
    return _certificate(await connection.fetchrow(_SQL["certificate"], serial))


async def in_force(connection: Connection, enterprise: int) -> Certificate | None:
    """Return the newest that is not revoked, within a transaction at hand."""
    return _certificate(await connection.fetchrow(_SQL["in_force"], enterprise))


async def certificates(
    database: Database, enterprise: int, after: str, limit: int
) -> Sequence[Certificate]:
    """Return a page of certificates by serial number; enterprise 0: of all."""
    found = await database.rows(_SQL["certificates"], enterprise, after, limit)
    return [one for row in found if (one := _certificate(row)) is not None]


async def store(connection: Connection, postings: Postings) -> None:
    """Write what stands beside, within a transaction at hand."""
    if (verified := postings.verification) is not None:
        await connection.execute(
            _SQL["keep_verification"],
            verified.identity.type,
            verified.identity.number,
            verified.outcome,
            verified.method,
            verified.at,
            verified.actor,
            verified.note,
        )
    for one in postings.certificates:
        await connection.execute(_SQL["keep_certificate"], *_certificate_row(one))
    for notice in postings.notices:
        await connection.execute(_SQL["keep_notice"], notice.kind, notice.subject, notice.at)


async def keep_version(
    connection: Connection, member: tuple[object, ...], version: int, event: Event
) -> None:
    """Write what an enterprise is from now on; `member` is its row. Caches learn of it."""
    told = (event.at, event.actor, event.did, event.application)
    await connection.execute(_SQL["keep_version"], *member, *told)
    if version > 1:  # an enterprise that is new is told with its prefix
        await connection.execute(_SQL["tell"], rows.pack_news(()))


def _certificate(row: Any) -> Certificate | None:
    if row is None:
        return None
    told = dict(row)
    identity = Identity(told.pop("identity_type"), told.pop("identity_number"))
    return Certificate(identity=identity, index=told.pop("value_index"), **told)


def _certificate_row(one: Certificate) -> tuple[object, ...]:
    return (
        one.serial,
        one.enterprise,
        one.name,
        one.identity.type,
        one.identity.number,
        one.filing,
        one.prefix,
        one.token,
        one.issued_at,
        one.expires_at,
        one.issued_by,
        one.index,
        one.revoked_at,
        one.reason,
    )
