"""Secret keys at rest: the data of HS_SECKEY values is sealed before it is stored. Pure.

AES-256-GCM under a key of the node, bound to the name and the index of the value, so that a sealed
value means nothing anywhere else. The nonce is an HMAC of what is sealed and what it is bound to:
it repeats only where all of that does, and so the same secret in the same place has the same sealed
form. So an operator's command that is repeated changes nothing; requests are not told whether they
repeat a secret (``rules``). Whoever reads the database learns one thing: that a value has a secret
that it had before.

A sealed value is ``mark · id of the key (4) · nonce (12) · ciphertext and tag``. The mark tells it
from what an earlier version stored as it came.
"""

import hmac
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from identifiers.values import SEALED_TYPE, Value, is_secret
from registry.commands import Command, Delete, RemoveValues, Restore

KEY_OCTETS: Final = 32
MARK: Final = b"\0sealed\x01"
_LENGTH: Final = len(SEALED_TYPE)
_ID: Final = slice(len(MARK), len(MARK) + 4)
_NONCE: Final = slice(_ID.stop, _ID.stop + 12)


class SealBroken(ValueError):
    """A sealed value cannot be opened: it is damaged, moved, or of another node's key."""


class Seals:
    """Seals and opens secret keys. `key` are `KEY_OCTETS` secret octets of the node."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_OCTETS:
            raise ValueError(f"{KEY_OCTETS} octets are needed, not {len(key)}")
        self._cipher = AESGCM(_derived(key, b"cipher"))
        self._nonces = _derived(key, b"nonces")
        self._digests = _derived(key, b"digests")
        self._id = _derived(key, b"id")[:4]

    def sealed(self, name: str, values: tuple[Value, ...]) -> tuple[Value, ...]:
        """Return values as they are stored under a canonical name."""
        # Bulk registration asks this of 150,000 values a second: most have types of other lengths.
        for value in values:
            if len(value.type) == _LENGTH and is_secret(value.type):
                break
        else:
            return values
        return tuple(self._seal(name, v) if is_secret(v.type) else v for v in values)

    def commanded(self, name: str, command: Command) -> Command:
        """Return a command with its values as they are stored under a canonical name."""
        if isinstance(command, Delete | RemoveValues | Restore):
            return command
        values = self.sealed(name, command.values)
        if values is command.values:
            return command
        return msgspec.structs.replace(command, values=values)

    def opened(self, name: str, value: Value) -> bytes:
        """Return the secret of an HS_SECKEY value of the record with a canonical name.

        One that was stored before there were seals is returned as it is. Raises `SealBroken`.
        """
        data = value.data
        if not data.startswith(MARK):
            return data
        if not hmac.compare_digest(data[_ID], self._id):
            raise SealBroken(f"{value.index}:{name} is sealed with another key than this node's")
        try:
            return self._cipher.decrypt(data[_NONCE], data[_NONCE.stop :], _place(name, value))
        except (InvalidTag, ValueError):
            raise SealBroken(f"{value.index}:{name} is damaged, or was moved here") from None

    def keyed(self, digest: bytes) -> bytes:
        """Return what is kept of the digest of a body, which may hold secrets.

        They may be short: a digest that everybody can make would let them be found by trying.
        """
        return hmac.digest(self._digests, digest, "sha256")

    def is_of(self, kept: bytes, digest: bytes) -> bool:
        """Say whether `kept` is of a digest; earlier versions kept the digest itself."""
        known = self.keyed(digest), digest
        return any(hmac.compare_digest(kept, one) for one in known)

    def _seal(self, name: str, value: Value) -> Value:
        place = _place(name, value)
        # The length first, so that no other pair of place and secret is the same octets.
        told = len(place).to_bytes(4) + place + value.data
        nonce = hmac.digest(self._nonces, told, "sha256")[:12]
        box = self._cipher.encrypt(nonce, value.data, place)
        return msgspec.structs.replace(value, data=MARK + self._id + nonce + box)


def _place(name: str, value: Value) -> bytes:
    return f"{value.index}:{name}".encode()


def _derived(key: bytes, purpose: bytes) -> bytes:
    return hmac.digest(key, b"idnode seal " + purpose, "sha256")
