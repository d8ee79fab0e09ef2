"""Request bodies by opcode; each reader stands above its writer."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from identifiers.wire.cursor import Cursor, ProtocolError, ints, octets, text, texts, u16, u32, u64
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import MAX_HANDLE_BYTES, MAX_LIST, OpCode
from identifiers.wire.handle.digests import read_digest, write_digest
from identifiers.wire.handle.envelope import Version
from identifiers.wire.handle.values import check_values

_STATE_SINCE: Final[Version] = (2, 9)
_PADDING: Final = b"\0\0"
"""A session setup counts its two-byte mode as four; both ends send the difference as zeros."""


def read_request(op_code: int, cursor: Cursor, version: Version) -> bodies.Request:
    """Read a request's body to its end. Raises `ProtocolError`; an unknown opcode gives `Raw`."""
    reader = _READERS.get(op_code)
    if reader is None:
        return bodies.Raw(cursor.rest())
    body = reader(cursor, version)
    cursor.finish()
    return body


def write_request(body: bodies.Body, version: Version) -> bytes:
    """Write a request's body. Raises `KeyError` for one that only responses have."""
    return _WRITERS[type(body)](body, version)


def _handle(cursor: Cursor) -> str:
    return cursor.text(MAX_HANDLE_BYTES)


def _read_asked(cursor: Cursor, _: Version) -> bodies.Asked:
    return bodies.Asked(
        _handle(cursor), cursor.ints(MAX_LIST), cursor.texts(MAX_LIST), cursor.rest()
    )


def _write_asked(body: bodies.Asked, _: Version) -> bytes:
    return text(body.handle) + ints(body.indexes) + texts(body.types) + body.extra


def _read_named(cursor: Cursor, _: Version) -> bodies.Named:
    return bodies.Named(_handle(cursor))


def _write_named(body: bodies.Named, _: Version) -> bytes:
    return text(body.handle)


def _read_valued(cursor: Cursor, _: Version) -> bodies.Valued:
    return bodies.Valued(_handle(cursor), check_values(cursor.rest()))


def _write_valued(body: bodies.Valued, _: Version) -> bytes:
    return text(body.handle) + body.values


def _read_removal(cursor: Cursor, _: Version) -> bodies.Removal:
    return bodies.Removal(_handle(cursor), cursor.ints(MAX_LIST))


def _write_removal(body: bodies.Removal, _: Version) -> bytes:
    return text(body.handle) + ints(body.indexes)


def _read_answer(cursor: Cursor, _: Version) -> bodies.Answer:
    return bodies.Answer(cursor.text(), _handle(cursor), cursor.u32(), cursor.octets())


def _write_answer(body: bodies.Answer, _: Version) -> bytes:
    return text(body.kind) + text(body.handle) + u32(body.index) + octets(body.signed)


def _read_verification(cursor: Cursor, _: Version) -> bodies.Verification:
    return bodies.Verification(
        _handle(cursor), cursor.u32(), cursor.octets(), read_digest(cursor), cursor.octets()
    )


def _write_verification(body: bodies.Verification, _: Version) -> bytes:
    return (
        text(body.handle)
        + u32(body.index)
        + octets(body.nonce)
        + write_digest(body.digest)
        + octets(body.signed)
    )


def _read_identity(cursor: Cursor, _: Version) -> bodies.Identity:
    return bodies.Identity(_handle(cursor), cursor.u32())


def _write_identity(body: bodies.Identity, _: Version) -> bytes:
    return text(body.handle) + u32(body.index)


_WITH_KEY: Final = (bodies.KeyExchange.CLIENT_RSA, bodies.KeyExchange.DIFFIE_HELLMAN)


def _read_setup(cursor: Cursor, _: Version) -> bodies.SessionSetup:
    mode = cursor.u16()
    timeout = cursor.u32()
    handle, index = _handle(cursor), cursor.u32()
    key = cursor.octets() if mode in _WITH_KEY else b""
    key_handle, key_index = "", 0
    if mode == bodies.KeyExchange.KEY_IN_HANDLE:
        key_handle, key_index = _handle(cursor), cursor.u32()
    read_padding(cursor)
    return bodies.SessionSetup(
        mode=mode,
        timeout=timeout,
        handle=handle,
        index=index,
        key=key,
        key_handle=key_handle,
        key_index=key_index,
    )


def _write_setup(body: bodies.SessionSetup, _: Version) -> bytes:
    key = octets(body.key) if body.mode in _WITH_KEY else b""
    if body.mode == bodies.KeyExchange.KEY_IN_HANDLE:
        key = text(body.key_handle) + u32(body.key_index)
    identity = text(body.handle) + u32(body.index)
    return u16(body.mode) + u32(body.timeout) + identity + key + _PADDING


def read_padding(cursor: Cursor) -> None:
    """Read the two zero bytes that end a session setup of either direction."""
    if cursor.take(2) != _PADDING:
        raise ProtocolError("a session setup ends with two zero bytes")


def _read_exchange(cursor: Cursor, _: Version) -> bodies.ExchangeKey:
    return bodies.ExchangeKey(cursor.octets())


def _write_exchange(body: bodies.ExchangeKey, _: Version) -> bytes:
    return octets(body.encrypted)


def _read_retrieve(cursor: Cursor, version: Version) -> bodies.RetrieveLog:
    state, last_id, last_date = None, 0, 0
    form = cursor.u8() if version >= _STATE_SINCE else 0
    if form == 1:
        state = cursor.octets()
    elif form == 0:
        last_id, last_date = cursor.u64(), cursor.u64()
    else:
        raise ProtocolError(f"{form} is no form of a transaction log request")
    return bodies.RetrieveLog(
        state=state,
        last_id=last_id,
        last_date=last_date,
        hash_type=cursor.u8(),
        servers=cursor.u32(),
        server=cursor.u32(),
    )


def _write_retrieve(body: bodies.RetrieveLog, version: Version) -> bytes:
    if body.state is not None:
        since = b"\1" + octets(body.state)
    else:
        since = u64(body.last_id) + u64(body.last_date)
        since = b"\0" + since if version >= _STATE_SINCE else since
    return since + bytes((body.hash_type,)) + u32(body.servers) + u32(body.server)


def _read_dump(cursor: Cursor, _: Version) -> bodies.Dump:
    hash_type, servers, server = cursor.u8(), cursor.u32(), cursor.u32()
    start, start_type = None, 0
    if cursor.remaining:
        start, start_type = cursor.octets(), cursor.u32()
    return bodies.Dump(
        hash_type=hash_type, servers=servers, server=server, start=start, start_type=start_type
    )


def _write_dump(body: bodies.Dump, _: Version) -> bytes:
    start = b"" if body.start is None else octets(body.start) + u32(body.start_type)
    return bytes((body.hash_type,)) + u32(body.servers) + u32(body.server) + start


def _or_raw(
    reader: Callable[[Cursor, Version], bodies.Request],
) -> Callable[[Cursor, Version], bodies.Request]:
    # 1001 and 1002 are other operations in the Chinese dialect, whose bodies nobody describes.
    def read(cursor: Cursor, version: Version) -> bodies.Request:
        data = cursor.rest()
        described = Cursor(data)
        try:
            body = reader(described, version)
            described.finish()
        except ProtocolError:
            return bodies.Raw(data)
        return body

    return read


def _write_raw(body: bodies.Raw, _: Version) -> bytes:
    return body.data


_READERS: Final[Mapping[int, Callable[[Cursor, Version], bodies.Request]]] = MappingProxyType(
    {
        OpCode.RESOLUTION: _read_asked,
        OpCode.GET_SITE_INFO: _read_named,
        OpCode.CREATE_HANDLE: _read_valued,
        OpCode.DELETE_HANDLE: _read_named,
        OpCode.ADD_VALUE: _read_valued,
        OpCode.REMOVE_VALUE: _read_removal,
        OpCode.MODIFY_VALUE: _read_valued,
        OpCode.LIST_HANDLES: _read_named,
        OpCode.CHALLENGE_RESPONSE: _read_answer,
        OpCode.VERIFY_RESPONSE: _read_verification,
        OpCode.HOME_NA: _read_named,
        OpCode.UNHOME_NA: _read_named,
        OpCode.LIST_HOMED_NAS: _read_named,
        OpCode.SESSION_SETUP: _read_setup,
        OpCode.SESSION_TERMINATE: _read_named,
        OpCode.SESSION_EXCHANGE_KEY: _read_exchange,
        OpCode.GET_NEXT_TXN_ID: _read_named,
        OpCode.RETRIEVE_TXN_LOG: _or_raw(_read_retrieve),
        OpCode.DUMP_HANDLES: _or_raw(_read_dump),
        OpCode.BACKUP_SERVER: _read_named,
        OpCode.PASSWORD_LOGIN: _read_asked,
        OpCode.LOGIN_ID_SYSTEM: _read_identity,
    }
)
_WRITERS: Final[Mapping[type, Callable[[Any, Version], bytes]]] = MappingProxyType(
    {
        bodies.Asked: _write_asked,
        bodies.Named: _write_named,
        bodies.Valued: _write_valued,
        bodies.Removal: _write_removal,
        bodies.Answer: _write_answer,
        bodies.Verification: _write_verification,
        bodies.Identity: _write_identity,
        bodies.SessionSetup: _write_setup,
        bodies.ExchangeKey: _write_exchange,
        bodies.RetrieveLog: _write_retrieve,
        bodies.Dump: _write_dump,
        bodies.Raw: _write_raw,
    }
)
