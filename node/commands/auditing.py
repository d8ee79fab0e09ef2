"""``audit``: who did what on this node, oldest first, read from the audit log page by page."""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from typing import Final

from identifiers.changes import AuditEntry
from identifiers.feeds import BEGINNING
from identifiers.wire.jsonform import instant, parse_instant
from node import config
from node.commands.administer import opened
from node.commands.ask import shown
from node.refusals import NotDone
from registry.business.exporting import ArchiveStore, entry_line
from storage.postgres import Database, PostgresHistory

_PAGE: Final = 5000
Write = Callable[[str], object]


def run(environ: Mapping[str, str], since: str, *, as_json: bool) -> None:
    """Write the audit log of this node. Raises `NotDone` and what `opened` and stores raise."""
    begin = begin_of(since)
    try:
        asyncio.run(_run(config.load(environ), begin, as_json=as_json))
        sys.stdout.flush()
    except BrokenPipeError:  # who reads it has seen enough, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


async def _run(settings: config.Settings, since: int, *, as_json: bool) -> None:
    async with opened(settings) as (database, _nudge):
        await tell(_archive(database), sys.stdout.write, since, as_json=as_json)


def _archive(database: Database) -> ArchiveStore:
    return PostgresHistory(database)


def begin_of(text: str) -> int:
    """Return the epoch second of an instant or of the beginning of a day (UTC); of nothing, 0.

    Raises `NotDone`.
    """
    if not text:
        return 0
    try:
        return parse_instant(text if "T" in text else f"{text}T00:00:00Z")
    except ValueError:
        raise NotDone(
            "--since is a day or an instant: 2024-01-31 or 2024-01-31T08:00:00Z"
        ) from None


async def tell(archive: ArchiveStore, write: Write, since: int, *, as_json: bool) -> None:
    """Write a line for each entry that is not older than the epoch second `since`.

    In the order of transactions, so the instants of two that ran at once may be the other way
    round. The whole log is read. Raises `StoreUnavailable`.
    """
    place = BEGINNING
    while page := await archive.entries(place, _PAGE):
        place = page[-1][0]
        for _, entry in page:
            if entry.at >= since * 1000:
                write(entry_line(entry).decode() if as_json else _line(entry))


def _line(entry: AuditEntry) -> str:
    words = (entry.actor, entry.action, entry.subject, entry.detail.decode())
    return f"{instant(entry.at // 1000)} {shown(' '.join(filter(None, words)))}\n"
