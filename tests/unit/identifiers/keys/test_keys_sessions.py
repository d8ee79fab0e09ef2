"""Session keys: agreed on, carried, encrypting; groups and secrets that must not pass."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from identifiers.keys import sessions
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import Policy, parse_public_key
from identifiers.keys.sessions import GROUP_14, CipherCode, SessionKey
from identifiers.keys.signers import RsaSigner
from identifiers.wire.cursor import ProtocolError, u32
from identifiers.wire.handle.data import DhKey, RsaKey, encode_public_key

LEGACY = Policy(legacy=True)
CHANCE, OTHER = b"\1" * sessions.CHANCE, b"\2" * sessions.CHANCE
# The group that Java clients offer: RFC 2409 section 6.2.
SMALL = DhKey(
    y=5,
    p=int(
        "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A0879"
        "8E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B"
        "0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
        16,
    ),
    g=2,
)
KEYS = [
    SessionKey(CipherCode.AES, bytes(range(32))),
    SessionKey(CipherCode.SM4, bytes(range(16))),
    SessionKey(CipherCode.DES, bytes(range(8))),
    SessionKey(CipherCode.TRIPLE_DES, bytes(range(24))),
]
MESSAGE = bytes.fromhex("020b020b00000029000000010000000000000010") + b"0123456789abcdef"


def test_the_group_is_that_of_rfc_3526():
    assert GROUP_14.bit_length() == 2048
    # Fermat: a safe prime, of which 2 generates the subgroup of prime order.
    order = GROUP_14 // 2
    assert pow(3, GROUP_14 - 1, GROUP_14) == pow(3, order - 1, order) == 1
    assert pow(2, order, GROUP_14) == 1


@pytest.mark.parametrize("cipher", CipherCode)
def test_both_sides_agree(cipher):
    offered, private = sessions.offer(CHANCE)
    own, key = sessions.answer_offer(offered, cipher, OTHER)
    assert sessions.agree(offered, private, own, cipher) == key
    assert key.cipher is cipher
    assert sessions.decode_agreed(sessions.encode_agreed(cipher, own), LEGACY) == (cipher, own)
    assert sessions.answer_offer(offered, cipher, CHANCE)[1] != key


def test_the_group_of_java_clients():
    private = 1 << 200 | 1
    offered = DhKey(y=pow(2, private, SMALL.p), p=SMALL.p, g=2)
    own, key = sessions.answer_offer(offered, CipherCode.AES, CHANCE)
    assert sessions.agree(offered, private, own, CipherCode.AES) == key
    shared = pow(own.y, private, SMALL.p).to_bytes(128)
    assert key.secret == shared[:32]


def test_leading_zero_bytes_are_left_out():
    # With the private exponent 1 the secret is the other's number.
    own = DhKey(y=2, p=GROUP_14, g=2)

    def secret(number, cipher=CipherCode.AES):
        return sessions.agree(own, 1, DhKey(y=number, p=GROUP_14, g=2), cipher).secret

    assert secret(1 << 2000) == (1 << 2000).to_bytes(251)[:32]
    assert secret(5) == (5).to_bytes(32)
    assert secret(5, CipherCode.SM4) == bytes(16)
    # Parity bits: an odd number of ones in each byte.
    assert secret(0xFE02 << 2032, CipherCode.DES) == bytes((0xFE, 0x02)) + b"\1" * 6
    assert secret(0xFF03 << 2032, CipherCode.TRIPLE_DES) == bytes((0xFE, 0x02)) + b"\1" * 22


@pytest.mark.parametrize(
    "key",
    [
        DhKey(y=0, p=GROUP_14, g=2),
        DhKey(y=1, p=GROUP_14, g=2),
        DhKey(y=GROUP_14 - 1, p=GROUP_14, g=2),
        DhKey(y=GROUP_14, p=GROUP_14, g=2),
        DhKey(y=5, p=GROUP_14, g=1),
        DhKey(y=5, p=GROUP_14, g=GROUP_14 - 1),
        DhKey(y=5, p=GROUP_14 - 1, g=2),
        DhKey(y=5, p=(1 << 1022) + 1, g=2),
        DhKey(y=5, p=(1 << 4096) + 1, g=2),
        DhKey(y=5, p=0, g=2),
    ],
)
def test_degenerate_offers_are_unfit(key):
    with pytest.raises(KeyUnfit):
        sessions.answer_offer(key, CipherCode.AES, CHANCE)


def test_a_small_subgroup_is_unfit():
    # p = k q + 1 with a number of order 3: three possible secrets.
    q = (1 << 1030) + 1
    p = next(p for p in range(6 * q + 1, 1 << 1100, 6) if pow(2, p - 1, p) == 1)
    root = next(r for n in range(2, 50) if (r := pow(n, (p - 1) // 3, p)) != 1)
    offered = DhKey(y=root, p=p, g=2)
    # The exponents are 2 and 0 modulo 3.
    assert sessions.answer_offer(offered, CipherCode.AES, CHANCE)
    with pytest.raises(KeyUnfit, match="small subgroup"):
        sessions.answer_offer(offered, CipherCode.AES, CHANCE[:-1] + b"\2")


def test_answers_in_another_group_are_unfit():
    offered, private = sessions.offer(CHANCE)
    for other in (SMALL, DhKey(y=5, p=GROUP_14, g=3), DhKey(y=1, p=GROUP_14, g=2)):
        with pytest.raises(KeyUnfit):
            sessions.agree(offered, private, other, CipherCode.AES)


def test_too_little_chance():
    with pytest.raises(ValueError, match="random bytes"):
        sessions.offer(bytes(sessions.CHANCE - 1))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        u32(3),
        u32(3) + b"nonsense",
        u32(1) + encode_public_key(SMALL),
        u32(9) + encode_public_key(SMALL),
        u32(3) + encode_public_key(RsaKey(3, 15)),
    ],
)
def test_answers_that_are_unfit(data):
    with pytest.raises(KeyUnfit):
        sessions.decode_agreed(data)


@pytest.mark.parametrize("code", [0, 1, 2, 4, 5, 2**32 - 1])
def test_only_aes_without_policy(code):
    with pytest.raises(KeyUnfit):
        sessions.check_cipher(code)
    assert sessions.check_cipher(3) is CipherCode.AES


@pytest.mark.parametrize("code", [0, 5, 2**32 - 1])
def test_unknown_ciphers_by_no_policy(code):
    with pytest.raises(KeyUnfit):
        sessions.check_cipher(code, LEGACY)


@pytest.mark.parametrize("key", KEYS)
def test_keys_are_carried(key):
    signer = RsaSigner(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    sent = sessions.carry(key, parse_public_key(signer.public))
    assert sessions.carried(signer.decrypt(sent), LEGACY) == key
    with pytest.raises(KeyUnfit):
        sessions.carried(u32(key.cipher) + key.secret + bytes(20), LEGACY)
    with pytest.raises(KeyUnfit):
        sessions.carried(u32(key.cipher) + key.secret[:7], LEGACY)


def test_keys_are_not_carried_to_small_keys():
    with pytest.raises(KeyUnfit):
        sessions.carry(KEYS[0], RsaKey(65537, (1 << 1023) + 1))


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("extra", range(17))
def test_messages_are_encrypted_and_decrypted(key, extra):
    message = MESSAGE[:16] + u32(16 + extra) + MESSAGE[20:] + bytes(extra)
    sent = sessions.encrypt_message(message, key, b"v" * sessions.iv_size(key))
    assert sent[2] == 0x42
    assert len(sent) == 20 + int.from_bytes(sent[16:20])
    assert MESSAGE[20:28] not in sent
    assert sessions.decrypt_message(sent, key) == message


def test_aes_is_what_java_calls_aes_cbc_pkcs5():
    # Key, IV and the padding block of FIPS 197 and RFC 2315: IV in front, 16 key bytes.
    key = SessionKey(CipherCode.AES, bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c") + bytes(16))
    iv = bytes(range(16))
    plain = bytes.fromhex("6bc1bee22e409f96e93d7e117393172a")  # NIST SP 800-38A, F.2.1
    sent = sessions.encrypt_message(MESSAGE[:20] + plain, key, iv)
    assert sent[20:36] == iv
    assert sent[36:52].hex() == "7649abac8119b246cee98e9b12e9197d"


@pytest.mark.parametrize("key", KEYS)
def test_what_is_not_encrypted_with_the_key_is_unfit(key):
    size = sessions.iv_size(key)
    sent = sessions.encrypt_message(MESSAGE, key, b"v" * size)
    texts = set()
    wrong = SessionKey(key.cipher, bytes(reversed(key.secret)))
    for message, used in (
        (sent[:20], key),
        (sent[:21], key),
        (sent[:-1], key),
        (sent[: 20 + size], key),
        (sent[:-size], key),
        (sent, wrong),
    ):
        with pytest.raises(KeyUnfit) as caught:
            sessions.decrypt_message(message, used)
        texts.add(str(caught.value))
    assert len(texts) == 1


def test_what_is_no_message():
    with pytest.raises(ProtocolError):
        sessions.encrypt_message(b"short", KEYS[0], bytes(16))
    with pytest.raises(ProtocolError):
        sessions.decrypt_message(b"short", KEYS[0])


def test_a_key_is_not_shown():
    assert "00" not in repr(KEYS[0])
    assert repr(KEYS[0]) == "SessionKey(AES, …)"
