"""The certificates of TLS: the one that the node makes itself, and those of clients that it trusts.

A client's certificate is registered before it is used (`edge.tls` takes no unknown one); whose it
is says its subject, and that it is theirs says the key of that identity.
"""

import stat
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge.addresses import Address
from edge.tls import Handshakes, Material, server_context
from node.config import Settings
from node.keys import UnfitKey, keep_once
from node.refusals import NotDone
from storage.embedded.place import write_private

OWN: Final = "tls-self-signed.pem"
_LIFE: Final = timedelta(days=3650)
_LONGEST: Final = 64 * 1024
_SHORTEST_NAME: Final = 8


class Trusted(msgspec.Struct, frozen=True):
    """A client's certificate; `name` is the beginning of its SHA-256."""

    name: str
    subject: str
    ends: datetime


def material(settings: Settings, *, clients: bool) -> Material:
    """Return what TLS is served with; makes a certificate when none is given.

    `clients`: certificates of clients are asked for. Raises `UnfitKey`.
    """
    certificate, key = settings.tls_cert, settings.tls_key
    if certificate is None:
        certificate = settings.keys_dir / OWN
        listening = (*settings.https, *settings.registry_tls, *settings.public)
        keep_once(certificate, lambda: _self_signed(listening, datetime.now(UTC)))
    _check_private(key or certificate)
    directory = settings.client_certs if clients else None
    return Material(certificate=certificate, key=key, clients=directory)


def usable(certificate: Path, key: Path | None) -> None:
    """Look whether TLS can be served with these. Raises `UnfitKey` and `UnfitTls`."""
    _check_private(key or certificate)
    server_context(Material(certificate=certificate, key=key), Handshakes(time.monotonic))


def _check_private(path: Path) -> None:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise UnfitKey(f"{path} cannot be read: {error.strerror}") from None
    if mode & 0o007:
        raise UnfitKey(f"{path} may be read by anybody (mode {mode:04o}): run chmod o= on it")


def _self_signed(addresses: Iterable[Address], now: datetime) -> bytes:
    """Return a private key and a certificate of it for these addresses, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idnode")])
    hosts = {ip_address("127.0.0.1"), ip_address("::1"), *(a.ip for a in addresses)}
    names = [
        x509.DNSName("localhost"),
        *(x509.IPAddress(ip) for ip in sorted(hosts, key=str) if not ip.is_unspecified),
    ]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + made.public_bytes(Encoding.PEM)


def own(settings: Settings) -> str:
    """Return the certificate that TLS is served with, PEM, without its key. Raises `UnfitKey`."""
    found = material(settings, clients=False).certificate
    return _read(found).public_bytes(Encoding.PEM).decode()


def trust(directory: Path, file: Path) -> Trusted:
    """Trust the client certificate in a PEM file. Raises `NotDone`."""
    certificate = _read(file)
    told = _told(certificate)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(directory / f"{told.name}.pem", certificate.public_bytes(Encoding.PEM).decode())
    return told


def trusted(directory: Path) -> list[Trusted]:
    """Return the certificates that are trusted. Raises `NotDone` for a file that is none."""
    return [_told(_read(path)) for path in sorted(directory.glob("*.pem"))]


def distrust(directory: Path, name: str) -> Trusted:
    """Trust a certificate no longer, by its name or the beginning of it. Raises `NotDone`."""
    found = [] if len(name) < _SHORTEST_NAME else sorted(directory.glob("*.pem"))
    chosen = [(path, told) for path in found if (told := _told(_read(path))).name.startswith(name)]
    if len(chosen) != 1:
        raise NotDone(f"{len(chosen)} trusted certificates begin with {name!r}: see the list")
    path, told = chosen[0]
    path.unlink()
    return told


def _read(path: Path) -> x509.Certificate:
    try:
        octets = path.read_bytes()
        if len(octets) > _LONGEST:
            raise ValueError(f"longer than {_LONGEST} octets")  # noqa: TRY301 -- told as the others
        return x509.load_pem_x509_certificate(octets)
    except (OSError, ValueError) as error:
        raise NotDone(f"{path} is no certificate in PEM: {error}") from None


def _told(certificate: x509.Certificate) -> Trusted:
    return Trusted(
        certificate.fingerprint(hashes.SHA256()).hex()[:32],
        certificate.subject.rfc4514_string(),
        certificate.not_valid_after_utc,
    )
