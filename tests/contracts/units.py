"""Small units of work to write."""

from collections.abc import Callable
from uuid import UUID, uuid5

from identifiers.changes import (
    AuditEntry,
    ChangeKind,
    Current,
    Import,
    ImportCounts,
    ImportState,
    RequestKey,
    StoredAnswer,
    Touched,
    Writes,
    Written,
)
from identifiers.records import EMPTY_VALUES, Record, State
from registry.ports import RegistryStore

NAMESPACE = UUID("6f2f64c2-3d6a-4f0c-8a39-1f4f5a6f7a10")
AUDIT = AuditEntry(
    at=1_700_000_000_123, actor="key:k1", action="create", subject="88.300.1/A", request="r-1"
)


def record(key: str, version: int = 1, values: bytes = b"\0\0\0\1x", **more: object) -> Record:
    fields = {"name": key, "state": State.ACTIVE, "changed_at": 1_700_000_000} | more
    return Record(key=key, version=version, values=values, **fields)


def written(record: Record, kind: ChangeKind | None = None) -> Written:
    kind = kind or (ChangeKind.CREATED if record.version == 1 else ChangeKind.UPDATED)
    return Written(uuid5(NAMESPACE, f"{record.key} {record.version}"), kind, record)


Decide = Callable[[Current], tuple[Writes, int]]


def next_version(key: str, values: bytes = b"\0\0\0\1x", **more: object) -> Decide:
    """Write the version after the stored one and return its number."""

    def decide(current: Current) -> tuple[Writes, int]:
        stored = current.records.get(key)
        version = 1 if stored is None else stored.version + 1
        return Writes(records=(written(record(key, version, values, **more)),)), version

    return decide


async def put(store: RegistryStore, key: str, values: bytes = b"\0\0\0\1x", **more: object) -> int:
    return await store.write(Touched(keys=(key,)), next_version(key, values, **more))


async def put_all(store: RegistryStore, keys: tuple[str, ...]) -> None:
    """Write the next version of many names in one unit."""

    def decide(current: Current) -> tuple[Writes, None]:
        new = []
        for key in keys:
            stored = current.records.get(key)
            new.append(written(record(key, 1 if stored is None else stored.version + 1)))
        return Writes(records=tuple(new), audit=(AUDIT,)), None

    await store.write(Touched(keys=keys), decide)


async def delete(store: RegistryStore, key: str) -> int:
    def decide(current: Current) -> tuple[Writes, int]:
        version = current.records[key].version + 1
        gone = record(key, version, EMPTY_VALUES, state=State.DELETED)
        return Writes(records=(written(gone, ChangeKind.DELETED),)), version

    return await store.write(Touched(keys=(key,)), decide)


def answer_to(request: RequestKey, body: bytes = b"{}", status: int = 201) -> StoredAnswer:
    return StoredAnswer(
        request=request,
        digest=bytes(32),
        status=status,
        headers=(("Location", "/api/v1/identifiers/88.300.1/A"), ("ETag", '"v1"')),
        body=body,
    )


def new_import(name: str = "one", principal: str = "key:k1", started_at: int = 100) -> Import:
    return Import(
        id=uuid5(NAMESPACE, name),
        request=RequestKey(principal, name),
        mode="create",
        media_type="application/x-ndjson",
        dry_run=False,
        state=ImportState.RUNNING,
        epoch=1,
        started_at=started_at,
        counts=ImportCounts(),
    )
