"""Homing the secondary prefixes of the settings when a node starts."""

from collections.abc import Iterable
from typing import assert_never

import structlog

from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.names import Prefix
from registry.administration import Administration, NoEnterprise, Ordered
from registry.allotment import (
    BelowAnother,
    Homed,
    InUse,
    OutsideRoots,
    Ownerless,
    StillBelow,
    Taken,
    UnderReview,
)
from registry.answers import Faulty

_log = structlog.get_logger(__name__)


class CannotHome(RuntimeError):
    """A secondary prefix of the settings cannot be homed; the message says why."""


async def home_roots(
    administration: Administration, prefixes: Iterable[Prefix], ordered: Ordered
) -> None:
    """Home each prefix that is not homed yet. Raises `CannotHome` and what a store raises.

    Once homed, the database is the truth: taking a prefix out of the settings changes nothing, and
    one that was given up stays so.
    """
    for prefix in prefixes:
        entry = PrefixEntry(prefix=prefix, kind=PrefixKind.SECONDARY, enterprise=0)
        answer = await administration.home_prefix(entry, ordered, restoring=False)
        match answer:
            case Homed():
                _log.info("prefix homed", prefix=str(prefix))
            case Taken(same=True):
                pass
            case Taken():
                raise CannotHome(f"{prefix} in IDNODE_PREFIX belongs to an enterprise")
            case Faulty(faults=faults):
                told = "; ".join(fault.detail() for fault in faults)
                raise CannotHome(f"{prefix} in IDNODE_PREFIX: {told}")
            case (
                OutsideRoots()
                | BelowAnother()
                | Ownerless()
                | StillBelow()
                | InUse()
                | UnderReview()
                | NoEnterprise()
            ):
                raise CannotHome(f"{prefix} in IDNODE_PREFIX: {answer}")
            case _:
                assert_never(answer)
