"""``idnode certificate``: which clients are known by their certificates."""

import sys
from collections.abc import Mapping
from pathlib import Path

from node import certificates, config
from node.certificates import Trusted


def trust(environ: Mapping[str, str], file: Path) -> None:
    """Trust a client's certificate; a running node does within seconds. Raises `NotDone`."""
    _tell(certificates.trust(config.load(environ).client_certs, file))


def trusted(environ: Mapping[str, str]) -> None:
    """Print the certificates that are trusted. Raises `NotDone`."""
    for one in certificates.trusted(config.load(environ).client_certs):
        _tell(one)


def distrust(environ: Mapping[str, str], name: str) -> None:
    """Trust a certificate no longer. Raises `NotDone`."""
    _tell(certificates.distrust(config.load(environ).client_certs, name))


def show(environ: Mapping[str, str]) -> None:
    """Print the node's own certificate, for clients to trust. Raises `UnfitKey`, `NotDone`."""
    sys.stdout.write(certificates.own(config.load(environ)))


def _tell(one: Trusted) -> None:
    sys.stdout.write(f"{one.name}  {one.ends:%Y-%m-%d}  {one.subject}\n")
