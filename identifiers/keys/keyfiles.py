"""Private key files: those of Handle.Net, and PEM.

A file of Handle.Net is ``int encryption`` and the key; encryption 1 is none, 4 is AES-128-CBC under
PBKDF2-HMAC-SHA1 of a passphrase: ``octets salt, int iterations, int bits, octets iv, octets
encrypted``. The key is ``text "RSA_PRIVCRT_KEY", int2 0`` and the octets of n, e, d, p, q, dp, dq
and qinv. PEM is PKCS #8 or the older forms, encrypted or not; for SM2 PKCS #8 (RFC 5208) or SEC 1
(RFC 5915), unencrypted.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from typing import Annotated, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import ObjectIdentifier

from identifiers.keys.errors import KeyUnfit
from identifiers.keys.signers import RsaSigner, Sm2Signer
from identifiers.wire.cursor import Cursor, ProtocolError

MAX_FILE_BYTES: Final = 65_536
_MAX_ITERATIONS: Final = 10_000_000
_UNENCRYPTED: Final = 1
_PBKDF2_AES: Final = 4
_AES_BITS: Final = 128
_RSA: Final = "RSA_PRIVCRT_KEY"
_SM2_CURVE: Final = ObjectIdentifier("1.2.156.10197.1.301")
_PEM: Final = re.compile(
    rb"-----BEGIN ((?:EC )?PRIVATE KEY)-----\s+([A-Za-z0-9+/=\s]+)-----END \1-----"
)


@asn1.sequence
class _Algorithm:
    kind: ObjectIdentifier
    curve: ObjectIdentifier


@asn1.sequence
class _PrivateKeyInfo:
    version: int
    algorithm: _Algorithm
    private: bytes


@asn1.sequence
class _EcPrivateKey:
    version: int
    private: bytes
    curve: Annotated[ObjectIdentifier | None, asn1.Explicit(0)]
    public: Annotated[asn1.BitString | None, asn1.Explicit(1)]


def read_private_key(
    file: bytes, passphrase: bytes | None, chance: Callable[[int], bytes]
) -> RsaSigner | Sm2Signer:
    """Read a private key file. `passphrase` is None for a file that is not encrypted.

    `chance` gives random bytes and goes into each SM2 signature. Raises `KeyUnfit`, which never
    tells anything of the key.
    """
    if len(file) > MAX_FILE_BYTES:
        raise KeyUnfit(f"a key file of {len(file)} bytes, at most {MAX_FILE_BYTES} are read")
    if b"-----BEGIN " in file:
        private = _sm2_private(file)
        return RsaSigner(_pem(file, passphrase)) if private is None else Sm2Signer(private, chance)
    try:
        return RsaSigner(_handle_key(_decrypted(file, passphrase)))
    except ProtocolError as error:
        raise KeyUnfit(f"a private key file that cannot be read: {error}") from None


def _pem(file: bytes, passphrase: bytes | None) -> rsa.RSAPrivateKey:
    try:
        loaded = load_pem_private_key(file, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The reasons of the library may quote what it read.
        raise KeyUnfit("a PEM private key that cannot be read; is the passphrase right?") from None
    if not isinstance(loaded, rsa.RSAPrivateKey):
        raise KeyUnfit("a PEM private key that is neither RSA nor SM2")
    return loaded


def _sm2_private(file: bytes) -> int | None:
    """Return the private key of an SM2 file; None if it is of another kind."""
    # Files may begin with their curve's parameters, in a section of its own.
    for name, text in _PEM.findall(file):
        try:
            der = base64.b64decode(b"".join(text.split()), validate=True)
            if not name.startswith(b"EC "):
                info = asn1.decode_der(_PrivateKeyInfo, der)
                if info.algorithm.curve != _SM2_CURVE:
                    continue
                der = info.private
                return int.from_bytes(asn1.decode_der(_EcPrivateKey, der).private)
            key = asn1.decode_der(_EcPrivateKey, der)
        except (ValueError, binascii.Error):
            continue
        if key.curve == _SM2_CURVE:
            return int.from_bytes(key.private)
    return None


def _decrypted(file: bytes, passphrase: bytes | None) -> bytes:
    cursor = Cursor(file)
    encryption = cursor.u32()
    if encryption == _UNENCRYPTED:
        return cursor.rest()
    if encryption != _PBKDF2_AES:
        raise KeyUnfit(f"a private key file with encryption {encryption}; 1 and 4 are supported")
    if passphrase is None:
        raise KeyUnfit("the private key file is encrypted and needs its passphrase")
    salt, iterations, bits = cursor.octets(), cursor.u32(), cursor.u32()
    iv, encrypted = cursor.octets(), cursor.octets()
    cursor.finish()
    if bits != _AES_BITS or not 1 <= iterations <= _MAX_ITERATIONS:
        raise KeyUnfit(f"a private key file with {iterations} iterations for {bits} bits")
    key = hashlib.pbkdf2_hmac("sha1", passphrase, salt, iterations, bits // 8)
    try:
        decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
        unpadder = PKCS7(_AES_BITS).unpadder()
        padded = decryptor.update(encrypted) + decryptor.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        raise KeyUnfit("the passphrase of the private key file is wrong") from None


def _handle_key(data: bytes) -> rsa.RSAPrivateKey:
    cursor = Cursor(data)
    kind = cursor.text()
    if kind != _RSA or cursor.u16():
        raise KeyUnfit(f"a private key of the kind {kind[:40]!r}; only {_RSA} is supported")
    n, e, d, p, q, dp, dq, qinv = (int.from_bytes(cursor.octets()) for _ in range(8))
    public = rsa.RSAPublicNumbers(e, n)
    try:
        return rsa.RSAPrivateNumbers(p, q, d, dp, dq, qinv, public).private_key()
    except ValueError:
        raise KeyUnfit("a private key whose numbers do not belong together") from None
