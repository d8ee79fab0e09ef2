"""Who asks, and how he proves it: a secret key, or a private key (RFC 3652 section 3.5).

An identity is ``index:handle``: the value that holds the secret or the public key.
"""

from collections.abc import Callable
from typing import Final, Protocol

from identifiers.keys.responses import (
    PUBLIC_KEY,
    SECRET_KEY,
    answer_with_key,
    answer_with_secret,
)
from identifiers.keys.signers import Signer

_SALT: Final = 16


class Credentials(Protocol):
    """An identity and its proof."""

    @property
    def handle(self) -> str:
        """The handle of the identity."""
        ...

    @property
    def index(self) -> int:
        """The index of the value with the key; 0: any key of the handle."""
        ...

    @property
    def kind(self) -> str:
        """The type of that value."""
        ...

    def answer(self, nonce: bytes, digest: bytes, chance: Callable[[int], bytes]) -> bytes:
        """Return the signed response to a challenge; takes some milliseconds of a core."""
        ...


class SecretKey:
    """A secret that the server knows too, an HS_SECKEY value. It never travels."""

    kind: Final = SECRET_KEY

    def __init__(self, handle: str, index: int, secret: bytes) -> None:
        self.handle: Final = handle
        self.index: Final = index
        self._secret = secret

    def __repr__(self) -> str:
        return f"SecretKey({self.handle!r}, {self.index}, …)"

    def answer(self, nonce: bytes, digest: bytes, chance: Callable[[int], bytes]) -> bytes:
        """Return the signed response to a challenge."""
        return answer_with_secret(self._secret, nonce, digest, chance(_SALT))


class PrivateKey:
    """A private key whose public one is an HS_PUBKEY value: RSA or SM2.

    `identifiers.keys.keyfiles.read_private_key` reads one from a file.
    """

    kind: Final = PUBLIC_KEY

    def __init__(self, handle: str, index: int, signer: Signer) -> None:
        self.handle: Final = handle
        self.index: Final = index
        self._signer = signer

    def answer(self, nonce: bytes, digest: bytes, _: Callable[[int], bytes]) -> bytes:
        """Return the signed response to a challenge."""
        return answer_with_key(self._signer, nonce, digest, self.handle)
