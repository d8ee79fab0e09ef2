"""What makes an answer right: the values of the corpus, compared one by one or as octets.

`registered` decodes an answer and compares every value with the corpus, which takes some 50 µs.
Where an answer was compared so before the run, `same` holds later ones to its very octets, all but
the request id and the expiration; that takes less than one. A refusal (the server is too busy) is
neither right nor wrong: it claims nothing. Over HTTP an answer is told as its status, a space and
its body.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import bodies, message
from identifiers.wire.handle.codes import OpCode, ResponseCode
from identifiers.wire.handle.values import decode_values

Right = Callable[[bytes], bool]
"""Says whether these octets are the right answer."""
Identifier = Mapping[str, Any]
"""One item of the corpus in the Handle JSON form."""

_RESOLVED: Final = int(OpCode.RESOLUTION).to_bytes(4, "big")
_CODES: Final = slice(20, 28)
_BUSY: Final = int(ResponseCode.SERVER_BUSY).to_bytes(4, "big")
_REFUSING: Final = frozenset({429, 503})
_CREATED: Final = 201


def same(reference: bytes) -> Right:
    """Hold a Handle reply to one that was found right before."""
    head, middle, tail = reference[:8], reference[12:36], reference[40:]

    def right(reply: bytes) -> bool:
        return reply[40:] == tail and reply[12:36] == middle and reply[:8] == head

    return right


def registered(identifier: Identifier) -> Right:
    """Hold a Handle reply to an item of the corpus."""
    values = [
        (value["index"], value["type"], value["data"]["value"].encode(), value["ttl"])
        for value in identifier["values"]
    ]

    def right(reply: bytes) -> bool:
        try:
            answer = message.decode(reply)
            return (
                answer.header.op_code == OpCode.RESOLUTION
                and answer.header.response_code == ResponseCode.SUCCESS
                and isinstance(answer.body, bodies.Valued)
                and answer.body.handle == identifier["handle"]
                and values
                == [(v.index, v.type, v.data, v.ttl) for v in decode_values(answer.body.values)]
            )
        except ProtocolError:
            return False

    return right


def unknown(reply: bytes) -> bool:
    """Hold a Handle reply to a name that nobody registered: code 100 (RFC 3652 section 3.2)."""
    return reply[_CODES] == _RESOLVED + int(ResponseCode.HANDLE_NOT_FOUND).to_bytes(4, "big")


def refused(reply: bytes) -> bool:
    """Say whether a Handle reply says that the server is too busy: code 3."""
    return reply[_CODES] == _RESOLVED + _BUSY


def refused_over_http(answer: bytes) -> bool:
    """Say whether an HTTP answer says that the server is too busy, or that one asks too often."""
    status = answer.partition(b" ")[0]
    return status.isdigit() and int(status) in _REFUSING


def same_over_http(reference: bytes) -> Right:
    """Hold an HTTP answer to one that was found right before."""
    return reference.__eq__


def registered_over_http(identifier: Identifier) -> Right:
    """Hold the answer to a GET to an item of the corpus."""

    def right(answer: bytes) -> bool:
        document = _document(answer, b"200")
        return document is not None and _is_found(document, identifier)

    return right


def unknown_over_http(handle: str) -> Right:
    """Hold the answer to a GET to a name that nobody registered."""

    def right(answer: bytes) -> bool:
        document = _document(answer, b"404")
        return document is not None and _is_absent(document, handle)

    return right


def batch_over_http(expected: Sequence[Identifier | str]) -> Right:
    """Hold the answer to a batch to items of the corpus and to names nobody registered."""

    def right(answer: bytes) -> bool:
        document = _document(answer, b"200")
        if document is None:
            return False
        results = document.get("results", [])
        return len(results) == len(expected) and all(
            _is_absent(result, wanted) if isinstance(wanted, str) else _is_found(result, wanted)
            for result, wanted in zip(results, expected, strict=True)
        )

    return right


def batch_refused(expected: Sequence[Identifier | str]) -> Right:
    """Tell a batch of which some was refused, and nothing is wrong, from other answers."""

    def refused_in_part(answer: bytes) -> bool:
        if refused_over_http(answer):
            return True
        document = _document(answer, b"200")
        if document is None:
            return False
        results = document.get("results", [])
        return len(results) == len(expected) and all(
            result.get("responseCode") == ResponseCode.SERVER_BUSY
            or (_is_absent(result, told) if isinstance(told, str) else _is_found(result, told))
            for result, told in zip(results, expected, strict=True)
        )

    return refused_in_part


def bulk_refused(handles: Sequence[str]) -> Right:
    """Tell a batch of registrations of which some was refused from other answers."""

    def refused_in_part(answer: bytes) -> bool:
        if refused_over_http(answer):
            return True
        document = _document(answer, b"200")
        items = [] if document is None else document.get("items", [])
        return [item.get("handle") for item in items] == list(handles) and all(
            item.get("status") == _CREATED or item.get("status") in _REFUSING for item in items
        )

    return refused_in_part


def created(handle: str) -> Right:
    """Hold the answer to a registration to the name that was to be registered."""

    def right(answer: bytes) -> bool:
        document = _document(answer, b"201")
        return document is not None and document.get("handle") == handle

    return right


def all_created(handles: Sequence[str]) -> Right:
    """Hold the answer to a batch of registrations to its names, in order."""

    def right(answer: bytes) -> bool:
        document = _document(answer, b"200")
        return document is not None and [
            (item.get("handle"), item.get("status")) for item in document.get("items", [])
        ] == [(handle, _CREATED) for handle in handles]

    return right


def _document(answer: bytes, status: bytes) -> dict[str, Any] | None:
    told, _, body = answer.partition(b" ")
    if told != status:
        return None
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError:
        return None


def _is_found(document: Mapping[str, Any], identifier: Identifier) -> bool:
    return (
        document.get("responseCode") == ResponseCode.SUCCESS
        and document.get("handle") == identifier["handle"]
        and [
            {name: told for name, told in value.items() if name != "timestamp"}
            for value in document.get("values", [])
        ]
        == identifier["values"]
    )


def _is_absent(document: Mapping[str, Any], handle: str) -> bool:
    return document == {"responseCode": int(ResponseCode.HANDLE_NOT_FOUND), "handle": handle}
