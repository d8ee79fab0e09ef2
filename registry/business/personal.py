"""Personal data (个人信息) at rest: AES-256-GCM, bound to what it belongs to."""

from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from identifiers.enterprises.fields import Document, told
from identifiers.enterprises.ledger import Identity, Told
from identifiers.enterprises.masking import parted, whole
from identifiers.enterprises.tables import FIELDS

KEY_OCTETS: Final = 32
NONCE_OCTETS: Final = 12
_WHY: Final = "it is damaged, was moved here, or is sealed with another key than this node's"


class Broken(ValueError):
    """Sealed data cannot be opened: it is damaged, moved, or of another node's key."""


class Sealer:
    """Takes documents apart and puts them together. `key` are `KEY_OCTETS` secret octets."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(sha256(b"personal data\0" + key).digest())

    def seal(self, document: Document, of: Identity, nonce: bytes) -> Told:
        """Return a document as it is kept. `nonce`: `NONCE_OCTETS` random octets, never twice."""
        plain, personal = parted(document, FIELDS)
        octets = msgspec.json.encode(told(personal))
        sealed = nonce + self._cipher.encrypt(nonce, octets, _bound(of))
        return Told(msgspec.json.encode(told(plain)), sealed)

    def seal_file(self, octets: bytes, of: UUID, nonce: bytes) -> bytes:
        """Return the octets of a document as they are kept. `nonce` as above."""
        return nonce + self._cipher.encrypt(nonce, octets, _file(of))

    def open_file(self, sealed: bytes, of: UUID) -> bytes:
        """Return the octets of a document. Raises `Broken`."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_OCTETS], sealed[NONCE_OCTETS:], _file(of))
        except (InvalidTag, ValueError):
            raise Broken(f"the document {of} cannot be opened: {_WHY}") from None

    def stripped(self, kept: Told) -> Told:
        """Return a document without its personal data, for good."""
        return Told(kept.document, b"")

    def open(self, kept: Told, of: Identity) -> Document:
        """Return the whole document; of a stripped one what is left. Raises `Broken`."""
        if not kept.sealed:
            return _document(kept.document)
        nonce, octets = kept.sealed[:NONCE_OCTETS], kept.sealed[NONCE_OCTETS:]
        try:
            personal = self._cipher.decrypt(nonce, octets, _bound(of))
        except (InvalidTag, ValueError):
            raise Broken(f"the personal data of {of.number} cannot be opened: {_WHY}") from None
        return whole(_document(kept.document), _document(personal))


def _file(of: UUID) -> bytes:
    return f"document:{of}".encode()


def _bound(of: Identity) -> bytes:
    return f"{of.type}:{of.number}".encode()


def _document(octets: bytes) -> Document:
    found = msgspec.json.decode(octets, type=dict[str, Any])
    return {name: _frozen(value) for name, value in found.items()}


def _frozen(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: _frozen(value) for name, value in found.items()}
    return tuple(map(_frozen, found)) if isinstance(found, list) else found
