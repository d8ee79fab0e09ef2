"""What messages ask for, but for logins and sessions (RFC 3652 sections 3.1, 3.2, 3.5 to 3.7).

Each operation comes to one message, to several, or to the demand that whoever asks be known first.
What is wrong whoever asks is told before that: a name that is none, a prefix that is not here, and
a CREATE_HANDLE of a name that everybody can see to be taken.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any, Final, assert_never

from identifiers.faults import Invalid
from identifiers.names import PREFIX_RECORDS, Prefix
from identifiers.principals import Anonymous, HandleIdentity
from identifiers.relay import Channel
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import bodies, translate
from identifiers.wire.handle.codes import OpCode, OpFlag, ResponseCode
from registry.answers import Denied
from registry.attempts import Attempts
from registry.commands import (
    AddValues,
    Asked,
    Create,
    Delete,
    ModifyValues,
    RemoveValues,
    change_ids,
    minted,
)
from registry.handle.homing import Homing
from registry.handle.lookups import Lookups, referral
from registry.handle.replies import denied, told
from registry.handle.requests import (
    UNSUPPORTED,
    WireCommand,
    command_of,
    prefix_named,
    rejected,
)
from registry.handle.turns import PROVE_FIRST, TOO_OFTEN, Prove, Result, Told, Turn, refused
from registry.identities import Identities
from registry.prefixes import Place
from registry.proofs import Reason, Refused
from registry.service import PAGE_LIMIT, Names, Registry

A_MESSAGE: Final = 50
"""Names in one message of a list, as the reference server has it."""
_UNKNOWN: Final = "This operation is not offered"
_MAY_BE_THERE: Final = OpFlag.OVERWRITE | OpFlag.MINT_SUFFIX
_NO_CHANCE: Final = bytes(16)
CHANGES: Final = (
    OpCode.CREATE_HANDLE,
    OpCode.DELETE_HANDLE,
    OpCode.ADD_VALUE,
    OpCode.REMOVE_VALUE,
    OpCode.MODIFY_VALUE,
)
_HOMING: Final = (OpCode.HOME_NA, OpCode.UNHOME_NA, OpCode.LIST_HOMED_NAS)


class Operations:
    """Performs operations. `site` is the HS_SITE record; `chance` gives random octets."""

    def __init__(
        self,
        *,
        registry: Registry,
        lookups: Lookups,
        homing: Homing,
        identities: Identities,
        attempts: Attempts,
        site: bytes,
        chance: Callable[[int], bytes],
    ) -> None:
        self._registry = registry
        self._lookups = lookups
        self._homing = homing
        self._identities = identities
        self._attempts = attempts
        self._site = site
        self._chance = chance

    async def perform(self, turn: Turn) -> Result:  # noqa: PLR0911 -- one return for each kind
        """Do what a message asks. Raises `StoreUnavailable`, `FateUnknown`, `ProtocolError`."""
        op_code, body = turn.message.header.op_code, turn.message.body
        if op_code == OpCode.RESOLUTION:
            query = translate.to_query(turn.message)
            return await self._lookups.resolve(query, turn.identity, self._asked(turn))
        if op_code == OpCode.GET_SITE_INFO:
            return Told(ResponseCode.SUCCESS, bodies.SiteInfo(self._site))
        if op_code in CHANGES:
            return await self._change(turn)
        if op_code == OpCode.LIST_HANDLES and isinstance(body, bodies.Named):
            return await self._list(turn, body.handle)
        if op_code in _HOMING and isinstance(body, bodies.Named):
            return await self._home(turn, body.handle)
        if op_code == OpCode.VERIFY_RESPONSE and isinstance(body, bodies.Verification):
            return await self._verify(turn, body)
        return refused(UNSUPPORTED, _UNKNOWN)

    async def _change(self, turn: Turn) -> Told | Prove:
        placed = await self._placed(turn)
        if isinstance(placed, Told):
            return placed
        header = turn.message.header
        if turn.identity is None:
            anew = header.op_code == OpCode.CREATE_HANDLE and not header.flags & _MAY_BE_THERE
            if anew and await self._lookups.publicly_there(placed):
                return refused(ResponseCode.HANDLE_ALREADY_EXISTS)
            return PROVE_FIRST
        command = command_of(turn.message, self._chance)
        if isinstance(command, Told):
            return command
        return await self._command(command, self._asked(turn))

    async def _placed(self, turn: Turn) -> Place | Told:
        """Return where the handle of a change is, or why it cannot be changed here."""
        body = turn.message.body
        if not isinstance(body, bodies.Named | bodies.Valued | bodies.Removal):
            raise ProtocolError("Not an operation on a handle", UNSUPPORTED)
        name = body.handle
        if turn.message.header.flags & OpFlag.MINT_SUFFIX:
            # A name that is not minted yet may be a bare prefix.
            try:
                name = minted(name, _NO_CHANCE).given
            except Invalid as invalid:
                return rejected(invalid.faults)
        found = await self._lookups.place(name)
        if isinstance(found, Told):
            return found
        handle, place = found
        return referral(handle, place) or place

    async def _command(self, command: WireCommand, asked: Asked[Any]) -> Told:
        registry = self._registry
        match command:
            case Create():
                return told(await registry.create(command, asked), command.handle)
            case Delete():
                return told(await registry.delete(command, asked))
            case AddValues():
                return told(await registry.add_values(command, asked))
            case ModifyValues():
                return told(await registry.modify_values(command, asked))
            case RemoveValues():
                return told(await registry.remove_values(command, asked))
            case _:
                assert_never(command)

    async def _list(self, turn: Turn, name: str) -> Result:
        prefix = prefix_named(name)
        if isinstance(prefix, Told):
            return prefix
        if isinstance(elsewhere := await self._lookups.place(name), Told):
            return elsewhere
        if turn.identity is None:
            return PROVE_FIRST
        asked = self._asked(turn)
        first = await self._registry.list_handles(prefix, "", PAGE_LIMIT, asked)
        if isinstance(first, Denied):
            return denied(first.verdict)
        return self._one_or_all(turn, self._names(prefix, first, asked), len(first.names))

    async def _names(self, prefix: Prefix, first: Names, asked: Asked[Any]) -> AsyncIterator[Told]:
        waiting: list[str] = []
        page: Names | Denied = first
        while True:
            if isinstance(page, Denied):
                yield denied(page.verdict)
                return
            waiting += page.names
            while len(waiting) > A_MESSAGE:
                yield _names_told(waiting[:A_MESSAGE], continues=True)
                del waiting[:A_MESSAGE]
            if not page.more:
                break
            page = await self._registry.list_handles(prefix, page.after, PAGE_LIMIT, asked)
        yield _names_told(waiting)

    async def _home(self, turn: Turn, name: str) -> Result:
        op_code = turn.message.header.op_code
        listing = op_code == OpCode.LIST_HOMED_NAS
        prefix = None if listing else prefix_named(name)
        if isinstance(prefix, Told):
            return prefix
        if turn.identity is None:
            return PROVE_FIRST
        asked = self._asked(turn)
        if prefix is not None:
            homing = self._homing
            act = homing.home if op_code == OpCode.HOME_NA else homing.unhome
            return await act(prefix, asked)
        homed = await self._homing.homed(asked)
        if isinstance(homed, Told):
            return homed
        names = [f"{PREFIX_RECORDS}/{one}" for one in homed]
        return self._one_or_all(turn, _all(names), len(names))

    def _one_or_all(self, turn: Turn, messages: AsyncIterator[Told], count: int) -> Result:
        if count > A_MESSAGE and turn.origin.channel is Channel.UDP:
            # Messages of one answer cannot be told apart in datagrams: they have one request id.
            return refused(UNSUPPORTED, "This list is too long for UDP: ask over TCP")
        return messages

    async def _verify(self, turn: Turn, asked: bodies.Verification) -> Told:
        identity = HandleIdentity(asked.handle, asked.index)
        if self._attempts.wait(turn.origin, identity, turn.now):
            return TOO_OFTEN
        proved = await self._identities.verify(
            identity, asked.signed, asked.nonce, asked.digest.value
        )
        if isinstance(proved, Refused) and proved.reason is not Reason.WRONG:
            return refused(code_of(proved), proved.reason)
        if not (valid := isinstance(proved, HandleIdentity)):
            self._attempts.wrong(turn.origin, identity, turn.now)
        return Told(ResponseCode.SUCCESS, bodies.Verified(int(valid)))

    def _asked(self, turn: Turn) -> Asked[Any]:
        return Asked(
            principal=turn.identity or Anonymous(),
            address=turn.origin.address,
            request_id=f"handle-{self._chance(8).hex()}",
            at=turn.at,
            changes=change_ids(turn.at, self._chance, 1),
        )


def code_of(refusal: Refused) -> ResponseCode:
    """Return the code that tells why an answer proved nobody."""
    match refusal.reason:
        case Reason.WRONG | Reason.STAYS | Reason.ELSEWHERE:
            return ResponseCode.AUTHENTICATION_FAILED
        case Reason.BUSY:
            return ResponseCode.SERVER_BUSY
        case Reason.SILENT | Reason.UNPROVED | Reason.KEYLESS | Reason.OUT_OF_BOUNDS:
            return ResponseCode.AUTHENTICATION_ERROR
        case _:
            assert_never(refusal.reason)


async def _all(names: list[str]) -> AsyncIterator[Told]:
    while len(names) > A_MESSAGE:
        yield _names_told(names[:A_MESSAGE], continues=True)
        names = names[A_MESSAGE:]
    yield _names_told(names)


def _names_told(names: list[str], *, continues: bool = False) -> Told:
    return Told(ResponseCode.SUCCESS, bodies.Handles(tuple(names)), continues=continues)
