"""The commands of an operator around key pairs: until when and from where each counts."""
# ruff: noqa: PLC0415 -- only what a command needs is imported when it runs
# ruff: noqa: FBT002 -- typer makes options of parameters, and they are given by name

import os
from typing import Annotated

import typer

key_pair = typer.Typer(
    help="Key pairs (密钥对) of identities: how far each counts.", no_args_is_help=True
)
_Identity = Annotated[
    str, typer.Argument(help="Such as 301:0.NA/88.300.1.", metavar="INDEX:HANDLE")
]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(key_pair, name="key-pair")


@key_pair.command("list")
def listed(
    enterprise: Annotated[int | None, typer.Option(help="Only this one's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List keys in the records of prefixes, and others that have bounds; expired ones too."""
    from node.commands.key_pairs import listing, run

    run(os.environ, listing(enterprise=enterprise, as_json=as_json))


@key_pair.command("bound")
def bound(
    identity: _Identity,
    until: Annotated[
        str, typer.Option(help="Its end, such as 2027-01-01T00:00:00Z; without: none.")
    ] = "",
    network: Annotated[
        list[str] | None,
        typer.Option(help="It counts only from here, such as 10.0.0.0/8; repeatable."),
    ] = None,
) -> None:
    """Let a key count until then, from there; just these bounds, in place of those it had."""
    from node.commands.key_pairs import bounding, read_bounds, run

    run(os.environ, bounding(identity, read_bounds(until, tuple(network or ()))))


@key_pair.command("lift")
def lift(identity: _Identity) -> None:
    """Let a key count until it is removed, and from everywhere."""
    from identifiers.keys.bounds import UNBOUNDED
    from node.commands.key_pairs import bounding, run

    run(os.environ, bounding(identity, UNBOUNDED))
