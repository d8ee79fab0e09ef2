"""``import --from-handle-batch`` and ``--from-handle-dump``."""

import secrets
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from identifiers.faults import Invalid
from identifiers.wire.handlenet.batch import (
    BatchReader,
    Credentials,
    Home,
    Operation,
    Spoiled,
)
from identifiers.wire.handlenet.dump import DumpReader, Homed, PassedOver, Record, TooLong
from identifiers.wire.handlenet.valuelines import BadLine
from idnode.moving import Fate, Mover, What, never_taken
from idnode.registry import RegistryClient
from idnode.transfers import ImportReport, file_key
from node.commands.ask import shown
from node.commands.leftovers import Left, Report
from node.commands.transfer import api_key, registry_base, rejection, summary, uncut
from node.forms import Form, Mode
from node.refusals import NotDone

_PIECE: Final = 256 * 1024
_LARGEST_FILE: Final = 1 << 20
"""Octets of a file that a batch may name: a key or a site."""


def move_batch(
    environ: Mapping[str, str],
    path: Path,
    *,
    dry_run: bool,
    again: bool,
    report: Path | None,
    server: str | None,
    key_file: Path | None,
) -> None:
    """Carry a batch file out; with `dry_run` only read it.

    Raises `NotDone` when something was not taken over, and what clients raise.
    """
    _must_be_file(path)
    with ExitStack() as stack:
        left = Report(report, stack)
        operations = _operations(path)
        if dry_run:
            counts: Counter[str] = Counter()
            for operation in operations:
                content = operation.content
                counts[type(content).__name__.lower()] += 1
                if isinstance(content, (Home, Credentials, Spoiled)):
                    _note_fate(never_taken(operation.line, content), left)
            sys.stdout.write(f"{_counted(counts)} (dry run: nothing was changed)\n")
        else:
            base, key = registry_base(environ, server), api_key(environ, key_file)
            request = _fresh() if again else file_key(path, mode="handle-batch")
            uncut(_move(base, key, request, operations, left))
    left.finish()


async def _move(
    base: str, api_key: str, request: str, operations: Iterator[Operation], left: Report
) -> None:
    counts: Counter[str] = Counter()
    async with RegistryClient(base, api_key) as client:
        async for fate in Mover(client, request).move(operations):
            counts[fate.what] += 1
            _note_fate(fate, left)
    sys.stdout.write(f"{_counted(counts)}\n")


def _note_fate(fate: Fate, left: Report) -> None:
    told = Left(fate.handle, fate.why, fate.line)
    if fate.what is What.LEFT:
        left.add(told)
    elif fate.what is What.PASSED:
        left.mention(told)


def _counted(counts: Counter[str]) -> str:
    told = ", ".join(f"{count} {what}" for what, count in counts.items())
    commands = "1 command" if counts.total() == 1 else f"{counts.total()} commands"
    return f"{commands}: {told}" if told else "no command in this file"


def _operations(path: Path) -> Iterator[Operation]:
    home = path.resolve().parent

    def read_file(name: str) -> bytes:
        # A batch file from elsewhere must not publish what this user can read.
        named = (home / name).resolve()
        if not named.is_relative_to(home):
            raise BadLine(f"{name} is outside of the directory of the batch file")
        try:
            with named.open("rb") as file:
                content = file.read(_LARGEST_FILE + 1)
        except OSError as error:
            raise BadLine(f"{name} cannot be read: {error.strerror}") from None
        if len(content) > _LARGEST_FILE:
            raise BadLine(f"{name} has more than {_LARGEST_FILE} octets")
        return content

    reader = BatchReader(read_file)
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield from reader.feed(piece)
    yield from reader.finish()


def move_dump(
    environ: Mapping[str, str],
    path: Path,
    *,
    mode: Mode,
    dry_run: bool,
    again: bool,
    report: Path | None,
    server: str | None,
    key_file: Path | None,
) -> None:
    """Import the records of a JSON dump, as one bulk import. Raises as `move_batch`."""
    _must_be_file(path)
    with ExitStack() as stack:
        left = Report(report, stack)
        base, key = registry_base(environ, server), api_key(environ, key_file)
        form = f"handle-dump {mode.value}"
        request = _fresh() if again else file_key(path, mode=form)
        try:
            for item in _items(path):
                _note(item, left)
        except Invalid as error:
            raise NotDone(f"{path}: {error}") from None
        uncut(_load(base, key, path, left, request=request, mode=mode, dry_run=dry_run))
    left.finish()


async def _load(
    base: str, api_key: str, path: Path, left: Report, *, request: str, mode: Mode, dry_run: bool
) -> None:
    async with RegistryClient(base, api_key) as client:
        told = await client.transfers.send_pieces(
            lambda: _lines(path), Form.NDJSON.value, mode=mode.value, dry_run=dry_run, key=request
        )
        sys.stdout.write(summary(told))
        await _note_rejected(client, told, left)


async def _note_rejected(client: RegistryClient, told: ImportReport, left: Report) -> None:
    if told.rejected:
        async for row in client.transfers.results(told):
            left.add(Left(row.handle, rejection(row)))


def _items(path: Path) -> Iterator[Homed | Record | TooLong | PassedOver]:
    reader = DumpReader()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield from reader.feed(piece)
    yield from reader.finish()


def _note(item: Homed | Record | TooLong | PassedOver, left: Report) -> None:
    """Note what is no record, or none that can be sent; the rest is judged by the node."""
    match item:
        case Homed(prefix=prefix):
            told = f"its prefix is allotted at the node: {prefix.removeprefix('0.NA/')}"
            sys.stderr.write(f"  {shown(told)}\n")
        case TooLong(handle=handle, octets=octets):
            left.add(Left(handle, f"a record of {octets} octets"))
        case PassedOver(name=name):
            left.add(Left(name, "this part of the dump means nothing here"))
        case Record():
            pass


async def _lines(path: Path) -> AsyncIterator[bytes]:
    batch: list[bytes] = []
    size = 0
    for item in _items(path):
        if isinstance(item, Record):
            batch.append(item.line)
            size += len(item.line)
        if size >= _PIECE:
            yield b"\n".join([*batch, b""])
            batch.clear()
            size = 0
    if batch:
        yield b"\n".join([*batch, b""])


def _must_be_file(path: Path) -> None:
    if not path.is_file():
        raise NotDone(f"{path} is no file")


def _fresh() -> str:
    return f"again-{secrets.token_hex(16)}"
