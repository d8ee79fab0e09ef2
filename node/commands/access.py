"""Work of the operator on accounts and keys, on a node that runs or not."""

from collections.abc import Awaitable, Callable
from typing import Any

from node import config
from node.access import Access, make_access, make_metering
from node.commands.administer import keyed, ordering
from registry.commands import Asked
from registry.prefixes import Prefixes

Work = Callable[[Access, Asked[Any]], Awaitable[str]]


async def act(settings: config.Settings, work: Work) -> str:
    """Do one piece of work on the node with these settings, whether it runs or not."""
    async with keyed(settings) as (database, nudge):
        metering = make_metering(database, nudge, None)
        prefixes = Prefixes(metering.store)
        access = make_access(database, metering, settings.keys_dir, prefixes)
        ordered = ordering()
        asked: Asked[Any] = Asked(
            principal=ordered.operator,
            address=None,
            request_id=ordered.request_id,
            at=ordered.at,
            changes=(),
        )
        return await work(access, asked)
