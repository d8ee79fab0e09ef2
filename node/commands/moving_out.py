"""``export --handle-batch``: everything under a prefix as a batch file of Handle.Net."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from identifiers.faults import Invalid
from identifiers.records import State
from identifiers.submissions import Submission
from identifiers.wire.handlenet.batch import LeftOut, Written, write_create
from identifiers.wire.jsonlines import JsonLines
from identifiers.wire.rows import Refused
from idnode.registry import RegistryClient
from node.commands.leftovers import Left, Report
from node.commands.transfer import api_key as key_of
from node.commands.transfer import opened, registry_base
from node.forms import Form
from node.refusals import NotDone


def export_batch(
    environ: Mapping[str, str],
    prefix: str,
    *,
    output: Path,
    report: Path | None,
    server: str | None,
    key_file: Path | None,
) -> None:
    """Write everything under a prefix as a batch file; keys and sites go into files beside it.

    Raises `NotDone` when something could not be written, and what clients raise.
    """
    base, key = registry_base(environ, server), key_of(environ, key_file)
    with ExitStack() as stack:
        left = Report(report, stack)
        asyncio.run(_export(base, key, prefix, output, left))
    left.finish()


async def _export(base: str, api_key: str, prefix: str, output: Path, left: Report) -> None:
    names = (f"{output.name}.files/{number}.bin" for number in count(1))
    reader = JsonLines()
    async with RegistryClient(base, api_key) as client:
        with opened(output) as file:
            async for piece in client.transfers.export(prefix, Form.NDJSON.value):
                for row in reader.feed(piece):
                    written = _written(row.content, lambda: next(names))
                    file.write(written.text.encode())
                    for name, content in written.files:
                        _write_beside(output.parent / name, content)
                    for item in written.left_out:
                        left.add(_left_out(item))


def _written(content: Submission | Refused, file_name: Callable[[], str]) -> Written:
    if isinstance(content, Refused):
        return Written("", (), (LeftOut(content.handle, 0, str(Invalid(content.faults))),))
    if content.state is State.RESERVED:
        reserved = LeftOut(content.handle, 0, "it is reserved: a batch file would publish it")
        return Written("", (), (reserved,))
    return write_create(content.handle, content.values, file_name)


def _write_beside(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise NotDone(f"{path} cannot be written: {error.strerror}") from None


def _left_out(item: LeftOut) -> Left:
    return Left(item.handle, f"index {item.index}: {item.why}" if item.index else item.why)
