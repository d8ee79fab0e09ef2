"""``search``: find identifiers and print them, one a line."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from idnode.registry import RegistryClient
from idnode.searching import Match, MatchPage
from node.commands.ask import shown
from node.commands.transfer import api_key, registry_base

_MOST_AT_ONCE: Final = 1000
_LATE: Final = 2.0
"""Seconds behind what is stored from which on that is said."""


def run(
    environ: Mapping[str, str],
    terms: Sequence[tuple[str, str]],
    *,
    most: int,
    count: bool,
    as_json: bool,
    server: str | None,
    key_file: Path | None,
) -> None:
    """Print up to `most` that are found. Raises `NotDone`, and what clients raise."""
    key = api_key(environ, key_file)
    asyncio.run(
        _run(registry_base(environ, server), key, terms, most=most, count=count, as_json=as_json)
    )


async def _run(
    base: str, key: str, terms: Sequence[tuple[str, str]], *, most: int, count: bool, as_json: bool
) -> None:
    left = most
    async with RegistryClient(base, key) as client:
        asked = [*terms, *([("count", "1")] if count else [])]
        at_once = min(max(most, 1), _MOST_AT_ONCE)
        first = True
        async for page in client.searches.pages(asked, limit=at_once):
            if first:
                sys.stderr.write(remarks(page))
                first = False
            for match in page.items[:left]:
                sys.stdout.write(line(match, as_json=as_json))
            left -= len(page.items)
            if left <= 0:
                if page.next or left < 0:
                    sys.stdout.flush()
                    sys.stderr.write(f"there may be more; --limit shows more than {most}\n")
                return


def line(match: Match, *, as_json: bool) -> str:
    """Return what was found as a line: columns for people, or a JSON document."""
    if as_json:
        return msgspec.json.encode(match).decode() + "\n"
    words = (match.handle, match.state, f"v{match.version}", match.changed_at, match.template)
    return shown("  ".join(words).rstrip()) + "\n"


def remarks(page: MatchPage) -> str:
    """Return what is to be said of a search as a whole: how many, how late."""
    told = ""
    if page.count is not None:
        at_least = "" if page.count.exact else "at least "
        told += f"{at_least}{page.count.number} found\n"
    if page.lag_seconds > _LATE:
        told += f"what changed in the last {page.lag_seconds:.0f} seconds may be missing\n"
    return told
