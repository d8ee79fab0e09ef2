"""``enterprise export``: everything that an enterprise owns here, into a directory of its own."""

import asyncio
import os
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec

from identifiers.changes import AuditEntry, Touched, Writes
from identifiers.wire.jsonform import instant
from node import config
from node.business import office
from node.commands.administer import keyed, ordering
from node.refusals import NotDone
from registry.access.bounds import BoundsBook
from registry.access.key_pairs import KeyPairs
from registry.access.ports import AccountStore
from registry.administration import Ordered
from registry.business.exporting import Belongings, Exporting, Pieces
from registry.business.office import Office
from registry.business.possessions import FOLDER, Possessions, Sources
from registry.ports import RegistryStore
from registry.prefixes import Prefixes
from storage.postgres import (
    Database,
    PostgresAccounts,
    PostgresCodes,
    PostgresDocuments,
    PostgresHistory,
    PostgresKeyBounds,
    PostgresLimits,
    PostgresStore,
    PostgresTemplates,
    PostgresWebhooks,
)

MANIFEST: Final = "manifest.json"
SHAPE: Final = 1
"""The number of the shape of what every file holds (`registry.business.possessions`)."""
_MODE: Final = 0o600
_PAGE: Final = 500


def run(environ: Mapping[str, str], number: int, directory: Path, *, whole: bool) -> None:
    """Write the files of an enterprise and tell what was written, as JSON."""
    told = asyncio.run(export(config.load(environ), number, directory, whole=whole))
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(told), indent=2).decode() + "\n")


async def export(
    settings: config.Settings, number: int, directory: Path, *, whole: bool
) -> dict[str, Any]:
    """Write the files of an enterprise and return the manifest, which is written last.

    Raises `NotDone`: there is no such enterprise, or the directory has something in it.
    """
    async with keyed(settings) as (database, nudge):
        store, ordered = PostgresStore(database, nudge), ordering()
        of = await belongings(store, PostgresAccounts(database), number)
        business = office(database, nudge, settings)
        possessions = Possessions(
            number, of.directory, _sources(database, store, business), whole=whole
        )
        exporting = Exporting(
            of,
            records=store,
            business=business.store,
            templates=PostgresTemplates(database),
            archive=PostgresHistory(database),
            possessions=possessions,
            sealer=business.sealer,
            whole=whole,
        )
        _prepare(directory)
        # First of all it is kept that somebody had this out, whatever becomes of it.
        entry = _entry(ordered, of.enterprise.name, whole=whole)
        await store.write(Touched(), lambda _: (Writes(audit=(entry,)), None))
        files = {name: await _write(directory / name, read()) for name, read in _files(exporting)}
        if whole:
            (directory / FOLDER).mkdir(mode=0o700)
        documents = {
            name: await _write(directory / name, _once(octets))
            async for name, octets in possessions.contents()
        }
    manifest = {
        "enterprise": number,
        "name": of.enterprise.name,
        "at": instant(ordered.at // 1000),
        "personal_data": "whole" if whole else "masked",
        "files": {name: file | {"shape": SHAPE} for name, file in files.items()} | documents,
    }
    await _write(directory / MANIFEST, _once(msgspec.json.encode(manifest) + b"\n"))
    return manifest


async def belongings(store: RegistryStore, accounts: AccountStore, number: int) -> Belongings:
    """Return whose things are exported. Raises `NotDone`."""
    enterprise = next((e for e in await store.enterprises() if e.id == number), None)
    if enterprise is None:
        raise NotDone(f"there is no enterprise {number}: idnode enterprise list")
    actors = {f"key:{key.id}" for key in await store.api_keys() if key.enterprise == number}
    after = 0
    while page := await accounts.accounts(number, after, _PAGE):
        actors |= {f"account:{account.name}" for account in page}
        after = page[-1].id
    return Belongings(
        enterprise=enterprise, directory=await store.directory(), actors=frozenset(actors)
    )


def _sources(database: Database, store: PostgresStore, business: Office) -> Sources:
    bounds = PostgresKeyBounds(database)
    return Sources(
        codes=PostgresCodes(database),
        webhooks=PostgresWebhooks(database),
        keys=store,
        pairs=KeyPairs(store, bounds, Prefixes(store), BoundsBook(bounds)),
        accounts=PostgresAccounts(database),
        limits=PostgresLimits(database),
        business=business.store,
        documents=PostgresDocuments(database),
        sealer=business.sealer,
    )


def _files(exporting: Exporting) -> list[tuple[str, Any]]:
    return list(exporting.files.items())


def _entry(ordered: Ordered, name: str, *, whole: bool) -> AuditEntry:
    return ordered.entry("enterprise.export", name, {"personal_data": whole})


def _prepare(directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise NotDone(f"{directory} has something in it: name another directory")


async def _write(path: Path, pieces: Pieces) -> dict[str, Any]:
    """Write a file that only its owner may read; return its size and digest."""
    digest, size = sha256(), 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    with os.fdopen(descriptor, "wb") as file:
        async for piece in pieces:
            file.write(piece)
            digest.update(piece)
            size += len(piece)
        file.flush()
        os.fsync(file.fileno())
    return {"bytes": size, "sha256": digest.hexdigest()}


async def _once(octets: bytes) -> Pieces:
    yield octets
