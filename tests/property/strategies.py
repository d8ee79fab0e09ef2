"""What hypothesis draws: values, bodies, messages."""

from typing import get_args

from hypothesis import strategies as st

from identifiers.values import Reference, Value
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode, OpFlag, ResponseCode
from identifiers.wire.handle.credential import Credential
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message
from identifiers.wire.handle.values import encode_values

u8 = st.integers(0, 0xFF)
u16 = st.integers(0, 0xFFFF)
u32 = st.integers(0, 0xFFFF_FFFF)
u64 = st.integers(0, (1 << 64) - 1)
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
names = st.from_regex(r"88\.[0-9]{1,3}/[A-Za-z0-9\u4e00-\u4e10 ]{1,12}", fullmatch=True) | text
octets = st.binary(max_size=40)

values = st.builds(
    Value,
    index=u32,
    type=text,
    data=octets,
    ttl=u32,
    absolute=st.booleans(),
    permissions=u8,
    timestamp=u32,
    references=st.lists(st.builds(Reference, names, u32), max_size=2).map(tuple),
)
blobs = st.lists(values, max_size=5).map(encode_values)
sorted_versions = st.tuples(st.just(2), st.integers(0, 255))
suggestions = st.tuples(st.integers(0, 3), st.integers(0, 255))
since_2_1 = st.tuples(st.just(2), st.integers(1, 14))

_DIGEST_SIZES = {0: 16, 1: 16, 2: 20, 3: 32}
digests = st.sampled_from(sorted(_DIGEST_SIZES)).flatmap(
    lambda algorithm: st.builds(
        bodies.Digest,
        st.just(algorithm),
        st.binary(min_size=_DIGEST_SIZES[algorithm], max_size=_DIGEST_SIZES[algorithm]),
    )
)
u32s = st.lists(u32, max_size=4).map(tuple)
texts = st.lists(text, max_size=4).map(tuple)

_setup = {"timeout": u32, "handle": names, "index": u32}
setups = st.one_of(
    st.builds(bodies.SessionSetup, mode=st.sampled_from([1, 4]), key=octets, **_setup),
    st.builds(bodies.SessionSetup, mode=st.just(3), key_handle=names, key_index=u32, **_setup),
    st.builds(bodies.SessionSetup, mode=st.sampled_from([0, 2, 5, 999]), **_setup),
)
_log = {"hash_type": u8, "servers": u32, "server": u32}
logs = st.one_of(
    st.builds(bodies.RetrieveLog, state=octets, **_log),
    st.builds(bodies.RetrieveLog, last_id=u64, last_date=u64, **_log),
)
dumps = st.one_of(
    st.builds(bodies.Dump, **_log),
    st.builds(bodies.Dump, start=octets, start_type=u32, **_log),
)
named = st.builds(bodies.Named, names)
valued = st.builds(bodies.Valued, names, blobs)
asked = st.builds(bodies.Asked, names, u32s, texts, st.sampled_from([b"", b"\0\0\0\0", b"x"]))
raw = st.builds(bodies.Raw, octets)

REQUESTS = {
    OpCode.RESOLUTION: asked,
    OpCode.GET_SITE_INFO: named,
    OpCode.CREATE_HANDLE: valued,
    OpCode.DELETE_HANDLE: named,
    OpCode.ADD_VALUE: valued,
    OpCode.REMOVE_VALUE: st.builds(bodies.Removal, names, u32s),
    OpCode.MODIFY_VALUE: valued,
    OpCode.LIST_HANDLES: named,
    OpCode.CHALLENGE_RESPONSE: st.builds(bodies.Answer, text, names, u32, octets),
    OpCode.VERIFY_RESPONSE: st.builds(bodies.Verification, names, u32, octets, digests, octets),
    OpCode.HOME_NA: named,
    OpCode.UNHOME_NA: named,
    OpCode.LIST_HOMED_NAS: named,
    OpCode.SESSION_SETUP: setups,
    OpCode.SESSION_TERMINATE: named,
    OpCode.SESSION_EXCHANGE_KEY: st.builds(bodies.ExchangeKey, octets),
    OpCode.META_CREATE: raw,
    OpCode.META_QUERY: raw,
    OpCode.GET_NEXT_TXN_ID: named,
    OpCode.RETRIEVE_TXN_LOG: logs,
    OpCode.DUMP_HANDLES: dumps,
    OpCode.BACKUP_SERVER: named,
    OpCode.UPDATE_NOTIFY: raw,
    OpCode.PASSWORD_LOGIN: asked,
    OpCode.LOGIN_ID_SYSTEM: st.builds(bodies.Identity, names, u32),
    77_777: raw,
}
_raw_or_nothing = st.builds(bodies.Raw, st.binary(min_size=1, max_size=40)) | st.just(
    bodies.Nothing()
)
_handles = st.builds(bodies.Handles, st.lists(names, max_size=5).map(tuple))
SUCCESSES = {
    OpCode.RESOLUTION: valued,
    OpCode.GET_SITE_INFO: st.builds(bodies.SiteInfo, octets),
    OpCode.CREATE_HANDLE: named | st.just(bodies.Nothing()),
    OpCode.LIST_HANDLES: _handles,
    OpCode.LIST_HOMED_NAS: _handles,
    OpCode.VERIFY_RESPONSE: st.builds(bodies.Verified, u8),
    OpCode.SESSION_SETUP: st.builds(bodies.SessionKey, u16, octets),
    OpCode.GET_NEXT_TXN_ID: st.builds(bodies.TransactionId, u64),
    OpCode.RETRIEVE_TXN_LOG: st.builds(bodies.KeepAlive, u8),
    OpCode.DELETE_HANDLE: _raw_or_nothing,
    OpCode.DUMP_HANDLES: _raw_or_nothing,
    88_888: _raw_or_nothing,
}
FAILURES = {
    ResponseCode.HANDLE_NOT_FOUND: st.builds(bodies.ErrorText, octets) | st.just(bodies.Nothing()),
    ResponseCode.SERVICE_REFERRAL: valued | named,
    ResponseCode.PREFIX_REFERRAL: valued | named,
    ResponseCode.AUTHENTICATION_NEEDED: st.builds(bodies.Challenge, octets),
    99_999: _raw_or_nothing,
}
BODY_TYPES = {*get_args(bodies.Request), *get_args(bodies.Response)}

credentials = st.none() | st.builds(
    Credential,
    version=u8,
    reserved=u8,
    options=u16,
    signer=octets,
    counter=u32,
    type=text,
    info=octets,
)


def headers(op: int, code: int, flags: st.SearchStrategy[int]) -> st.SearchStrategy[Header]:
    return st.builds(
        Header,
        op_code=st.just(int(op)),
        response_code=st.just(int(code)),
        flags=flags,
        site_serial=u16,
        recursion_count=u8,
        reserved=u8,
        expiration=u32,
    )


_ABSENT = st.just(value=True)


def _messages(
    header: st.SearchStrategy[Header],
    body: st.SearchStrategy[bodies.Body],
    digest: st.SearchStrategy[bodies.Digest | None],
    version: st.SearchStrategy[tuple[int, int]],
) -> st.SearchStrategy[Message]:
    outer = {
        "version": version,
        "suggested": suggestions,
        "flags": st.sampled_from([0, 0x20, 0x1C]),
        "session_id": u32,
        "request_id": u32,
        "header": header,
        "digest": digest,
        "body": body,
    }
    return st.builds(Message, credential=credentials, **outer) | st.builds(
        Message, without_credential_length=_ABSENT, **outer
    )


def requests(op: int) -> st.SearchStrategy[Message]:
    """Draw requests of one opcode, in a version that has all its forms."""
    versions = st.tuples(st.just(2), st.integers(9, 14))
    return _messages(headers(op, 0, u32), REQUESTS[op], st.none(), versions)


def responses(op: int, code: int) -> st.SearchStrategy[Message]:
    """Draw responses of one opcode and code, with and without the request's digest."""
    body = SUCCESSES[op] if code == ResponseCode.SUCCESS else FAILURES[code]
    with_digest, without = int(OpFlag.REQUEST_DIGEST), 0xFFFF_FFFF ^ int(OpFlag.REQUEST_DIGEST)
    modern = st.tuples(st.just(2), st.integers(5, 14))
    certain = digests.filter(lambda digest: digest.algorithm != 0)
    return st.one_of(
        _messages(headers(op, code, u32.map(lambda f: f | with_digest)), body, certain, modern),
        _messages(
            headers(op, code, u32.map(lambda f: f & without)),
            body,
            certain if code == ResponseCode.AUTHENTICATION_NEEDED else st.none(),
            modern,
        ),
    )
