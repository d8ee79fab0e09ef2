"""The command ``search``."""
# ruff: noqa: PLC0415 -- only what a command needs is imported when it runs
# ruff: noqa: FBT002, PLR0917 -- typer makes options of parameters, and they are given by name

import os
from typing import Annotated

import typer

from node.cli_client import KeyFile, Server

Instant = Annotated[str | None, typer.Option(help="As 2026-10-16T08:00:00Z.")]


def search(
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Words: each is part of the name or of a public text."),
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(help="ITEM=VALUE, * stands for any characters; repeatable."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Just this identifier.")] = None,
    begins: Annotated[str | None, typer.Option(help="Names begin with this text.")] = None,
    prefix: Annotated[str | None, typer.Option(help="This prefix and those below it.")] = None,
    state: Annotated[str | None, typer.Option(help="States, separated by commas.")] = None,
    changed_since: Instant = None,
    changed_until: Instant = None,
    created_since: Instant = None,
    created_until: Instant = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 100,
    count: Annotated[bool, typer.Option("--count", help="Tell how many there are.")] = False,
    json: Annotated[bool, typer.Option("--json", help="A JSON document a line.")] = False,
    server: Server = None,
    key_file: KeyFile = None,
) -> None:
    """Find identifiers that the key may see, and print them."""
    from node.commands.search import run

    given = {
        "q": " ".join(words or []),
        "name": name,
        "begins": begins,
        "prefix": prefix,
        "state": state,
        "changed_since": changed_since,
        "changed_until": changed_until,
        "created_since": created_since,
        "created_until": created_until,
    }
    run(
        os.environ,
        [
            *((key, text) for key, text in given.items() if text),
            *(("field", f) for f in field or []),
        ],
        most=limit,
        count=count,
        as_json=json,
        server=server,
        key_file=key_file,
    )


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(search)
