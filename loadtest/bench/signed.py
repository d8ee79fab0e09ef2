"""Certified look-ups: what a worker signs, beside what its processor could sign.

The client is the library that users have. It verifies every answer: the server's signature, the
digest of the request, the expiration. A worker signs at most so many answers a second, whoever
asks, and says that it is busy to the others; the client then waits a moment and asks on.
"""

import asyncio
import os
import statistics
import time
from collections.abc import Sequence
from itertools import cycle
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa

from identifiers.keys.signers import RsaSigner
from identifiers.wire.handle.codes import ResponseCode
from identifiers.wire.handle.site import decode_site
from idnode import HandleClient, IdnodeError, Transport
from loadtest.bench import nodes

_AT_ONCE: Final = 16
_PAUSE: Final = 0.02
"""Seconds that the client waits when the server is busy."""
_OCTETS: Final = bytes(500)
"""What a signature covers is about so long."""


class Signed(msgspec.Struct):
    """What one round saw."""

    answered: int = 0
    busy: int = 0
    wrong: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Verified answers a second."""
        return self.answered / self.seconds if self.seconds else 0.0


def measure(
    node: nodes.Node, names: Sequence[str], *, seconds: float, rounds: int
) -> dict[str, Any]:
    """Look names up with certified answers, over TCP, in turn with bare signing."""
    (worker,) = node.processes()["worker"]
    ours: list[Signed] = []
    theirs: list[float] = []
    used = 0.0
    for _ in range(rounds):
        theirs.append(_bare(seconds))
        before = nodes.cpu_seconds(worker)
        ours.append(asyncio.run(_look_up(node.address("handle"), names, seconds)))
        used += nodes.cpu_seconds(worker) - before
    answered, took = sum(r.answered for r in ours), sum(r.seconds for r in ours)
    return {
        "reference": "bare RSA-2048 signatures on the worker's processor",
        "rate": round(statistics.median(r.rate for r in ours)),
        "reference_rate": round(statistics.median(theirs)),
        "busy": sum(r.busy for r in ours),
        "wrong": sum(r.wrong for r in ours),
        "worker_cpu_share": round(used / took, 2),
        "worker_ms_per_answer": round(1000 * used / answered, 3) if answered else None,
    }


async def _look_up(address: tuple[str, int], names: Sequence[str], seconds: float) -> Signed:
    found = Signed()
    async with HandleClient(*address, transport=Transport.TCP) as client:
        key = decode_site(await client.site()).servers[0].public_key
    turn = cycle(names)
    start = time.monotonic()

    async def ask(client: HandleClient) -> None:
        while time.monotonic() - start < seconds:
            try:
                told = await client.resolve(next(turn), certified=True)
            except IdnodeError:
                found.wrong += 1
                continue
            if told.code == ResponseCode.SERVER_BUSY:
                found.busy += 1
                await asyncio.sleep(_PAUSE)
            elif told.found and told.certified:
                found.answered += 1
            else:
                found.wrong += 1

    async with HandleClient(*address, transport=Transport.TCP, key=key) as client:
        await asyncio.gather(*(ask(client) for _ in range(_AT_ONCE)))
    found.seconds = time.monotonic() - start
    return found


def _bare(seconds: float) -> float:
    """Return how many signatures a second the worker's processor makes."""
    signer = RsaSigner(rsa.generate_private_key(public_exponent=65_537, key_size=2048))
    nodes.pin([os.getpid()], nodes.SERVER_CPU)
    try:
        made, start = 0, time.monotonic()
        while time.monotonic() - start < seconds:
            signer.sign(_OCTETS)
            made += 1
        return made / (time.monotonic() - start)
    finally:
        nodes.pin([os.getpid()], nodes.DRIVER_CPU)
