"""Response bodies by code and opcode; each reader stands above its writer."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from identifiers.wire.cursor import Cursor, octets, text, texts, u16, u64
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import MAX_HANDLE_BYTES, OpCode, OpFlag, ResponseCode
from identifiers.wire.handle.digests import LABELLED_SINCE, read_digest, write_digest
from identifiers.wire.handle.envelope import Version
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.requests import read_padding
from identifiers.wire.handle.values import check_values

_REFERRAL_SINCE: Final[Version] = (2, 5)
_MAX_NAMES: Final = 65_536
_ERRORS: Final = frozenset(ResponseCode) - {
    ResponseCode.REQUEST,
    ResponseCode.SUCCESS,
    ResponseCode.SERVICE_REFERRAL,
    ResponseCode.AUTHENTICATION_NEEDED,
}


def read_response(
    header: Header, cursor: Cursor, version: Version
) -> tuple[bodies.Digest | None, bodies.Response]:
    """Read a response's digest, if it carries one, and its body to the end.

    Raises `ProtocolError`. An unknown code or opcode gives `Raw`.
    """
    challenged = header.response_code == ResponseCode.AUTHENTICATION_NEEDED
    digest = None
    if (challenged or header.flags & OpFlag.REQUEST_DIGEST) and version >= LABELLED_SINCE:
        digest = read_digest(cursor)
    if challenged:
        body: bodies.Response = bodies.Challenge(cursor.octets())
        if version < LABELLED_SINCE:
            digest = read_digest(cursor)
    else:
        body = _reader(header, version)(cursor)
    cursor.finish()
    return digest, body


def write_response(digest: bodies.Digest | None, body: bodies.Body, version: Version) -> bytes:
    """Write a response's digest and body. Before 2.1 the digest follows the nonce.

    Raises `KeyError` for a body that only requests have.
    """
    written = _WRITERS[type(body)](body)
    if digest is None:
        return written
    labelled = write_digest(digest)
    return labelled + written if version >= LABELLED_SINCE else written + labelled


def _reader(header: Header, version: Version) -> Callable[[Cursor], bodies.Response]:
    code = header.response_code
    if code == ResponseCode.SUCCESS:
        return _READERS.get(header.op_code, _read_raw)
    if code == ResponseCode.SERVICE_REFERRAL:
        return _read_referral
    if code == ResponseCode.PREFIX_REFERRAL and version >= _REFERRAL_SINCE:
        return _read_referral
    return _read_error if code in _ERRORS else _read_raw


def _read_raw(cursor: Cursor) -> bodies.Raw | bodies.Nothing:
    return bodies.Raw(cursor.rest()) if cursor.remaining else bodies.Nothing()


def _write_raw(body: bodies.Raw) -> bytes:
    return body.data


def _write_nothing(_: bodies.Nothing) -> bytes:
    return b""


def _read_error(cursor: Cursor) -> bodies.ErrorText | bodies.Nothing:
    return bodies.ErrorText(cursor.octets()) if cursor.remaining else bodies.Nothing()


def _write_error(body: bodies.ErrorText) -> bytes:
    return octets(body.data)


def _write_challenge(body: bodies.Challenge) -> bytes:
    return octets(body.nonce)


def _read_valued(cursor: Cursor) -> bodies.Valued:
    return bodies.Valued(cursor.text(MAX_HANDLE_BYTES), check_values(cursor.rest()))


def _write_valued(body: bodies.Valued) -> bytes:
    return text(body.handle) + body.values


def _read_referral(cursor: Cursor) -> bodies.Named | bodies.Valued:
    handle = cursor.text(MAX_HANDLE_BYTES)
    # Some servers name the service handle and send no values.
    if not cursor.remaining:
        return bodies.Named(handle)
    return bodies.Valued(handle, check_values(cursor.rest()))


def _read_site(cursor: Cursor) -> bodies.SiteInfo:
    return bodies.SiteInfo(cursor.rest())


def _write_site(body: bodies.SiteInfo) -> bytes:
    return body.record


def _read_created(cursor: Cursor) -> bodies.Named | bodies.Nothing:
    # Some servers answer CREATE without the handle, which nothing but a minted one needs.
    return bodies.Named(cursor.text(MAX_HANDLE_BYTES)) if cursor.remaining else bodies.Nothing()


def _write_created(body: bodies.Named) -> bytes:
    return text(body.handle)


def _read_handles(cursor: Cursor) -> bodies.Handles:
    return bodies.Handles(cursor.texts(_MAX_NAMES))


def _write_handles(body: bodies.Handles) -> bytes:
    return texts(body.handles)


def _read_verified(cursor: Cursor) -> bodies.Verified:
    return bodies.Verified(cursor.u8())


def _write_verified(body: bodies.Verified) -> bytes:
    return bytes((body.flags,))


def _read_session_key(cursor: Cursor) -> bodies.SessionKey:
    body = bodies.SessionKey(cursor.u16(), cursor.octets())
    read_padding(cursor)
    return body


def _write_session_key(body: bodies.SessionKey) -> bytes:
    return u16(body.mode) + octets(body.data) + b"\0\0"


def _read_transaction_id(cursor: Cursor) -> bodies.TransactionId:
    return bodies.TransactionId(cursor.u64())


def _write_transaction_id(body: bodies.TransactionId) -> bytes:
    return u64(body.number)


def _read_keep_alive(cursor: Cursor) -> bodies.KeepAlive:
    return bodies.KeepAlive(cursor.u8())


def _write_keep_alive(body: bodies.KeepAlive) -> bytes:
    return bytes((body.flags,))


_READERS: Final[Mapping[int, Callable[[Cursor], bodies.Response]]] = MappingProxyType(
    {
        OpCode.RESOLUTION: _read_valued,
        OpCode.GET_SITE_INFO: _read_site,
        OpCode.CREATE_HANDLE: _read_created,
        OpCode.LIST_HANDLES: _read_handles,
        OpCode.LIST_HOMED_NAS: _read_handles,
        OpCode.VERIFY_RESPONSE: _read_verified,
        OpCode.SESSION_SETUP: _read_session_key,
        OpCode.GET_NEXT_TXN_ID: _read_transaction_id,
        OpCode.RETRIEVE_TXN_LOG: _read_keep_alive,
    }
)
_WRITERS: Final[Mapping[type, Callable[[Any], bytes]]] = MappingProxyType(
    {
        bodies.Nothing: _write_nothing,
        bodies.Named: _write_created,
        bodies.Valued: _write_valued,
        bodies.ErrorText: _write_error,
        bodies.Challenge: _write_challenge,
        bodies.SiteInfo: _write_site,
        bodies.Handles: _write_handles,
        bodies.Verified: _write_verified,
        bodies.SessionKey: _write_session_key,
        bodies.TransactionId: _write_transaction_id,
        bodies.KeepAlive: _write_keep_alive,
        bodies.Raw: _write_raw,
    }
)
