"""Homing prefixes over the wire: for the server administrators of the settings only.

What is homed this way is the node's own, as `idnode prefix home` without an enterprise makes it, or
what it was before it was given up. Allotting to an enterprise is done at the command line.
"""

from typing import Any, assert_never

from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.names import Handle, Prefix
from identifiers.principals import HandleIdentity, Operator
from identifiers.wire.handle.codes import ResponseCode
from registry.administration import Administration, Ordered
from registry.allotment import GivenUp, Homed, OutsideRoots, StillBelow, Taken, Unallotted
from registry.answers import Denied, Faulty
from registry.commands import Asked
from registry.effects import principal_name
from registry.handle.replies import denied
from registry.handle.requests import rejected
from registry.handle.turns import DONE, Told, refused
from registry.prefixes import Prefixes, place_of
from registry.service import Registry


class Homing:
    """HOME_NA, UNHOME_NA and LIST_HOMED_NAS.

    Every method may raise `StoreUnavailable`, those that write also `FateUnknown`.
    """

    def __init__(
        self, registry: Registry, administration: Administration, prefixes: Prefixes
    ) -> None:
        self._registry = registry
        self._administration = administration
        self._prefixes = prefixes

    async def homed(self, asked: Asked[Any]) -> tuple[Prefix, ...] | Told:
        """Return all prefixes that are homed here."""
        prefixes = await self._registry.homed(asked)
        return denied(prefixes.verdict) if isinstance(prefixes, Denied) else prefixes

    async def home(self, prefix: Prefix, asked: Asked[Any]) -> Told:
        """Home a prefix as the node's own; one that was given up is whose it was."""
        if isinstance(refusal := await self.homed(asked), Told):
            return refusal
        there = (await self._prefixes.picture()).nearest(str(prefix))
        if there is not None and there.prefix == prefix:
            kind, enterprise = there.kind, there.enterprise
        elif there is not None and there.enterprise:
            return refused(ResponseCode.ERROR, f"{there.prefix} is allotted to an enterprise")
        else:
            kind, enterprise = PrefixKind.SECONDARY, 0
        entry = PrefixEntry(prefix=prefix, kind=kind, enterprise=enterprise)
        match await self._administration.home_prefix(entry, _ordered(asked)):
            case Homed() | Taken(same=True):
                self._prefixes.forget()
                return DONE
            case Faulty(faults=faults):
                return rejected(faults)
            case OutsideRoots():
                text = f"{prefix} is below no prefix that is homed: home the secondary prefix first"
                return refused(ResponseCode.ERROR, text)
            case _:
                return refused(ResponseCode.ERROR, f"{prefix} belongs to another")

    async def unhome(self, prefix: Prefix, asked: Asked[Any]) -> Told:
        """Give a prefix up: nothing under it is answered until it is homed again."""
        if isinstance(refusal := await self.homed(asked), Told):
            return refusal
        directory = await self._prefixes.picture()
        if isinstance(who := asked.principal, HandleIdentity):
            keys = place_of(directory, Handle.parse(who.handle)).home
            if keys is not None and keys.prefix == prefix:
                text = f"{who} would be nobody then: give {prefix} up at the command line"
                return refused(ResponseCode.ERROR, text)
        match answer := await self._administration.give_up(prefix, _ordered(asked)):
            case GivenUp():
                self._prefixes.forget()
                return DONE
            case Unallotted():
                return refused(ResponseCode.HANDLE_NOT_FOUND)
            case StillBelow(first=first, count=count):
                text = f"Give up what is homed below {prefix} first ({count}, such as {first})"
                return refused(ResponseCode.ERROR, text)
            case _:
                assert_never(answer)


def _ordered(asked: Asked[Any]) -> Ordered:
    return Ordered(
        operator=Operator(principal_name(asked.principal)),
        at=asked.at,
        request_id=asked.request_id,
    )
