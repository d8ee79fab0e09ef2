"""`Administrator`: changes to identifiers, over the Handle protocol, by somebody who is known.

RFC 3652 sections 3.5 to 3.8. Each request is answered by a challenge, which the credentials answer;
in a session, or after a login, only the first one is. Requests go over TCP unless told otherwise.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Iterable
from contextlib import aclosing
from typing import Final

from msgspec.structs import replace

from identifiers.names import PREFIX_RECORDS
from identifiers.values import Value
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode, OpFlag, ResponseCode
from identifiers.wire.handle.message import Message
from identifiers.wire.handle.values import encode_values
from idnode.conversations import Question
from idnode.credentials import Credentials
from idnode.errors import Garbled, declined
from idnode.following import Following
from idnode.questions import Dialect, read_resolution, text_of
from idnode.resolution import Resolution
from idnode.sessions import TIMEOUT, Offer, Session
from idnode.transport import Transport

_LOST: Final = (ResponseCode.RELOGIN, ResponseCode.LOGIN_FIRST)
_PROVES: Final = int(OpFlag.REQUEST_DIGEST)


class Administrator:
    """Asks in the name of `credentials`. Made by `HandleClient.administrator`.

    Every method raises `Declined` (see `errors` for its kinds), `FateUnknown` for a change whose
    answer was lost, `Unreachable`, `Garbled`, `Untrusted` and `Misled`.
    """

    def __init__(
        self,
        following: Following,
        credentials: Credentials,
        *,
        transport: Transport,
        dialect: Dialect,
        chance: Callable[[int], bytes],
    ) -> None:
        self.credentials: Final = credentials
        self._following = following
        self._transport = transport
        self._dialect = dialect
        self._chance = chance
        self._session: Session | None = None
        self._logged_in = False

    async def create(
        self, handle: str, values: Iterable[Value], *, overwrite: bool = False, mint: bool = False
    ) -> str:
        """Create an identifier and return its name.

        `overwrite` replaces one that is there. `mint`: the server adds a suffix of its own to
        `handle`, which may be a prefix with its slash.
        """
        flags = (OpFlag.OVERWRITE if overwrite else 0) | (OpFlag.MINT_SUFFIX if mint else 0)
        body = bodies.Valued(handle, encode_values(tuple(values)))
        reply = await self._change(OpCode.CREATE_HANDLE, body, handle, flags)
        created = reply.body
        return created.handle if isinstance(created, bodies.Named) else handle

    async def delete(self, handle: str) -> None:
        """Delete an identifier."""
        await self._change(OpCode.DELETE_HANDLE, bodies.Named(handle), handle)

    async def add(self, handle: str, values: Iterable[Value], *, overwrite: bool = False) -> None:
        """Add values; with `overwrite` those at their indexes are replaced."""
        body = bodies.Valued(handle, encode_values(tuple(values)))
        flags = OpFlag.OVERWRITE if overwrite else 0
        await self._change(OpCode.ADD_VALUE, body, handle, flags)

    async def modify(self, handle: str, values: Iterable[Value]) -> None:
        """Replace the values that are at the indexes of `values`."""
        body = bodies.Valued(handle, encode_values(tuple(values)))
        await self._change(OpCode.MODIFY_VALUE, body, handle)

    async def remove(self, handle: str, indexes: Collection[int]) -> None:
        """Remove the values at `indexes`."""
        await self._change(OpCode.REMOVE_VALUE, bodies.Removal(handle, tuple(indexes)), handle)

    async def resolve(
        self, handle: str, *, indexes: Iterable[int] = (), types: Iterable[str] = ()
    ) -> Resolution:
        """Look up `handle` with the values that only administrators may read.

        Not found is an answer and no exception.
        """
        body = bodies.Asked(handle, tuple(indexes), tuple(types))
        question = self._question(OpCode.RESOLUTION, body, changes=False)
        reply = await self._ask(question, handle)
        if isinstance(reply.body, bodies.Challenge):
            raise declined(reply.header.response_code)
        return read_resolution(handle, reply)

    def handles(self, prefix: str) -> AsyncGenerator[str]:
        """Yield the names of all identifiers under a prefix, such as ``88.300.1``; over TCP."""
        return self._names(OpCode.LIST_HANDLES, f"{PREFIX_RECORDS}/{prefix}")

    async def prefixes(self) -> AsyncGenerator[str]:
        """Yield the prefixes that live on the server; over TCP."""
        async with aclosing(self._names(OpCode.LIST_HOMED_NAS, "/")) as names:
            async for name in names:
                yield name.partition("/")[2]

    async def home(self, prefix: str) -> None:
        """Let a prefix live on the server."""
        name = f"{PREFIX_RECORDS}/{prefix}"
        await self._change(OpCode.HOME_NA, bodies.Named(name), name)

    async def unhome(self, prefix: str) -> None:
        """Let a prefix live on the server no more."""
        name = f"{PREFIX_RECORDS}/{prefix}"
        await self._change(OpCode.UNHOME_NA, bodies.Named(name), name)

    async def log_in(self) -> None:
        """Be known for as long as the TCP connection lasts, as the Chinese SDKs do (code 2001)."""
        body = bodies.Identity(self.credentials.handle, self.credentials.index)
        question = self._question(OpCode.LOGIN_ID_SYSTEM, body, changes=False)
        reply = await self._following.conversations.ask(
            self._following.home, replace(question, transport=Transport.TCP)
        )
        _expect_success(reply)
        self._logged_in = True

    async def open_session(
        self, *, encrypted: bool = False, lifetime: int = TIMEOUT, verified: bool = True
    ) -> None:
        """Agree on a key with the server, for a MAC on every message from now on.

        `encrypted`: messages are encrypted too. `lifetime`: seconds without a message that the
        session is to outlive. The server's half of the key must be signed with its own key, which
        the client must know (`HandleClient`'s `key`); with ``verified=False`` whoever can change
        what travels could share the session.
        """
        offer = await asyncio.to_thread(Offer, self._chance)
        setup = offer.setup(self.credentials, lifetime)
        question = replace(
            self._question(OpCode.SESSION_SETUP, setup, changes=False),
            flags=_PROVES | OpFlag.CERTIFY,
            certified=verified and self._session is None,
        )
        reply = await self._following.conversations.ask(self._following.home, question)
        _expect_success(reply)
        key = await asyncio.to_thread(offer.agreed, reply)
        if self._session is not None:
            self._session.rekey(key)
            return
        if not reply.session_id:
            raise Garbled("a session without a number")
        self._session = Session(reply.session_id, key, encrypted=encrypted, chance=self._chance)

    async def rekey(self) -> None:
        """Agree on another key for the session."""
        if self._session is None:
            raise RuntimeError("there is no session: open_session comes first")
        await self.open_session()

    async def close_session(self) -> None:
        """End the session, if there is one."""
        if self._session is None:
            return
        question = self._question(OpCode.SESSION_TERMINATE, bodies.Named("/"), changes=True)
        self._session = None
        _expect_success(await self._following.conversations.ask(self._following.home, question))

    async def _change(
        self, op_code: OpCode, body: bodies.Request, handle: str, flags: int = 0
    ) -> Message:
        reply = await self._ask(self._question(op_code, body, flags=flags, changes=True), handle)
        return _expect_success(reply)

    async def _ask(self, question: Question, handle: str) -> Message:
        reply = await self._following.ask(question, handle)
        if self._logged_in and reply.header.response_code in _LOST:
            # The login went with its connection, and nothing was done: log in anew.
            await self.log_in()
            reply = await self._following.ask(question, handle)
        return reply

    async def _names(self, op_code: OpCode, handle: str) -> AsyncGenerator[str]:
        question = self._question(op_code, bodies.Named(handle), changes=False)
        asking = self._following.conversations.messages(self._following.home, question)
        async with aclosing(asking) as replies:
            async for reply in replies:
                if not isinstance(reply.body, bodies.Handles):
                    raise Garbled(f"no list but {type(reply.body).__name__}")
                for name in reply.body.handles:
                    yield name

    def _question(
        self, op_code: OpCode, body: bodies.Request, *, changes: bool, flags: int = 0
    ) -> Question:
        session = self._session
        if session is not None:
            # Within a session CERTIFY asks for a MAC of the reply.
            flags |= OpFlag.CERTIFY | (OpFlag.ENCRYPT if session.encrypted else 0)
        return Question(
            op_code=op_code,
            body=body,
            flags=flags | _PROVES,
            transport=self._transport,
            changes=changes,
            credentials=self.credentials,
            session=session,
            session_id=self._dialect.session_id,
            known=session is not None or self._logged_in,
        )


def _expect_success(reply: Message) -> Message:
    code = reply.header.response_code
    if code != ResponseCode.SUCCESS:
        raise declined(code, text_of(reply))
    return reply
