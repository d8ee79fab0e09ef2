"""Random but well-formed inputs of every kind: what mutation alone would hardly come upon."""

import random
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

from identifiers.values import Reference, Value
from identifiers.wire.handle import bodies, data, message, site
from identifiers.wire.handle.codes import OpCode, OpFlag, ResponseCode
from identifiers.wire.handle.credential import Credential, Signature, encode_signature
from identifiers.wire.handle.data import AdminPermission
from identifiers.wire.handle.digests import LABELLED_SINCE
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message
from identifiers.wire.handle.values import encode_values

VERSIONS = tuple((2, minor) for minor in (0, 1, 3, 4, 7, 8, 9, 10, 11, 11, 11))
_HANDLES = ("88.300.1/A", "0.NA/88.300", "88.1/煤-1", "20.500.123/MULTI", "/", "", "a/b/c")
_TYPES = ("URL", "URL.ALT", "EMAIL", "DESC", "产品")
_CODES = (*ResponseCode, 4711)
_OPS = (*OpCode, 77_777)
_FLAGS = tuple(int(flag) for flag in OpFlag)


def u32(rng: random.Random) -> int:
    return rng.choice((0, 1, 2, 100, 200, 300, 0xFFFF_FFFF, rng.randrange(1 << 32)))


def blob(rng: random.Random) -> bytes:
    return encode_values([value(rng) for _ in range(rng.choice((0, 1, 1, 2, 5)))])


def value(rng: random.Random) -> Value:
    kind = rng.choice((*_TYPES, *RECORDS))
    return Value(
        index=u32(rng),
        type=kind,
        data=RECORDS[kind](rng) if kind in RECORDS else rng.randbytes(rng.choice((0, 1, 9, 60))),
        ttl=rng.choice((0, 86400, 0xFFFF_FFFF)),
        absolute=rng.random() < 0.1,
        permissions=rng.randrange(16),
        timestamp=u32(rng),
        references=tuple(
            Reference(rng.choice(_HANDLES), u32(rng)) for _ in range(rng.choice((0, 0, 0, 2)))
        ),
    )


def admin(rng: random.Random) -> bytes:
    bits = rng.choice((0, data.ALL_PERMISSIONS, *AdminPermission))
    return data.encode_admin(data.Admin(int(bits), rng.choice(_HANDLES), u32(rng)))


def vlist(rng: random.Random) -> bytes:
    count = rng.choice((0, 1, 3, 9))
    return data.encode_vlist(tuple(Reference(rng.choice(_HANDLES), u32(rng)) for _ in range(count)))


def public_key(rng: random.Random) -> bytes:
    n, e = rng.getrandbits(rng.choice((0, 8, 512, 1024))), rng.choice((3, 65_537))
    return data.encode_public_key(
        rng.choice(
            (
                data.RsaKey(e, n, rng.random() < 0.5),
                data.DsaKey(n, e, n, e),
                data.DhKey(n, n, e),
                data.OtherKey("SM2_PUB_KEY", rng.randbytes(91)),
            )
        )
    )


def site_record(rng: random.Random) -> bytes:
    servers = tuple(
        site.Server(
            id=u32(rng),
            address=rng.choice((IPv4Address("192.0.2.1"), IPv6Address("2001:db8::1"))),
            public_key=rng.choice((b"", public_key(rng))),
            interfaces=tuple(
                site.Interface(rng.randrange(4), rng.randrange(4), u32(rng))
                for _ in range(rng.randrange(4))
            ),
        )
        for _ in range(rng.choice((0, 1, 1, 3)))
    )
    return site.encode_site(
        site.Site(
            serial=rng.randrange(1 << 16),
            flags=rng.choice((0, 0x80, 0xC0)),
            hash_option=rng.randrange(4),
            attributes=(("desc", "矿"),) * rng.randrange(3),
            servers=servers,
        )
    )


RECORDS: dict[str, Callable[[random.Random], bytes]] = {
    "HS_ADMIN": admin,
    "HS_VLIST": vlist,
    "HS_PUBKEY": public_key,
    "HS_SITE": site_record,
}


def record(rng: random.Random) -> bytes:
    return rng.choice(tuple(RECORDS.values()))(rng)


def credential(rng: random.Random) -> Credential:
    named = rng.choice((("HS_SIGNED", "SHA-256"), ("HS_MAC", "HMAC-SHA256")))
    signature = encode_signature(Signature(named[1], rng.randbytes(rng.choice((0, 32, 256)))))
    return Credential(
        version=rng.choice((0, 0, 7)),
        signer=rng.choice((b"", b"x")),
        counter=u32(rng),
        type=named[0],
        info=signature if rng.random() < 0.8 else rng.randbytes(9),
    )


def digest(rng: random.Random, *, labelled: bool) -> bodies.Digest:
    algorithm, size = rng.choice(((1, 16), (2, 20), (3, 32))) if labelled else (0, 16)
    return bodies.Digest(algorithm, rng.randbytes(size))


def handle_message(rng: random.Random) -> bytes:
    """A message of any opcode, code and version, whose body fits them."""
    op, version = rng.choice(_OPS), rng.choice(VERSIONS)
    code = rng.choice((0, 0, 0, 1, 1, rng.choice(_CODES)))
    if not op and not code:
        op = OpCode.RESOLUTION
    flags = rng.choice((0, 0x1900_0000, 0x1080_0000, rng.choice(_FLAGS) | rng.choice(_FLAGS)))
    hashed: bodies.Digest | None = None
    if code == ResponseCode.REQUEST:
        body: bodies.Body = request_body(rng, op)
    else:
        body = response_body(rng, op, code)
        labelled = version >= LABELLED_SINCE
        challenged = code == ResponseCode.AUTHENTICATION_NEEDED
        if challenged or (labelled and flags & OpFlag.REQUEST_DIGEST):
            hashed = digest(rng, labelled=labelled)
    return message.encode(
        Message(
            version=version,
            suggested=rng.choice((version, (2, 11), (0, 0))),
            session_id=rng.choice((0, 10_001, u32(rng))),
            request_id=u32(rng),
            header=Header(
                op_code=op,
                response_code=code,
                flags=flags,
                site_serial=rng.choice((1, 0xFFFF)),
                recursion_count=rng.choice((0, 0, 9, 11)),
                expiration=u32(rng),
            ),
            digest=hashed,
            body=body,
            credential=credential(rng) if rng.random() < 0.3 else None,
            without_credential_length=rng.random() < 0.05,
        )
    )


def request_body(rng: random.Random, op: int) -> bodies.Request:
    handle, index = rng.choice(_HANDLES), u32(rng)
    makers: dict[int, Callable[[], bodies.Request]] = {
        OpCode.CREATE_HANDLE: lambda: bodies.Valued(handle, blob(rng)),
        OpCode.ADD_VALUE: lambda: bodies.Valued(handle, blob(rng)),
        OpCode.MODIFY_VALUE: lambda: bodies.Valued(handle, blob(rng)),
        OpCode.RESOLUTION: lambda: _asked(rng, handle),
        OpCode.PASSWORD_LOGIN: lambda: _asked(rng, handle),
        OpCode.REMOVE_VALUE: lambda: bodies.Removal(handle, _indexes(rng)),
        OpCode.CHALLENGE_RESPONSE: lambda: bodies.Answer(
            rng.choice(("HS_SECKEY", "HS_PUBKEY", "?")), handle, index, rng.randbytes(53)
        ),
        OpCode.VERIFY_RESPONSE: lambda: bodies.Verification(
            handle,
            index,
            rng.randbytes(16),
            digest(rng, labelled=rng.random() < 0.8),
            rng.randbytes(20),
        ),
        OpCode.SESSION_SETUP: lambda: _setup(rng, handle, index),
        OpCode.SESSION_EXCHANGE_KEY: lambda: bodies.ExchangeKey(rng.randbytes(40)),
        OpCode.LOGIN_ID_SYSTEM: lambda: bodies.Identity(handle, index),
        OpCode.RETRIEVE_TXN_LOG: lambda: bodies.RetrieveLog(
            state=rng.choice((None, b"{}")), hash_type=1, servers=1, server=0
        ),
        OpCode.DUMP_HANDLES: lambda: bodies.Dump(
            hash_type=2, servers=1, server=0, start=rng.choice((None, b"88.1/a"))
        ),
        OpCode.META_CREATE: lambda: bodies.Raw(rng.randbytes(7)),
        77_777: lambda: bodies.Raw(rng.randbytes(7)),
    }
    return makers.get(op, lambda: bodies.Named(handle))()


def response_body(rng: random.Random, op: int, code: int) -> bodies.Response:
    handle = rng.choice(_HANDLES)
    if code == ResponseCode.AUTHENTICATION_NEEDED:
        return bodies.Challenge(rng.randbytes(16))
    if code in (ResponseCode.SERVICE_REFERRAL, ResponseCode.PREFIX_REFERRAL):
        return rng.choice((bodies.Valued("", blob(rng)), bodies.Named(handle)))
    if code != ResponseCode.SUCCESS:
        return rng.choice((bodies.ErrorText(b"no"), bodies.Nothing(), bodies.ErrorText(b"\xff")))
    makers: dict[int, Callable[[], bodies.Response]] = {
        OpCode.RESOLUTION: lambda: bodies.Valued(handle, blob(rng)),
        OpCode.GET_SITE_INFO: lambda: bodies.SiteInfo(site_record(rng)),
        OpCode.CREATE_HANDLE: lambda: bodies.Named(handle),
        OpCode.LIST_HANDLES: lambda: bodies.Handles(_HANDLES[: rng.randrange(7)]),
        OpCode.LIST_HOMED_NAS: lambda: bodies.Handles(("0.NA/88.300",)),
        OpCode.VERIFY_RESPONSE: lambda: bodies.Verified(rng.randrange(256)),
        OpCode.SESSION_SETUP: lambda: bodies.SessionKey(4, b"\0\0\0\3" + public_key(rng)),
        OpCode.GET_NEXT_TXN_ID: lambda: bodies.TransactionId(u32(rng)),
        OpCode.RETRIEVE_TXN_LOG: lambda: bodies.KeepAlive(1),
    }
    return makers.get(op, bodies.Nothing)()


def _asked(rng: random.Random, handle: str) -> bodies.Asked:
    types = tuple(rng.choice(_TYPES) for _ in range(rng.choice((0, 0, 1, 3))))
    extra = rng.choice((b"", b"", b"\0\0\0\0"))
    return bodies.Asked(handle, _indexes(rng), types, extra)


def _indexes(rng: random.Random) -> tuple[int, ...]:
    return tuple(u32(rng) for _ in range(rng.choice((0, 0, 1, 4))))


def _setup(rng: random.Random, handle: str, index: int) -> bodies.SessionSetup:
    return bodies.SessionSetup(
        mode=rng.choice((1, 2, 3, 4, 4, 5)),
        timeout=86_400,
        handle=handle,
        index=index,
        key=public_key(rng),
        key_handle=handle,
        key_index=index,
    )
