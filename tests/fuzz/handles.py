"""The Handle wire: a message, a value, a key, or the one declared error."""

import contextlib

from identifiers.records import EMPTY_VALUES
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import data, resolution, site, translate, values
from identifiers.wire.handle.bodies import SiteInfo, Valued
from identifiers.wire.handle.credential import (
    decode_credential,
    decode_signature,
    encode_credential,
    encode_signature,
    signed_bytes,
)
from identifiers.wire.handle.framing import NEED_DATA, TcpFramer, UdpJoiner, split
from identifiers.wire.handle.message import Message, decode, encode, header_and_body
from tests.fuzz import generation
from tests.fuzz.mutation import mend_message
from tests.fuzz.target import Target
from tests.golden.vectors import EXCHANGES, frames, whole

LIMIT = 8192
_SITE = translate.Site(serial=1)
FRAMES = [message for name in EXCHANGES for d in ("req", "resp") for _, message in frames(name, d)]


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


def read_message(received: bytes) -> bool:
    """Both decoders agree, and what decodes encodes to the same octets."""
    plain = resolution.decode_query(received)
    try:
        message = decode(received)
    except ProtocolError as error:
        told = decode(translate.early_error(error, 0))
        return _refused(plain, told.header.response_code == error.code)
    assert encode(message) == received
    if not message.header.response_code:
        _answer(message, received, plain)
    if message.credential is not None:
        read_credential(encode_credential(message.credential))
        _signed(message, message.credential.counter)
    if isinstance(message.body, Valued):
        read_values(message.body.values)
    if isinstance(message.body, SiteInfo):
        read_record(message.body.record)
    return True


def _refused(plain: object, told: bool) -> bool:  # noqa: FBT001 -- two facts that must hold
    assert plain is None
    assert told
    return False


def _answer(message: Message, received: bytes, plain: object) -> None:
    to = translate.reply_to(message, received)
    try:
        query = translate.to_query(message)
    except ProtocolError:
        assert plain is None
        return
    assert plain in (None, (to, query))
    reply = resolution.encode_found(to, query.handle, EMPTY_VALUES, _SITE, 7)
    key = resolution.answer_key(received)
    if plain is not None and key is not None:
        assert decode(reply).request_id == message.request_id
        same = resolution.request_id_of(received)
        assert resolution.patch(reply, same, (7).to_bytes(4)) == reply


def _signed(message: Message, counter: int) -> None:
    covered = header_and_body(message)
    with contextlib.suppress(ProtocolError):
        signed = signed_bytes(
            message.version,
            message.suggested,
            session_id=message.session_id,
            request_id=message.request_id,
            counter=counter,
            header_and_body=covered,
        )
        assert signed.endswith(covered)


def read_credential(received: bytes) -> bool:
    try:
        credential = decode_credential(received)
    except ProtocolError:
        return False
    assert encode_credential(credential) == received
    with contextlib.suppress(ProtocolError):
        assert encode_signature(decode_signature(credential.info)) == credential.info
    return True


def read_values(blob: bytes) -> bool:
    try:
        found = values.decode_values(blob)
    except ProtocolError:
        return False
    assert values.encode_values(found) == blob
    assert values.count_values(blob) == len(found)
    public = values.decode_values(values.public_part(blob))
    assert public == tuple(v for v in found if v.public)
    values.filter_blob(blob, (1,), ("URL.",), public_only=True)
    return True


def read_record(record: bytes) -> bool:
    read = 0
    for reader in (data.decode_admin, data.decode_vlist, data.decode_public_key):
        with contextlib.suppress(ProtocolError):
            reader(record)
            read += 1
    with contextlib.suppress(ProtocolError):
        assert site.encode_site(site.decode_site(record)) == record
        read += 1
    return read > 0


def joined(parts: list[bytes]) -> bytes:
    """Write datagrams as one input for `read_datagrams`, all of one sender."""
    return b"".join(b"\0" + len(part).to_bytes(4) + part for part in parts)


def read_datagrams(received: bytes) -> bool:
    """Join what octets name as datagrams: a sender, a length, and so many octets."""
    joiner, at, now, whole_ones = UdpJoiner(max_messages=4, max_bytes=20_000, limit=LIMIT), 0, 0, 0
    while at + 5 <= len(received):
        sender, end = received[at], at + 5 + int.from_bytes(received[at + 1 : at + 5])
        datagram, at, now = received[at + 5 : end], end, now + sender // 64
        with contextlib.suppress(ProtocolError):
            message = joiner.add(datagram, sender % 3, float(now))
            if message is not None:
                whole_ones += 1
                assert len(message) <= LIMIT + 20
                assert b"".join(part[20:] for part in split(message)) == message[20:]
        assert joiner._bytes <= 20_000
        assert len(joiner._open) <= 4
    return whole_ones > 0


def read_stream(received: bytes) -> bool:
    """A stream is cut into the same messages however it comes in pieces."""
    at_once = _messages(received, len(received) or 1)
    assert _messages(received, 1 + len(received) % 61) == at_once
    assert all(len(message) <= LIMIT + 20 for message in at_once)
    return bool(at_once)


def _messages(received: bytes, size: int) -> list[bytes]:
    framer, found = TcpFramer(limit=LIMIT), []
    with contextlib.suppress(ProtocolError):
        for at in range(0, len(received), size):
            framer.feed(received[at : at + size])
            while (message := framer.next_message()) is not NEED_DATA:
                found.append(message)
    return found


BLOBS = [
    decode(message).body.values
    for name in ("resolve_udp_public", "resolve_udp_multipacket", "resolve_prefix_referral")
    for message in whole(name, "resp")
]
RECORDS = [v.data for blob in BLOBS for v in values.decode_values(blob)]
RECORDS += [bytes.fromhex("0000000b5253415f5055425f4b45590000000000010300000001ff")]
CREDENTIALS = [
    encode_credential(message.credential)
    for name in ("session_dh_create_delete", "resolve_certified")
    if name in EXCHANGES
    for direction in ("req", "resp")
    for raw in whole(name, direction)
    if (message := decode(raw)).credential is not None
]
_PACKETS = [frame for _, frame in frames("resolve_udp_multipacket", "resp")]

TARGETS = (
    Target(
        name="handle-message",
        check=read_message,
        seeds=[
            *FRAMES,
            *whole("session_dh_create_delete", "resp"),
            *HOSTILE.values(),
            *FINE.values(),
        ],
        modules=(
            "wire/cursor.py",
            *(
                f"wire/handle/{name}.py"
                for name in (
                    "bodies",
                    "credential",
                    "digests",
                    "envelope",
                    "header",
                    "message",
                    "requests",
                    "resolution",
                    "responses",
                )
            ),
        ),
        mend=mend_message,
        generate=generation.handle_message,
        weight=20,
    ),
    Target(
        name="handle-datagrams",
        check=read_datagrams,
        seeds=[
            joined(_PACKETS),
            joined(_PACKETS[::-1]),
            joined(_PACKETS[:2] * 2),
            *(joined([frame]) for frame in FRAMES[::7]),
        ],
        modules=("wire/handle/framing.py",),
        octets=100_000,
    ),
    Target(
        name="handle-stream",
        check=read_stream,
        seeds=[*FRAMES, b"".join(FRAMES[:9]), b"".join(FRAMES[9:30:3])],
        modules=("wire/handle/framing.py",),
        mend=mend_message,
    ),
    Target(
        name="handle-values",
        check=read_values,
        seeds=BLOBS,
        modules=("wire/handle/values.py",),
        generate=generation.blob,
        weight=5,
    ),
    Target(
        name="handle-records",
        check=read_record,
        seeds=RECORDS,
        modules=("wire/handle/data.py", "wire/handle/site.py"),
        generate=generation.record,
        weight=4,
    ),
    Target(
        name="handle-credentials",
        check=read_credential,
        seeds=CREDENTIALS,
        modules=("wire/handle/credential.py",),
        generate=lambda rng: encode_credential(generation.credential(rng)),
    ),
)
