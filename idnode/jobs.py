"""State jobs: many identifiers suspended, made active, revoked or deleted by the registry."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from idnode.calls import Calls
from idnode.errors import Garbled, Problem
from idnode.writing import json_octets

JOBS: Final = "/api/v1/jobs"
RUNNING: Final = "running"
_JSON: Final = "application/json"
_LOOK_EVERY: Final = 1.0


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """How far a job is; `state` is ``running``, ``done``, ``cancelled`` or ``stopped``.

    `rows` of `total` were dealt with; `why` says what stopped it.
    """

    id: str
    state: str
    action: str
    total: int
    rows: int
    changed: int
    unchanged: int
    rejected: int
    created_at: str
    finished_at: str | None
    results: str
    why: str = ""


class JobRow(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one identifier, counted from 1; `problem` says why it was rejected."""

    row: int
    handle: str
    status: str
    version: int = 0
    problem: Problem | None = None


class StateJobs:
    """Jobs of one enterprise. All methods raise as `RegistryClient`'s do. `sleep` waits seconds."""

    def __init__(
        self, calls: Calls, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._calls: Final = calls
        self._sleep: Final = sleep

    async def open(
        self,
        action: str,
        *,
        reason: str = "",
        handles: Sequence[str] = (),
        prefix: str = "",
        where: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> Job:
        """Begin a job: of the identifiers that are named, or of those under just one prefix.

        `action` is ``suspend``, ``activate``, ``revoke`` or ``delete``; `where` are the members of
        ``filter``: ``begins``, ``state``, ``changed_since``, ``changed_before``.
        """
        said = {"action": action, "reason": reason, "handles": handles, "prefix": prefix}
        asked: dict[str, Any] = {name: value for name, value in said.items() if value}
        if where:
            asked["filter"] = where
        body = json_octets(asked)
        headers = {"Content-Type": _JSON, "Idempotency-Key": key or secrets.token_hex(16)}
        return _job((await self._calls.call("POST", JOBS, headers=headers, body=lambda: body)).body)

    async def get(self, number: str) -> Job:
        """Return how far a job is."""
        return _job((await self._calls.call("GET", f"{JOBS}/{number}")).body)

    async def finished(self, number: str) -> Job:
        """Wait until a job ends, and return how."""
        while (job := await self.get(number)).state == RUNNING:
            await self._sleep(_LOOK_EVERY)
        return job

    async def cancel(self, number: str) -> Job:
        """Call a job off; what is done stays done."""
        return _job((await self._calls.call("DELETE", f"{JOBS}/{number}")).body)

    async def results(self, job: Job, *, every: bool = False) -> AsyncIterator[JobRow]:
        """Yield what became of the rejected identifiers, or of every one."""
        query = {"all": "1" if every else "0"}
        async with self._calls.opened("GET", job.results, query=query) as response:
            async for line in response.content:
                if line.strip():
                    yield _row(line)


def _job(body: bytes) -> Job:
    try:
        return msgspec.json.decode(body, type=Job)
    except msgspec.DecodeError as why:
        raise Garbled(f"no job: {why}") from why


def _row(line: bytes) -> JobRow:
    try:
        return msgspec.json.decode(line, type=JobRow)
    except msgspec.DecodeError as why:
        raise Garbled(f"no result of a job: {why}") from why
