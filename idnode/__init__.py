"""The client library: resolve over the Handle protocol or HTTP, register over HTTP. Asynchronous.

It imports the domain and the codecs, and no room of the server. In reading order: ``errors``,
``resolution`` (what a look-up gives), ``questions`` (messages, pure), ``datagrams`` and ``streams``
(the two transports of the Handle protocol), ``handle``, ``problems`` and ``http``, ``calls`` and
``registry``, ``transfers`` (bulk).

::

    async with HandleClient("127.0.0.1", 2641) as client:
        print((await client.resolve("88.300.1/A")).values)
"""

from typing import TYPE_CHECKING, Any

from idnode.errors import Garbled, IdnodeError, Refused, Unavailable, Unreachable
from idnode.handle import HandleClient
from idnode.resolution import Resolution

if TYPE_CHECKING:
    from idnode.http import HttpResolver
    from idnode.registry import RegistryClient

__all__ = [
    "Garbled",
    "HandleClient",
    "HttpResolver",
    "IdnodeError",
    "Refused",
    "RegistryClient",
    "Resolution",
    "Unavailable",
    "Unreachable",
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
