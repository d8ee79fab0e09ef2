"""The command line ``idnode``. Only what a command needs is imported when it runs."""
# ruff: noqa: PLC0415 -- as the docstring says

import os
import sys
from datetime import datetime
from typing import Annotated

import typer

from node import (
    cli_accounts,
    cli_admissions,
    cli_audit,
    cli_certificate,
    cli_client,
    cli_key_pairs,
    cli_operator,
    cli_prefixes,
    cli_search,
    cli_templates,
    cli_tracing,
)

app = typer.Typer(
    name="idnode",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:  # noqa: FBT001 -- typer calls it so
    if wanted:
        from importlib.metadata import version

        typer.echo(version("idnode"))
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """A secondary node (二级节点) of the industrial-internet identifier system."""


@app.command()
def demo() -> None:
    """Bring up a whole node with sample data; Ctrl-C stops it."""
    from node.commands.run import run
    from node.workers import Kind

    run(Kind.NODE, os.environ, demo=True)


@app.command()
def serve() -> None:
    """Run everything as the settings say, with embedded servers where none are given."""
    from node.commands.run import run
    from node.workers import Kind

    run(Kind.NODE, os.environ)


@app.command()
def resolver() -> None:
    """Run resolver workers only. Needs IDNODE_DATABASE_URL."""
    from node.commands.run import run
    from node.workers import Kind

    run(Kind.RESOLVER, os.environ)


@app.command()
def registry() -> None:
    """Run the registry only. Needs IDNODE_DATABASE_URL."""
    from node.commands.run import run
    from node.workers import Kind

    run(Kind.REGISTRY, os.environ)


@app.command()
def reload() -> None:
    """Have the running node read its settings file again, and apply what can be applied."""
    from node.commands.orders import run
    from node.control import Question

    run(os.environ, Question.RELOAD)


@app.command()
def restart(
    *,
    everything: Annotated[
        bool,
        typer.Option("--all", help="The registry process too: who is logged in logs in anew."),
    ] = False,
) -> None:
    """Replace the running node's workers one after the other; no look-up is lost."""
    from node.commands.orders import run
    from node.control import Question

    run(os.environ, Question.RESTART_ALL if everything else Question.RESTART_WORKERS)


@app.command()
def report(
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="A day in Beijing; without: today so far."),
    ] = None,
) -> None:
    """Tell what was resolved on a day, by prefix and source: JSON."""
    from node.commands.report import run

    run(os.environ, None if day is None else day.date())


@app.command()
def migrate() -> None:
    """Bring the database's schema to this version."""
    from node.commands.settings import migrate as run

    run(os.environ)


@app.command()
def check_config() -> None:
    """Show the settings in force, without secrets, and warn of what is seldom meant."""
    from node.commands.settings import check

    check(os.environ)


@app.command()
def lost_key(
    name: Annotated[str, typer.Argument(help="api-key-pepper or secret-key-seal.")],
) -> None:
    """Give up a secret of the node that is lost for good, and all that depends on it.

    The next start makes another. Look for a backup of the keys directory first.
    """
    from node.commands.lost_key import run

    run(os.environ, name)


cli_operator.add_to(app)
cli_accounts.add_to(app)
cli_admissions.add_to(app)
cli_audit.add_to(app)
cli_certificate.add_to(app)
cli_client.add_to(app)
cli_key_pairs.add_to(app)
cli_search.add_to(app)
cli_tracing.add_to(app)
cli_templates.add_to(app)
cli_prefixes.add_to(cli_operator.prefix)


def main() -> None:
    """Run a command; what can go wrong is told in a sentence and exit status 1."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as why:
        from node.expected import EXPECTED

        if not isinstance(why, EXPECTED):
            raise
        sys.stderr.write(f"idnode: {why}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
