"""Bulk import and export, streamed: the size of a file does not matter."""

from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec

from idnode.calls import Calls
from idnode.errors import Garbled, Problem
from idnode.problems import document
from idnode.watching import Taken, Watching

IMPORTS: Final = "/api/v1/imports"
EXPORT: Final = "/api/v1/export"
MEDIA_TYPES: Final = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "cbor": "application/cbor-seq",
}
"""The forms, by the names that commands have for them."""
SUFFIXES: Final = {
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".csv": "csv",
    ".cbor": "cbor",
    ".cborseq": "cbor",
}
"""The forms, by the ends of file names."""
UTF_8: Final = "utf-8"
_PIECE: Final = 256 * 1024
_KEY_DIGITS: Final = 32

Progress = Callable[[int], None]
"""Is told how many octets of the file are sent; a repetition begins again at 0."""


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """An import as far as it is committed; `state` is ``running``, ``done`` or ``refused``."""

    id: str
    state: str
    mode: str
    dry_run: bool
    rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    results: str
    """The path of the results of its rows."""
    octets: int = msgspec.field(default=0, name="bytes")
    """Of the body, up to the end of the last committed row."""
    replayed: bool = False
    """The import had been finished by an earlier request."""


Told = Callable[[ImportReport], None]
"""Is told about once a second how far the server is."""


class RowResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one row, counted from 1; `problem` says why it was rejected."""

    row: int
    handle: str
    status: str
    version: int = 0
    problem: Problem | None = None


def file_key(path: Path, *, mode: str, encoding: str = UTF_8) -> str:
    """Return the request key of importing this content in this mode: a digest of both.

    The same file sent again is then the same request: it goes on where it was cut. Read in another
    `encoding` it is another.
    """
    read_as = "" if encoding == UTF_8 else f" {encoding}"
    digest = sha256(f"{mode}{read_as}\n".encode())
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return f"file-{digest.hexdigest()[:_KEY_DIGITS]}"


class Transfers:
    """Bulk import and export of one enterprise. All methods raise as `RegistryClient`'s do."""

    def __init__(self, calls: Calls) -> None:
        self._calls: Final = calls

    async def send(
        self,
        path: Path,
        form: str,
        *,
        mode: str = "create",
        dry_run: bool = False,
        key: str | None = None,
        encoding: str = UTF_8,
        progress: Progress = lambda _: None,
        told: Told = lambda _: None,
    ) -> ImportReport:
        """Import a file, sending it again under the same key while the server is away.

        The answer is waited for while the import goes on, as the server tells, however long it
        takes. Raises `Unreachable` when it has not moved for `idnode.watching.STILL_SECONDS`; sent
        again under the same key it goes on.

        `form` is one of `MEDIA_TYPES`; `key` is made of the content when it is not given. A dry run
        has no key: it is judged anew each time. `encoding` is that of a table, ``utf-8`` or
        ``gb18030``; other forms have just one.
        """
        if not dry_run:
            key = key or file_key(path, mode=mode, encoding=encoding)
        return await self.send_pieces(
            lambda: _pieces(path, progress),
            form,
            mode=mode,
            dry_run=dry_run,
            key=key,
            encoding=encoding,
            told=told,
        )

    async def send_pieces(
        self,
        body: Callable[[], AsyncIterator[bytes]],
        form: str,
        *,
        mode: str,
        dry_run: bool,
        key: str | None,
        encoding: str = UTF_8,
        told: Told = lambda _: None,
    ) -> ImportReport:
        """Import what `body` yields, the same octets each time that it is called.

        Without a key what is sent again is a request of its own; a dry run's is passed over.
        """
        key = None if dry_run else key
        # An API key that is refused is better told now than after a gigabyte.
        known = frozenset(report.id for report in await self._known(key))

        async def look() -> ImportReport | None:
            found = await self._going(key, dry_run=dry_run, known=known)
            if found is not None:
                told(found)
            return found

        watch = Watching(self._calls.base, look, self._calls.clock, self._calls.sleep)
        media_type = MEDIA_TYPES[form]
        if encoding != UTF_8:
            media_type += f"; charset={encoding}"
        answer = await self._calls.call(
            "POST",
            IMPORTS,
            query={"mode": mode, "dry_run": "1" if dry_run else "0"},
            headers={"Content-Type": media_type} | ({"Idempotency-Key": key} if key else {}),
            body=lambda: Taken(body(), watch.moved),
            watch=watch,
        )
        done = document(answer.body)
        done["replayed"] = answer.headers.get("idempotency-replayed") == "true"
        return _convert(done, ImportReport)

    async def find(self, key: str) -> ImportReport | None:
        """Return the import that was sent with this key, also while it is being sent."""
        reports = await self._known(key)
        return reports[0] if reports else None

    async def _going(
        self, key: str | None, *, dry_run: bool, known: frozenset[str]
    ) -> ImportReport | None:
        """Return the import that goes on: the one with the key, else a new one of its kind."""
        for report in await self._known(key, repeat=False):
            if key or (report.dry_run == dry_run and report.id not in known):
                return report
        return None

    async def _known(self, key: str | None, *, repeat: bool = True) -> list[ImportReport]:
        query = {"idempotency_key": key} if key else {}
        answer = await self._calls.call("GET", IMPORTS, query=query, repeat=repeat)
        items = document(answer.body).get("items")
        if not isinstance(items, list):
            raise Garbled("a list of imports without items")
        return [_convert(item, ImportReport) for item in items]

    async def results(
        self, report: ImportReport, *, every: bool = False
    ) -> AsyncIterator[RowResult]:
        """Yield what became of the rejected rows, or of every row."""
        query = {"all": "1" if every else "0"}
        async with self._calls.opened("GET", report.results, query=query) as response:
            async for line in response.content:
                if line.strip():
                    yield _row(line)

    async def export(self, prefix: str, form: str) -> AsyncIterator[bytes]:
        """Yield everything under just this prefix in the form that `send` takes."""
        query, headers = {"prefix": prefix}, {"Accept": MEDIA_TYPES[form]}
        async with self._calls.opened("GET", EXPORT, query=query, headers=headers) as response:
            async for piece in response.content.iter_chunked(_PIECE):
                yield piece


async def _pieces(path: Path, progress: Progress) -> AsyncIterator[bytes]:
    # Read in the loop: a piece from the page cache takes less time than a thread to begin.
    with path.open("rb") as file:
        sent = 0
        while piece := file.read(_PIECE):
            progress(sent)
            yield piece
            sent += len(piece)
        progress(sent)


def _row(line: bytes) -> RowResult:
    try:
        return msgspec.json.decode(line, type=RowResult)
    except msgspec.DecodeError as why:
        raise Garbled(f"no result of a row: {why}") from why


def _convert(told: Any, kind: type[ImportReport]) -> ImportReport:
    try:
        return msgspec.convert(told, kind)
    except msgspec.ValidationError as why:
        raise Garbled(f"no import: {why}") from why
