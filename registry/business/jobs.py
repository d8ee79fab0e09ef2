"""Bulk changes of state: asked for, looked at, called off. What does them is `job_running`."""

import zlib
from collections.abc import AsyncGenerator, Callable, Sequence
from secrets import token_bytes
from typing import Any, Final, Protocol
from uuid import UUID

import msgspec

from identifiers.changes import AuditEntry, RequestKey
from identifiers.jobs import (
    CHUNK,
    MAX_OPEN,
    Job,
    JobAction,
    JobState,
    Listed,
    Under,
)
from identifiers.names import Handle, fold
from identifiers.principals import Account, Allowed, ApiKey, MissingScope, Scope
from registry.answers import Denied, KeyReused
from registry.commands import Asked
from registry.effects import audited, principal_name
from registry.imports.results import Fate, RowResult, unpack
from registry.imports.service import import_id
from registry.ports import RegistryStore
from registry.prefixes import Prefixes, permit

NEWEST: Final = (2**63 - 1, UUID(int=2**128 - 1))
"""Younger than every job."""
_HANDLES: Final = msgspec.json.Decoder(list[str])


class JobStore(Protocol):
    """Where jobs are kept. Chunks are written by `RegistryStore.write`.

    Every method raises `StoreUnavailable`; those that write raise `FateUnknown` too.
    """

    async def open_job(
        self, job: Job, parts: Sequence[bytes], most: int, entry: AuditEntry
    ) -> Job | None:
        """Store a new job, or return the one of its id; None: `most` others are open."""
        ...

    async def job(self, number: UUID) -> Job | None:
        """Return a job as far as it is committed."""
        ...

    async def jobs(self, enterprise: int, after: tuple[int, UUID], limit: int) -> Sequence[Job]:
        """Return up to `limit` jobs of an enterprise (0: of all), newest first, past `after`."""
        ...

    async def running(self, limit: int) -> Sequence[Job]:
        """Return jobs that are not finished, oldest first."""
        ...

    async def part(self, number: UUID, part: int) -> bytes | None:
        """Return a part (from 1) of the handles that a job names; None once it has ended."""
        ...

    async def results(self, number: UUID, chunk: int) -> bytes | None:
        """Return what became of the rows of a chunk (from 1)."""
        ...

    async def end_job(
        self, number: UUID, state: JobState, why: str, at: int, entry: AuditEntry
    ) -> bool:
        """End a job that runs, at an epoch millisecond; False: it does not run any more."""
        ...


class JobOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a job. `digest` is the SHA-256 of the request; no key: each is a new job."""

    action: JobAction
    reason: str
    what: Under | tuple[str, ...]
    key: str | None
    digest: bytes


class Opened(msgspec.Struct, frozen=True):
    """The job; `again`: it was asked for before."""

    job: Job
    again: bool


class TooMany(msgspec.Struct, frozen=True):
    """The enterprise has as many jobs open as it may."""


class Ended(msgspec.Struct, frozen=True):
    """There is nothing to call off: the job has ended."""

    job: Job


def scope_of(action: JobAction) -> Scope:
    """Return what somebody needs who asks for an action."""
    return Scope.DELETE if action is JobAction.DELETE else Scope.STATE


class Jobs:
    """What is asked of jobs. Every method may raise `StoreUnavailable`, some `FateUnknown`.

    `wake` is called when there is a new one. `chance` makes random octets.
    """

    def __init__(
        self,
        store: JobStore,
        records: RegistryStore,
        prefixes: Prefixes,
        *,
        wake: Callable[[], None] = lambda: None,
        chance: Callable[[int], bytes] = token_bytes,
    ) -> None:
        self._store = store
        self._records = records
        self._prefixes = prefixes
        self._wake = wake
        self._chance = chance

    async def open(
        self, order: JobOrder, asked: Asked[Any]
    ) -> Opened | TooMany | KeyReused | Denied:
        """Take a job; it goes on by itself. The same request again gives the same job."""
        judged = await self._judged(order, asked)
        if isinstance(judged, Denied):
            return judged
        order = judged
        job = await self._new(order, asked)
        names = order.what if isinstance(order.what, tuple) else ()
        parts = [_packed(names[at : at + CHUNK]) for at in range(0, len(names), CHUNK)]
        detail = {"action": order.action.value, "reason": order.reason, "total": job.total}
        entry = audited(asked, "job.open", str(job.id), detail)
        known = await self._store.open_job(job, parts, MAX_OPEN, entry)
        if known is None:
            return TooMany()
        if known.digest != order.digest:
            return KeyReused()
        self._wake()
        again = known.created_at != job.created_at or known.request != job.request
        return Opened(known, again)

    async def find(self, number: UUID) -> Job | None:
        """Return a job, whosever it is."""
        return await self._store.job(number)

    async def list(
        self, enterprise: int | None, after: tuple[int, UUID], limit: int
    ) -> Sequence[Job]:
        """Return up to `limit` jobs of an enterprise (None: of all), newest first."""
        return await self._store.jobs(enterprise or 0, after, limit)

    async def cancel(self, job: Job, asked: Asked[Any]) -> Job | Ended:
        """Call a job off: what is done stays, the rest is left as it is."""
        entry = audited(asked, "job.cancel", str(job.id), {"done": job.counts.rows})
        ended = await self._store.end_job(job.id, JobState.CANCELLED, "", asked.at, entry)
        now = await self._store.job(job.id)
        if now is None:
            raise RuntimeError(f"job {job.id} is gone")
        return now if ended else Ended(now)

    async def results(self, job: Job, *, every: bool) -> AsyncGenerator[tuple[RowResult, ...]]:
        """Yield what became of the rows, chunk by chunk: of the rejected, or of `every` one."""
        for chunk in range(1, job.chunks + 1):
            packed = await self._store.results(job.id, chunk)
            if packed is not None:
                yield tuple(r for r in unpack(packed) if every or r.status is Fate.REJECTED)

    async def _judged(self, order: JobOrder, asked: Asked[Any]) -> JobOrder | Denied:
        """Return an order with what its names begin with as names are compared, if it may be."""
        scope, principal = scope_of(order.action), asked.principal
        if not isinstance(principal, ApiKey | Account) or scope not in principal.scopes:
            return Denied(MissingScope(scope))
        if isinstance(order.what, tuple):
            return order  # each name is judged when its turn comes
        prefix = order.what.prefix
        handle = Handle(f"{prefix}/", prefix, "")
        allowed = permit(await self._prefixes.picture(), asked, scope, handle)
        if not isinstance(allowed.verdict, Allowed):
            return Denied(allowed.verdict)
        begins = fold(order.what.begins) if allowed.fold_suffix else order.what.begins
        what = msgspec.structs.replace(order.what, begins=begins)
        return msgspec.structs.replace(order, what=what)

    async def _new(self, order: JobOrder, asked: Asked[Any]) -> Job:
        principal = asked.principal
        name = principal_name(principal)
        key = order.key or f"none:{self._chance(16).hex()}"
        if isinstance(order.what, tuple):
            selection: Under | Listed = Listed(-(-len(order.what) // CHUNK))
            total = len(order.what)
        else:
            selection = order.what
            total = await self._records.count(order.what.prefix)
        owner = f"account:{principal.id}" if isinstance(principal, Account) else name
        return Job(
            id=import_id(RequestKey(name, f"job:{key}")),
            enterprise=getattr(principal, "enterprise", None) or 0,
            owner=owner,
            principal=name,
            request=asked.request_id,
            digest=order.digest,
            action=order.action,
            reason=order.reason,
            selection=selection,
            state=JobState.RUNNING,
            total=total,
            created_at=asked.at,
        )


def handles_of(part: bytes) -> list[str]:
    """Return the handles of a part as it is kept."""
    return _HANDLES.decode(zlib.decompress(part))


def _packed(handles: Sequence[str]) -> bytes:
    return zlib.compress(msgspec.json.encode(handles), 1)
