"""``import`` and ``export``: whole files through the registry's API."""

import asyncio
import secrets
import sys
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from idnode.errors import NobodyThere, Unavailable, Unreachable
from idnode.registry import RegistryClient
from idnode.transfers import SUFFIXES, ImportReport, RowResult
from node import config
from node.commands.ask import reached, shown
from node.forms import Encoding, Form, Mode
from node.refusals import NotDone

T = TypeVar("T")

_SHOWN: Final = 20
"""Rejected rows that are printed; the results have them all."""
_UNFINISHED: Final = ".part"
_GOES_ON: Final = "repeat the same command and it goes on where it was cut"


def send(
    environ: Mapping[str, str],
    path: Path,
    *,
    form: Form | None,
    mode: Mode,
    dry_run: bool,
    again: bool,
    server: str | None,
    key_file: Path | None,
    encoding: Encoding = Encoding.UTF_8,
) -> None:
    """Import a file; write the counts, and the first rejected rows to stderr.

    The same file sent again goes on where it was cut, or gives the first answer; `again` makes it a
    new request, which a dry run always is. Raises `NotDone` when rows were rejected, and what
    clients raise.
    """
    if not path.is_file():
        raise NotDone(f"{path} is no file")
    known = form or _form_of(path)
    if encoding is not Encoding.UTF_8 and known is not Form.CSV:
        raise NotDone(f"--encoding goes with CSV: {known} is UTF-8 or has none")
    rejected = uncut(
        _send(
            environ,
            path,
            form=known,
            encoding=encoding,
            mode=mode,
            dry_run=dry_run,
            key=f"again-{secrets.token_hex(16)}" if again else None,
            server=server,
            api_key=api_key(environ, key_file),
            size=path.stat().st_size,
        ),
        remedy(dry_run=dry_run, again=again),
    )
    if rejected:
        raise NotDone("1 row was rejected" if rejected == 1 else f"{rejected} rows were rejected")


def remedy(*, dry_run: bool, again: bool) -> str:
    """Return what to do when an import is cut, as words."""
    if dry_run:
        return "nothing was changed; repeat the same command"
    if again:
        return "what is committed stays, and the same command begins anew"
    return _GOES_ON


def uncut(sending: Coroutine[Any, Any, T], goes_on: str = _GOES_ON) -> T:
    """Run to the end; who cuts an import, or is cut, is told how it goes on."""
    try:
        return asyncio.run(sending)
    except NobodyThere:
        raise  # nothing was begun
    except (Unreachable, Unavailable) as why:
        raise NotDone(f"the import was cut ({why}); {goes_on}") from why
    except KeyboardInterrupt:
        sys.stderr.write(f"idnode: the import was cut; {goes_on}\n")
        raise


async def _send(
    environ: Mapping[str, str],
    path: Path,
    *,
    form: Form,
    encoding: Encoding,
    mode: Mode,
    dry_run: bool,
    key: str | None,
    server: str | None,
    api_key: str,
    size: int,
) -> int:
    base = registry_base(environ, server)
    async with RegistryClient(base, api_key) as client:
        with _progress() as bar:
            task = bar.add_task(path.name, total=size, rows="")

            def told(so_far: ImportReport) -> None:
                # What the server has taken, not what was sent: it reads some megabytes ahead.
                bar.update(task, completed=so_far.octets, rows=f"{so_far.rows:,} rows done")

            report = await client.transfers.send(
                path,
                form.value,
                mode=mode.value,
                dry_run=dry_run,
                key=key,
                encoding=encoding.value,
                told=told,
            )
            told(report)
        sys.stdout.write(summary(report))
        if report.rejected:
            await _tell_rejected(client, report, base)
        return report.rejected


async def _tell_rejected(client: RegistryClient, report: ImportReport, base: str) -> None:
    told = 0
    async for row in client.transfers.results(report):
        if told == _SHOWN:
            sys.stderr.write(
                f"  … and {report.rejected - told} more; all of them:"
                f' curl -H "Authorization: Bearer $IDNODE_API_KEY" {base}{report.results}\n'
            )
            return
        sys.stderr.write(f"  {rejection(row)}\n")
        told += 1


def summary(report: ImportReport) -> str:
    """Return the counts of an import, as a line."""
    counts = ", ".join(
        f"{getattr(report, fate)} {fate}"
        for fate in ("created", "updated", "unchanged", "rejected")
    )
    remark = " (dry run: nothing was changed)" if report.dry_run else ""
    if report.replayed:
        remark += " (this file was imported before: that is its result; --again imports it anew)"
    return f"{report.rows} rows: {counts}{remark}\n"


def rejection(row: RowResult) -> str:
    """Return what became of a row and why, as a line for people."""
    problem = row.problem
    reason = row.status if problem is None else problem.title
    errors = [] if problem is None else problem.errors
    faults = "; ".join(f"{e['pointer']} {e['detail']}".strip() for e in errors)
    return shown(" ".join(filter(None, [f"row {row.row}", row.handle, reason, faults])))


def export(
    environ: Mapping[str, str],
    prefix: str,
    *,
    form: Form | None,
    output: Path | None,
    server: str | None,
    key_file: Path | None,
) -> None:
    """Write everything under a prefix to a file, wholly or not at all, or to stdout.

    Without a form it is what the file's name says, as for `send`; NDJSON where that says nothing.
    Raises `NotDone` when form and name disagree.
    """
    known = _form_out(form, output)
    key = api_key(environ, key_file)
    asyncio.run(_export(registry_base(environ, server), key, prefix, known, output))


async def _export(base: str, key: str, prefix: str, form: Form, output: Path | None) -> None:
    async with RegistryClient(base, key) as client:
        with opened(output) as file, _progress() as bar:
            task = bar.add_task(prefix, total=None, rows="")
            async for piece in client.transfers.export(prefix, form.value):
                file.write(piece)
                bar.update(task, advance=len(piece))


@contextmanager
def opened(output: Path | None) -> Iterator[BinaryIO]:
    """Give a file that is there wholly or not at all, or stdout. Raises `NotDone`."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    draft = output.with_name(output.name + _UNFINISHED)
    try:
        with _created(draft) as file:
            yield file
        draft.rename(output)
    finally:
        draft.unlink(missing_ok=True)


def _created(path: Path) -> BinaryIO:
    try:
        return path.open("wb")
    except OSError as why:
        raise NotDone(f"{path} cannot be written: {why.strerror}") from None


def registry_base(environ: Mapping[str, str], server: str | None) -> str:
    """Return the registry's base address: as given, or this node's by its settings."""
    if server is not None:
        return server if "://" in server else f"http://{server}"
    return f"http://{reached(config.load(environ).registry[0])}"


def api_key(environ: Mapping[str, str], key_file: Path | None) -> str:
    """Return the API key: of a file, or of the environment, never of the command line.

    The file holds the key alone, or is the demo's credentials file. Raises `NotDone`, which never
    shows what was read.
    """
    if key_file is None:
        if given := environ.get("IDNODE_API_KEY"):
            return _one_key(given, "IDNODE_API_KEY")
        raise NotDone("an API key is needed: set IDNODE_API_KEY, or name a file with --key-file")
    try:
        text = key_file.read_text(encoding="utf-8").strip()
    except OSError as why:
        raise NotDone(f"{key_file} cannot be read: {why.strerror}") from None
    except UnicodeDecodeError:
        raise NotDone(f"{key_file} holds no API key: it is no text") from None
    if text.startswith("{"):
        try:
            text = str(msgspec.json.decode(text)["enterprise"]["api_key"])
        except (msgspec.DecodeError, KeyError, TypeError):
            raise NotDone(f"{key_file} holds no API key") from None
    return _one_key(text, str(key_file))


def _one_key(text: str, place: str) -> str:
    key = text.strip()
    if not key:
        raise NotDone(f"{place} is empty: it must hold an API key")
    if lines := len(key.splitlines()) - 1:
        raise NotDone(f"{place} has {lines + 1} lines: it must hold an API key and nothing else")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise NotDone(f"{place} holds no API key: no key has spaces or characters beyond ASCII")
    return key


def _form_of(path: Path) -> Form:
    try:
        return Form(SUFFIXES[path.suffix.lower()])
    except KeyError:
        raise NotDone(
            f"{path.name} does not say its form: end it in {', '.join(SUFFIXES)}, or use --format"
        ) from None


def _form_out(form: Form | None, output: Path | None) -> Form:
    """Return the form to write. Raises `NotDone` where the file would be read as another."""
    if output is None:
        return form or Form.NDJSON
    said = SUFFIXES.get(output.suffix.lower())
    if form is None:
        return Form(said) if said else Form.NDJSON
    if said not in {None, form.value}:
        raise NotDone(
            f"{output.name} would be read as {said}, and --format says {form}: change one of them"
        )
    return form


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        TextColumn("{task.fields[rows]}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
