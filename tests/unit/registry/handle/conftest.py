import secrets

import pytest
from msgspec.structs import replace

from identifiers.values import Reference, Value
from identifiers.wire.handle.data import AdminPermission, encode_vlist
from node.site import site_record
from registry.access.bounds import BoundsBook
from registry.administration import Administration
from registry.commit import GroupCommit
from registry.elsewhere import Elsewhere
from registry.handle.service import Habits, HandleAdministration
from registry.identities import Identities
from registry.prefixes import Prefixes
from registry.seals import KEY_OCTETS, Seals
from registry.service import Registry
from storage.memory import MemoryKeyBounds
from tests.unit.registry.handle.wire import (
    ADMIN,
    KEY,
    OPERATOR,
    READER,
    SECRET,
    SIGNER,
    STRANGER,
    Node,
    administered_by,
    hidden,
    url,
)
from tests.unit.registry.remote import FarNode
from tests.unit.registry.world import NOW, PEPPER, now_ns

SEALS = Seals(b"k" * KEY_OCTETS)
READS = int(AdminPermission.READ_VALUE | AdminPermission.LIST_HANDLES)


def secret_key(index=300, secret=SECRET):
    return Value(index=index, type="HS_SECKEY", data=secret, permissions=0x0C, timestamp=NOW)


async def settled_at_once():
    pass


@pytest.fixture
def far():
    """Another node with keys."""
    return FarNode()


@pytest.fixture
def bounds(store):
    """How far keys count."""
    return MemoryKeyBounds(store)


@pytest.fixture
def node(store, far, bounds):
    """A node with administrators of 88.300.1, and a record with public and hidden values."""

    def make(clock, **more):
        prefixes = Prefixes(store)
        return HandleAdministration(
            registry=Registry(store, GroupCommit(store), prefixes, SEALS, (OPERATOR,)),
            administration=Administration(store, PEPPER),
            store=store,
            prefixes=prefixes,
            identities=Identities(
                store,
                prefixes,
                SEALS,
                elsewhere=Elsewhere(far, clock=clock),
                bounds=BoundsBook(bounds, lambda: now_ns() / 1e9, clock),
            ),
            site=replace(site_record(("127.0.0.1:2641",)), serial=more.pop("serial", 1)),
            signer=more.pop("signer", None),
            settled=more.pop("settled", settled_at_once),
            habits=Habits(**more),
            clock=now_ns,
            steady=clock,
            chance=secrets.token_bytes,
        )

    made = Node(store, SEALS, make)
    group = encode_vlist((Reference(ADMIN.handle, 300), Reference(SIGNER.handle, 301)))
    made.keep(
        ADMIN.handle,
        administered_by(ADMIN.handle, 200),
        administered_by(READER.handle, 300, READS, at=101),
        Value(index=200, type="HS_VLIST", data=group, timestamp=NOW),
        secret_key(),
        Value(index=301, type="HS_PUBKEY", data=KEY.public, timestamp=NOW),
    )
    for identity in (READER, STRANGER, OPERATOR):
        made.keep(identity.handle, secret_key(identity.index))
    made.keep("88.300.1/A", url(), hidden())
    return made


@pytest.fixture
def caller(node):
    return node.caller()
