"""The commands about certificates: of TLS, and of enterprises."""
# ruff: noqa: PLC0415 -- only what a command needs is imported when it runs

import os
from pathlib import Path
from typing import Annotated

import typer

certificate = typer.Typer(
    help="Certificates: of TLS (trust, list, remove, show), and of enterprises (认证证书).",
    no_args_is_help=True,
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


@certificate.command("issue")
def certificate_issue(
    enterprise: Annotated[int, typer.Argument(help="The enterprise's number.", metavar="NUMBER")],
    days: Annotated[int, typer.Option(help="For how long.")] = 365,
    prefix: Annotated[str, typer.Option(help="One of its prefixes; else the first.")] = "",
    replaces: Annotated[str, typer.Option(help="The serial number of the one in force.")] = "",
) -> None:
    """Certify an enterprise that is active and verified; prints the certificate."""
    from node.commands.certifying import issuing, run

    run(os.environ, issuing(enterprise, days=days, prefix=prefix, replaces=replaces))


_Serial = Annotated[str, typer.Argument(help="The serial number.", metavar="SERIAL")]


@certificate.command("revoke")
def certificate_revoke(serial: _Serial, reason: Annotated[str, typer.Option(help="Why.")]) -> None:
    """Revoke an enterprise's certificate, for good."""
    from node.commands.certifying import revoking, run

    run(os.environ, revoking(serial, reason))


@certificate.command("check")
def certificate_check(serial: _Serial) -> None:
    """Tell whether an enterprise's certificate holds."""
    from node.commands.certifying import checking, run

    run(os.environ, checking(serial))


@certificate.command("issued")
def certificate_issued(
    enterprise: Annotated[int, typer.Option(help="Only this one's.")] = 0,
) -> None:
    """List certificates of enterprises."""
    from node.commands.certifying import listing, run

    run(os.environ, listing(enterprise))
