"""Over what the questions of the matrix are asked of a node, and what each channel makes of a code.

The client is on the node's own machine, so its network is trusted and its connection counts as
protected. Strangers are met with silence where it says 402 over UDP, and send no credentials over
plain HTTP; their tests are those of `registry.handle` and `registry.rest`.
"""

import base64
from enum import StrEnum
from typing import Final
from urllib.parse import quote

from identifiers.wire.handle.codes import OpCode, ResponseCode
from idnode.transport import Transport
from tests.matrix.cells import IDENTITY_HANDLE, IDENTITY_INDEX, SECRET, Cell, Rest, http_status


class Channel(StrEnum):
    """A way to a node."""

    UDP = "UDP"
    TCP = "TCP"
    TUNNEL = "HTTP tunnel"
    REST = "REST"


TRANSPORTS: Final = {
    Channel.UDP: Transport.UDP,
    Channel.TCP: Transport.TCP,
    Channel.TUNNEL: Transport.HTTP,
}
_MADE: Final = ("create", "create a derived prefix")
_PROOF: Final = "type=HS_SECKEY&alg=PBKDF2WithHmacSHA1&iterations=10000&length=160&" + "&".join(
    f"{name}={quote(base64.b64encode(bytes(size)).decode(), safe='')}"
    for name, size in (("salt", 16), ("nonce", 16), ("cnonce", 32), ("signature", 20))
)
REST_ONLY: Final = {
    "answer nothing": (Rest("PUT", "/api/sessions/this"), (401, 402)),
    "verify": (Rest("GET", f"/api/verifications/300:0.NA/{{prefix}}?{_PROOF}"), (200, 1)),
    "set a session up": (Rest("POST", "/api/sessions"), (201, 0)),
    "end no session": (Rest("DELETE", "/api/sessions/this"), (401, 402)),
}
"""Calls of the REST form that do what a message does in their own way: in its own sessions."""
NO_CALL: Final = (0, 0)


def call_of(cell: Cell) -> Rest | None:
    """Return the call of the REST form for a question; None: it has none."""
    only = REST_ONLY.get(cell.question.name)
    return cell.question.rest if only is None else only[0]


def expected(cell: Cell, channel: Channel) -> tuple[int, int]:
    """Return the status (0 but for REST) and the response code (0: the answer has none)."""
    if channel is Channel.REST:
        return _expected_of_rest(cell)
    if cell.question.op_code == OpCode.LOGIN_ID_SYSTEM and channel is not Channel.TCP:
        # A login belongs to a connection, and there is none.
        return 0, int(ResponseCode.OPERATION_NOT_SUPPORTED)
    return 0, int(cell.code)


def _expected_of_rest(cell: Cell) -> tuple[int, int]:
    if cell.question.name in REST_ONLY:
        return REST_ONLY[cell.question.name][1]
    if cell.question.rest is None:
        return NO_CALL
    status = http_status(cell.code, created=cell.question.name in _MADE)
    return status, 0 if cell.question.op_code == OpCode.GET_SITE_INFO else int(cell.code)


def basic() -> str:
    """Return the header of who is known."""
    known = f"{IDENTITY_INDEX}%3A{IDENTITY_HANDLE}".encode() + b":" + SECRET
    return f"Basic {base64.b64encode(known).decode()}"
