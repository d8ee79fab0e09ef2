"""The commands of an operator around accounts."""
# ruff: noqa: PLC0415 -- only what a command needs is imported when it runs
# ruff: noqa: FBT002 -- typer makes options of parameters

import os
from typing import Annotated

import typer

from identifiers.principals import Role

account = typer.Typer(help="Accounts (账户) that log in with a name.", no_args_is_help=True)
_Name = Annotated[str, typer.Argument(help="Its name.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(account, name="account")


@account.command("add")
def add(
    name: _Name,
    role: Annotated[
        Role,
        typer.Option(
            help="Of the node: administrator, reviewer, auditor; of an enterprise: owner,"
            " operator, reader."
        ),
    ],
    enterprise: Annotated[
        int | None, typer.Option(help="Whose it is; without: the node's own.")
    ] = None,
    program: Annotated[
        bool, typer.Option("--program", help="No person: gets a random secret.")
    ] = False,
) -> None:
    """Make an account; asks for its password, or reads it as a line of standard input.

    Prints its number, or with --program its secret, this once.
    """
    from node.commands.accounts import adding, asked_password, run

    password = None if program else asked_password()
    run(os.environ, adding(name, role=role, enterprise=enterprise, password=password))


@account.command("list")
def listed(
    enterprise: Annotated[int | None, typer.Option(help="Only this one's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List accounts, disabled ones too."""
    from node.commands.accounts import listing, run

    run(os.environ, listing(enterprise=enterprise, as_json=as_json))


@account.command("disable")
def disable(
    name: _Name,
    undo: Annotated[bool, typer.Option("--undo", help="Let it in again.")] = False,
) -> None:
    """Let an account in no more; its tokens end within two seconds. Prints its name."""
    from node.commands.accounts import run, switching

    run(os.environ, switching(name, on=undo))


@account.command("password")
def password(
    name: _Name,
    program: Annotated[
        bool, typer.Option("--program", help="Make a program another secret; prints it, this once.")
    ] = False,
) -> None:
    """Give an account another password; its tokens end."""
    from node.commands.accounts import asked_password, renewing, run

    run(os.environ, renewing(name, None if program else asked_password()))
