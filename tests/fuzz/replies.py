"""What a client reads: whatever a server sends is an answer, or none."""

import contextlib
import random

from identifiers.keys.sessions import CipherCode, SessionKey
from identifiers.wire.handle import bodies
from identifiers.wire.handle.message import Message
from idnode import referrals
from idnode.errors import Garbled
from idnode.questions import read_reply, read_resolution, read_site
from idnode.sessions import Session
from tests.fuzz import generation
from tests.fuzz.handles import FRAMES
from tests.fuzz.keyrings import SESSION, sealed
from tests.fuzz.mutation import mend_message
from tests.fuzz.target import Target

_SECRET = SessionKey(CipherCode.AES, SESSION.secret)


def read_any(received: bytes) -> bool:
    with contextlib.suppress(Garbled):
        _judge(Session(7, _SECRET, encrypted=True, chance=bytes).open(received))
    try:
        found = read_reply(received)
    except Garbled:
        return False
    _judge(found)
    return True


def _judge(found: Message) -> None:
    with contextlib.suppress(Garbled):
        read_site(found)
    with contextlib.suppress(Garbled):
        answer = read_resolution("88.300.1/A", found)
        answer.document()
        for changes in (False, True):
            where = referrals.addresses(answer.values, "88.300.1/A", changes=changes)
            assert all(0 <= address.tcp < 1 << 16 for address in where)
        referrals.service(answer.values)
    if isinstance(found.body, bodies.ErrorText):
        assert isinstance(found.body.text, str)


def generated(rng: random.Random) -> bytes:
    return generation.handle_message(rng) if rng.random() < 0.8 else sealed(rng)


TARGETS = (
    Target(
        name="replies",
        check=read_any,
        seeds=FRAMES,
        modules=(),
        mend=mend_message,
        generate=generated,
    ),
)
