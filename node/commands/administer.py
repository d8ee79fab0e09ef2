"""``enterprise add``, ``prefix home``, ``key create`` and ``key revoke``: the operator's commands.

Each writes just its result to stdout (a number, a key), so that a shell can take it up.
"""

import asyncio
import os
import pwd
import secrets
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, assert_never

from edge.addresses import parse_networks
from identifiers.changes import Enterprise
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.faults import Fault, Invalid
from identifiers.keys.errors import KeyUnfit
from identifiers.keys.public import encode_public_key, parse_public_key
from identifiers.names import Prefix
from identifiers.principals import Operator, Scope
from identifiers.routes import record_key
from identifiers.wire.handle.site import Server, Site
from node import config
from node.database import reachable
from node.key_checks import agree
from node.keys import Secret, load
from node.readers import Embedded, public
from node.refusals import NotDone
from node.registers import registers
from registry.administration import (
    Administration,
    Delegation,
    KeyTerms,
    NoEnterprise,
    Ordered,
    Refused,
)
from registry.allotment import (
    BelowAnother,
    GivenUp,
    Homed,
    InUse,
    OutsideRoots,
    Ownerless,
    StillBelow,
    Taken,
    Unallotted,
    UnderReview,
)
from registry.answers import Faulty
from registry.commands import change_ids
from registry.delegation import interfaces
from registry.keys import ID_BYTES, SECRET_BYTES, NewKey
from storage.postgres import Database, Nudge, PostgresStore, check_schema, migrate

_DAY: Final = 86400
Work = Callable[[Administration, Ordered], Awaitable[str]]


def run(environ: Mapping[str, str], work: Work) -> None:
    """Do one piece of work on this node and write its result."""
    sys.stdout.write(asyncio.run(administer(config.load(environ), work)) + "\n")


def adding_enterprise(
    name: str, *, credit_code: str = "", industry: str = "", again: bool = False
) -> Work:
    """Store an enterprise, one of a name that is there already only `again`; its number results."""
    enterprise = Enterprise(id=0, name=name, credit_code=credit_code, industry=industry)

    async def work(administration: Administration, ordered: Ordered) -> str:
        known = await administration.store.enterprises()
        if not again and (alike := [str(one.id) for one in known if one.name == name]):
            raise NotDone(
                f"there is already enterprise {', '.join(alike)} of this name:"
                " --again adds another one"
            )
        answer = await administration.add_enterprise(enterprise, ordered)
        if isinstance(answer, Faulty):
            raise NotDone(sentence(answer.faults))
        return str(answer)

    return work


def homing_prefix(
    text: str, *, enterprise: int | None, fold_suffix: bool = False, own: bool = False
) -> Work:
    """Allot a prefix to an enterprise, or home a secondary prefix of the node.

    Below one that is homed already that takes `own`: the enterprise may have been forgotten.
    """
    entry = PrefixEntry(
        prefix=parse_prefix(text),
        kind=PrefixKind.SECONDARY if enterprise is None else PrefixKind.ENTERPRISE,
        enterprise=enterprise or 0,
        fold_suffix=fold_suffix,
    )

    async def work(administration: Administration, ordered: Ordered) -> str:
        answer = await administration.home_prefix(entry, ordered, nested=own)
        match answer:
            case Homed() | Taken(same=True):
                return str(entry.prefix)
            case _:
                raise NotDone(_not_homed(entry, answer))

    return work


def _not_homed(entry: PrefixEntry, answer: Taken | Refused) -> str:  # noqa: C901, PLR0911 -- one for each
    text = str(entry.prefix)
    match answer:
        case Taken(enterprise=0):
            return f"{text} is a secondary prefix of the node itself: it stays the node's own"
        case Taken(enterprise=owner):
            return (
                f"{text} belongs to enterprise {owner} (idnode enterprise list):"
                f" restore it with --enterprise {owner}"
            )
        case OutsideRoots():
            return (
                f"{text} is below none of this node's prefixes: home the secondary prefix"
                " first, without --enterprise"
            )
        case BelowAnother(prefix=above):
            return f"{text} is below {above}, which belongs to another enterprise"
        case Ownerless(above=above, enterprise=owner):
            whose = f"{above}, which belongs to enterprise {owner}" if owner else above
            return (
                f"{text} is below {whose}: say whose it is with --enterprise NUMBER,"
                " or --own if the node itself is to register there and no enterprise"
            )
        case StillBelow(first=first, count=count):
            return f"below {text} are prefixes of others ({count}, such as {first})"
        case InUse():
            return (
                f"{text} is the node's own and in use: delete the identifiers under it,"
                f" and its record {record_key(text)}, first"
            )
        case UnderReview():
            return f"{text} is applied for: idnode prefix applications"
        case NoEnterprise():
            return f"there is no enterprise {entry.enterprise}: idnode enterprise add NAME"
        case Faulty(faults=faults):
            return sentence(faults)
        case _:
            assert_never(answer)


def giving_up_prefix(text: str) -> Work:
    """Home a prefix no more; what is stored under it stays. The result is the prefix."""
    prefix = parse_prefix(text)

    async def work(administration: Administration, ordered: Ordered) -> str:
        answer = await administration.give_up(prefix, ordered)
        match answer:
            case GivenUp():
                return str(prefix)
            case Unallotted():
                raise NotDone(f"{text} was never homed by itself")
            case StillBelow(first=first, count=count):
                raise NotDone(
                    f"give up what is homed below {text} first ({count}, such as {first})"
                )
            case _:
                assert_never(answer)

    return work


def keeping_names(text: str, *, keeps: bool) -> Work:
    """Say whether names under a prefix that were active stay taken. The result is the prefix."""
    prefix = parse_prefix(text)

    async def work(administration: Administration, ordered: Ordered) -> str:
        if not await administration.keep_names(prefix, ordered, keeps=keeps):
            raise NotDone(f"{text} was never allotted")
        return str(prefix)

    return work


def delegating_prefix(
    text: str, *, sites: Sequence[str], public_key: bytes = b"", chance: Callable[[int], bytes]
) -> Work:
    """Send names under an allotted prefix to the enterprise's node; no sites take them back.

    Each of `sites` is ``HOST:PORT[,HOST:PORT…]``, numeric: the servers among which the hash of a
    name chooses. `public_key` is HS_PUBKEY data that these servers sign with. The result is the
    prefix.
    """
    prefix = parse_prefix(text)
    wanted = Delegation(prefix, tuple(_site(site, public_key) for site in sites))

    async def work(administration: Administration, ordered: Ordered) -> str:
        (change,) = change_ids(ordered.at, chance, 1)
        if isinstance(await administration.delegate(wanted, change, ordered), Unallotted):
            raise NotDone(
                f"{text} was never allotted: idnode prefix home {text} --enterprise NUMBER"
            )
        return str(prefix)

    return work


def read_public_key(data: bytes) -> bytes:
    """Return a public key, in the Handle form, PEM or DER, as HS_PUBKEY data. Raises `NotDone`."""
    try:
        return encode_public_key(parse_public_key(data))
    except KeyUnfit as why:
        raise NotDone(f"the public key cannot be used: {why}") from None


def _site(text: str, public_key: bytes) -> Site:
    try:
        addresses = public(text)
    except ValueError as why:
        raise NotDone(str(why)) from None
    return Site(
        serial=1,
        servers=tuple(
            Server(
                id=number,
                address=address.ip,
                public_key=public_key,
                interfaces=interfaces(address.port),
            )
            for number, address in enumerate(addresses, 1)
        ),
    )


def creating_key(
    *,
    enterprise: int,
    scopes: Sequence[Scope] = (),
    prefixes: Sequence[str] = (),
    networks: Sequence[str] = (),
    days: int = 365,
    label: str = "",
) -> Work:
    """Make an API key, which is the result. It is shown this once and nowhere kept."""
    terms = KeyTerms(
        enterprise=enterprise,
        scopes=frozenset(scopes or Scope),
        life=days * _DAY,
        label=label,
        prefixes=tuple(map(parse_prefix, prefixes)),
        networks=tuple(network for text in networks for network in parse_networks(text).networks),
    )

    async def work(administration: Administration, ordered: Ordered) -> str:
        chance = secrets.token_bytes(ID_BYTES + SECRET_BYTES)
        answer = await administration.create_key(terms, chance, ordered)
        match answer:
            case NewKey(token=token):
                return token
            case NoEnterprise():
                raise NotDone(f"there is no enterprise {enterprise}: idnode enterprise add NAME")
            case Faulty(faults=faults):
                raise NotDone(sentence(faults))
            case _:
                assert_never(answer)

    return work


def revoking_key(key_id: str) -> Work:
    """End a key; the result is its id."""
    key_id = key_id.partition(".")[0]  # who has the whole key at hand may give that

    async def work(administration: Administration, ordered: Ordered) -> str:
        if not await administration.revoke_key(key_id, ordered):
            raise NotDone(f"no key {key_id} is in force")
        return key_id

    return work


async def administer(settings: config.Settings, work: Work) -> str:
    """Do one piece of work on the node with these settings, whether it runs or not.

    Raises `NotDone`, and what `keyed` and stores raise.
    """
    async with keyed(settings) as (database, nudge):
        pepper = load(settings.keys_dir, Secret.PEPPER)
        trades = registers(settings.data_dir).trades
        administration = Administration(PostgresStore(database, nudge), pepper, trades=trades)
        return await work(administration, ordering())


@asynccontextmanager
async def opened(settings: config.Settings) -> AsyncIterator[tuple[Database, Nudge]]:
    """Open the database of the node with these settings, whether it runs or not."""
    async with reachable(settings) as dsn:
        if isinstance(settings.database, Embedded):
            await migrate(dsn)
        async with (
            Database(dsn, connections=1, application="idnode-command") as database,
            Nudge(dsn) as nudge,
        ):
            await database.verify()  # waits for a busy server, as what follows does not
            await check_schema(database)
            yield database, nudge


@asynccontextmanager
async def keyed(settings: config.Settings) -> AsyncIterator[tuple[Database, Nudge]]:
    """Open the database for work under the node's secrets; those of a new node are made.

    Raises `UnfitKey`, `StoreUnavailable`, `FateUnknown` and what `reachable` raises.
    """
    async with opened(settings) as (database, nudge):
        for path in await agree(database, settings.keys_dir):
            # Right for a new node; the database takes no other from now on.
            sys.stderr.write(f"{path} is made: every node on this database needs that very file\n")
        yield database, nudge


def ordering() -> Ordered:
    """Say who gives the command, and when."""
    at = time.time_ns() // 1_000_000
    return Ordered(operator=_operator(), at=at, request_id=f"command-{secrets.token_hex(8)}")


def _operator() -> Operator:
    try:
        return Operator(pwd.getpwuid(os.getuid()).pw_name)
    except KeyError:  # a container's user without a name
        return Operator(f"uid {os.getuid()}")


def parse_prefix(text: str) -> Prefix:
    """Read a prefix of the command line. Raises `NotDone`."""
    try:
        return Prefix.parse(text)
    except Invalid as why:
        raise NotDone(sentence(why.faults)) from None


def sentence(faults: Sequence[Fault]) -> str:
    """Tell faults in one sentence."""
    return "; ".join(f"{fault.pointer.strip('/')} {fault.detail()}".strip() for fault in faults)
