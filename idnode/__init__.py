"""The client library: resolve over the Handle protocol or HTTP, register over HTTP. Asynchronous.

It imports the domain and the codecs, and no room of the server. In reading order: ``errors``,
``resolution`` (what a look-up gives), ``transport`` and ``credentials``, ``writing`` and
``questions`` (messages, pure), ``datagrams``, ``streams`` and ``tunnel`` (the transports of the
Handle protocol), ``peers`` (one server), ``sessions``, ``certified`` (what a reply must prove),
``conversations`` (one exchange, challenges), ``referrals`` and ``following`` (from server to
server), ``administration``
and ``handle``; ``verification`` (does somebody vouch for an answer); ``problems`` and ``http``,
``calls`` and ``registry``, ``searching``, ``tracing``, ``feeds``, ``jobs``, ``api`` (the rest),
``watching`` and ``transfers`` (bulk), ``moving``.

::

    async with HandleClient("127.0.0.1", 2641) as client:
        print((await client.resolve("88.300.1/A")).values)
"""

from typing import TYPE_CHECKING, Any

from idnode.administration import Administrator
from idnode.credentials import Credentials, PrivateKey, SecretKey
from idnode.errors import (
    AlreadyThere,
    Declined,
    FateUnknown,
    Garbled,
    IdnodeError,
    Misled,
    NobodyThere,
    NotAllowed,
    NotNow,
    NotThere,
    Refused,
    Unaskable,
    Unavailable,
    Unreachable,
    Untrusted,
)
from idnode.handle import HandleClient
from idnode.questions import Dialect
from idnode.resolution import Resolution
from idnode.transport import Transport
from idnode.verification import verify

if TYPE_CHECKING:
    from idnode.http import HttpResolver
    from idnode.registry import RegistryClient

__all__ = [
    "Administrator",
    "AlreadyThere",
    "Credentials",
    "Declined",
    "Dialect",
    "FateUnknown",
    "Garbled",
    "HandleClient",
    "HttpResolver",
    "IdnodeError",
    "Misled",
    "NobodyThere",
    "NotAllowed",
    "NotNow",
    "NotThere",
    "PrivateKey",
    "Refused",
    "RegistryClient",
    "Resolution",
    "SecretKey",
    "Transport",
    "Unaskable",
    "Unavailable",
    "Unreachable",
    "Untrusted",
    "verify",
]


def __getattr__(name: str) -> Any:
    # Who asks over the Handle protocol only need not wait for an HTTP library to be imported.
    if name == "HttpResolver":
        from idnode.http import HttpResolver  # noqa: PLC0415 -- see above

        return HttpResolver
    if name == "RegistryClient":
        from idnode.registry import RegistryClient  # noqa: PLC0415 -- see above

        return RegistryClient
    raise AttributeError(name)
