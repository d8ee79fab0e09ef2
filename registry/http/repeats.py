"""Requests that have one effect however often they are sent, and whose answers may hold secrets.

What a repetition is told is kept beside the effect, in its transaction, sealed. A refusal changed
nothing: it is not kept, and the same request is judged anew.
"""

import hmac
from collections.abc import Awaitable, Callable
from hashlib import sha256
from secrets import token_bytes
from typing import Any, Final, TypeVar

from aiohttp import web

from edge.problems import Problem, Refusal
from identifiers.changes import RequestKey, StoredAnswer
from identifiers.errors import AnsweredBefore
from identifiers.faults import Invalid
from registry.access.programs import NONCE_OCTETS, Safe
from registry.commands import Asked, Once
from registry.http.problems import KEY_REUSED
from registry.http.reception import Caller, Reception
from registry.http.replies import Reply, kept, repeated
from registry.http.requests import idempotency_key

A = TypeVar("A")
_SEAL: Final = b"idnode first answers"


async def _nothing() -> None:
    """Finish nothing: everything happened with the effect."""


class Repeats:
    """Does once what requests ask for that `reception` knows the callers of."""

    def __init__(self, reception: Reception) -> None:
        self._keys = reception.keys
        self._reception = reception
        self._safe = Safe(hmac.digest(self._keys.answer_key, _SEAL, sha256))

    async def once(
        self,
        request: web.Request,
        body: bytes,
        caller: Caller,
        do: Callable[[Asked[Any]], Awaitable[A]],
        reply: Callable[[A], Reply],
        *,
        finish: Callable[[], Awaitable[None]] = _nothing,
    ) -> web.Response:
        """Return the reply to what `do` made, or with a known Idempotency-Key the first answer.

        `reply` may raise `Refusal`. `finish` does again what follows the effect in transactions of
        its own, before a repetition is answered: the first time it may have been cut off. Raises
        `Refusal` for a key of another request.
        """
        key = idempotency_key(request)
        if key is None:
            return reply(await do(self._reception.asked(caller))).response()
        named = RequestKey(caller.name, key)
        digest = self._reception.digest(request, body)
        # Looked at first: what was repeated may have ended what it was asked of.
        if (told := await self._keys.answer(named)) is not None:
            return await self._again(told, digest, finish)

        def render(answer: A) -> StoredAnswer:
            made = reply(answer)
            nonce = token_bytes(NONCE_OCTETS)
            sealed = self._safe.sealed(made.body.decode(), _name(named), nonce)
            return kept(named, digest, Reply(made.status, made.headers, sealed))

        try:
            asked = self._reception.asked(caller, once=Once(named, digest, render))
            response = reply(await do(asked)).response()
        except AnsweredBefore as before:
            return await self._again(before.answer, digest, finish)
        except (Refusal, Invalid):
            # It may have been judged by what the same request had changed just before.
            if (told := await self._keys.answer(named)) is None:
                raise
            return await self._again(told, digest, finish)
        return response

    async def _again(
        self, told: StoredAnswer, digest: bytes, finish: Callable[[], Awaitable[None]]
    ) -> web.Response:
        if not hmac.compare_digest(told.digest, digest):
            raise Refusal(Problem(kind=KEY_REUSED))
        await finish()
        body = self._safe.opened(told.body, _name(told.request)).encode()
        first = repeated(told)
        return Reply(first.status, first.headers, body).response()


def _name(request: RequestKey) -> str:
    # A key holds no space.
    return f"answer:{request.key} {request.principal}"
