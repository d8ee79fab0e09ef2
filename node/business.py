"""The node's business, built: for the commands of an operator and for the registry process."""

import os
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Final

from identifiers.enterprises.review import National
from node.config import Settings
from node.keys import Secret, load, site_signer
from node.lifecycle import Running
from node.prefixes import prefix_office
from node.registers import registers
from node.upkeep import keep_up
from registry.business.admissions import Admissions
from registry.business.approvals import Terms
from registry.business.asking import By
from registry.business.certificates import Certificates
from registry.business.documents import Documents
from registry.business.farewell import Farewell
from registry.business.members import Enterprises
from registry.business.national import Sandbox
from registry.business.office import Office
from registry.business.personal import NONCE_OCTETS, Sealer
from registry.http.app import Noun
from registry.http.application_operations import application_operations
from registry.http.enterprise_operations import enterprise_operations
from storage.postgres import (
    Database,
    Nudge,
    PostgresAccounts,
    PostgresBusiness,
    PostgresDocuments,
    PostgresNotices,
    PostgresStore,
)

_DAY: Final = 86400
_SANDBOX_SECONDS: Final = 0.2


def office(
    database: Database,
    nudge: Nudge,
    settings: Settings,
    changed: Callable[[], None] = lambda: None,
) -> Office:
    """Build it. `changed` is called when prefixes were changed here.

    Raises `UnfitKey` and `NotDone`.
    """
    records = PostgresStore(database, nudge)
    store = PostgresBusiness(database, nudge)
    prefixes = prefix_office(database, nudge, settings, changed)
    sealer = Sealer(load(settings.keys_dir, Secret.SEAL))
    local = settings.national is National.LOCAL
    terms = Terms(
        registers=registers(settings.data_dir),
        local=local,
    )
    return Office(
        store=store,
        records=records,
        local=local,
        notices=PostgresNotices(database),
        sealer=sealer,
        admissions=Admissions(store, sealer, terms, changed),
        documents=Documents(PostgresDocuments(database), sealer),
        enterprises=Enterprises(
            store,
            local=local,
            leaving=Farewell(
                prefixes.store, prefixes.holdings, PostgresAccounts(database), records
            ),
            changed=changed,
        ),
        certificates=Certificates(store, records, site_signer(settings.keys_dir)),
    )


def by_node(actor: str) -> By:
    """Return who asks where the node itself does."""
    return By(
        actor=actor,
        at=time.time_ns() // 1_000_000,
        request_id=f"{actor}-{secrets.token_hex(8)}",
        chance=os.urandom(NONCE_OCTETS),
    )


def begin_business(
    running: Running, database: Database, nudge: Nudge, changed: Callable[[], None]
) -> Sequence[Noun]:
    """Begin what is done of the business by itself; return what the API has of it.

    `changed` is called when prefixes were changed here.
    """
    settings = running.settings
    made = office(database, nudge, settings, changed)

    async def tidy() -> None:
        now = int(time.time())
        await made.documents.sweep(now)
        lapsed = now - settings.refused_days * _DAY
        await made.admissions.purge_lapsed(lapsed, by_node("node"))

    running.background(keep_up(tidy), "documents and refused applications")
    if settings.national is National.SANDBOX:
        sandbox = Sandbox(made.admissions, made.store, made.notices, made.sealer)
        review = keep_up(lambda: sandbox.review(by_node("sandbox")), between=_SANDBOX_SECONDS)
        running.background(review, "sandbox of the national node")
    return (
        lambda reception: application_operations(made, reception),
        lambda reception: enterprise_operations(made, reception),
    )
