"""The command ``audit``."""
# ruff: noqa: PLC0415 -- only what a command needs is imported when it runs

import os
from typing import Annotated

import typer


def audit(
    since: Annotated[
        str, typer.Option(help="From a day or an instant (UTC): 2024-01-31, 2024-01-31T08:00:00Z.")
    ] = "",
    *,
    json: Annotated[bool, typer.Option("--json", help="As JSON lines, with all there is.")] = False,
) -> None:
    """Tell who did what on this node, oldest first: its whole audit log (审计日志)."""
    from node.commands.auditing import run

    run(os.environ, since, as_json=json)


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(audit)
