"""Whoever holds a private key. How private keys are written is in ``keyfiles``."""

from collections.abc import Callable
from typing import Final, Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from identifiers.keys import sm2
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import SM3, encode_public_key
from identifiers.wire.handle.data import RsaKey

SHA256: Final = "SHA-256"
_CHANCE: Final = 32


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

    def sign(self, data: bytes, identity: bytes = sm2.DEFAULT_IDENTITY) -> bytes:
        """Return the signature over `data`; `identity` is the user ID of SM2."""
        ...


class RsaSigner:
    """Signs with RSA, PKCS #1 v1.5 and SHA-256 (RFC 8017 section 8.2)."""

    algorithm: Final = SHA256

    def __init__(self, private: rsa.RSAPrivateKey) -> None:
        self._private = private
        numbers = private.public_key().public_numbers()
        self.public: Final = encode_public_key(RsaKey(numbers.e, numbers.n))

    def sign(self, data: bytes, _identity: bytes = sm2.DEFAULT_IDENTITY) -> bytes:
        """Return the signature over `data`."""
        return self._private.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def decrypt(self, encrypted: bytes) -> bytes:
        """Return what was encrypted to this key (PKCS #1 v1.5), or noise if it was not.

        A wrong padding gives random bytes of any length and not an error that could be told apart
        (implicit rejection). Raises `KeyUnfit` for what has not the length of the key.
        """
        try:
            return self._private.decrypt(encrypted, padding.PKCS1v15())
        except ValueError:
            raise KeyUnfit("not encrypted to this key") from None


class Sm2Signer:
    """Signs with SM2 and SM3: by libcrypto, or else here, where `chance` gives random bytes."""

    algorithm: Final = SM3

    def __init__(self, private: int, chance: Callable[[int], bytes]) -> None:
        """Raise `KeyUnfit` for a number that is no private key."""
        self._private = private
        self._chance = chance
        self._key = sm2.public_of(private)
        self.public: Final = encode_public_key(self._key)

    def sign(self, data: bytes, identity: bytes = sm2.DEFAULT_IDENTITY) -> bytes:
        """Return the signature of the user `identity` over `data`, in DER."""
        made = sm2.sign_natively(self._private, self._key, identity, data)
        if made is not None:
            return made
        return sm2.sign(self._private, self._key, identity, data, self._chance(_CHANCE))
