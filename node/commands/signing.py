"""``prefix sign``: the node vouches for what is written under a prefix."""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Final, assert_never

import msgspec

from identifiers.keys.public import parse_public_key
from identifiers.keys.signers import Signer
from identifiers.trust.claims import encode_jwk
from node.commands.administer import Work, parse_prefix
from node.refusals import NotDone
from registry.administration import Administration, Ordered
from registry.allotment import Unallotted
from registry.appointment import IndexTaken
from registry.backlog import Backlog, Progress
from registry.certification import Certified
from registry.commands import change_ids
from registry.prefixes import PICTURE_SECONDS

_EVERY: Final = 5.0
"""Seconds between two lines about how far it is."""


async def _known_everywhere() -> None:
    # Until then the registry may write what is unsigned behind whoever goes through the records.
    await asyncio.sleep(2 * PICTURE_SECONDS)


def signing_prefix(
    text: str,
    signer: Signer,
    chance: Callable[[int], bytes] = os.urandom,
    *,
    existing: bool = True,
    settled: Callable[[], Awaitable[None]] = _known_everywhere,
) -> Work:
    """Sign what is written under a prefix; the result is a list of roots for clients (JSON).

    With `existing`, what was registered before is signed too, once every process has `settled`
    that the prefix is signed. How far that is goes to stderr.
    """
    prefix = parse_prefix(text)

    async def work(administration: Administration, ordered: Ordered) -> str:
        (change,) = change_ids(ordered.at, chance, 1)
        answer = await administration.vouch(prefix, signer, change, ordered)
        match answer:
            case Certified(identity=identity, key=key):
                roots = {str(identity): encode_jwk(parse_public_key(key))}
                if existing:
                    await settled()
                    backlog = Backlog(
                        administration.store, signer, clock=time.time_ns, chance=chance
                    )
                    told = Told(text, time.monotonic)
                    async for progress in backlog.sign(prefix, ordered):
                        told.on_the_way(progress)
                    told.at_the_end()
                return msgspec.json.encode(roots).decode()
            case IndexTaken(type=kind):
                raise NotDone(
                    f"the node's key would stand where a value of type {kind} is: remove that first"
                )
            case Unallotted():
                raise _unallotted(text)
            case _:
                assert_never(answer)

    return work


class Told:
    """Tells now and then how far it is. `clock` is monotonic."""

    def __init__(self, prefix: str, clock: Callable[[], float]) -> None:
        self._prefix = prefix
        self._clock = clock
        self._last = clock()
        self._progress = Progress()

    def on_the_way(self, progress: Progress) -> None:
        """Tell it if the last time was a while ago."""
        self._progress = progress
        if self._clock() - self._last >= _EVERY:
            self._last = self._clock()
            self._write(f", up to {progress.last}")

    def at_the_end(self) -> None:
        """Tell what came of it."""
        self._write("; done")

    def _write(self, how_far: str) -> None:
        p = self._progress
        unfit = f", {p.unfit} too large to be signed" if p.unfit else ""
        sys.stderr.write(
            f"{self._prefix}: {p.seen} records seen, {p.signed} signed{unfit}{how_far}\n"
        )


def leaving_unsigned(text: str) -> Work:
    """Sign nothing more under a prefix; the result is the prefix."""
    prefix = parse_prefix(text)

    async def work(administration: Administration, ordered: Ordered) -> str:
        if not await administration.vouch_no_more(prefix, ordered):
            raise _unallotted(text)
        return str(prefix)

    return work


def _unallotted(text: str) -> NotDone:
    return NotDone(f"{text} was never allotted: idnode prefix home {text} --enterprise NUMBER")
