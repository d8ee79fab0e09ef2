import msgspec
from aiohttp import hdrs

from identifiers.changes import RequestKey
from registry.http.replies import json_reply, kept


def test_what_is_kept_is_made_of_plain_strings():
    reply = json_reply({}, 201, (hdrs.LOCATION, "/api/v1/prefixes/88.300.1"))
    stored = kept(RequestKey("key:one", "k"), b"d" * 32, reply)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(stored.headers))
    assert [tuple(pair) for pair in again] == list(reply.headers)
