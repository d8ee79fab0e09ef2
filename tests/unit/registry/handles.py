"""What the tests of Handle identities share: HS_ADMIN and HS_VLIST values, prefix records."""

from typing import Any
from uuid import uuid4

from identifiers.changes import ChangeKind, Touched, Writes, Written
from identifiers.principals import HandleIdentity
from identifiers.records import Record, State
from identifiers.values import Reference, Value
from identifiers.wire.handle.data import (
    ALL_PERMISSIONS,
    Admin,
    AdminPermission,
    encode_admin,
    encode_vlist,
)
from identifiers.wire.handle.values import encode_values
from tests.unit.registry.world import NOW

OWNER = HandleIdentity("0.NA/88.300.1", 300)
P = AdminPermission
EVERYTHING = ALL_PERMISSIONS


def admin(who: HandleIdentity = OWNER, permissions: int = EVERYTHING, index: int = 100) -> Value:
    data = encode_admin(Admin(permissions, who.handle, who.index))
    return Value(index=index, type="HS_ADMIN", data=data)


def group(*members: HandleIdentity, index: int = 200) -> Value:
    data = encode_vlist(tuple(Reference(m.handle, m.index) for m in members))
    return Value(index=index, type="HS_VLIST", data=data)


def url(index: int = 1, data: bytes = b"https://a.example", **more: Any) -> Value:
    return Value(index=index, type="URL", data=data, **more)


async def stored(store, key, *values, state=State.ACTIVE, reason=""):
    """Store the next version of a record past all rights."""

    def decide(current):
        known = current.records.get(key)
        record = Record(
            key=key,
            name=key,
            version=1 if known is None else known.version + 1,
            state=state,
            values=encode_values(values, NOW - 100),
            changed_at=NOW - 100,
            reason=reason,
        )
        kind = ChangeKind.CREATED if known is None else ChangeKind.UPDATED
        return Writes(records=(Written(uuid4(), kind, record),)), record

    return await store.write(Touched(keys=(key,)), decide)
