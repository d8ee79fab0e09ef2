"""The questions of a run, and what makes an answer to them right."""

from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from random import Random
from typing import TypeVar
from urllib.parse import quote

from identifiers.wire.handle import bodies, message
from identifiers.wire.handle.codes import OpCode, ResponseCode
from identifiers.wire.handle.envelope import SIZE as ENVELOPE
from identifiers.wire.handle.framing import MAX_DATAGRAM
from identifiers.wire.handle.header import SIZE as HEADER
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.values import count_values

Name = TypeVar("Name")

DATAGRAM = MAX_DATAGRAM
_DEFAULT_FLAGS = 0x1900_0000
"""What the common clients send: recursion if need be, certify cached, public values only."""
ID = slice(8, 12)
"""Where a message has its request id."""
EXPIRATION = slice(36, 40)
"""Where an answer says until when it is good: the one part that passing time changes."""


def resolution(handle: str, request_id: int) -> bytes:
    """Write a request for all public values of `handle`, as the common clients write it."""
    name = handle.encode()
    before, after = _around(len(name))
    return numbered(before + name + after, request_id)


@cache
def _around(length: int) -> tuple[bytes, bytes]:
    """Return what stands before and after a name of so many octets: a run has a million names."""
    name = "x" * length
    question = message.encode(
        message.Message(
            request_id=0,
            header=Header(op_code=OpCode.RESOLUTION, flags=_DEFAULT_FLAGS, expiration=0x7FFF_FFFF),
            body=bodies.Asked(name),
        )
    )
    before, _, after = question.rpartition(name.encode())
    return before, after


def numbered(question: bytes, request_id: int) -> bytes:
    """Return the question with another request id."""
    return question[: ID.start] + request_id.to_bytes(4, "big") + question[ID.stop :]


def get(handle: str) -> bytes:
    """Write an HTTP request that keeps its connection."""
    return f"GET /api/handles/{quote(handle)} HTTP/1.1\r\nHost: node.example\r\n\r\n".encode()


def zipf(names: Sequence[Name], count: int, seed: int) -> list[Name]:
    """Draw `count` of `names` with Zipf 1.0 popularity, the same ones for the same seed."""
    sums = list(accumulate(1 / rank for rank in range(1, len(names) + 1)))
    draw = Random(seed).random
    return [names[bisect_left(sums, draw() * sums[-1])] for _ in range(count)]


def is_success(reply: bytes, question: bytes) -> bool:
    """Say whether `reply` is a whole, decodable success to just this question."""
    answer = message.decode(reply)
    return (
        reply[ID] == question[ID]
        and answer.header.response_code == ResponseCode.SUCCESS
        and isinstance(answer.body, bodies.Valued)
        and count_values(answer.body.values) > 0
    )


def messages(stream: bytes) -> list[bytes]:
    """Cut octets of a TCP connection into their messages; what is left over is left out."""
    found, at = [], 0
    while at + ENVELOPE + HEADER <= len(stream):
        end = at + ENVELOPE + int.from_bytes(stream[at + 16 : at + 20], "big")
        found.append(stream[at:end])
        at = end
    return found
