"""The node's business, built: for the commands of an operator and for the registry process."""

import os
import secrets
import time
from typing import Final

import msgspec

from identifiers.directory import PrefixDirectory
from identifiers.enterprises.review import National
from identifiers.labels import Allotment
from identifiers.names import Prefix
from node.config import Settings
from node.keys import Secret, load_or_make
from node.registers import registers
from registry.business.admissions import Admissions
from registry.business.approvals import Terms
from registry.business.asking import By
from registry.business.documents import Documents
from registry.business.members import Enterprises
from registry.business.personal import NONCE_OCTETS, Sealer
from registry.business.ports import BusinessStore, NoticeStore
from storage.postgres import (
    Database,
    Nudge,
    PostgresBusiness,
    PostgresDocuments,
    PostgresNotices,
)

DAY: Final = 86400
_SANDBOX_SECONDS: Final = 0.5
_TIDY_SECONDS: Final = 600


class Business(msgspec.Struct, frozen=True, kw_only=True):
    """What applications, documents and enterprises are worked on with."""

    store: BusinessStore
    notices: NoticeStore
    sealer: Sealer
    admissions: Admissions
    documents: Documents
    enterprises: Enterprises


def root_of(directory: PrefixDirectory) -> Prefix | None:
    """Return the secondary prefix under which enterprises are taken in; None: there is none."""
    return next((e.prefix for e in directory.entries if not e.enterprise), None)


def business(database: Database, nudge: Nudge, settings: Settings, root: Prefix) -> Business:
    """Build it. Raises `UnfitKey` and `NotDone`."""
    store = PostgresBusiness(database, nudge)
    sealer = Sealer(load_or_make(settings.keys_dir, Secret.SEAL))
    local = settings.national is National.LOCAL
    terms = Terms(
        root=root,
        allotment=Allotment(),
        registers=registers(settings.data_dir),
        local=local,
    )
    return Business(
        store=store,
        notices=PostgresNotices(database),
        sealer=sealer,
        admissions=Admissions(store, sealer, terms),
        documents=Documents(PostgresDocuments(database), sealer),
        enterprises=Enterprises(store, local=local),
    )


def by_node(actor: str) -> By:
    """Return who asks where the node itself does."""
    return By(
        actor=actor,
        at=time.time_ns() // 1_000_000,
        request_id=f"{actor}-{secrets.token_hex(8)}",
        chance=os.urandom(NONCE_OCTETS),
    )
