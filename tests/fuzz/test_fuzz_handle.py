"""Whatever comes over the Handle wire: a message, or the one declared error."""

import contextlib
import tracemalloc

import pytest

from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import data, resolution, site, translate, values
from identifiers.wire.handle.credential import decode_signature
from identifiers.wire.handle.framing import NEED_DATA, TcpFramer, UdpJoiner, split
from identifiers.wire.handle.message import decode, encode
from tests.fuzz.mutation import mutants
from tests.golden.vectors import EXCHANGES, frames, whole

ROUNDS = 10
ENOUGH = 10_000


def packet(body: str, *, op: int = 1, length: int | None = None, version: str = "020b") -> bytes:
    message = bytes.fromhex(
        f"{op:08x} 00000000 19000000 ffff 0000 7fffffff {len(bytes.fromhex(body)):08x} {body}"
        "00000000"
    )
    size = len(message) if length is None else length
    return bytes.fromhex(f"{version} 020b 00000000 00000001 00000000 {size:08x}") + message


def octets(text: bytes) -> str:
    return f"{len(text):08x}{text.hex()}"


NONE = "00000000"
HOSTILE = {
    "length 0": packet(octets(b"88.1/a") + NONE + NONE, length=0),
    "length below a header": packet("", length=10),
    "length 2^31": packet("", length=1 << 31),
    "length 2^32-1": packet("", length=0xFFFF_FFFF),
    "version 1.0": packet(octets(b"88.1/a") + NONE + NONE, version="0100"),
    "version 3.0": packet(octets(b"88.1/a") + NONE + NONE, version="0300"),
    "opcode 0": packet(octets(b"88.1/a"), op=0),
    "2^32-1 indexes": packet(octets(b"88.1/a") + "ffffffff" + NONE),
    "2^32-1 types": packet(octets(b"88.1/a") + NONE + "ffffffff"),
    "2^32-1 values": packet(octets(b"88.1/a") + "ffffffff", op=100),
    "65536 values": packet(octets(b"88.1/a") + "00010000" + "00" * 26, op=100),
    "2^32-1 references": packet(
        octets(b"88.1/a") + "00000001" + "00000001 00000000 00 00000000 0e" + NONE * 2 + "ffffffff",
        op=100,
    ),
    "2^32-1 bytes of a handle": packet("ffffffff"),
    "overlong UTF-8": packet(octets(b"88.1/\xc0\xaf") + NONE + NONE),
    "a surrogate in UTF-8": packet(octets(b"88.1/\xed\xa0\x80") + NONE + NONE),
    "U+0000": packet(octets(b"88.1/a\0b") + NONE + NONE),
    "a handle too long": packet(octets(b"88.1/" + b"a" * 2044) + NONE + NONE),
    "2049 types": packet(octets(b"88.1/a") + NONE + "00000801" + NONE * 2049),
    "nothing": b"",
}
# Odd, and messages all the same: what they name is for the resolver to judge.
FINE = {
    "negative index": packet(octets(b"88.1/a") + "00000001 80000000" + NONE),
    "no slash": packet(octets(b"88.1") + NONE + NONE),
    "empty prefix": packet(octets(b"/a") + NONE + NONE),
    "empty handle": packet(octets(b"") + NONE + NONE),
}
SEEDS = [
    *(message for name in EXCHANGES for d in ("req", "resp") for _, message in frames(name, d)),
    *(whole("session_dh_create_delete", "resp")),
    *HOSTILE.values(),
    *FINE.values(),
]


def mend(data: bytes) -> bytes:
    """Make the two lengths fit what is there."""
    if len(data) < 48:
        return data
    size = len(data) - 20
    fixed = data[:16] + size.to_bytes(4) + data[20:]
    return fixed[:40] + (size - 28).to_bytes(4) + fixed[44:]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_messages_are_refused_without_much_memory(name):
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError) as caught:
            decode(HOSTILE[name])
        assert resolution.decode_query(HOSTILE[name]) is None
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20
    assert decode(translate.early_error(caught.value, 0)).header.response_code == 4


@pytest.mark.parametrize("name", FINE)
def test_odd_messages_are_messages(name):
    request = decode(FINE[name])
    plain = resolution.decode_query(FINE[name])
    assert plain == (translate.reply_to(request, FINE[name]), translate.to_query(request))


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_messages_are_decoded_or_refused(seed):
    decoded = 0
    for datagram in mutants(SEEDS, ENOUGH, seed, mend):
        plain = resolution.decode_query(datagram)
        try:
            message = decode(datagram)
        except ProtocolError:
            assert plain is None
            continue
        decoded += 1
        assert encode(message) == datagram
        if plain is not None:
            assert plain == (translate.reply_to(message, datagram), translate.to_query(message))
        if message.credential is not None:
            with contextlib.suppress(ProtocolError):
                decode_signature(message.credential.info)
    # A fuzzer that never gets past the first check proves nothing.
    assert decoded > ENOUGH // 20


@pytest.mark.parametrize("seed", range(ROUNDS // 2))
def test_streams_and_packets_are_joined_or_refused(seed):
    joiner, joined = UdpJoiner(max_messages=8, max_bytes=20_000, limit=8192), 0
    for number, datagram in enumerate(mutants(SEEDS, ENOUGH // 2, 100 + seed, mend)):
        framer = TcpFramer(limit=8192)
        with contextlib.suppress(ProtocolError):
            framer.feed(datagram[:30])
            framer.feed(datagram[30:])
            while (message := framer.next_message()) is not NEED_DATA:
                joined += 1
                assert len(message) <= 8192 + 20
        with contextlib.suppress(ProtocolError):
            message = joiner.add(datagram, number % 3, number / 10)
            if message is not None:
                assert len(message) <= 8192 + 20
                assert b"".join(part[20:] for part in split(message)) == message[20:]
    assert joined > ENOUGH // 20


BLOBS = [
    decode(message).body.values
    for name in ("resolve_udp_public", "resolve_udp_multipacket", "resolve_prefix_referral")
    for message in whole(name, "resp")
]
RECORDS = [v.data for blob in BLOBS for v in values.decode_values(blob)]
RECORDS += [bytes.fromhex("0000000b5253415f5055425f4b45590000000000010300000001ff")]


@pytest.mark.parametrize("seed", range(ROUNDS // 2))
def test_blobs_and_data_are_decoded_or_refused(seed):
    decoded = 0
    for blob in mutants(BLOBS, ENOUGH // 2, 200 + seed):
        try:
            read = values.decode_values(blob)
        except ProtocolError:
            continue
        decoded += 1
        assert values.encode_values(read) == blob
        values.public_part(blob)
        assert values.filter_blob(blob, (1,), ("URL.",), public_only=True)
    assert decoded > ENOUGH // 40
    for record in mutants(RECORDS, ENOUGH // 2, 300 + seed):
        for reader in (data.decode_admin, data.decode_vlist, data.decode_public_key):
            with contextlib.suppress(ProtocolError):
                reader(record)
        with contextlib.suppress(ProtocolError):
            assert site.encode_site(site.decode_site(record)) == record
