"""Who asks, what for, and the one place that says yes or no. No entry means denied."""

import re
from collections.abc import Mapping
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from types import MappingProxyType
from typing import Final, assert_never

import msgspec

from identifiers.directory import Off, PrefixEntry
from identifiers.faults import Fault, Invalid
from identifiers.names import Handle, Prefix
from identifiers.values import MAX_INDEX

_IDENTITY: Final = re.compile(r"([0-9]{1,10}):(.+)", re.ASCII | re.DOTALL)


class Scope(StrEnum):
    """What an API key may be allowed to do; roles of an enterprise are made of them too."""

    READ = "identifiers:read"
    WRITE = "identifiers:write"
    DELETE = "identifiers:delete"
    STATE = "identifiers:state"
    TEMPLATES = "templates:write"
    PREFIXES = "prefixes:read"
    KEYS = "keys:write"
    FEED = "feed:read"


class Role(StrEnum):
    """What an account is to its node, or to its enterprise."""

    ADMINISTRATOR = "administrator"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    OWNER = "owner"
    OPERATOR = "operator"
    READER = "reader"

    @property
    def of_node(self) -> bool:
        """Say whether it is a role of the node, and not of an enterprise."""
        return self in _NODE_ROLES


_NODE_ROLES: Final = frozenset({Role.ADMINISTRATOR, Role.REVIEWER, Role.AUDITOR})
_READING: Final = frozenset({Scope.READ, Scope.PREFIXES, Scope.FEED})
ROLE_SCOPES: Final[Mapping[Role, frozenset[Scope]]] = MappingProxyType(
    {
        # Node roles write no enterprise's identifiers: that takes the audited override.
        Role.ADMINISTRATOR: frozenset({Scope.READ}),
        Role.REVIEWER: frozenset(),
        Role.AUDITOR: frozenset({Scope.READ}),
        Role.OWNER: frozenset(Scope),
        Role.OPERATOR: frozenset(Scope) - {Scope.KEYS},
        Role.READER: _READING,
    }
)
"""What a role may do to names; of the node's roles everywhere, of others under their prefixes."""


class Anonymous(msgspec.Struct, frozen=True):
    """Anybody. Resolves public values; nothing else."""


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """An enterprise's program, known by its key.

    Rights: the enterprise's prefixes, cut down to `prefixes` (empty: all of them), the `scopes`
    and the address ranges (empty: any address).
    """

    id: str
    enterprise: int
    scopes: frozenset[Scope]
    prefixes: tuple[Prefix, ...] = ()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def usable_from(self, address: IPv4Address | IPv6Address | None) -> bool:
        """Say whether the key may be used from an address; None: it is not known."""
        if not self.networks:
            return True
        return address is not None and any(address in network for network in self.networks)


class Operator(msgspec.Struct, frozen=True):
    """A node administrator at the command line of the node itself."""

    name: str


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, or a program, who logged in with a name. `enterprise` None: of the node."""

    id: int
    name: str
    role: Role
    enterprise: int | None

    @property
    def scopes(self) -> frozenset[Scope]:
        """Return what the role may do to names."""
        return ROLE_SCOPES[self.role]


class HandleIdentity(msgspec.Struct, frozen=True):
    """Whoever proved to hold the key that is the value `index` of `handle` (canonical form).

    Rights: only what HS_ADMIN values give (`Rights`); owning a prefix is no matter of it.
    """

    handle: str
    index: int

    @classmethod
    def parse(cls, text: str) -> "HandleIdentity":
        """Read ``300:0.NA/88.300.1``. Raises `Invalid`."""
        form = _IDENTITY.fullmatch(text)
        if form is None or int(form[1]) > MAX_INDEX:
            raise Invalid([Fault("identity")])
        return cls(Handle.parse(form[2]).given, int(form[1]))

    def __str__(self) -> str:
        return f"{self.index}:{self.handle}"


Principal = Anonymous | ApiKey | Operator | HandleIdentity | Account


class Rights(msgspec.Struct, frozen=True, kw_only=True):
    """What an identity holds, and what it needs for what it asks: bits of `AdminPermission`.

    `held` is what the HS_ADMIN values that count for the name give it, groups followed; None: none
    of them names it. `everything`: a server administrator of the settings.
    """

    held: int | None
    needed: int
    everything: bool = False


class Allowed(msgspec.Struct, frozen=True):
    """Go on."""


class NotYours(msgspec.Struct, frozen=True):
    """The prefix is another's, or no such prefix is homed here: the answer tells neither apart."""


class MissingScope(msgspec.Struct, frozen=True):
    """The key or the account is the right enterprise's but may not do this."""

    scope: Scope


class WrongAddress(msgspec.Struct, frozen=True):
    """The key may not be used from this address."""


class Disabled(msgspec.Struct, frozen=True):
    """The prefix is off; `why` is for whoever it belongs to, and None for others."""

    why: Off | None = None


class LivesElsewhere(msgspec.Struct, frozen=True):
    """Names under the prefix are registered at the enterprise's own node: it is delegated."""


class LoginFirst(msgspec.Struct, frozen=True):
    """Nobody was named; this needs somebody."""


class NotAdministrator(msgspec.Struct, frozen=True):
    """No HS_ADMIN value that counts for the name names the identity (code 400)."""


class MissingPermission(msgspec.Struct, frozen=True):
    """An HS_ADMIN value names the identity, without these bits of `AdminPermission` (code 401)."""

    needed: int


Verdict = (
    Allowed
    | NotYours
    | MissingScope
    | WrongAddress
    | Disabled
    | LivesElsewhere
    | LoginFirst
    | NotAdministrator
    | MissingPermission
)
_REGISTERING = frozenset({Scope.WRITE, Scope.STATE})
"""What is done to names where they live. What was left here may be read and deleted."""


def authorize(  # noqa: PLR0917 -- all that the decision depends on, in one place
    principal: Principal,
    scope: Scope,
    target: Prefix,
    home: PrefixEntry | None,
    address: IPv4Address | IPv6Address | None = None,
    rights: Rights | None = None,
) -> Verdict:
    """Decide whether `principal` may use `scope` on names under the prefix `target`.

    `home` is what the directory says of `target` (`PrefixDirectory.nearest`). Prefixes are
    compared label by label. An `Operator` reads only: writing an enterprise's values needs the
    audited override of the console. A `HandleIdentity` is judged by its `rights`; without them,
    that is where HS_ADMIN values do not count, it may do nothing.
    """
    match principal:
        case Anonymous():
            return LoginFirst()
        case Operator():
            return Allowed() if scope is Scope.READ else MissingScope(scope)
        case Account(enterprise=None):
            return Allowed() if scope in principal.scopes else MissingScope(scope)
        case Account():
            return _authorize_owner(principal, scope, target, home)
        case ApiKey():
            return _authorize_key(principal, scope, target, home, address)
        case HandleIdentity():
            return _authorize_identity(scope, target, home, rights)
        case _:
            assert_never(principal)


def _authorize_key(
    key: ApiKey,
    scope: Scope,
    target: Prefix,
    home: PrefixEntry | None,
    address: IPv4Address | IPv6Address | None,
) -> Verdict:
    if not key.usable_from(address):
        return WrongAddress()
    if key.prefixes and not any(p.covers(target) for p in key.prefixes):
        return NotYours()
    return _authorize_owner(key, scope, target, home)


def _authorize_owner(
    owner: ApiKey | Account, scope: Scope, target: Prefix, home: PrefixEntry | None
) -> Verdict:
    if home is None or home.enterprise != owner.enterprise or not home.prefix.covers(target):
        return NotYours()
    if scope not in owner.scopes:
        return MissingScope(scope)
    return _open_for(home, scope)


def _open_for(home: PrefixEntry, scope: Scope) -> Allowed | NotYours | Disabled | LivesElsewhere:
    if home.applied:
        return NotYours()
    if not home.enabled:
        return Disabled(home.off)
    if (home.routes is not None or home.unhosted) and scope in _REGISTERING:
        return LivesElsewhere()
    return Allowed()


def _authorize_identity(
    scope: Scope, target: Prefix, home: PrefixEntry | None, rights: Rights | None
) -> Verdict:
    if home is None or not home.prefix.covers(target):
        return NotYours()
    opened = _open_for(home, scope)
    if isinstance(opened, Disabled):
        return Disabled()
    if not isinstance(opened, Allowed) or (rights is not None and rights.everything):
        return opened
    if rights is None or rights.held is None:
        return NotAdministrator()
    missing = rights.needed & ~rights.held
    return MissingPermission(missing) if missing else Allowed()
