"""What became of identifiers, and what they are part of, made from or carried by."""

from collections.abc import AsyncIterator
from typing import Any, Final, Literal, TypeVar

import msgspec

from idnode.calls import Calls
from idnode.errors import Garbled
from idnode.writing import segment

T = TypeVar("T")

HISTORY: Final = "/api/v1/history"
RELATIONS: Final = "/api/v1/relations"
_PAGE: Final = 100

Direction = Literal["up", "down"]
"""To what it is part of, made from, carried by; or from there back."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A value that became another: documents of the JSON form, None where there is none.

    Of a secret key only index and type are told.
    """

    index: int
    old: dict[str, Any] | None
    new: dict[str, Any] | None


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an identifier. Who wrote it is None where that cannot be told for sure.

    `changed` None: the version before is no longer kept. `was`: the state before, if another.
    """

    version: int
    status: str
    state: str
    at: str
    actor: str | None
    action: str | None
    request: str | None
    change: str | None
    was: str = ""
    reason: str = ""
    changed: tuple[Change, ...] | None = None


class Related(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier that was met after so many steps; `foreign`: another's, told by name only."""

    handle: str
    steps: int
    state: str = ""
    foreign: bool = False
    missing: bool = False


class Relation(msgspec.Struct, frozen=True, kw_only=True):
    """`source` is part of `target`, made from or carried by it, as `relation` says."""

    source: str = msgspec.field(name="from")
    relation: str
    target: str = msgspec.field(name="to")


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """What was met, nearest first, each once. `truncated`: there was more."""

    handle: str
    direction: str
    depth: int
    nodes: tuple[Related, ...]
    edges: tuple[Relation, ...]
    truncated: bool


class _Page(msgspec.Struct, frozen=True):
    items: tuple[Version, ...]
    next: str = ""


class Tracings:
    """Asks one registry. All methods raise `Refused`, `Unavailable`, `Unreachable`, `Garbled`."""

    def __init__(self, calls: Calls) -> None:
        self._calls: Final = calls

    async def history(self, handle: str) -> AsyncIterator[Version]:
        """Yield the versions of an identifier, newest first, as far as they are kept."""
        query = {"limit": str(_PAGE)}
        while True:
            page = await self._read(HISTORY, handle, query, _Page)
            for version in page.items:
                yield version
            if not page.next:
                return
            query["after"] = page.next

    async def relations(
        self, handle: str, direction: Direction = "up", *, depth: int = 1, relation: str = ""
    ) -> Trace:
        """Follow relations for up to 20 steps; `relation`: just these, such as ``made_from``."""
        query = {"direction": direction, "depth": str(depth)}
        if relation:
            query["relation"] = relation
        return await self._read(RELATIONS, handle, query, Trace)

    async def _read(self, path: str, handle: str, query: dict[str, str], kind: type[T]) -> T:
        answer = await self._calls.call("GET", f"{path}/{segment(handle)}", query=query)
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except msgspec.DecodeError as why:
            raise Garbled(f"not what is asked of {path}: {why}") from why
