"""Does jobs, chunk by chunk: a chunk's changes and how far the job is are one transaction.

So a chunk happens once, whatever ends the process, and whoever comes after goes on behind it.
"""

import logging
from collections.abc import Callable, Sequence
from secrets import token_bytes
from time import time_ns
from typing import Any, Final, Protocol

import msgspec

from identifiers.changes import AuditEntry, Current, Held, Touched, Writes, Written
from identifiers.errors import FateUnknown, Fenced, StoreUnavailable
from identifiers.faults import Fault, Invalid
from identifiers.jobs import (
    CHUNK,
    TARGETS,
    Job,
    JobAction,
    JobCounts,
    JobState,
    JobStep,
    Listed,
    Under,
)
from identifiers.names import Handle
from identifiers.principals import Account, ApiKey, NotYours
from identifiers.records import PAGE_BYTES, Record
from registry.answers import Answer, Denied, Faulty, KeyReused, Replayed, Saved, Unchanged
from registry.business.jobs import JobStore, handles_of, scope_of
from registry.commands import Asked, Delete, Patch, change_ids
from registry.effects import NOTHING, audited, merkle_root
from registry.imports.results import Fate, RowResult, pack, rejected
from registry.planning import Moving, PlannedUnit
from registry.ports import RegistryStore
from registry.service import Registry
from registry.signatures import OUTDATED, Outdated

ACTION: Final = "job.chunk"
_PLANNINGS: Final = 5
"""How often a chunk is planned anew because its records changed meanwhile."""
_PAGES: Final = 20
"""Pages without anything that fits, after which how far the job is is committed."""
_TAKEN: Final = 100
"""Jobs that are looked at in one turn."""

_SURROGATES: Final = range(0xD800, 0xE000)

_log = logging.getLogger(__name__)


class Owners(Protocol):
    """Knows for whom jobs are done, as they are now."""

    async def principal(self, owner: str, now: int) -> ApiKey | Account | None:
        """Return whoever `owner` is at an epoch second; None: he may do nothing any more."""
        ...


class Row(msgspec.Struct, frozen=True):
    """A name that a chunk is about. `command` Faulty: it is none."""

    name: str
    command: Moving | Faulty


class Chunk(msgspec.Struct, frozen=True):
    """What one commit is about; `cursor` is the last key that was looked at."""

    rows: Sequence[Row]
    cursor: str
    last: bool


class JobRunner:
    """Takes turns at the jobs that are open, a chunk of each. `clock` gives epoch nanoseconds."""

    def __init__(
        self,
        jobs: JobStore,
        store: RegistryStore,
        registry: Registry,
        owners: Owners,
        *,
        clock: Callable[[], int] = time_ns,
        chance: Callable[[int], bytes] = token_bytes,
        chunk: int = CHUNK,
    ) -> None:
        self._jobs = jobs
        self._store = store
        self._registry = registry
        self._owners = owners
        self._clock = clock
        self._chance = chance
        self._chunk = chunk
        self.rows = 0
        """Identifiers that jobs of this process have dealt with, ever rising."""

    async def turn(self) -> bool:
        """Do a chunk of the oldest job of each enterprise; False: there is none.

        Raises `StoreUnavailable` and `FateUnknown`: take the turn again.
        """
        running = await self._jobs.running(_TAKEN)
        oldest = {job.enterprise: job for job in reversed(running)}
        for job in oldest.values():
            try:
                await self._advance(job)
            except Fenced:
                _log.info("job %s was ended, or somebody else goes on with it", job.id)
            except (StoreUnavailable, FateUnknown):
                raise
            except Exception:  # noqa: BLE001 -- logged whole, and told as the job's own end
                # One job that cannot be done must not keep all others from being done.
                _log.exception("job %s is stopped", job.id)
                await self._stop(job, "internal")
        return bool(oldest)

    async def _advance(self, job: Job) -> None:
        at = self._clock() // 1_000_000
        principal = await self._owners.principal(job.owner, at // 1000)
        if principal is None:
            await self._stop(job, "unauthenticated")
            return
        chunk = await self._next(job)
        asked: Asked[Any] = Asked(
            principal=principal,
            address=None,
            request_id=job.request,
            at=at,
            changes=change_ids(at, self._chance, len(chunk.rows)),
        )
        for _ in range(_PLANNINGS):
            done = await self._commit(job, chunk, asked)
            if not isinstance(done, Outdated):
                self.rows += done
                return
        raise StoreUnavailable(f"what job {job.id} changes changes all the time")

    async def _next(self, job: Job) -> Chunk:
        if isinstance(job.selection, Listed):
            part = await self._jobs.part(job.id, job.chunks + 1)
            names = [] if part is None else handles_of(part)
            last = job.chunks + 1 >= job.selection.parts
            return Chunk([_named(name, job) for name in names], "", last)
        return await self._found(job, job.selection)

    async def _found(self, job: Job, wanted: Under) -> Chunk:
        cursor, rows, last = job.cursor, [], False
        before = _just_before(f"{wanted.prefix}/{wanted.begins}") if wanted.begins else ""
        for _ in range(_PAGES):
            page = await self._store.page(wanted.prefix, cursor or before, self._chunk)
            rows = [_named(r.name, job) for r in page if wanted.fits(r)]
            octets = sum(len(record.values) for record in page)
            full = len(page) >= self._chunk or octets >= PAGE_BYTES
            last = not full or wanted.past(page[-1].key)
            cursor = page[-1].key if page else cursor
            if rows or last:
                break
        return Chunk(rows, cursor, last)

    async def _commit(self, job: Job, chunk: Chunk, asked: Asked[Any]) -> int | Outdated:
        scope = scope_of(job.action)
        moving = [row.command for row in chunk.rows if not isinstance(row.command, Faulty)]
        at = [n for n, row in enumerate(chunk.rows) if not isinstance(row.command, Faulty)]
        planning = msgspec.structs.replace(asked, changes=tuple(asked.changes[n] for n in at))
        planned = await self._registry.planned([(one, scope) for one in moving], planning)
        units = dict(zip(at, planned, strict=True))
        plan = _Plan(job, chunk, units, asked)
        live = [unit for unit in planned if not isinstance(unit, Denied)]
        touched = Touched(
            keys=tuple(dict.fromkeys(key for unit in live for key in unit.keys)),
            claims=tuple(dict.fromkeys(claim for unit in live for claim in unit.claims)),
        )
        return await self._store.write(touched, plan.decide)

    async def _stop(self, job: Job, why: str) -> None:
        at = self._clock() // 1_000_000
        entry = AuditEntry(
            at=at,
            actor=job.principal,
            action="job.stop",
            subject=str(job.id),
            request=job.request,
            detail=msgspec.json.encode({"why": why, "done": job.counts.rows}),
        )
        await self._jobs.end_job(job.id, JobState.STOPPED, why, at, entry)


class _Plan(msgspec.Struct, frozen=True):
    """How a chunk is decided on what is stored. Pure."""

    job: Job
    chunk: Chunk
    units: dict[int, PlannedUnit | Denied]
    asked: Asked[Any]

    def decide(self, current: Current) -> tuple[Writes, int | Outdated]:
        job = self.job
        results: list[RowResult] = []
        written: list[Written] = []
        held: list[Held] = []
        seen: dict[str, int] = {}
        for at, row in enumerate(self.chunk.rows):
            number = job.counts.rows + len(results) + 1
            unit = self.units.get(at)
            if unit is None or isinstance(unit, Denied):
                refusal = unit or row.command
                if isinstance(job.selection, Under) and _is_anothers(refusal):
                    continue  # the prefix was handed on: what stands there is not the asker's
                if not isinstance(refusal, Denied | Faulty):
                    raise TypeError(f"a row without a unit: {row!r}")
                results.append(rejected(number, row.name, refusal))
                continue
            (key,) = unit.keys
            if key in seen:
                told: dict[str, str | int] = {
                    "handle": row.name,
                    "first": seen[key],
                    "second": number,
                }
                fault = Fault("batch.duplicate", "/handles", told)
                results.append(rejected(number, row.name, Faulty((fault,))))
                continue
            seen[key] = number
            if self._fits_no_more(current.records.get(key)):
                continue
            writes, answer = unit.decide(current)
            if isinstance(answer, Outdated):
                return NOTHING, OUTDATED
            written += writes.records
            held += writes.held
            results.append(_result(number, row.name, answer))
        counts = _counts(results)
        writes = Writes(
            records=tuple(written),
            held=tuple(held),
            audit=(self._entry(written, counts),),
            step=JobStep(
                job=job.id,
                number=job.chunks + 1,
                cursor=self.chunk.cursor,
                counts=counts,
                results=pack(results),
                finished_at=self.asked.at if self.chunk.last else 0,
            ),
        )
        return writes, len(results)

    def _fits_no_more(self, stored: Record | None) -> bool:
        """Say whether a record was chosen by what it was, and is so no longer."""
        wanted = self.job.selection
        return isinstance(wanted, Under) and (stored is None or not wanted.fits(stored))

    def _entry(self, written: Sequence[Written], counts: JobCounts) -> AuditEntry:
        job = self.job
        detail = {
            "chunk": job.chunks + 1,
            "action": job.action.value,
            "reason": job.reason,
            **msgspec.structs.asdict(counts),
        }
        entry = audited(self.asked, ACTION, str(job.id), detail)
        return msgspec.structs.replace(entry, root=merkle_root(written))


def _is_anothers(refusal: object) -> bool:
    return isinstance(refusal, Denied) and isinstance(refusal.verdict, NotYours)


def _named(name: str, job: Job) -> Row:
    try:
        handle = Handle.parse(name)
    except Invalid as invalid:
        return Row(name, Faulty(invalid.faults))
    if job.action is JobAction.DELETE:
        return Row(name, Delete(handle=handle))
    return Row(name, Patch(handle=handle, state=TARGETS[job.action], reason=job.reason))


def _result(number: int, name: str, answer: Answer) -> RowResult:
    match answer:
        case Saved():
            return RowResult(number, name, Fate.UPDATED, answer.record.version)
        case Unchanged():
            return RowResult(number, name, Fate.UNCHANGED, answer.record.version)
        case Replayed() | KeyReused():
            raise TypeError(f"rows of a job have no request key: {answer!r}")
        case _:
            return rejected(number, name, answer)


def _counts(results: Sequence[RowResult]) -> JobCounts:
    fates = [result.status for result in results]
    return JobCounts(
        changed=fates.count(Fate.UPDATED),
        unchanged=fates.count(Fate.UNCHANGED),
        rejected=fates.count(Fate.REJECTED),
    )


def _just_before(head: str) -> str:
    """Return a text past which what begins with `head` comes, and nothing before it."""
    code = ord(head[-1]) - 1
    if code in _SURROGATES:
        code = _SURROGATES.start - 1
    return f"{head[:-1]}{chr(code)}\U0010ffff"
