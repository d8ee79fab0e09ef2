"""The commands about certificates of TLS."""
# ruff: noqa: PLC0415 -- only what a command needs is imported when it runs

import os
from pathlib import Path
from typing import Annotated

import typer

certificate = typer.Typer(
    help="Certificates of TLS: the node's own, and those of trusted clients.", no_args_is_help=True
)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(certificate, name="certificate")


@certificate.command("trust")
def certificate_trust(
    file: Annotated[Path, typer.Argument(help="PEM.", dir_okay=False, exists=True)],
) -> None:
    """Trust a client's certificate; prints its name, its end and its subject."""
    from node.commands.certificate import trust

    trust(os.environ, file)


@certificate.command("list")
def certificate_list() -> None:
    """List the trusted certificates of clients."""
    from node.commands.certificate import trusted

    trusted(os.environ)


@certificate.command("remove")
def certificate_remove(
    name: Annotated[str, typer.Argument(help="As the list has it, or at least 8 letters of it.")],
) -> None:
    """Trust a client's certificate no longer; a running node refuses it within seconds."""
    from node.commands.certificate import distrust

    distrust(os.environ, name)


@certificate.command("show")
def certificate_show() -> None:
    """Print the certificate that the node serves TLS with, for clients to trust."""
    from node.commands.certificate import show

    show(os.environ)
