"""RelationStore: what is projected of relations, both ways."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from identifiers.records import State
from identifiers.relations import Relation
from identifiers.values import DEFAULT_PERMISSIONS, Permission, Value
from identifiers.wire.handle.values import encode_values
from registry.business.relations import RelationStore
from registry.ports import RegistryStore
from storage.memory import MemoryRelations, MemoryStore
from storage.postgres import (
    Database,
    Nudge,
    PostgresRelations,
    PostgresStore,
    RelationProjection,
)
from tests.contracts.units import delete, put

ALL = tuple(Relation)
HIDDEN = DEFAULT_PERMISSIONS & ~Permission.PUBLIC_READ


@dataclass(frozen=True)
class Kept:
    store: RegistryStore
    relations: RelationStore
    project: Callable[[], Awaitable[None]]


@pytest.fixture
def memory_kept() -> Kept:
    store = MemoryStore()

    async def project() -> None:
        """Do nothing: it is never behind."""

    return Kept(store, MemoryRelations(store), project)


@pytest.fixture
async def postgres_kept(dsn: str) -> AsyncIterator[Kept]:
    async with Database(dsn, connections=4) as database, Nudge(dsn) as nudge:
        projection = RelationProjection(database, step=3)

        async def project() -> None:
            while (await projection.advance()).read:
                pass
            assert await projection.tidy() == 0

        yield Kept(PostgresStore(database, nudge), PostgresRelations(database), project)


@pytest.fixture(params=["memory", "postgres"])
def kept(request: pytest.FixtureRequest) -> Kept:
    found: Kept = request.getfixturevalue(f"{request.param}_kept")
    return found


def related(*relations: tuple[str, str], **more: Any) -> bytes:
    values = (Value(index=1, type="URL", data=b"x"),)
    return encode_values(
        (
            *values,
            *(
                Value(index=at, type=f"REL.{kind}", data=target.encode(), **more)
                for at, (kind, target) in enumerate(relations, 10)
            ),
        )
    )


async def told(kept: Kept, key: str, *, below: bool = False, limit: int = 99) -> Any:
    look = kept.relations.below if below else kept.relations.above
    found = await look([key], ALL, limit)
    return [(e.source, e.relation.word, e.target) for e in found]


async def test_relations_are_found_from_both_ends(kept: Kept) -> None:
    await put(kept.store, "88.1/A", related(("PART_OF", "88.1/W"), ("CARRIED_BY", "88.2/车")))
    await put(kept.store, "88.1/B", related(("PART_OF", "88.1/W")))
    await put(kept.store, "88.1/W")
    for n in range(9):
        await put(kept.store, f"88.1/{n}")
    await kept.project()
    assert await told(kept, "88.1/A") == [
        ("88.1/A", "part_of", "88.1/W"),
        ("88.1/A", "carried_by", "88.2/车"),
    ]
    assert await told(kept, "88.1/W", below=True) == [
        ("88.1/A", "part_of", "88.1/W"),
        ("88.1/B", "part_of", "88.1/W"),
    ]
    assert len(await told(kept, "88.1/W", below=True, limit=1)) == 1
    assert await kept.relations.above(["88.1/A"], [Relation.MADE_FROM], 9) == []


async def test_what_changes_is_followed(kept: Kept) -> None:
    await put(kept.store, "88.1/A", related(("PART_OF", "88.1/W")))
    await kept.project()
    await put(kept.store, "88.1/A", related(("MADE_FROM", "88.1/W"), ("PART_OF", "88.1/V")))
    await kept.project()
    assert await told(kept, "88.1/A") == [
        ("88.1/A", "part_of", "88.1/V"),
        ("88.1/A", "made_from", "88.1/W"),
    ]
    await delete(kept.store, "88.1/A")
    await kept.project()
    assert await told(kept, "88.1/A") == []
    await put(kept.store, "88.1/A", related(("PART_OF", "88.1/W")))
    await put(kept.store, "88.1/A")
    await kept.project()
    assert await told(kept, "88.1/W", below=True) == []


async def test_names_and_what_is_public_are_kept(kept: Kept) -> None:
    values = related(("PART_OF", "88.1/w"), permissions=HIDDEN)
    await put(kept.store, "88.1/A", values, name="88.1/a")
    await put(kept.store, "88.1/B", related(("PART_OF", "88.1/w")), state=State.SUSPENDED)
    await put(kept.store, "88.1/C", related(("PART_OF", "88.1/w")))
    await kept.project()
    found = await kept.relations.below(["88.1/w"], ALL, 9)
    assert [(e.source_name, e.target_name, e.public) for e in found] == [
        ("88.1/a", "88.1/w", False),
        ("88.1/B", "88.1/w", False),
        ("88.1/C", "88.1/w", True),
    ]


async def test_what_nobody_can_read_keeps_nothing_from_being_found(postgres_kept: Kept) -> None:
    kept = postgres_kept
    await put(kept.store, "88.1/A", b"\0\0\0\1REL.")
    await put(kept.store, "88.1/B", related(("PART_OF", "88.1/W")))
    await kept.project()
    assert await told(kept, "88.1/W", below=True) == [("88.1/B", "part_of", "88.1/W")]
