"""``lost-key``: a secret of the node is lost for good, and the database is to take another."""

import asyncio
from collections.abc import Mapping

from identifiers.changes import AuditEntry
from node import config
from node.commands.administer import opened, ordering
from node.key_checks import DEPENDED_ON
from node.refusals import NotDone
from storage.postgres import forget_key_check


def run(environ: Mapping[str, str], name: str) -> None:
    """Have the database forget a secret. Raises `NotDone`, and what `opened` and stores raise."""
    asyncio.run(forget(config.load(environ), name))


async def forget(settings: config.Settings, name: str) -> None:
    """Forget the check value of the secret whose file is gone. Raises as `run`."""
    if name not in DEPENDED_ON:
        raise NotDone(f"{name} is none of {', '.join(DEPENDED_ON)}")
    path = settings.keys_dir / name
    if path.exists():
        raise NotDone(f"{path} is there: move it away first, if it is not the database's")
    async with opened(settings) as (database, _):
        ordered = ordering()
        audit = AuditEntry(
            at=ordered.at,
            actor=f"operator:{ordered.operator.name}",
            action="key.lost",
            subject=name,
            request=ordered.request_id,
        )
        if not await forget_key_check(database, name, audit):
            raise NotDone(f"the database depends on no {name} yet: the next start makes one")
