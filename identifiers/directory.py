"""Which prefixes this node homes, and for whom: one immutable picture, rebuilt on change."""

from collections.abc import Iterable, Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from identifiers.names import PREFIX_RECORDS, Handle, Prefix, fold
from identifiers.routes import Routes


class PrefixKind(IntEnum):
    """What a prefix is to this node. The numbers are stored; never renumber them."""

    SECONDARY = 1
    """The node's own prefix, such as ``88.300``: covers no enterprise by itself."""
    ENTERPRISE = 2
    """Allotted to an enterprise, with everything below that was not allotted to another."""


class OffAs(StrEnum):
    """What a prefix is off as."""

    DISABLED = "disabled"
    """It was given up, or the node switched it off."""
    TO_BE_DELETED = "to_be_deleted"
    ENTERPRISE_SUSPENDED = "enterprise_suspended"
    """Its enterprise is, and so all prefixes of that are off."""
    ENTERPRISE_CLOSED = "enterprise_closed"


class Off(msgspec.Struct, frozen=True):
    """Why a prefix is off, with the reason that was given; empty: none was."""

    state: OffAs = OffAs.DISABLED
    reason: str = ""


NO_REASON: Final = Off()


class PrefixEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One allotted prefix. `enterprise` is 0 for the node's own.

    `routes` is None while names under the prefix live here. Once they are delegated to the
    enterprise's own node, it says where that is. `namespace` is the HS_NAMESPACE of the prefix.
    `signed`: the node signs what is written under it (``registry.signatures``). `keeps`: what was
    active under it is not deleted any more.
    `applied`: it is applied for, and not approved. `unhosted`: its names are to live at the
    enterprise's node, and nobody said yet where that is. `quota`: how many identifiers may stand
    under it; None: as many as the enterprise may have. `off` says why it is not `enabled`.
    """

    prefix: Prefix
    kind: PrefixKind
    enterprise: int
    enabled: bool = True
    fold_suffix: bool = False
    signed: bool = False
    keeps: bool = False
    routes: Routes | None = None
    namespace: bytes = b""
    applied: bool = False
    unhosted: bool = False
    quota: int | None = None
    off: Off = NO_REASON


class PrefixDirectory:
    """All prefixes of this node. Look-ups walk from the longest covering prefix upwards."""

    __slots__ = ("_entries", "_roots", "entries", "plain")

    def __init__(self, entries: Iterable[PrefixEntry]) -> None:
        self.entries: Final = tuple(entries)
        self._entries: Final[Mapping[str, PrefixEntry]] = MappingProxyType(
            {str(e.prefix): e for e in self.entries}
        )
        self.plain: Final = {
            prefix: entry
            for prefix, entry in self._entries.items()
            if entry.enabled
            and entry.routes is None
            and not entry.fold_suffix
            and not prefix.startswith("0.")
        }
        """The entries by prefix under just which every name lives here, as it is written."""
        roots = (e for e in self.entries if e.kind is PrefixKind.SECONDARY and e.enabled)
        self._roots: Final = tuple(sorted(roots, key=lambda e: e.prefix))

    @property
    def root(self) -> Prefix | None:
        """The first secondary prefix in force here: whoever is taken in gets his below it."""
        return self._roots[0].prefix if self._roots else None

    def exact(self, prefix: str) -> PrefixEntry | None:
        """Return the entry of just this prefix (canonical text)."""
        return self._entries.get(prefix)

    def nearest(self, prefix: str) -> PrefixEntry | None:
        """Return the entry that decides about `prefix` (canonical text), or None: not homed.

        A secondary prefix answers for itself only: ``88.300.99`` is nobody's until allotted.
        """
        found = self._entries.get(prefix)
        if found is not None:
            return found
        upper = prefix.rpartition(".")[0]
        while upper:
            found = self._entries.get(upper)
            if found is not None:
                return found if found.kind is PrefixKind.ENTERPRISE else None
            upper = upper.rpartition(".")[0]
        return None

    def home_of(self, handle: Handle) -> PrefixEntry | None:
        """Return the entry that decides about `handle`; ``0.NA/P`` belongs to the entry of P."""
        if handle.prefix == PREFIX_RECORDS:
            return self.nearest(fold(handle.suffix))
        return self.nearest(handle.prefix)

    def root_of(self, prefix: Prefix) -> PrefixEntry | None:
        """Return the secondary prefix in force here that `prefix` is or is derived from.

        Of several, one below another, the uppermost: what was signed names it, and must go on to.
        """
        return next((root for root in self._roots if root.prefix.covers(prefix)), None)

    def below_root(self, prefix: Prefix) -> bool:
        """Say whether `prefix` is a secondary prefix in force here or derived from one."""
        return self.root_of(prefix) is not None
