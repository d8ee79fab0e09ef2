"""Session keys of the Handle protocol: agreed on, carried, and encrypting (RFC 3652 section 3.8).

A key is agreed on by Diffie-Hellman in the group that the client names, or carried encrypted to an
RSA key. What is agreed for AES is the first 32 bytes of the shared secret without its leading zero
bytes; all of them key the MAC (``credentials``), the first 16 encrypt.

The MAC is inside of what is encrypted. So whoever answers for a server tells a wrong padding and a
wrong MAC apart to nobody: both are one `KeyUnfit` or a failed verification, with one reply.
"""

from enum import IntEnum
from types import MappingProxyType
from typing import Final, assert_never

import msgspec
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import (
    BlockCipherAlgorithm,
    Cipher,
    algorithms,
    modes,
)
from cryptography.hazmat.primitives.padding import PKCS7
from msgspec.structs import replace

from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import STRICT, Policy, check_key
from identifiers.wire.cursor import Cursor, ProtocolError, u32
from identifiers.wire.handle.codes import EnvelopeFlag
from identifiers.wire.handle.data import DhKey, RsaKey, decode_public_key, encode_public_key
from identifiers.wire.handle.envelope import SIZE, decode_envelope, encode_envelope

GROUP_14: Final = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E34"
    "04DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6"
    "F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A6916"
    "3FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C"
    "32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA95"
    "6AE515D2261898FA051015728E5A8AACAA68FFFFFFFFFFFFFFFF",
    16,
)
"""The 2048-bit group of RFC 3526 section 3, with the generator 2."""
CHANCE: Final = 48
"""Random bytes of a private exponent: twice the strength of the largest group that is taken."""
_MIN_BITS, _MAX_BITS = 1024, 4096
_MIN_AGREED: Final = 32
_AES_KEY: Final = 16
_AES_SIZES: Final = range(16, 33)


class CipherCode(IntEnum):
    """What encrypts a session (RFC 3652 section 3.8; 4 is of the Chinese SDKs)."""

    DES = 1
    TRIPLE_DES = 2
    AES = 3
    SM4 = 4


_SIZES: Final = MappingProxyType(
    {
        CipherCode.DES: range(8, 9),
        CipherCode.TRIPLE_DES: range(24, 25),
        CipherCode.AES: _AES_SIZES,
        CipherCode.SM4: range(16, 17),
    }
)


class SessionKey(msgspec.Struct, frozen=True):
    """The key of a session, and what it encrypts with."""

    cipher: CipherCode
    secret: bytes

    def __repr__(self) -> str:
        return f"SessionKey({self.cipher.name}, …)"


def check_cipher(code: int, policy: Policy = STRICT) -> CipherCode:
    """Return the cipher of a number, if `policy` takes it: AES, the others as legacy.

    DES and 3DES are weak by themselves, SM4 because its messages have the key as their IV.
    """
    if code == CipherCode.AES or (policy.legacy and code in _SIZES):
        return CipherCode(code)
    raise KeyUnfit(f"the session cipher {code} is not taken")


def offer(chance: bytes) -> tuple[DhKey, int]:
    """Return a key to offer in a session setup, and its private exponent: the client's part."""
    private = _exponent(chance)
    return DhKey(y=pow(2, private, GROUP_14), p=GROUP_14, g=2), private


def answer_offer(offered: DhKey, cipher: CipherCode, chance: bytes) -> tuple[DhKey, SessionKey]:
    """Return a key of the offered group and the session's key: the server's part.

    Raises `KeyUnfit` for groups that are too small or too large to work in, and for keys that give
    the secret away.
    """
    _check_group(offered)
    private = _exponent(chance)
    own = DhKey(y=pow(offered.g, private, offered.p), p=offered.p, g=offered.g)
    return own, agree(own, private, offered, cipher)


def agree(own: DhKey, private: int, peer: DhKey, cipher: CipherCode) -> SessionKey:
    """Return the key that `own` with its `private` exponent and `peer` have in common.

    Raises `KeyUnfit` when the two are not of one group, or the secret is degenerate.
    """
    if (peer.p, peer.g) != (own.p, own.g):
        raise KeyUnfit("the other side answered in another group")
    _check_group(peer)
    shared = pow(peer.y, private, own.p)
    if shared in {1, own.p - 1}:
        raise KeyUnfit("a Diffie-Hellman key of a small subgroup")
    return SessionKey(cipher, _agreed(shared, (own.p.bit_length() + 7) // 8, cipher))


def encode_agreed(cipher: CipherCode, own: DhKey) -> bytes:
    """Write the data of the answer to a session setup by Diffie-Hellman."""
    return u32(cipher) + encode_public_key(own)


def decode_agreed(data: bytes, policy: Policy = STRICT) -> tuple[CipherCode, DhKey]:
    """Read what `encode_agreed` writes. Raises `KeyUnfit`."""
    try:
        cursor = Cursor(data)
        cipher, key = check_cipher(cursor.u32(), policy), decode_public_key(cursor.rest())
    except ProtocolError as error:
        raise KeyUnfit(f"no Diffie-Hellman key: {error}") from None
    if not isinstance(key, DhKey):
        raise KeyUnfit("the other side answered with another kind of key")
    return cipher, key


def carry(key: SessionKey, public: RsaKey, policy: Policy = STRICT) -> bytes:
    """Encrypt a session key to an RSA key (PKCS #1 v1.5). Raises `KeyUnfit`.

    The padding's random bytes are drawn by OpenSSL.
    """
    check_key(public, policy)
    rsa_key = rsa.RSAPublicNumbers(public.e, public.n).public_key()
    return rsa_key.encrypt(u32(key.cipher) + key.secret, padding.PKCS1v15())


def carried(plain: bytes, policy: Policy = STRICT) -> SessionKey:
    """Read a session key that was decrypted (`signers.RsaSigner.decrypt`). Raises `KeyUnfit`."""
    cipher = check_cipher(int.from_bytes(plain[:4]), policy)
    if len(plain) - 4 not in _SIZES[cipher]:
        raise KeyUnfit(f"a session key of {len(plain) - 4} bytes")
    return SessionKey(cipher, plain[4:])


def encrypt_message(message: bytes, key: SessionKey, iv: bytes) -> bytes:
    """Encrypt a whole message, its envelope first (RFC 3652 section 2.2.1).

    `iv` is random, as long as a block of the cipher (`iv_size`).
    """
    outer = decode_envelope(message)
    algorithm, iv, sent = _cipher(key, iv)
    padder = PKCS7(algorithm.block_size).padder()
    encryptor = Cipher(algorithm, modes.CBC(iv)).encryptor()
    padded = padder.update(message[SIZE:]) + padder.finalize()
    body = sent + encryptor.update(padded) + encryptor.finalize()
    flags = outer.flags | EnvelopeFlag.ENCRYPTED
    return encode_envelope(replace(outer, flags=flags, message_length=len(body))) + body


def decrypt_message(message: bytes, key: SessionKey) -> bytes:
    """Decrypt a whole message, its envelope first; returns it as it was before.

    Raises `KeyUnfit`, always with the same text, and `ProtocolError` for no message.
    """
    outer = decode_envelope(message)
    body = message[SIZE:]
    size = iv_size(key)
    try:
        algorithm, iv, sent = _cipher(key, body[:size])
        decryptor = Cipher(algorithm, modes.CBC(iv)).decryptor()
        unpadder = PKCS7(algorithm.block_size).unpadder()
        padded = decryptor.update(body[len(sent) :]) + decryptor.finalize()
        plain = unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        raise KeyUnfit("a message that is not encrypted with the session's key") from None
    flags = outer.flags & ~EnvelopeFlag.ENCRYPTED
    return encode_envelope(replace(outer, flags=flags, message_length=len(plain))) + plain


def iv_size(key: SessionKey) -> int:
    """Say how many random bytes `encrypt_message` wants."""
    return 8 if key.cipher in {CipherCode.DES, CipherCode.TRIPLE_DES} else 16


def _cipher(key: SessionKey, iv: bytes) -> tuple[BlockCipherAlgorithm, bytes, bytes]:
    """Return the cipher, the IV, and what of the IV travels before the encrypted bytes."""
    match key.cipher:
        case CipherCode.AES:
            return algorithms.AES(key.secret[:_AES_KEY]), iv, iv
        case CipherCode.SM4:
            return algorithms.SM4(key.secret), key.secret, b""
        case CipherCode.DES:
            # Three times the same key makes 3DES what DES is.
            return TripleDES(key.secret * 3), iv, iv
        case CipherCode.TRIPLE_DES:
            return TripleDES(key.secret), iv, iv
        case _:
            assert_never(key.cipher)


def _exponent(chance: bytes) -> int:
    if len(chance) < CHANCE:
        raise ValueError(f"{len(chance)} random bytes, {CHANCE} are needed")
    return int.from_bytes(chance) | 1 << (8 * CHANCE - 1)


def _check_group(key: DhKey) -> None:
    bits = key.p.bit_length()
    if not _MIN_BITS <= bits <= _MAX_BITS or key.p % 2 == 0:
        raise KeyUnfit(f"a Diffie-Hellman group of {bits} bits")
    if not (1 < key.g < key.p - 1 and 1 < key.y < key.p - 1):
        raise KeyUnfit("a Diffie-Hellman key outside of its group")


def _agreed(shared: int, size: int, cipher: CipherCode) -> bytes:
    secret = shared.to_bytes(size)
    match cipher:
        case CipherCode.AES:
            stripped = secret.lstrip(b"\0")
            return stripped[:_MIN_AGREED].rjust(_MIN_AGREED, b"\0")
        case CipherCode.SM4:
            return secret[:16]
        case CipherCode.DES:
            return _with_parity(secret[:8])
        case CipherCode.TRIPLE_DES:
            return _with_parity(secret[:24])
        case _:
            assert_never(cipher)


def _with_parity(key: bytes) -> bytes:
    # The lowest bit of each byte makes the number of its ones odd (FIPS 46-3).
    return bytes(byte & 0xFE | (byte >> 1).bit_count() + 1 & 1 for byte in key)
