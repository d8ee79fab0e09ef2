"""The commands ``history`` and ``relations``."""
# ruff: noqa: PLC0415 -- only what a command needs is imported when it runs
# ruff: noqa: FBT002 -- typer makes options of parameters, and they are given by name

import os
from typing import Annotated

import typer

from node.cli_client import KeyFile, Server

Name = Annotated[str, typer.Argument(help="The identifier, such as 88.300.1/A.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


def history(
    name: Name,
    limit: Annotated[int, typer.Option(help="How many versions at most.", min=1)] = 100,
    json: Json = False,
    server: Server = None,
    key_file: KeyFile = None,
) -> None:
    """Tell the versions of an identifier, newest first: when, who, what changed."""
    from node.commands.tracing import tell_history

    tell_history(os.environ, name, most=limit, as_json=json, server=server, key_file=key_file)


def relations(  # noqa: PLR0917 -- see above
    name: Name,
    down: Annotated[
        bool,
        typer.Option("--down/--up", help="Up to what it was made from, or down to what is of it."),
    ] = False,
    depth: Annotated[int, typer.Option(help="Steps.", min=1, max=20)] = 1,
    relation: Annotated[
        str, typer.Option(help="Just these: part_of, made_from or carried_by.")
    ] = "",
    json: Json = False,
    server: Server = None,
    key_file: KeyFile = None,
) -> None:
    """Tell what an identifier is part of, made from and carried by, or what is so of it."""
    from node.commands.tracing import tell_relations

    tell_relations(
        os.environ,
        name,
        direction="down" if down else "up",
        depth=depth,
        relation=relation,
        as_json=json,
        server=server,
        key_file=key_file,
    )


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(history)
    app.command()(relations)
