"""Trusted resolution for whoever asks the node to verify an answer (`national-node` section 5.6).

Only what is known here counts: the roots of the settings, and certificates in records that live
here. What would have to be fetched from elsewhere leaves the verdict unknown. Verifying takes
milliseconds, so it happens in a thread and is bounded.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from identifiers.outcomes import Absent, Found, ValuesAbsent
from identifiers.queries import Query
from identifiers.trust.claims import CERTIFICATE, SIGNATURE
from identifiers.trust.roots import Roots
from identifiers.trust.verification import Terms, Verdict, Wanted, begin, resume
from identifiers.values import Value
from identifiers.wire.handle.values import decode_values, filter_blob
from resolver.clients import Client
from resolver.service import Resolver

WAITING: Final = 64
"""Answers of one worker that are being verified."""


class Vouching:
    """Verifies answers of `resolver`; `epoch` is the wall clock."""

    def __init__(
        self,
        resolver: Resolver,
        roots: Roots,
        epoch: Callable[[], float],
        waiting: int = WAITING,
    ) -> None:
        self._resolver = resolver
        self._roots = roots
        self._epoch = epoch
        self._most = waiting
        self._waiting = 0

    @property
    def full(self) -> bool:
        """Say whether no further answer may wait."""
        return self._waiting >= self._most

    async def verdict(self, query: Query, found: Found, client: Client, now: float) -> Verdict:
        """Say whether somebody vouches for the values of an answer; `now` is monotonic.

        The signatures of the record count, also where the question left them out.
        """
        values = decode_values(found.values)
        record = filter_blob(found.record.values, (), (SIGNATURE,), public_only=True)
        signatures = [v for v in decode_values(record) if v not in values]
        self._waiting += 1
        try:
            terms = Terms(now=int(self._epoch()), roots=self._roots)
            step = await asyncio.to_thread(begin, query.text, (*values, *signatures), terms)
            while isinstance(step, Wanted):
                certificates = await self._certificates(step.handle, client, now)
                step = await asyncio.to_thread(resume, step, certificates)
        finally:
            self._waiting -= 1
        return step.verdict

    async def _certificates(
        self, handle: str, client: Client, now: float
    ) -> Sequence[Value] | None:
        query = Query(handle=handle.encode(), types=(CERTIFICATE,))
        outcome = self._resolver.answer_now(query, client, now)
        if outcome is None:
            outcome = await self._resolver.answer(query, client, now)
        match outcome:
            case Found(values=values):
                return decode_values(values)
            case Absent() | ValuesAbsent():
                return ()
            case _:
                return None
