"""Asks the nodes that hold a key, over the Handle protocol (`registry.ports.RemoteKeys`).

Over TCP, at addresses of site records only. Each answer must be signed with the key that the site
record has for the server: the record is the directory's own or of the settings, or came in a
referral that was itself signed. So nobody is believed whom this node, or a node that it believes,
has not named.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import structlog

from edge.reach import Reach
from identifiers.elsewhere import Holder, Trouble
from identifiers.keys.public import STRICT, Policy
from identifiers.keys.responses import PUBLIC_KEY
from identifiers.names import PREFIX_RECORDS
from identifiers.principals import HandleIdentity
from identifiers.values import Value
from identifiers.wire.handle.codes import ResponseCode
from idnode import referrals
from idnode.errors import Declined, Garbled, IdnodeError, NotNow, NotThere, Unaskable
from idnode.handle import HandleClient
from idnode.resolution import Resolution
from idnode.transport import Address, Transport

PATIENCE: Final = 2.0
"""Seconds for one server, so that there is time for another."""
MAX_HOPS: Final = 4
MAX_SERVERS: Final = 3
"""Servers that are tried at one hop."""
_REFERRALS: Final = frozenset({ResponseCode.SERVICE_REFERRAL, ResponseCode.PREFIX_REFERRAL})
_AT_HOME: Final = frozenset(
    {ResponseCode.SUCCESS, ResponseCode.VALUES_NOT_FOUND, ResponseCode.HANDLE_NOT_FOUND}
)
_log = structlog.get_logger(__name__)


class _Told(msgspec.Struct, frozen=True):
    """What a server has signed about a handle."""

    address: Address
    found: Resolution


class NodeKeys:
    """Asks servers. `reach`: where those may be that a record names, and not the settings."""

    def __init__(self, reach: Reach, policy: Policy = STRICT) -> None:
        self._reach = reach
        self._policy = policy

    async def public_keys(
        self, identity: HandleIdentity, holder: Holder
    ) -> tuple[Value, ...] | Trouble:
        """Return the HS_PUBKEY values at the index of `identity`, for index 0 all of its handle."""
        home = await self._home(identity, holder)
        return home if isinstance(home, Trouble) else home.found.values

    async def verify(
        self, identity: HandleIdentity, holder: Holder, signed: bytes, nonce: bytes, digest: bytes
    ) -> bool | Trouble:
        """Ask the server that has the key whether an answer is right (VERIFY_RESPONSE, 201)."""
        home = await self._home(identity, holder)
        if isinstance(home, Trouble):
            return home
        if home.found.code == ResponseCode.HANDLE_NOT_FOUND:
            return False
        try:
            async with self._client(home.address) as client:
                return await client.verify_answer(
                    identity.handle, identity.index, signed, nonce, digest
                )
        except NotThere:
            return False  # there is no such key
        except Unaskable:
            return False  # what is signed is shorter than what any challenge has signed
        except IdnodeError as why:
            return _trouble(why, home.address)

    async def _home(self, identity: HandleIdentity, holder: Holder) -> _Told | Trouble:
        """Follow referrals to the server that has the handle of `identity`."""
        sites, named_here = holder.sites, holder.above
        for _ in range(MAX_HOPS):
            told = await self._one_of(sites, identity, named_here=named_here)
            if isinstance(told, Trouble):
                return told
            code = told.found.code
            if code in _AT_HOME:
                return told
            if code not in _REFERRALS:
                return Trouble.NOWHERE
            sites, named_here = told.found.values, False
        return Trouble.NOWHERE

    async def _one_of(
        self, sites: Sequence[Value], identity: HandleIdentity, *, named_here: bool
    ) -> _Told | Trouble:
        trouble: Trouble | None = None
        addresses = referrals.addresses(sites, identity.handle, changes=False)
        for address in addresses[:MAX_SERVERS]:
            told = await self._asked(address, identity, named_here=named_here)
            if not isinstance(told, Trouble):
                return told
            trouble = trouble or told
        return trouble or Trouble.NOWHERE

    async def _asked(
        self, address: Address, identity: HandleIdentity, *, named_here: bool
    ) -> _Told | Trouble:
        if not named_here and not self._reach.allows(address.host):
            return Trouble.OUT_OF_BOUNDS
        if not address.key:
            return Trouble.KEYLESS
        if not address.tcp:
            return Trouble.SILENT
        indexes, types = ((identity.index,), ()) if identity.index else ((), (PUBLIC_KEY,))
        try:
            async with self._client(address) as client:
                found = await client.resolve(
                    identity.handle,
                    indexes=indexes,
                    types=types,
                    authoritative=True,
                    certified=True,
                )
                if named_here and found.code == ResponseCode.SERVER_NOT_RESPONSIBLE:
                    found = await self._sites(client, identity.handle)
        except IdnodeError as why:
            return _trouble(why, address)
        # One that can sign no more says so, unsigned.
        return _Told(address, found) if found.certified else Trouble.BUSY

    async def _sites(self, client: HandleClient, handle: str) -> Resolution:
        """Ask the node above who answers for a prefix, as if it had referred there of itself."""
        name = f"{PREFIX_RECORDS}/{handle.partition('/')[0]}"
        found = await client.resolve(
            name, types=referrals.SITE_TYPES, authoritative=True, certified=True
        )
        code = ResponseCode.SERVICE_REFERRAL if found.found else found.code
        return msgspec.structs.replace(found, code=code)

    def _client(self, address: Address) -> HandleClient:
        return HandleClient(
            address.host,
            address.tcp,
            key=address.key,
            transport=Transport.TCP,
            max_referrals=0,
            policy=self._policy,
            tcp_patience=PATIENCE,
        )


def _trouble(why: IdnodeError, address: Address) -> Trouble:
    _log.info("a node did not tell of a key", node=address.host, port=address.tcp, why=str(why))
    match why:
        case NotNow():
            return Trouble.BUSY
        case Declined():
            return Trouble.NOWHERE
        case Garbled():
            return Trouble.UNPROVED
        case _:
            return Trouble.SILENT
