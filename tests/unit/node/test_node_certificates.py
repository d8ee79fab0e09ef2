import ssl
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from edge.tls import Handshakes, server_context
from node import certificates
from node.advice import warnings
from node.commands import certificate as commands
from node.config import load
from node.keys import UnfitKey
from node.refusals import NotDone


@pytest.fixture
def environ(tmp_path):
    return {"IDNODE_DATA_DIR": str(tmp_path), "IDNODE_HTTPS_ADDR": "203.0.113.5:8443,0.0.0.0:0"}


@pytest.fixture
def settings(environ):
    return load(environ)


def client(uid):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.USER_ID, uid)])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    ends = now.replace(year=now.year + 1, day=1)
    signed = made.not_valid_before(now).not_valid_after(ends).sign(key, hashes.SHA256())
    return signed.public_bytes(Encoding.PEM)


def test_the_nodes_own_certificate_is_made_once_and_names_its_addresses(settings):
    first = certificates.material(settings, clients=True)
    kept = first.certificate.read_bytes()
    assert certificates.material(settings, clients=False).certificate.read_bytes() == kept
    assert first.certificate == settings.keys_dir / "tls-self-signed.pem"
    assert first.certificate.stat().st_mode & 0o777 == 0o600
    assert first.clients == settings.keys_dir / "clients"
    server_context(first, Handshakes(lambda: 0.0))
    shown = certificates.own(settings)
    assert "PRIVATE" not in shown
    found = x509.load_pem_x509_certificate(shown.encode())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert set(map(str, names.get_values_for_type(x509.IPAddress))) == {
        *("127.0.0.1", "::1", "203.0.113.5")
    }
    ssl.create_default_context(cadata=shown)


def test_an_operators_certificate_is_served_as_it_is(environ, settings, tmp_path):
    own = certificates.material(settings, clients=False).certificate
    settings = load({**environ, "IDNODE_TLS_CERT": str(own), "IDNODE_TLS_KEY": str(own)})
    made = certificates.material(settings, clients=False)
    assert (made.certificate, made.key, made.clients) == (own, own, None)
    told = warnings(settings)
    assert not any("IDNODE_TLS_CERT" in sentence for sentence in told)
    assert any("IDNODE_HTTPS_ADDR 203.0.113.5:8443" in sentence for sentence in told)
    own.chmod(0o644)
    with pytest.raises(UnfitKey, match="chmod o="):
        certificates.material(settings, clients=False)
    missing = load({**environ, "IDNODE_TLS_CERT": str(tmp_path / "none.pem")})
    with pytest.raises(UnfitKey, match=r"none\.pem cannot be read"):
        certificates.material(missing, clients=False)


def test_a_certificate_of_the_node_itself_is_warned_of(settings, tmp_path):
    assert any("IDNODE_TLS_CERT" in sentence for sentence in warnings(settings))
    assert warnings(load({"IDNODE_DATA_DIR": str(tmp_path)})) == []


def test_a_key_without_its_certificate_is_a_fault(environ):
    with pytest.raises(ValueError, match=r"IDNODE_TLS_KEY.*name that"):
        load({**environ, "IDNODE_TLS_KEY": "/key.pem"})


def test_clients_are_trusted_listed_and_removed(environ, settings, tmp_path, capsys):
    commands.trusted(environ)
    assert capsys.readouterr().out == ""
    for uid in ("300:0.NA/88.300.1", "301:0.NA/88.300.1"):
        (tmp_path / "client.pem").write_bytes(client(uid))
        commands.trust(environ, tmp_path / "client.pem")
    told = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[2] for line in told] == [
        "UID=300:0.NA/88.300.1",
        "UID=301:0.NA/88.300.1",
    ]
    commands.trusted(environ)
    assert sorted(capsys.readouterr().out.splitlines()) == sorted(told)
    assert len(certificates.material(settings, clients=True).anchors()) == 2
    name = told[0].split("  ")[0]
    assert (settings.client_certs / f"{name}.pem").stat().st_mode & 0o777 == 0o600
    commands.distrust(environ, name[:8])
    assert capsys.readouterr().out.splitlines() == told[:1]
    commands.trusted(environ)
    assert capsys.readouterr().out.splitlines() == told[1:]


@pytest.mark.parametrize("name", ["", "12345678", "short"])
def test_what_is_not_one_trusted_certificate_is_not_removed(environ, tmp_path, name):
    (tmp_path / "client.pem").write_bytes(client("300:0.NA/88.300.1"))
    commands.trust(environ, tmp_path / "client.pem")
    with pytest.raises(NotDone, match="0 trusted certificates"):
        commands.distrust(environ, name)


@pytest.mark.parametrize("octets", [b"", b"nonsense", b"\xff" * 70_000])
def test_what_is_no_certificate_is_not_trusted(environ, tmp_path, octets):
    (tmp_path / "client.pem").write_bytes(octets)
    with pytest.raises(NotDone, match="no certificate"):
        commands.trust(environ, tmp_path / "client.pem")


def test_the_nodes_certificate_is_shown(environ, settings, capsys):
    commands.show(environ)
    assert capsys.readouterr().out == certificates.own(settings)
