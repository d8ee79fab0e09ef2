"""Whoever holds a private key, and the ways in which private keys are written."""

from typing import Protocol

from identifiers.keys.sm2 import DEFAULT_IDENTITY


class Signer(Protocol):
    """Signs with a private key that stays where it is."""

    @property
    def algorithm(self) -> str:
        """Name of the hash as answers and credentials carry it: ``SHA-256`` or ``SM3``."""
        ...

    @property
    def public(self) -> bytes:
        """The public key as HS_PUBKEY data."""
        ...

    def sign(self, data: bytes, identity: bytes = DEFAULT_IDENTITY) -> bytes:
        """Return the signature over `data`; `identity` is the user ID of SM2."""
        ...
