"""Logs are read in the order of transactions, whatever number of digits their ids have."""

from typing import Any
from uuid import UUID

import pytest

from identifiers.feeds import BEGINNING, Place
from identifiers.names import Prefix
from storage.postgres import Database, Nudge, PostgresFollowers, PostgresHistory
from storage.postgres.prefixes import PostgresPrefixes

PLACES = [Place(9, 1), Place(10, 2), Place(99, 3), Place(100, 4)]
"""Of transactions that were over long before any test began."""
_CHANGE = """
INSERT INTO change (id, xid, change, prefix, key, version, kind)
OVERRIDING SYSTEM VALUE VALUES ($1, $2::text::xid8, $3, '88.1', '88.1/A', $1, 1)
"""
_AUDIT = """
INSERT INTO audit (id, xid, at, actor, action, subject, request, detail, root)
OVERRIDING SYSTEM VALUE VALUES ($1, $2::text::xid8, $1, 'a', 'prefix.state', '88.1', '', '{}', '')
"""


@pytest.fixture
async def log(sql: Any) -> None:
    for place in reversed(PLACES):
        number, transaction = place.id, str(place.transaction)
        await sql.execute(_CHANGE, number, transaction, UUID(int=number))
        await sql.execute(_AUDIT, number, transaction)


@pytest.mark.usefixtures("log")
async def test_changes_are_followed_past_another_digit(dsn: str) -> None:
    async with Database(dsn) as database:
        followers = PostgresFollowers(database)
        assert await followers.end() == PLACES[-1]
        place, seen = BEGINNING, []
        while found := await followers.changes(place, 1):
            place = found[-1].place
            seen.append(place)
        assert seen == PLACES
        assert [one.place for one in await followers.changes(BEGINNING, 9)] == PLACES


@pytest.mark.usefixtures("log")
async def test_the_audit_log_is_read_past_another_digit(dsn: str) -> None:
    async with Database(dsn) as database:
        history = PostgresHistory(database)
        place, seen = BEGINNING, []
        while found := await history.entries(place, 1):
            ((place, _),) = found
            seen.append(place)
        assert seen == PLACES


@pytest.mark.usefixtures("log")
async def test_the_history_of_a_prefix_is_read_past_another_digit(dsn: str) -> None:
    async with Database(dsn) as database, Nudge(dsn) as nudge:
        prefixes = PostgresPrefixes(database, nudge)
        entries, more = await prefixes.history(Prefix.parse("88.1"), "", 9)
        assert ([one.at for one in entries], more) == ([4, 3, 2, 1], "")
