"""Bulk import and export, streamed: the size of a file does not matter."""

from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec

from idnode.calls import Calls
from idnode.errors import Garbled, Problem
from idnode.problems import document

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
    replayed: bool = False
    """The import had been finished by an earlier request."""


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
    ) -> ImportReport:
        """Import a file, sending it again under the same key while the server is away.

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
    ) -> ImportReport:
        """Import what `body` yields, the same octets each time that it is called.

        Without a key what is sent again is a request of its own; a dry run's is passed over.
        """
        key = None if dry_run else key
        # An API key that is refused is better told now than after a gigabyte.
        await self._known(key)
        media_type = MEDIA_TYPES[form]
        if encoding != UTF_8:
            media_type += f"; charset={encoding}"
        answer = await self._calls.call(
            "POST",
            IMPORTS,
            query={"mode": mode, "dry_run": "1" if dry_run else "0"},
            headers={"Content-Type": media_type} | ({"Idempotency-Key": key} if key else {}),
            body=body,
        )
        told = document(answer.body)
        told["replayed"] = answer.headers.get("idempotency-replayed") == "true"
        return _convert(told, ImportReport)

    async def find(self, key: str) -> ImportReport | None:
        """Return the import that was sent with this key, also while it is being sent."""
        items = await self._known(key)
        return _convert(items[0], ImportReport) if items else None

    async def _known(self, key: str | None) -> list[Any]:
        query = {"idempotency_key": key} if key else {}
        answer = await self._calls.call("GET", IMPORTS, query=query)
        items = document(answer.body).get("items")
        if not isinstance(items, list):
            raise Garbled("a list of imports without items")
        return items

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
