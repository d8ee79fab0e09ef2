"""Prefixes as the node keeps them for whoever holds them (前缀管理): standing, hosting, times.

The names under a prefix and its record ``0.NA/<prefix>`` live elsewhere; what is here is
management state. A prefix that is applied for is kept from the day of the application, so that
nobody else gets it; it is told as living nowhere until it is approved.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec

from identifiers.changes import Current, RequestKey, Writes
from identifiers.directory import PrefixDirectory, PrefixKind
from identifiers.enterprises.review import Stage, Standing
from identifiers.labels import Allotment
from identifiers.names import Prefix
from identifiers.standings import EnterpriseState, Hosting, PrefixState


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """One prefix of this node. Times are epoch milliseconds, 0: not yet.

    `enterprise` is 0 for the node's own. `holder` is its name, for reading only. `routed`: names
    live at the sites in the prefix's record. `quota` is how many identifiers may stand under it,
    None: as many as the enterprise may have. `approved_at` is when it was first switched on, by the
    store's clock, and `resolvable_at` when every worker answered for it; they are written by the
    store.
    """

    prefix: Prefix
    kind: PrefixKind = PrefixKind.ENTERPRISE
    enterprise: int
    holder: str = ""
    state: PrefixState
    hosting: Hosting
    routed: bool = False
    reason: str = ""
    quota: int | None = None
    created_at: int = 0
    approved_at: int = 0
    resolvable_at: int = 0
    version: int = 1

    @property
    def effective_ms(self) -> int | None:
        """How long it took from the approval to the answers (标识注册生效时间); None: not yet."""
        return max(0, self.resolvable_at - self.approved_at) if self.resolvable_at else None


class PrefixApplication(msgspec.Struct, frozen=True, kw_only=True):
    """An enterprise applies for a prefix more (前缀申请). Times are epoch seconds.

    `hosted`: its names are to live here; otherwise the enterprise tells routes afterwards. `digest`
    is the SHA-256 of what was submitted last. `reasons` are those of the last rejection.
    """

    id: UUID
    enterprise: int
    prefix: Prefix
    purpose: str = ""
    hosted: bool = True
    standing: Standing = Standing()
    reasons: tuple[str, ...] = ()
    digest: bytes
    submitted_at: int
    changed_at: int
    version: int = 1


STATE_AT: Final[Mapping[Stage, PrefixState]] = MappingProxyType(
    {
        Stage.SUBMITTED: PrefixState.WAITING,
        Stage.PASSED: PrefixState.IN_REVIEW,
        Stage.REJECTED: PrefixState.REJECTED,
        Stage.APPROVED: PrefixState.ENABLED,
    }
)
"""Where a prefix stands by its application. One that was withdrawn is kept no more."""


class HoldingAbout(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of the books a decision about prefixes needs.

    The records of `prefixes` are locked, and may be written. `digest`: the open application of
    `enterprise` with it. `heirs` are other enterprises to be looked up. `weigh`: say which of the
    prefixes are in use.
    """

    prefixes: tuple[Prefix, ...] = ()
    application: UUID | None = None
    enterprise: int = 0
    digest: bytes = b""
    heirs: tuple[int, ...] = ()
    root: Prefix | None = None
    weigh: bool = False
    requests: tuple[RequestKey, ...] = ()


class HoldingLedger(msgspec.Struct, frozen=True, kw_only=True):
    """That part, as it is when the decision is made; what is missing is not there.

    `holdings` by prefix. `owners` by number, those of the holdings too, and their `names`. `rule`
    is that of the root.
    `used` are prefixes under or of which something is stored.
    """

    directory: PrefixDirectory
    holdings: Mapping[str, Holding]
    owners: Mapping[int, EnterpriseState]
    names: Mapping[int, str] = {}
    application: PrefixApplication | None = None
    twin: PrefixApplication | None = None
    rule: Allotment | None = None
    used: frozenset[str] = frozenset()
    current: Current


class HoldingPostings(msgspec.Struct, frozen=True, kw_only=True):
    """What one decision writes, all or nothing.

    `rule` is that of the root which the decision is about. `writes` may hold records of the
    prefixes that it is about, and audit entries.
    """

    holdings: tuple[Holding, ...] = ()
    removed: tuple[Prefix, ...] = ()
    application: PrefixApplication | None = None
    rule: Allotment | None = None
    writes: Writes = Writes()


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """Which prefixes are listed; what is not said is no matter. Times are epoch milliseconds."""

    enterprise: int | None = None
    state: PrefixState | None = None
    hosting: Hosting | None = None
    text: str = ""
    """Stands in the prefix."""
    holder: str = ""
    """Stands in the name of the enterprise."""
    held: bool = False
    """Only those that an enterprise holds."""
    since: int = 0
    until: int = 2**62
