"""Whoever proves himself over the REST form: what he sends."""

import base64
import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from identifiers.keys.responses import answer_with_secret
from identifiers.wire.cursor import Cursor
from tests.unit.registry.rest.conftest import SECRET

PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CNONCE = b"client's nonce.."
CERT = 'Handle clientCert="true"'


def b64(octets):
    return base64.b64encode(octets).decode()


def in_session(session_id):
    return f'Handle version="0", sessionId="{session_id}"'


def proof(session_id, nonce, secret=SECRET, name="300:0.NA/88.300.1"):
    signed = Cursor(answer_with_secret(secret, nonce, CNONCE, b"s" * 16))
    assert signed.u8() == 0x22
    salt, iterations, bits, mac = signed.octets(), signed.u32(), signed.u32(), signed.octets()
    return (
        f'{in_session(session_id)}, id="{name}", type="HS_SECKEY", cnonce="{b64(CNONCE)}", '
        f'alg="PBKDF2WithHmacSHA1", salt="{b64(salt)}", iterations="{iterations}", '
        f'length="{bits}", signature="{b64(mac)}"'
    )


def certificate(*names, key=PRIVATE):
    subject = x509.Name([x509.NameAttribute(oid, text) for oid, text in names])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=10_000))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.DER)
