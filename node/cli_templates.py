"""The commands of an operator around templates."""
# ruff: noqa: PLC0415 -- only what a command needs is imported when it runs
# ruff: noqa: FBT002 -- typer makes options of parameters

import os
from pathlib import Path
from typing import Annotated

import typer

template = typer.Typer(help="Metadata templates (元数据模板).", no_args_is_help=True)
_Prefix = Annotated[str, typer.Option(help="The prefix it stands under; without: the node's own.")]
_Version = Annotated[str, typer.Argument(help="The template's version.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(template, name="template")


@template.command("list")
def listed(prefix: _Prefix = "") -> None:
    """List the templates under a prefix, and those that can be adopted; as JSON."""
    from node.commands.templates import listing, run

    run(os.environ, listing(prefix))


@template.command("show")
def show(version: _Version, prefix: _Prefix = "") -> None:
    """Show a template, in force or to be adopted; as JSON."""
    from node.commands.templates import run, showing

    run(os.environ, showing(version, prefix))


@template.command("add")
def add(
    file: Annotated[
        Path, typer.Argument(help="The template as JSON.", exists=True, dir_okay=False)
    ],
    publish: Annotated[bool, typer.Option("--publish", help="Put it in force at once.")] = False,
) -> None:
    """Write a draft, also in place of one of the same version that is a draft still."""
    from node.commands.templates import adding, run

    run(os.environ, adding(file.read_bytes(), publish=publish))


@template.command("publish")
def publish(version: _Version, prefix: _Prefix = "") -> None:
    """Put a template in force, also one that was withdrawn."""
    from node.commands.templates import publishing, run

    run(os.environ, publishing(version, prefix))


@template.command("withdraw")
def withdraw(version: _Version, prefix: _Prefix = "") -> None:
    """Let nothing new be registered with a template; what is there stays."""
    from node.commands.templates import run, withdrawing

    run(os.environ, withdrawing(version, prefix))


@template.command("adopt")
def adopt(
    versions: Annotated[
        list[str] | None, typer.Argument(help="Versions of templates that idnode comes with.")
    ] = None,
    prefix: _Prefix = "",
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> None:
    """Put templates in force that idnode comes with (self-defined, 自定义)."""
    from node.commands.templates import adopting, run

    run(os.environ, adopting(tuple(versions or ()), prefix, every=every))


@template.command("require")
def require(
    prefix: Annotated[str, typer.Argument(help="The prefix, with all below it.")],
    off: Annotated[bool, typer.Option("--off", help="Not any more.")] = False,
) -> None:
    """Let nothing be registered under a prefix without a template."""
    from node.commands.templates import requiring, run

    run(os.environ, requiring(prefix, required=not off))
