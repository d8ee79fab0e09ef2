"""The client library: resolve over the Handle protocol or HTTP, register over HTTP. Asynchronous.

It imports the domain and the codecs, and no room of the server. In reading order: ``errors``,
``resolution`` (what a look-up gives), ``questions`` (messages, pure), ``datagrams`` and ``streams``
(the two transports of the Handle protocol), ``handle``.

::

    async with HandleClient("127.0.0.1", 2641) as client:
        print((await client.resolve("88.300.1/A")).values)
"""

from idnode.errors import Garbled, IdnodeError, Refused, Unavailable, Unreachable
from idnode.handle import HandleClient
from idnode.resolution import Resolution

__all__ = [
    "Garbled",
    "HandleClient",
    "IdnodeError",
    "Refused",
    "Resolution",
    "Unavailable",
    "Unreachable",
]
