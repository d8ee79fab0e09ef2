"""One request under way, and what is told about it."""

from collections.abc import AsyncIterator
from enum import Enum
from typing import Final

import msgspec

from identifiers.keys.sessions import SessionKey
from identifiers.principals import HandleIdentity
from identifiers.relay import Origin
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import ResponseCode
from identifiers.wire.handle.message import Message
from identifiers.wire.handle.translate import ReplyTo
from registry.handle.sessions import Session


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A request and whoever is known to make it.

    `plain` are its octets, decrypted. `session` is the one whose `key` signed it; `encrypted`: it
    came so. `proved`: its own challenge was answered, so there is no other. `now` in steady
    seconds, `at` in epoch milliseconds.
    """

    message: Message
    plain: bytes
    to: ReplyTo
    origin: Origin
    session: Session | None = None
    key: SessionKey | None = None
    encrypted: bool = False
    identity: HandleIdentity | None = None
    proved: bool = False
    now: float
    at: int


class Told(msgspec.Struct, frozen=True):
    """One message of an answer; `continues`: it is not the last. `private`: not for everybody.

    `session_id`: that of a session which begins here, 0: the request's own.
    """

    code: ResponseCode
    body: bodies.Response = bodies.Nothing()
    continues: bool = False
    private: bool = False
    session_id: int = 0


class Prove(Enum):
    """Whoever asks must prove who he is."""

    FIRST = "prove first"


PROVE_FIRST: Final = Prove.FIRST
DONE: Final = Told(ResponseCode.SUCCESS)

TOO_OFTEN: Final = Told(
    ResponseCode.SERVER_BUSY, bodies.ErrorText(b"Too many wrong answers: try again in a minute")
)

Result = Told | Prove | AsyncIterator[Told]
"""What an operation comes to: one message, a demand, or several messages."""


def refused(code: ResponseCode, text: str = "") -> Told:
    """Return an error with a text for people."""
    return Told(code, bodies.ErrorText(text.encode()))
