"""Secrets of programs: random, kept sealed, so that a hash of one and a day can be checked."""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SECRET_OCTETS: Final = 32
NONCE_OCTETS: Final = 12


class Broken(ValueError):
    """A sealed secret cannot be opened: it is damaged, moved, or of another node's key."""


def make_secret(chance: bytes) -> str:
    """Return a secret of `SECRET_OCTETS` random octets: 43 characters."""
    return urlsafe_b64encode(chance).rstrip(b"=").decode()


class Safe:
    """Seals and opens secrets (AES-256-GCM), each bound to the name of its account."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(sha256(b"secrets of programs\0" + key).digest())

    def sealed(self, secret: str, name: str, nonce: bytes) -> bytes:
        """Return a secret as it is kept. `nonce`: `NONCE_OCTETS` random octets, never twice."""
        return nonce + self._cipher.encrypt(nonce, secret.encode(), name.encode())

    def opened(self, kept: bytes, name: str) -> str:
        """Return a secret. Raises `Broken`."""
        nonce, box = kept[:NONCE_OCTETS], kept[NONCE_OCTETS:]
        try:
            return self._cipher.decrypt(nonce, box, name.encode()).decode()
        except (InvalidTag, ValueError):
            raise Broken(
                f"the secret of {name} cannot be opened: it is damaged, was moved here, or is"
                " sealed with another key than this node's"
            ) from None


class Password(msgspec.Struct, frozen=True):
    """A proof: the password or the secret itself."""

    text: str

    def __repr__(self) -> str:
        return "Password(<secret>)"


class DatedDigest(msgspec.Struct, frozen=True):
    """A proof: ``sha256hex(sha256hex(secret) + day)``, hexadecimal in lower case.

    `days` are those (``yyyy-MM-dd``) for which it is taken. Only programs prove themselves so.
    """

    text: str
    days: tuple[str, ...]

    def __repr__(self) -> str:
        return f"DatedDigest(<secret>, {self.days!r})"


Proof = Password | DatedDigest


def same_secret(proof: Proof, secret: str) -> bool:
    """Say whether a proof is of a program's secret; every comparison takes constant time."""
    sent = proof.text.encode("utf-8", "surrogatepass")
    if isinstance(proof, Password):
        return hmac.compare_digest(sent, secret.encode())
    once = sha256(secret.encode()).hexdigest()
    made = [sha256((once + day).encode()).hexdigest().encode() for day in proof.days]
    return sum(hmac.compare_digest(sent, one) for one in made) > 0
