"""SM2 by the system's libcrypto (OpenSSL 3 or newer), where there is one.

It takes less than half the time of ``curve``, with arithmetic that is made to tell nothing by its
duration, and lets other threads run meanwhile. ``cryptography`` has no SM2 of its
own. Whether there is one is found out once, and it is used only if it verifies the example of
GB/T 32918.5-2017; everything works without it.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

NAMES: Final = ("libcrypto.so.3", "libcrypto.so.4")
_OK: Final = 1
_MAX_SIGNATURE: Final = 128

_POINTER: Final = ctypes.c_void_p
_BYTES: Final = ctypes.c_char_p
_SIZE: Final = ctypes.c_size_t
_DER: Final = ctypes.POINTER(_BYTES)
_SIGNATURES: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "d2i_PUBKEY": (_POINTER, (_POINTER, _DER, ctypes.c_long)),
    "d2i_AutoPrivateKey": (_POINTER, (_POINTER, _DER, ctypes.c_long)),
    "EVP_PKEY_free": (None, (_POINTER,)),
    "EVP_PKEY_CTX_new": (_POINTER, (_POINTER, _POINTER)),
    "EVP_PKEY_CTX_free": (None, (_POINTER,)),
    "EVP_PKEY_CTX_set1_id": (ctypes.c_int, (_POINTER, _BYTES, ctypes.c_int)),
    "EVP_MD_CTX_new": (_POINTER, ()),
    "EVP_MD_CTX_free": (None, (_POINTER,)),
    "EVP_MD_CTX_set_pkey_ctx": (None, (_POINTER, _POINTER)),
    "EVP_sm3": (_POINTER, ()),
    "EVP_DigestVerifyInit": (ctypes.c_int, (_POINTER,) * 5),
    "EVP_DigestVerify": (ctypes.c_int, (_POINTER, _BYTES, _SIZE, _BYTES, _SIZE)),
    "EVP_DigestSignInit": (ctypes.c_int, (_POINTER,) * 5),
    "EVP_DigestSign": (
        ctypes.c_int,
        (_POINTER, _BYTES, ctypes.POINTER(_SIZE), _BYTES, _SIZE),
    ),
    "ERR_clear_error": (None, ()),
}

# The public key and the signature of GB/T 32918.5-2017 annex A.2, in DER.
_SAMPLE_KEY: Final = bytes.fromhex(
    "3059301306072a8648ce3d020106082a811ccf5501822d03420004"
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
_SAMPLE_IDENTITY: Final = b"1234567812345678"
_SAMPLE_SIGNATURE: Final = bytes.fromhex(
    "3046022100f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "022100b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)
_SAMPLE: Final = b"message digest"


class Refused(Exception):
    """The library did not take a key, or an identity: nothing is said about a signature."""


class Libcrypto:
    """SM2 by a loaded library. Raises `AttributeError` when it lacks what is needed."""

    def __init__(self, library: Any) -> None:
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
        self._library = library

    def verify(self, spki: bytes, identity: bytes, signature: bytes, signed: bytes) -> bool:
        """Verify a DER signature by the key of a SubjectPublicKeyInfo. Raises `Refused`."""
        library = self._library
        with (
            self._key(library.d2i_PUBKEY, spki) as key,
            self._context(key, identity, library.EVP_DigestVerifyInit) as context,
        ):
            right = library.EVP_DigestVerify(
                context, signature, len(signature), signed, len(signed)
            )
            return bool(right == _OK)

    def sign(self, private_key: bytes, identity: bytes, signed: bytes) -> bytes:
        """Return a DER signature by a private key in DER. Raises `Refused`."""
        library = self._library
        with (
            self._key(library.d2i_AutoPrivateKey, private_key) as key,
            self._context(key, identity, library.EVP_DigestSignInit) as context,
        ):
            made, size = ctypes.create_string_buffer(_MAX_SIGNATURE), _SIZE(_MAX_SIGNATURE)
            done = library.EVP_DigestSign(context, made, size, signed, len(signed))
            if done != _OK:
                raise Refused("no signature")
            return made.raw[: size.value]

    @contextmanager
    def _key(self, read: Callable[..., Any], der: bytes) -> Iterator[Any]:
        key = read(None, ctypes.byref(_BYTES(der)), len(der))
        try:
            if not key:
                raise Refused("no key")
            yield key
        finally:
            self._library.EVP_PKEY_free(key)
            # What went wrong stays in a list of the thread, where others would find it.
            self._library.ERR_clear_error()

    @contextmanager
    def _context(self, key: Any, identity: bytes, begin: Callable[..., Any]) -> Iterator[Any]:
        library = self._library
        with_identity, context = library.EVP_PKEY_CTX_new(key, None), library.EVP_MD_CTX_new()
        try:
            if library.EVP_PKEY_CTX_set1_id(with_identity, identity, len(identity)) != _OK:
                raise Refused("no identity")
            library.EVP_MD_CTX_set_pkey_ctx(context, with_identity)
            if begin(context, None, library.EVP_sm3(), None, key) != _OK:
                raise Refused("no SM2 with SM3")
            yield context
        finally:
            library.EVP_MD_CTX_free(context)
            library.EVP_PKEY_CTX_free(with_identity)


def load(name: str) -> Libcrypto | None:
    """Return a library that verifies the standard's example, and no other signature of it."""
    try:
        found = Libcrypto(ctypes.CDLL(name))
    except (OSError, AttributeError):
        return None
    return found if works(found) else None


def works(found: Libcrypto) -> bool:
    """Say whether a library knows SM2."""
    try:
        right = found.verify(_SAMPLE_KEY, _SAMPLE_IDENTITY, _SAMPLE_SIGNATURE, _SAMPLE)
        return right and not found.verify(_SAMPLE_KEY, b"", _SAMPLE_SIGNATURE, _SAMPLE)
    except Refused:
        return False


@cache
def library() -> Libcrypto | None:
    """Return the system's libcrypto, if it is of use here."""
    return next((found for found in map(load, NAMES) if found is not None), None)
