"""The questions of the matrix as messages, and the records that they are about."""

from identifiers.keys.sessions import CHANCE, offer
from identifiers.principals import HandleIdentity
from identifiers.values import Value
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode, OpFlag
from identifiers.wire.handle.data import ALL_PERMISSIONS, Admin, encode_admin, encode_public_key
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message
from identifiers.wire.handle.values import encode_values
from tests.matrix.cells import (
    ALLOTTED,
    IDENTITY_HANDLE,
    IDENTITY_INDEX,
    OWN_PREFIX,
    PREFIXES,
    SECRET,
    Cell,
)

IDENTITY = HandleIdentity(IDENTITY_HANDLE, IDENTITY_INDEX)
_NOBODYS_PROOF = b"\x22" + bytes(40)


def records() -> dict[str, tuple[Value, ...]]:
    """Return the values of every record that the matrix asks about, by handle; keys unsealed."""
    made: dict[str, tuple[Value, ...]] = {}
    for prefix in ALLOTTED:
        record = f"0.NA/{prefix}"
        secret = SECRET if prefix == OWN_PREFIX else b"another"
        admin = encode_admin(Admin(ALL_PERMISSIONS, record, IDENTITY_INDEX))
        made[record] = (
            Value(index=100, type="HS_ADMIN", data=admin),
            Value(index=IDENTITY_INDEX, type="HS_SECKEY", data=secret, permissions=0x0C),
        )
        hidden = Value(index=5, type="NOTE", data=b"for administrators", permissions=0x0C)
        url = Value(index=1, type="URL", data=b"urn:before")
        made[f"{prefix}/THERE"] = (url, hidden)
    return made


def message(cell: Cell, *, request_id: int = 7) -> Message:
    """Return the question of a cell."""
    op_code = cell.question.op_code
    flags = OpFlag.RECURSIVE | OpFlag.CACHE_CERTIFY
    if cell.question.name == "resolve":
        flags |= OpFlag.PUBLIC_ONLY
    if cell.question.name == "create over what is there":
        flags |= OpFlag.OVERWRITE
    if op_code == OpCode.LOGIN_ID_SYSTEM:
        flags |= OpFlag.REQUEST_DIGEST
    return Message(
        request_id=request_id,
        header=Header(op_code=op_code, flags=flags),
        body=_body(cell),
    )


def _body(cell: Cell) -> bodies.Body:
    prefix = PREFIXES[cell.standing]
    there, record = f"{prefix}/THERE", f"0.NA/{prefix}"
    by_name: dict[str, bodies.Body] = {
        "resolve": bodies.Asked(there),
        "resolve what is hidden": bodies.Asked(there, (5,)),
        "create": _valued(f"{prefix}/NEW", _url(1)),
        "create what is there": _valued(there, _url(1)),
        "create over what is there": _valued(there, _url(1)),
        "create a derived prefix": _valued(f"{record}.77", _url(1)),
        "delete": bodies.Named(there),
        "delete what is not there": bodies.Named(f"{prefix}/NOWHERE"),
        "delete the prefix record": bodies.Named(record),
        "add": _valued(there, _url(9)),
        "add to the prefix record": _valued(record, _url(9)),
        "remove": bodies.Removal(there, (5,)),
        "modify": _valued(there, _url(1)),
        "list a derived prefix that was not allotted": bodies.Named(f"{record}.88"),
    }
    if (known := by_name.get(cell.question.name)) is not None:
        return known
    digest = bodies.Digest(3, bytes(32))
    by_code: dict[int, bodies.Body] = {
        OpCode.GET_SITE_INFO: bodies.Named("/"),
        OpCode.LIST_HANDLES: bodies.Named(record),
        OpCode.CHALLENGE_RESPONSE: bodies.Answer(
            "HS_SECKEY", IDENTITY.handle, IDENTITY.index, _NOBODYS_PROOF
        ),
        OpCode.VERIFY_RESPONSE: bodies.Verification(
            record, IDENTITY_INDEX, bytes(16), digest, _NOBODYS_PROOF
        ),
        OpCode.HOME_NA: bodies.Named(record),
        OpCode.UNHOME_NA: bodies.Named(record),
        OpCode.LIST_HOMED_NAS: bodies.Named("/"),
        OpCode.SESSION_SETUP: _setup(),
        OpCode.SESSION_TERMINATE: bodies.Named("/"),
        OpCode.SESSION_EXCHANGE_KEY: bodies.ExchangeKey(bytes(256)),
        OpCode.GET_NEXT_TXN_ID: bodies.Named("/"),
        OpCode.RETRIEVE_TXN_LOG: bodies.RetrieveLog(hash_type=0, servers=1, server=0),
        OpCode.DUMP_HANDLES: bodies.Dump(hash_type=0, servers=1, server=0),
        OpCode.BACKUP_SERVER: bodies.Named("/"),
        OpCode.PASSWORD_LOGIN: bodies.Asked(IDENTITY.handle, (IDENTITY.index,)),
        OpCode.LOGIN_ID_SYSTEM: bodies.Identity(IDENTITY.handle, IDENTITY.index),
    }
    return by_code.get(cell.question.op_code, bodies.Raw(b""))


def _url(index: int) -> Value:
    return Value(index=index, type="URL", data=b"urn:x")


def _valued(handle: str, *values: Value) -> bodies.Valued:
    return bodies.Valued(handle, encode_values(values))


def _setup() -> bodies.SessionSetup:
    own, _ = offer(b"x" * CHANCE)
    return bodies.SessionSetup(
        mode=bodies.KeyExchange.DIFFIE_HELLMAN,
        timeout=600,
        handle=IDENTITY.handle,
        index=IDENTITY.index,
        key=encode_public_key(own),
    )
