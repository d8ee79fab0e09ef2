"""Records, requests, prefixes, keys and imports in dictionaries."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar
from uuid import UUID

import msgspec

from identifiers.changes import (
    AuditEntry,
    Current,
    Enterprise,
    FeedPage,
    FirstAnswer,
    Import,
    ImportChunk,
    RequestKey,
    StoredAnswer,
    StoredKey,
    Touched,
    Writes,
    Written,
)
from identifiers.directory import NO_REASON, Off, PrefixDirectory, PrefixEntry
from identifiers.errors import AnsweredBefore, FateUnknown, Fenced, StoreUnavailable
from identifiers.jobs import Job, JobState, JobStep
from identifiers.labels import Allotment
from identifiers.names import Prefix, prefix_of
from identifiers.records import EMPTY_VALUES, PAGE_BYTES, Record, State
from identifiers.routes import record_key, said_by
from storage import unit

T = TypeVar("T")


def _check_text(*texts: str) -> None:
    # As strict as Postgres: such text is the caller's to refuse, and its tests run on this store.
    for text in texts:
        if "\0" in text:
            raise ValueError(f"not storable, and the caller did not check: {text!r}")
        text.encode()


class MemoryStore:
    """RegistryStore, RecordSource, ChangeFeed and DirectorySource in one.

    Every method is one step of the event loop, so that nothing is ever half done.

    Switches for tests:

    * `down`              while true, every method raises `StoreUnavailable`
    * `lose_next_answer`  the next write commits and raises `FateUnknown`
    * `lose_next_commit`  the next write does nothing and raises `FateUnknown`
    * `fetches`           what `fetch` was asked for, call by call

    What was written can be read off `changes`, `audited`, `history` (replaced versions), `answers`
    and `records`; `beside` has the audit entries of a change's transaction.
    """

    def __init__(self) -> None:
        self.down = False
        self.lose_next_answer = False
        self.lose_next_commit = False
        self.fetches: list[tuple[str, ...]] = []
        self.records: dict[str, Record] = {}
        self.history: list[Record] = []
        self.changes: list[Written] = []
        self.beside: dict[UUID, tuple[AuditEntry, ...]] = {}
        self.audited: list[AuditEntry] = []
        self.answers: dict[RequestKey, StoredAnswer] = {}
        self.holders: dict[bytes, str] = {}
        self._news: list[tuple[tuple[tuple[str, int], ...], bool]] = []
        self._hint = asyncio.Event()
        self._prefixes: dict[str, PrefixEntry] = {}
        self._delegated: set[str] = set()
        self._enterprises: list[Enterprise] = []
        self._switched_off: dict[int, Off] = {}
        self.rules: dict[str, Allotment] = {}
        self._keys: dict[str, StoredKey] = {}
        self.jobs: dict[UUID, Job] = {}
        self.steps: dict[tuple[UUID, int], JobStep] = {}
        self._imports: dict[UUID, Import] = {}
        self._chunks: dict[tuple[UUID, int], ImportChunk] = {}

    # RecordSource

    async def fetch(self, keys: Sequence[str]) -> Sequence[Record | None]:
        """Return the record of each key, in order."""
        self.reach()
        self.fetches.append(tuple(keys))
        return [self.records.get(key) for key in keys]

    # ChangeFeed

    async def start(self) -> str:
        """Return the cursor of now."""
        self.reach()
        return str(len(self._news))

    async def poll(self, cursor: str) -> FeedPage:
        """Return all news past `cursor`."""
        self.reach()
        news = self._news[int(cursor) :]
        return FeedPage(
            superseded=tuple(pair for pairs, _ in news for pair in pairs),
            directory=any(directory for _, directory in news),
            cursor=str(len(self._news)),
        )

    async def hint(self, seconds: float) -> None:
        """Return when something was written since the last hint, or after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._hint.wait()
        except TimeoutError:
            return
        self._hint.clear()

    # DirectorySource and RegistryStore

    async def directory(self) -> PrefixDirectory:
        """Return the picture of all prefixes."""
        self.reach()
        entries = sorted(self._prefixes.values(), key=lambda e: e.prefix)
        return PrefixDirectory(map(self._with_record, entries))

    def _with_record(self, entry: PrefixEntry) -> PrefixEntry:
        record = self.records.get(record_key(entry.prefix))
        blob = EMPTY_VALUES
        if record is not None and record.state is State.ACTIVE:
            blob = record.values
        routes, namespace = said_by(blob)
        away = str(entry.prefix) in self._delegated
        return msgspec.structs.replace(
            entry,
            enabled=entry.enabled and entry.enterprise not in self._switched_off,
            off=self._switched_off.get(entry.enterprise, entry.off),
            routes=routes if away else None,
            namespace=namespace,
        )

    # the unit of work

    async def write(self, touched: Touched, decide: Callable[[Current], tuple[Writes, T]]) -> T:
        """Read what is touched, let `decide` say what to write, write it, return its result."""
        self.reach()
        with self.committing():
            return self.within(touched, decide)

    def within(self, touched: Touched, decide: Callable[[Current], tuple[Writes, T]]) -> T:
        """Do a unit of work within a commit at hand."""
        current = Current(
            {k: self.records[k] for k in (*touched.keys, *touched.reads) if k in self.records},
            {r: self.answers[r] for r in touched.requests if r in self.answers},
            {c: self.holders[c] for c in touched.claims if c in self.holders},
        )
        writes, result = decide(current)
        unit.check(touched, current, writes)
        for written in writes.records:
            record = written.record
            _check_text(record.key, record.name, record.reason, record.template or "")
        if writes.chunk is not None:
            self._check_chunk(writes.chunk)
        if writes.step is not None:
            self._check_step(writes.step)
        for moved in writes.delegated:
            if str(moved.prefix) not in self._prefixes:
                raise ValueError(f"{moved.prefix} was never allotted")
        self._apply(writes)
        return result

    def _apply(self, writes: Writes) -> None:
        self.holders = self._held(writes)
        for written in writes.records:
            record = written.record
            if (replaced := self.records.get(record.key)) is not None:
                self.history.append(replaced)
            self.records[record.key] = record
        self.changes.extend(writes.records)
        self.beside.update((written.change, writes.audit) for written in writes.records)
        self.audited.extend(writes.audit)
        self.answers.update((answer.request, answer) for answer in writes.answers)
        if writes.chunk is not None:
            self._apply_chunk(writes.chunk)
        if writes.step is not None:
            self._apply_step(writes.step)
        if writes.records:
            self._tell(tuple((w.record.key, w.record.version) for w in writes.records))
        for moved in writes.delegated:
            change = self._delegated.add if moved.away else self._delegated.discard
            change(str(moved.prefix))
            entry = self._prefixes[str(moved.prefix)]
            self.keep_prefix(msgspec.structs.replace(entry, unhosted=False))

    def _held(self, writes: Writes) -> dict[bytes, str]:
        if not writes.held:
            return self.holders
        letting_go = {held.holder for held in writes.held}
        holders = {c: h for c, h in self.holders.items() if h not in letting_go}
        for held in writes.held:
            if any(claim in holders for claim in held.claims):
                raise StoreUnavailable("somebody else has it: the caller did not look")
            holders |= dict.fromkeys(held.claims, held.holder)
        return holders

    def _check_chunk(self, chunk: ImportChunk) -> None:
        running = self._imports.get(chunk.import_id)
        if running is None or running.epoch != chunk.epoch or running.chunks + 1 != chunk.number:
            raise Fenced(f"chunk {chunk.number} of import {chunk.import_id} is not the next")

    def _apply_chunk(self, chunk: ImportChunk) -> None:
        running = self._imports[chunk.import_id]
        self._chunks[chunk.import_id, chunk.number] = chunk
        self._imports[chunk.import_id] = msgspec.structs.replace(
            running,
            chunks=chunk.number,
            offset=chunk.offset,
            digest=chunk.digest,
            counts=running.counts + chunk.counts,
        )

    def _check_step(self, step: JobStep) -> None:
        job = self.jobs.get(step.job)
        if job is None or job.state is not JobState.RUNNING or job.chunks + 1 != step.number:
            raise Fenced(f"chunk {step.number} of job {step.job} is not the next")

    def _apply_step(self, step: JobStep) -> None:
        job = self.jobs[step.job]
        self.steps[step.job, step.number] = step
        self.jobs[step.job] = msgspec.structs.replace(
            job,
            chunks=step.number,
            cursor=step.cursor,
            counts=job.counts + step.counts,
            state=JobState.DONE if step.finished_at else JobState.RUNNING,
            finished_at=step.finished_at,
        )

    async def record(self, key: str) -> Record | None:
        """Return the newest version, a deleted one too."""
        self.reach()
        return self.records.get(key)

    async def answer(self, request: RequestKey) -> StoredAnswer | None:
        """Return the stored first answer to a request."""
        self.reach()
        return self.answers.get(request)

    async def page(self, prefix: str, after: str, limit: int) -> Sequence[Record]:
        """Return up to `limit` records under just `prefix`, by key, past `after`."""
        self.reach()
        _check_text(prefix, after)
        keys = sorted(k for k in self.records if prefix_of(k) == prefix and k > after)
        page: list[Record] = []
        octets = 0
        for record in (self.records[key] for key in keys):
            if len(page) >= limit or octets >= PAGE_BYTES:
                break
            if record.state is not State.DELETED:
                page.append(record)
                octets += len(record.values)
        return page

    async def next_prefix(self, above: str, after: str) -> str | None:
        """Return the first prefix past `after` derived from `above` that has records."""
        self.reach()
        _check_text(above, after)
        known = {prefix_of(key) for key in self.records}
        return min((p for p in known if p.startswith(f"{above}.") and p > after), default=None)

    async def count(self, prefix: str) -> int:
        """Return how many records there are under just `prefix`, without deleted ones."""
        self.reach()
        _check_text(prefix)
        own = (r for k, r in self.records.items() if prefix_of(k) == prefix)
        return sum(record.state is not State.DELETED for record in own)

    # enterprises, prefixes, keys

    async def add_enterprise(self, enterprise: Enterprise, audit: AuditEntry) -> int:
        """Store a new enterprise and return its id."""
        self.reach()
        stored = msgspec.structs.replace(enterprise, id=len(self._enterprises) + 1)
        with self.committing():
            self._enterprises.append(stored)
            self.audited.append(audit)
        return stored.id

    async def enterprises(self) -> Sequence[Enterprise]:
        """Return all enterprises, by id."""
        self.reach()
        return tuple(self._enterprises)

    async def home_prefix(self, entry: PrefixEntry, audit: AuditEntry) -> bool:
        """Allot a prefix; False when it is allotted already."""
        self.reach()
        if entry.enterprise:
            self._check_enterprise(entry.enterprise)
        if str(entry.prefix) in self._prefixes:
            return False
        with self.committing():
            self.keep_prefix(entry)
            self.audited.append(audit)
        return True

    def entry(self, prefix: Prefix) -> PrefixEntry | None:
        """Return a prefix as it was allotted."""
        return self._prefixes.get(str(prefix))

    def keep_prefix(self, entry: PrefixEntry, *, away: bool | None = None) -> None:
        """Allot a prefix, or say where names under it live, within a commit at hand."""
        self._prefixes[str(entry.prefix)] = entry
        if away is not None:
            (self._delegated.add if away else self._delegated.discard)(str(entry.prefix))
        self._tell((), directory=True)

    def drop_prefix(self, prefix: Prefix) -> None:
        """Forget a prefix, within a commit at hand."""
        del self._prefixes[str(prefix)]
        self._tell((), directory=True)

    def keep_enterprise(self, enterprise: Enterprise) -> None:
        """Store an enterprise under its number, within a commit at hand."""
        known = [one for one in self._enterprises if one.id != enterprise.id]
        self._enterprises = sorted([*known, enterprise], key=lambda one: one.id)

    def switch_enterprise(self, number: int, off: Off | None) -> None:
        """Switch all prefixes of an enterprise off or (None) on again, within a commit at hand."""
        if off is None:
            self._switched_off.pop(number, None)
        else:
            self._switched_off[number] = off
        self._tell((), directory=True)

    async def hand_over(self, entry: PrefixEntry, audit: AuditEntry) -> bool:
        """Make a prefix of the node's own an enterprise's; False when it is not or is in use."""
        self.reach()
        self._check_enterprise(entry.enterprise)
        there, text = self._prefixes.get(str(entry.prefix)), str(entry.prefix)
        used = any(
            record.state is not State.DELETED
            for key, record in self.records.items()
            if prefix_of(key) == text or key == record_key(text)
        )
        if there is None or there.enterprise or used:
            return False
        with self.committing():
            self._prefixes[text] = msgspec.structs.replace(
                entry, signed=there.signed, keeps=there.keeps
            )
            self.audited.append(audit)
            self._tell((), directory=True)
        return True

    async def sign_prefix(self, prefix: Prefix, audit: AuditEntry, *, signed: bool) -> bool:
        """Say whether the node signs under a prefix; False when it was not allotted."""
        self.reach()
        entry = self._prefixes.get(str(prefix))
        if entry is None:
            return False
        with self.committing():
            self._prefixes[str(prefix)] = msgspec.structs.replace(entry, signed=signed)
            self.audited.append(audit)
            self._tell((), directory=True)
        return True

    async def keep_names(self, prefix: Prefix, audit: AuditEntry, *, keeps: bool) -> bool:
        """Say whether names under a prefix stay taken; False when it was not allotted."""
        self.reach()
        entry = self._prefixes.get(str(prefix))
        if entry is None:
            return False
        with self.committing():
            self._prefixes[str(prefix)] = msgspec.structs.replace(entry, keeps=keeps)
            self.audited.append(audit)
            self._tell((), directory=True)
        return True

    async def enable_prefix(self, prefix: Prefix, audit: AuditEntry, *, enabled: bool) -> bool:
        """Switch a prefix on or off; False when it was so already or was never allotted."""
        self.reach()
        entry = self._prefixes.get(str(prefix))
        if entry is None or entry.enabled is enabled or entry.applied:
            return False
        with self.committing():
            switched = msgspec.structs.replace(entry, enabled=enabled, off=NO_REASON)
            self._prefixes[str(prefix)] = switched
            self.audited.append(audit)
            self._tell((), directory=True)
        return True

    async def add_key(
        self, key: StoredKey, audit: AuditEntry, once: FirstAnswer[None] | None = None
    ) -> None:
        """Store a new API key."""
        self.reach(once)
        self._check_enterprise(key.enterprise)
        if key.id in self._keys:
            raise ValueError(f"there is a key {key.id} already")
        with self.committing():
            self._keys[key.id] = key
            self.audited.append(audit)
            self.keep(once, None)

    async def key(self, key_id: str) -> StoredKey | None:
        """Return an API key, revoked and expired ones too."""
        self.reach()
        return self._keys.get(key_id)

    async def api_keys(self) -> Sequence[StoredKey]:
        """Return all API keys, revoked and expired ones too, by enterprise, age and id."""
        self.reach()
        return sorted(self._keys.values(), key=lambda k: (k.enterprise, k.created_at, k.id))

    async def keys_page(
        self, enterprise: int | None, after: str, limit: int
    ) -> Sequence[StoredKey]:
        """Return up to `limit` API keys past an id, of one enterprise or (None) of all."""
        self.reach()
        found = (self._keys[i] for i in sorted(self._keys) if i > after)
        own = [key for key in found if enterprise in {None, key.enterprise}]
        return own[:limit]

    async def rotate_key(
        self,
        key: StoredKey,
        ends_at: int,
        audit: AuditEntry,
        once: FirstAnswer[bool] | None = None,
    ) -> bool:
        """Store a key that replaces another, which ends at `ends_at` or sooner.

        False when the other is not in force.
        """
        self.reach(once)
        old = self._keys.get(key.replaces)
        if old is None or old.revoked_at:
            return False
        with self.committing():
            sooner = min(old.expires_at, ends_at)
            self._keys[old.id] = msgspec.structs.replace(old, expires_at=sooner)
            self._keys[key.id] = key
            self.audited.append(audit)
            self.keep(once, True)  # noqa: FBT003 -- what the method returns
        return True

    async def revoke_key(self, key_id: str, at: int, audit: AuditEntry) -> bool:
        """End a key; False when there is none in force by that id."""
        self.reach()
        key = self._keys.get(key_id)
        if key is None or key.revoked_at:
            return False
        with self.committing():
            self._keys[key_id] = msgspec.structs.replace(key, revoked_at=at)
            self.audited.append(audit)
        return True

    # bulk imports, as far as committed

    async def open_import(self, new: Import) -> Import:
        """Store `new`, or return the one of the same id with its epoch raised by one."""
        self.reach()
        known = self._imports.get(new.id)
        opened = new if known is None else msgspec.structs.replace(known, epoch=known.epoch + 1)
        with self.committing():
            self._imports[new.id] = opened
        return opened

    async def finish_import(self, done: Import, audit: AuditEntry) -> None:
        """Store the end of an import: state, offset, digest, finished_at."""
        self.reach()
        running = self._imports.get(done.id)
        if running is None or running.epoch != done.epoch:
            raise Fenced(f"import {done.id} was opened again")
        with self.committing():
            self._imports[done.id] = msgspec.structs.replace(
                running,
                state=done.state,
                offset=done.offset,
                digest=done.digest,
                finished_at=done.finished_at,
            )
            self.audited.append(audit)

    async def find_import(self, import_id: UUID) -> Import | None:
        """Return an import as far as it is committed."""
        self.reach()
        return self._imports.get(import_id)

    async def imports(self, principal: str, limit: int) -> Sequence[Import]:
        """Return a principal's newest imports."""
        self.reach()
        own = [i for i in self._imports.values() if i.request.principal == principal]
        return sorted(own, key=lambda i: (i.started_at, i.id), reverse=True)[:limit]

    async def import_chunk(self, import_id: UUID, number: int) -> ImportChunk | None:
        """Return a committed chunk (numbered from 1) of an import."""
        self.reach()
        return self._chunks.get((import_id, number))

    # within

    @contextmanager
    def committing(self) -> Iterator[None]:
        """What the block does is one commit, which the switches may lose."""
        if self.lose_next_commit:
            self.lose_next_commit = False
            raise FateUnknown("the commit was lost, as the test wanted")
        yield
        if self.lose_next_answer:
            self.lose_next_answer = False
            raise FateUnknown("the commit's answer was lost, as the test wanted")

    def reach(self, once: FirstAnswer[T] | None = None) -> None:
        """Raise `StoreUnavailable` while the store is switched off, and `AnsweredBefore`."""
        if self.down:
            raise StoreUnavailable("the store in memory is switched off")
        if once is not None and (told := self.answers.get(once.request)) is not None:
            raise AnsweredBefore(told)

    def keep(self, once: FirstAnswer[T] | None, result: T) -> None:
        """Keep the answer to a request, within a commit at hand."""
        if once is not None and (answer := once.of(result)) is not None:
            self.answers[once.request] = answer

    def _check_enterprise(self, number: int) -> None:
        if not 1 <= number <= len(self._enterprises):
            raise ValueError(f"there is no enterprise {number}")

    def _tell(self, superseded: tuple[tuple[str, int], ...], *, directory: bool = False) -> None:
        self._news.append((superseded, directory))
        self._hint.set()
