"""What a worker hands on to the registry process, and from whom it came.

Workers answer anonymous look-ups. Whatever needs somebody to be known goes to the registry process,
which holds challenges and sessions: clients answer a challenge on another connection than the one
that was challenged.
"""

from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address

import msgspec


class Channel(StrEnum):
    """What a message came over."""

    UDP = "udp"
    TCP = "tcp"
    HTTP = "http"


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request came from, as the worker that took it knows.

    `secure` says that nobody listened in between: TLS, the machine itself, or a trusted proxy that
    says https. `connection` is an unguessable name, the same for everything on one TCP connection,
    empty elsewhere. `certificate` is the client's, in DER, verified by the TLS listener.
    `login_first`: clients of this listener expect to be told to log in, and not a challenge.
    """

    channel: Channel
    address: IPv4Address | IPv6Address | None
    trusted: bool
    secure: bool
    connection: str = ""
    certificate: bytes = b""
    login_first: bool = False

    @property
    def shown(self) -> IPv4Address | IPv6Address | None:
        """The address that somebody has shown to be at; None: a stranger's datagram shows none.

        Whoever sends that may write any address on it, as he waits for no answer.
        """
        forgeable = self.channel is Channel.UDP and not self.trusted
        return None if forgeable else self.address


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP request, its body read. `target` is path and query as they were sent."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class HttpAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to an `HttpRequest`."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
