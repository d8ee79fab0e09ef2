"""What the registry process and a reader process say to each other, over a Unix socket. Pure.

One connection is one body. Each side sends frames: a 4-byte length and so many octets. The registry
sends `Begin`, then pieces of the body behind the epoch second (8 octets) at which they came, and an
empty piece at the end. Every piece, the empty one too, is answered by one `Block`, in order.
"""

import struct
from typing import Final

import msgspec

from registry.reading.rows import Block

_LENGTH: Final = struct.Struct(">I")
_TIME: Final = struct.Struct(">Q")
LENGTH_OCTETS: Final = _LENGTH.size


class Begin(msgspec.Struct, frozen=True):
    """What is to be read: which form, and how many octets of it were dealt with before."""

    form: str
    done: int


_encoder: Final = msgspec.msgpack.Encoder()
_begins: Final = msgspec.msgpack.Decoder(Begin)
_blocks: Final = msgspec.msgpack.Decoder(Block)


def length(head: bytes) -> int:
    """Return how many octets follow the first `LENGTH_OCTETS` of a frame."""
    return int(_LENGTH.unpack(head)[0])


def begin(what: Begin) -> bytes:
    """Write the first frame."""
    return _framed(_encoder.encode(what))


def read_begin(content: bytes) -> Begin:
    """Read the first frame's content. Raises `msgspec.MsgspecError`."""
    return _begins.decode(content)


def piece(data: bytes, at: int) -> bytes:
    """Write the frame of a piece; an empty one says that the body has ended."""
    return _framed(_TIME.pack(at) + data)


def read_piece(content: bytes) -> tuple[bytes, int]:
    """Read a piece and its time. Raises `struct.error`."""
    return content[_TIME.size :], int(_TIME.unpack_from(content)[0])


def block(found: Block) -> bytes:
    """Write the frame of an answer."""
    return _framed(_encoder.encode(found))


def read_block(content: bytes) -> Block:
    """Read an answer's content. Raises `msgspec.MsgspecError`."""
    return _blocks.decode(content)


def _framed(content: bytes) -> bytes:
    return _LENGTH.pack(len(content)) + content
