"""The login operations of the Chinese SDKs: 2001 by a key, 2000 by a password in clear.

Both bind an identity to the connection. 2000 is refused unless a setting says otherwise, and taken
only where nobody listens in between.
"""

from typing import Final

from identifiers.principals import HandleIdentity
from identifiers.wire.cursor import text, u32
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import ResponseCode
from registry.attempts import Attempts
from registry.handle.logins import Logins
from registry.handle.operations import code_of
from registry.handle.turns import DONE, PROVE_FIRST, TOO_OFTEN, Prove, Told, Turn, refused
from registry.identities import Identities
from registry.proofs import Refused

_NO_CONNECTION: Final = refused(
    ResponseCode.OPERATION_NOT_SUPPORTED, "A login belongs to a TCP connection"
)
_NO_PASSWORDS: Final = refused(
    ResponseCode.OPERATION_NOT_SUPPORTED, "Logins with a password are not offered: use opcode 2001"
)
_WRONG: Final = refused(ResponseCode.AUTHENTICATION_FAILED)


class LoggingIn:
    """The two operations. `passwords`: whether 2000 is offered at all."""

    def __init__(
        self, logins: Logins, identities: Identities, attempts: Attempts, *, passwords: bool
    ) -> None:
        self._logins = logins
        self._identities = identities
        self._attempts = attempts
        self._passwords = passwords

    async def by_key(self, turn: Turn) -> Told | Prove:
        """Log in whoever answered the challenge to this very request.

        Raises `StoreUnavailable`.
        """
        if not turn.origin.connection:
            return _NO_CONNECTION
        if not turn.proved or turn.identity is None:
            return PROVE_FIRST
        return await self._begin(turn, turn.identity) or DONE

    async def by_password(self, turn: Turn) -> Told:
        """Log in whoever sent the secret key itself. Raises `StoreUnavailable`."""
        asked, origin = turn.message.body, turn.origin
        if not self._passwords or not isinstance(asked, bodies.Asked):
            return _NO_PASSWORDS
        if not (origin.secure or origin.trusted):
            return _NO_PASSWORDS
        if not origin.connection:
            return _NO_CONNECTION
        index = asked.indexes[0] if asked.indexes else 0
        secret = asked.types[0] if asked.types else ""
        claimed = HandleIdentity(asked.handle, index)
        if self._attempts.wait(origin, claimed, turn.now):
            return TOO_OFTEN
        identity = await self._identities.check_secret(claimed, secret.encode(), origin.shown)
        if isinstance(identity, Refused):
            return self._not_known(turn, claimed, identity)
        done = Told(ResponseCode.SUCCESS, bodies.Raw(text(asked.handle) + u32(0)))
        return await self._begin(turn, identity) or done

    def _not_known(self, turn: Turn, claimed: HandleIdentity, refusal: Refused) -> Told:
        if not refusal.reason.was_wrong:
            return refused(code_of(refusal), refusal.reason)
        self._attempts.wrong(turn.origin, claimed, turn.now)
        return _WRONG

    async def _begin(self, turn: Turn, identity: HandleIdentity) -> Told | None:
        proof = await self._identities.proof(identity, turn.origin.shown)
        if proof is None:
            return _WRONG
        self._logins.begin(turn.origin.connection, proof, turn.now)
        return None
