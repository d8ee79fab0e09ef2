"""Trusted resolution by a client: from an answer to trusted, untrusted or unknown.

The rules are in ``identifiers.trust.verification``; here the certificates are fetched, one after
the other, in the same way as the answer was.

::

    async with HandleClient("127.0.0.1", 2641) as client:
        found = await client.resolve("88.300.1/A")
        report = await verify("88.300.1/A", found.values, client, roots=roots, now=time.time())
"""

from collections.abc import Collection, Sequence
from typing import Final, Protocol

from identifiers.keys.public import STRICT, Policy
from identifiers.trust.claims import CERTIFICATE
from identifiers.trust.roots import Roots
from identifiers.trust.verification import Report, Terms, Wanted, begin, resume
from identifiers.values import Value
from identifiers.wire.handle.codes import ResponseCode
from idnode.errors import IdnodeError
from idnode.resolution import Resolution, code_name

_ANSWERED: Final = frozenset(
    {ResponseCode.SUCCESS, ResponseCode.HANDLE_NOT_FOUND, ResponseCode.VALUES_NOT_FOUND}
)


class Resolver(Protocol):
    """Who looks up: a `HandleClient` or an `HttpResolver`."""

    async def resolve(self, handle: str, *, types: Sequence[str]) -> Resolution:
        """Look up the values of some types. Raises `IdnodeError`."""
        ...


async def verify(
    asked: str,
    values: Collection[Value],
    resolver: Resolver,
    *,
    roots: Roots,
    now: float,
    policy: Policy = STRICT,
) -> Report:
    """Find out whether somebody vouches for `values`, which came as the answer to `asked`.

    All values of the answer belong in it, the HS_SIGNATURE too; `now` is in epoch seconds. The
    values come best over the Handle protocol: not every value comes back byte for byte in JSON. A
    certificate that cannot be fetched makes the verdict unknown, and raises nothing.
    """
    step = begin(asked, values, Terms(now=int(now), roots=roots, policy=policy))
    while isinstance(step, Wanted):
        try:
            found = await resolver.resolve(step.handle, types=[CERTIFICATE])
        except IdnodeError as why:
            step = resume(step, None, str(why))
            continue
        known = found.code in _ANSWERED
        step = resume(step, found.values if known else None, code_name(found.code))
    return step
