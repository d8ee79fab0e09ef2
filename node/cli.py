"""The command line ``idnode``. Only what a command needs is imported when it runs."""
# ruff: noqa: PLC0415 -- as the docstring says

import os
import sys

import typer

app = typer.Typer(
    name="idnode",
    help="A secondary node (二级节点) of the industrial-internet identifier system.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


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
def migrate() -> None:
    """Bring the database's schema to this version."""
    from node.commands.settings import migrate as run

    run(os.environ)


@app.command()
def check_config() -> None:
    """Show the settings in force, without secrets, and warn of what is seldom meant."""
    from node.commands.settings import check

    check(os.environ)


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
