"""Moving in: what a batch file of a Handle.Net server says, done through the registration API.

Each command is answered with one `Fate`. To run the same file again is safe: new handles are sent
under keys made of the file and the line, so that they get their first answers; values that are
there already as they should be count as unchanged.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, assert_never

import msgspec

from identifiers.names import fold
from identifiers.values import Value
from identifiers.wire.handlenet.batch import (
    Add,
    Create,
    Credentials,
    Delete,
    Home,
    Modify,
    Operation,
    Remove,
    Spoiled,
)
from identifiers.wire.jsonform import value_document
from idnode.errors import Problem, Refused, Unavailable
from idnode.registry import BatchResult, Identifier, RegistryClient

_TOGETHER: Final = 500
"""New handles that are sent in one batch."""
_TOGETHER_OCTETS: Final = 4 << 20
_TRIES: Final = 5
"""How often a change is made anew because somebody else changed the identifier meanwhile."""
_CREATED: Final = (200, 201)
_UNKNOWN_KEY: Final = 401
_STALE: Final = 412
_HIDDEN_TYPE: Final = "HS_SECKEY"
"""Values of this type are never shown: whether there is one cannot be asked."""
_OWN_KEYS: Final = "an API key says who writes here; keys belong into the record 0.NA/<prefix>"


class What(StrEnum):
    """What became of a command."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    LEFT = "not taken over"
    PASSED = "passed over"
    """It means nothing here, and nothing is lost by that."""


class Fate(msgspec.Struct, frozen=True):
    """What became of the command on `line`; `why` says why it was not carried out."""

    line: int
    handle: str
    what: What
    why: str = ""


class _Conflict(Exception):
    """The identifier is not as the command needs it."""


class Mover:
    """Carries the commands of one batch file out.

    Args:
        client: of the enterprise that moves in.
        key: stands for the file; request keys are made of it.
    """

    def __init__(self, client: RegistryClient, key: str) -> None:
        self._client: Final = client
        self._key: Final = key
        self._waiting: dict[str, tuple[int, Create]] = {}
        self._octets = 0

    async def move(self, operations: Iterable[Operation]) -> AsyncIterator[Fate]:
        """Yield a fate for each command, in order.

        Raises as `RegistryClient`'s methods do when the node cannot be reached, and `Refused` when
        it does not know the API key: then no command would fare better.
        """
        for operation in operations:
            content = operation.content
            if isinstance(content, Create):
                if not self._fits(content):
                    async for fate in self._flush():
                        yield fate
                self._waiting[fold(content.handle)] = (operation.line, content)
                self._octets += _octets(content)
                continue
            async for fate in self._flush():
                yield fate
            yield await self._single(operation.line, content)
        async for fate in self._flush():
            yield fate

    def _fits(self, content: Create) -> bool:
        return (
            len(self._waiting) < _TOGETHER
            and self._octets + _octets(content) <= _TOGETHER_OCTETS
            and fold(content.handle) not in self._waiting
        )

    async def _flush(self) -> AsyncIterator[Fate]:
        waiting = tuple(self._waiting.values())
        self._waiting.clear()
        self._octets = 0
        if not waiting:
            return
        documents = [
            {"handle": create.handle, "values": _documents(create.values)} for _, create in waiting
        ]
        key = f"{self._key}-{waiting[0][0]}"
        try:
            results = await self._client.batch(documents, key=key)
        except Unavailable:
            raise
        except Refused as refused:
            _stop_without_key(refused)
            for line, create in waiting:
                yield _left(line, create.handle, _told(refused.problem))
            return
        for (line, create), result in zip(waiting, results, strict=True):
            yield _created(line, create.handle, result)

    async def _single(
        self, line: int, content: Add | Modify | Remove | Delete | Home | Credentials | Spoiled
    ) -> Fate:
        match content:
            case Add() | Modify() | Remove():
                return await self._change(line, content)
            case Delete():
                return await self._delete(line, content.handle)
            case Home() | Credentials() | Spoiled():
                return never_taken(line, content)
            case _:
                assert_never(content)

    async def _change(self, line: int, content: Add | Modify | Remove) -> Fate:
        handle = content.handle
        for _ in range(_TRIES):
            try:
                there = await self._client.get(handle)
                if there is None:
                    return _left(line, handle, "there is no such identifier")
                changes = _plan(there, content)
                if not changes:
                    return Fate(line, handle, What.UNCHANGED)
                receipt = await self._client.patch(handle, **changes, if_version=there.version)
            except _Conflict as why:
                return _left(line, handle, str(why))
            except Unavailable:
                raise
            except Refused as refused:
                if refused.problem.status == _STALE:
                    continue
                _stop_without_key(refused)
                return _left(line, handle, _told(refused.problem))
            changed = What.UNCHANGED if receipt.status == "unchanged" else What.CHANGED
            return Fate(line, handle, changed)
        return _left(line, handle, "others go on changing it: run the file again")

    async def _delete(self, line: int, handle: str) -> Fate:
        try:
            await self._client.delete(handle, key=f"{self._key}-{line}")
        except Unavailable:
            raise
        except Refused as refused:
            _stop_without_key(refused)
            return _left(line, handle, _told(refused.problem))
        return Fate(line, handle, What.DELETED)


def never_taken(line: int, content: Home | Credentials | Spoiled) -> Fate:
    """Return the fate of a command that is not taken over whatever the node holds."""
    match content:
        case Home():
            return _left(line, ", ".join(content.prefixes), _homing(content))
        case Credentials():
            return Fate(line, content.keyword, What.PASSED, _OWN_KEYS)
        case Spoiled():
            return _left(line, content.handle, content.why)
        case _:
            assert_never(content)


def _stop_without_key(refused: Refused) -> None:
    if refused.problem.status == _UNKNOWN_KEY:
        raise refused


def _plan(there: Identifier, content: Add | Modify | Remove) -> Mapping[str, Any]:
    """Return what is to be changed, nothing when it is so already. Raises `_Conflict`."""
    match content:
        case Add():
            return _added(there, content)
        case Modify():
            return _modified(there, content)
        case Remove():
            return _removed(there, content)
        case _:
            assert_never(content)


def _added(there: Identifier, content: Add) -> Mapping[str, Any]:
    known = {value.index: value for value in there.values}
    taken = [v.index for v in content.values if v.index in known and not _same(v, known[v.index])]
    if taken:
        raise _Conflict(f"there are other values at {_listed(taken)} already")
    fresh = [value for value in content.values if value.index not in known]
    return {"values": _documents(fresh)} if fresh else {}


def _modified(there: Identifier, content: Modify) -> Mapping[str, Any]:
    known = {value.index for value in there.values}
    lacking = [
        value.index
        for value in content.values
        if value.index not in known and fold(value.type) != _HIDDEN_TYPE
    ]
    if lacking:
        raise _Conflict(f"there are no values at {_listed(lacking)}")
    return {"values": _documents(content.values)}


def _removed(there: Identifier, content: Remove) -> Mapping[str, Any]:
    known = {value.index for value in there.values}
    lacking = [index for index in content.indexes if index not in known]
    if lacking:
        raise _Conflict(f"there are no values at {_listed(lacking)} (secret keys are not shown)")
    return {"remove": content.indexes}


def _same(one: Value, other: Value) -> bool:
    return msgspec.structs.replace(one, timestamp=other.timestamp) == other


def _documents(values: Iterable[Value]) -> list[Mapping[str, Any]]:
    return [value_document(value) for value in values]


def _octets(content: Create) -> int:
    return sum(len(value.data) + len(value.type) for value in content.values)


def _created(line: int, handle: str, result: BatchResult) -> Fate:
    if result.status in _CREATED:
        return Fate(line, handle, What.CREATED)
    why = f"refused with {result.status}" if result.problem is None else _told(result.problem)
    return _left(line, handle, why)


def _homing(content: Home) -> str:
    if content.end:
        return "prefixes are taken back at the node: ask its administrators"
    if not content.prefixes:
        return "it names no prefix: each stands on a line of its own"
    prefixes = " ".join(prefix.removeprefix("0.NA/") for prefix in content.prefixes)
    return f"prefixes are allotted at the node: idnode prefix home {prefixes}"


def _left(line: int, handle: str, why: str) -> Fate:
    return Fate(line, handle, What.LEFT, why)


def _told(problem: Problem) -> str:
    faults = [f"{fault.get('pointer', '')} {fault.get('detail', '')}" for fault in problem.errors]
    return "; ".join([problem.title or f"refused with {problem.status}", *faults])


def _listed(indexes: Sequence[int]) -> str:
    return "index " + ", ".join(str(index) for index in indexes)
