"""What servers say to their mirrors, octet by octet."""

import pytest

from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode, ResponseCode
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message, decode, encode

ONE_OF_TWO = {"hash_type": 2, "servers": 2, "server": 1}
SHARE = b"\2" + b"\0\0\0\2" + b"\0\0\0\1"
SINCE_NUMBER = b"\0\0\0\0\0\0\0\7" + b"\0\0\1\x8b\xcf\xe5\x68\0"
SINCE = {"last_id": 7, "last_date": 1_700_000_000_000}
STATE = b'{"txn":7}'
NAME = b"88.1/A"

REQUESTS = {
    "by number, before states were": (
        *(OpCode.RETRIEVE_TXN_LOG, (2, 8)),
        bodies.RetrieveLog(**SINCE, **ONE_OF_TWO),
        SINCE_NUMBER + SHARE,
    ),
    "by number": (
        *(OpCode.RETRIEVE_TXN_LOG, (2, 11)),
        bodies.RetrieveLog(**SINCE, **ONE_OF_TWO),
        b"\0" + SINCE_NUMBER + SHARE,
    ),
    "by state": (
        *(OpCode.RETRIEVE_TXN_LOG, (2, 11)),
        bodies.RetrieveLog(state=STATE, **ONE_OF_TWO),
        b"\1" + b"\0\0\0\x09" + STATE + SHARE,
    ),
    "of no form": (OpCode.RETRIEVE_TXN_LOG, (2, 11), bodies.Raw(b"\2" + SHARE), b"\2" + SHARE),
    "everything": (OpCode.DUMP_HANDLES, (2, 11), bodies.Dump(**ONE_OF_TWO), SHARE),
    "the rest": (
        *(OpCode.DUMP_HANDLES, (2, 11)),
        bodies.Dump(start=NAME, start_type=3, **ONE_OF_TWO),
        SHARE + b"\0\0\0\6" + NAME + b"\0\0\0\3",
    ),
}
SUCCESSES = {
    "the next number": (
        OpCode.GET_NEXT_TXN_ID,
        bodies.TransactionId(1_700_000_000_000),
        b"\0\0\1\x8b\xcf\xe5\x68\0",
    ),
    "still there": (OpCode.RETRIEVE_TXN_LOG, bodies.KeepAlive(1), b"\1"),
    "a key for a session": (
        OpCode.SESSION_SETUP,
        bodies.SessionKey(2, b"key"),
        b"\0\2" + b"\0\0\0\3key" + b"\0\0",
    ),
}


def travels(message, written):
    raw = Message(version=message.version, header=message.header, body=bodies.Raw(written))
    assert encode(message) == encode(raw)
    assert decode(encode(message)) == message


@pytest.mark.parametrize(("op", "version", "body", "written"), REQUESTS.values(), ids=REQUESTS)
def test_what_a_mirror_asks(op, version, body, written):
    travels(Message(version=version, header=Header(op_code=op), body=body), written)


@pytest.mark.parametrize(("op", "body", "written"), SUCCESSES.values(), ids=SUCCESSES)
def test_what_it_is_told(op, body, written):
    header = Header(op_code=op, response_code=ResponseCode.SUCCESS)
    travels(Message(version=(2, 11), header=header, body=body), written)
