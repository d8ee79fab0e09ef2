"""Homing prefixes over the wire: for the server administrators of the settings only.

What is homed this way is the node's own, as `idnode prefix home` without an enterprise makes it.
Allotting to an enterprise, and taking back, is done at the command line.
"""

from typing import Any

from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.names import Prefix
from identifiers.principals import Operator
from identifiers.wire.handle.codes import ResponseCode
from registry.administration import Administration, Homed, Ordered, Taken
from registry.answers import Denied, Faulty
from registry.commands import Asked
from registry.effects import principal_name
from registry.handle.replies import denied
from registry.handle.requests import rejected
from registry.handle.turns import DONE, Told, refused
from registry.prefixes import Prefixes
from registry.service import Registry


class Homing:
    """HOME_NA, UNHOME_NA and LIST_HOMED_NAS.

    Every method may raise `StoreUnavailable`, `home` also `FateUnknown`.
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
        """Home a prefix as the node's own."""
        if isinstance(refusal := await self.homed(asked), Told):
            return refusal
        there = (await self._prefixes.picture()).nearest(str(prefix))
        if there is not None and there.enterprise:
            return refused(ResponseCode.ERROR, f"{there.prefix} is allotted to an enterprise")
        entry = PrefixEntry(prefix=prefix, kind=PrefixKind.SECONDARY, enterprise=0)
        ordered = Ordered(
            operator=Operator(principal_name(asked.principal)),
            at=asked.at,
            request_id=asked.request_id,
        )
        match await self._administration.home_prefix(entry, ordered):
            case Homed() | Taken(same=True):
                self._prefixes.forget()
                return DONE
            case Faulty(faults=faults):
                return rejected(faults)
            case _:
                return refused(ResponseCode.ERROR, f"{prefix} belongs to another")

    async def unhome(self, prefix: Prefix, asked: Asked[Any]) -> Told:
        """Say that a prefix is not given up over the wire, or that it is none of this node."""
        homed = await self.homed(asked)
        if isinstance(homed, Told):
            return homed
        if prefix not in homed:
            return refused(ResponseCode.HANDLE_NOT_FOUND)
        text = "Prefixes are given up at the command line of the node only"
        return refused(ResponseCode.OPERATION_NOT_SUPPORTED, text)
