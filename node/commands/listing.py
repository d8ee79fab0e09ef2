"""``enterprise list``, ``prefix list`` and ``key list``: what there is, as columns or as JSON."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from identifiers.changes import StoredKey
from identifiers.directory import PrefixEntry
from identifiers.principals import Scope
from node.commands.administer import Work
from node.commands.ask import shown
from registry.administration import Administration, Ordered


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One line: its fields are the columns, the last one of any width."""


class ListedEnterprise(Listed, frozen=True, kw_only=True):
    """An enterprise."""

    number: int
    credit_code: str
    industry: str
    name: str


class ListedPrefix(Listed, frozen=True, kw_only=True):
    """A prefix. `enterprise` None: the node's own. `homed` false: it was given up."""

    prefix: str
    enterprise: int | None
    homed: bool
    delegated: bool
    signed: bool
    keeps: bool
    applied: bool
    fold_suffix: bool


class KeyState(StrEnum):
    """What became of a key."""

    IN_FORCE = "in force"
    EXPIRED = "expired"
    REVOKED = "revoked"


class ListedKey(Listed, frozen=True, kw_only=True):
    """A key by its id; the secret is nowhere kept. No prefixes or networks: all of them."""

    id: str
    enterprise: int
    state: KeyState
    created_at: datetime
    expires_at: datetime
    scopes: tuple[Scope, ...]
    prefixes: tuple[str, ...]
    networks: tuple[str, ...]
    label: str


def listing_enterprises(*, as_json: bool = False) -> Work:
    """List all enterprises, by number."""

    async def work(administration: Administration, _ordered: Ordered) -> str:
        found = [
            ListedEnterprise(
                number=e.id, credit_code=e.credit_code, industry=e.industry, name=e.name
            )
            for e in await administration.store.enterprises()
        ]
        return written(ListedEnterprise, found, as_json=as_json)

    return work


def listing_prefixes(*, as_json: bool = False) -> Work:
    """List all prefixes that were ever homed, those that were given up too."""

    async def work(administration: Administration, _ordered: Ordered) -> str:
        directory = await administration.store.directory()
        found = [_prefix(entry) for entry in directory.entries]
        return written(ListedPrefix, found, as_json=as_json)

    return work


def _prefix(entry: PrefixEntry) -> ListedPrefix:
    return ListedPrefix(
        prefix=str(entry.prefix),
        enterprise=entry.enterprise or None,
        homed=entry.enabled,
        delegated=entry.routes is not None,
        signed=entry.signed,
        keeps=entry.keeps,
        applied=entry.applied,
        fold_suffix=entry.fold_suffix,
    )


def listing_keys(*, enterprise: int | None = None, as_json: bool = False) -> Work:
    """List API keys, of one enterprise or of all, revoked and expired ones too."""

    async def work(administration: Administration, ordered: Ordered) -> str:
        found = [
            _key(key, ordered.at // 1000)
            for key in await administration.store.api_keys()
            if enterprise in {None, key.enterprise}
        ]
        return written(ListedKey, found, as_json=as_json)

    return work


def _key(key: StoredKey, now: int) -> ListedKey:
    state = KeyState.EXPIRED if key.expires_at <= now else KeyState.IN_FORCE
    return ListedKey(
        id=key.id,
        enterprise=key.enterprise,
        state=KeyState.REVOKED if key.revoked_at else state,
        created_at=datetime.fromtimestamp(key.created_at, UTC),
        expires_at=datetime.fromtimestamp(key.expires_at, UTC),
        scopes=tuple(sorted(key.scopes)),
        prefixes=tuple(map(str, key.prefixes)),
        networks=tuple(map(str, key.networks)),
        label=key.label,
    )


def written(kind: type[Listed], found: Sequence[Listed], *, as_json: bool) -> str:
    """Return lines of one kind as columns, or as JSON."""
    if as_json:
        return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()
    fields = kind.__struct_fields__
    rows = [[name.upper().replace("_", " ") for name in fields]]
    rows += [[_cell(getattr(one, name)) for name in fields] for one in found]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    # The last column may hold Chinese text, whose width is no number of characters.
    widths[-1] = 0
    padded = (map(str.ljust, row, widths) for row in rows)
    return "\n".join("  ".join(cells).rstrip() for cells in padded)


def _cell(value: object) -> str:
    match value:
        case None:
            return "the node"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.strftime("%Y-%m-%d")
        case tuple():
            return ",".join(map(str, value)) or "all"
        case _:
            return shown(str(value)) or "-"
