"""What an identifier is part of, made from, carried by; and the other way round."""

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Any, Final, Protocol

import msgspec

from identifiers.directory import PrefixDirectory
from identifiers.names import Handle
from identifiers.principals import Allowed, Scope
from identifiers.records import Record, State
from identifiers.relations import Edge, Relation
from registry.answers import Denied, Missing
from registry.commands import Asked
from registry.ports import RegistryStore
from registry.prefixes import Prefixes, permit

MAX_DEPTH: Final = 20
MAX_NODES: Final = 1000
MAX_EDGES: Final = 5000
"""What one answer tells at most; `cut` says that there was more."""


class RelationStore(Protocol):
    """Where relations are looked up; may be a little behind the records.

    Every method raises `StoreUnavailable`.
    """

    async def above(
        self, keys: Sequence[str], relations: Collection[Relation], limit: int
    ) -> Sequence[Edge]:
        """Return up to `limit` relations that some identifiers have."""
        ...

    async def below(
        self, keys: Sequence[str], relations: Collection[Relation], limit: int
    ) -> Sequence[Edge]:
        """Return up to `limit` relations that others have to some identifiers."""
        ...


class Direction(StrEnum):
    """Which way relations are followed."""

    UP = "up"
    """To wholes, origins and carriers."""
    DOWN = "down"
    """To parts, products and loads."""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One identifier that was met. Of one that is not the asker's only the name is told.

    `steps` are counted from where it began. `record` None: another's, or none is registered.
    """

    key: str
    name: str
    steps: int
    own: bool
    record: Record | None = None


class Trace(msgspec.Struct, frozen=True):
    """What was met, nearest first, and how it is related. `cut`: there was more than is told."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    cut: bool


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """How relations are followed: which, which way, how many steps, how many identifiers."""

    direction: Direction
    depth: int = 1
    relations: tuple[Relation, ...] = tuple(Relation)
    limit: int = MAX_NODES


class Relations:
    """Follows relations. Every method may raise `StoreUnavailable`."""

    def __init__(self, store: RelationStore, records: RegistryStore, prefixes: Prefixes) -> None:
        self._store = store
        self._records = records
        self._prefixes = prefixes

    async def trace(
        self, handle: Handle, route: Route, asked: Asked[Any]
    ) -> Trace | Missing | Denied:
        """Follow relations from an identifier of the asker's, step by step, each name once.

        Another's identifier is told by name and not followed further: what it is related to is its
        owner's to tell. Nor is told of what another's says of it in values that are not public.
        """
        directory = await self._prefixes.picture()
        allowed = permit(directory, asked, Scope.READ, handle)
        if not isinstance(allowed.verdict, Allowed):
            return Denied(allowed.verdict)
        key = handle.key(fold_suffix=allowed.fold_suffix)
        start = await self._records.record(key)
        if start is None or start.state is State.DELETED:
            return Missing()
        tracing = _Tracing(directory, asked, route)
        tracing.meet(key, start.name, 0)
        for steps in range(1, route.depth + 1):
            frontier = tracing.frontier()
            if not frontier or tracing.cut:
                break
            look = self._store.above if route.direction is Direction.UP else self._store.below
            found = await look(frontier, route.relations, MAX_EDGES + 1 - len(tracing.edges))
            tracing.take(found, steps)
        own = [node.key for node in tracing.nodes.values() if node.own]
        records = dict(zip(own, await self._records.fetch(own), strict=True))
        return Trace(
            tuple(
                msgspec.structs.replace(node, record=_there(records.get(node.key)))
                for node in tracing.nodes.values()
            ),
            tuple(tracing.edges),
            tracing.cut,
        )


class _Tracing:
    """What was met so far. A name that was met is not followed again, so cycles end."""

    def __init__(self, directory: PrefixDirectory, asked: Asked[Any], route: Route) -> None:
        self._directory = directory
        self._asked = asked
        self._route = route
        self._own: dict[str, bool] = {}
        self._next: list[str] = []
        self.nodes: dict[str, Node] = {}
        self.edges: list[Edge] = []
        self.cut = False

    def meet(self, key: str, name: str, steps: int) -> None:
        own = self._is_own(name)
        self.nodes[key] = Node(key=key, name=name, steps=steps, own=own)
        if own:
            self._next.append(key)

    def frontier(self) -> Sequence[str]:
        """Return what was met last and is followed on."""
        found, self._next = self._next, []
        return found

    def take(self, found: Sequence[Edge], steps: int) -> None:
        for edge in found:
            if not (edge.public or self._is_own(edge.source_name)):
                continue
            if len(self.edges) >= MAX_EDGES:
                self.cut = True
                return
            up = self._route.direction is Direction.UP
            key, name = (edge.target, edge.target_name) if up else (edge.source, edge.source_name)
            if key not in self.nodes:
                if len(self.nodes) > self._route.limit:
                    self.cut = True
                    return
                self.meet(key, name, steps)
            self.edges.append(edge)

    def _is_own(self, name: str) -> bool:
        handle = Handle.parse(name)
        known = self._own.get(handle.prefix)
        if known is None:
            verdict = permit(self._directory, self._asked, Scope.READ, handle).verdict
            known = self._own[handle.prefix] = isinstance(verdict, Allowed)
        return known


def _there(record: Record | None) -> Record | None:
    return None if record is None or record.state is State.DELETED else record
