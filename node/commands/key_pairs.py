"""``key-pair …``: the operator's commands around the bounds of keys."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, assert_never

from identifiers.faults import Invalid
from identifiers.keys.bounds import UNBOUNDED, Bounds, read_network
from identifiers.principals import HandleIdentity
from identifiers.wire.jsonform import parse_instant
from node import config
from node.commands import access
from node.commands.administer import sentence
from node.commands.listing import Listed, written
from node.refusals import NotDone
from registry.access.accounts import Overtaken
from registry.access.key_pairs import KeyPair, KeyPairs, NoKeyPair
from registry.answers import Faulty, Stale
from registry.commands import Asked

_PAGE: Final = 500
_MILLI: Final = 1000
Work = Callable[[KeyPairs, Asked[Any]], Awaitable[str]]


class ListedKeyPair(Listed, frozen=True, kw_only=True):
    """A key. `type` empty: only bounds are left; `expires_at` None: until it is removed."""

    index: int
    type: str
    expired: bool
    expires_at: datetime | None
    networks: tuple[str, ...]
    set_by: str
    handle: str


def run(environ: Mapping[str, str], work: Work) -> None:
    """Do one piece of work on this node and write its result."""
    found = asyncio.run(act(config.load(environ), work))
    sys.stdout.write(found + "\n" if found else "")


async def act(settings: config.Settings, work: Work) -> str:
    """Do one piece of work on the node with these settings, whether it runs or not."""
    return await access.act(settings, lambda there, asked: work(there.pairs, asked))


def read_bounds(until: str, networks: tuple[str, ...]) -> Bounds:
    """Read bounds as they are typed. Raises `NotDone`; also for none at all."""
    try:
        end = parse_instant(until) if until else None
    except ValueError:
        raise NotDone(f"{until} is no instant such as 2027-01-01T00:00:00Z") from None
    try:
        bounds = Bounds(end, tuple(map(read_network, networks)))
    except ValueError as why:
        raise NotDone(str(why)) from None
    if bounds == UNBOUNDED:
        raise NotDone("say --until or --network; idnode key-pair lift takes bounds away")
    return bounds


def bounding(text: str, bounds: Bounds) -> Work:
    """Set the bounds of a key; `UNBOUNDED` lifts them. The result is whom it proves."""
    try:
        identity = HandleIdentity.parse(text)
    except Invalid as invalid:
        raise NotDone(sentence(invalid.faults)) from None

    async def work(pairs: KeyPairs, asked: Asked[Any]) -> str:
        answer = await pairs.bound(identity, bounds, asked)
        match answer:
            case KeyPair():
                return str(answer.identity)
            case NoKeyPair():
                raise NotDone(f"no key stands at {text} here: idnode key-pair list")
            case Stale() | Overtaken():
                raise NotDone("somebody else bounded the key at the same time: look again")
            case Faulty(faults=faults):
                raise NotDone(sentence(faults))
            case _:
                assert_never(answer)

    return work


def listing(*, enterprise: int | None, as_json: bool) -> Work:
    """List keys and their bounds, of one enterprise or of all."""

    async def work(pairs: KeyPairs, asked: Asked[Any]) -> str:
        page = await pairs.page(enterprise, "", _PAGE)
        found = [*page.pairs]
        while page.after:
            page = await pairs.page(enterprise, page.after, _PAGE)
            found.extend(page.pairs)
        at = asked.at // _MILLI
        listed = [_listed(pair, at) for pair in found]
        return written(ListedKeyPair, listed, as_json=as_json)

    return work


def _listed(pair: KeyPair, at: int) -> ListedKeyPair:
    bounds, end = pair.bounds, pair.bounds.expires_at
    return ListedKeyPair(
        index=pair.identity.index,
        type=pair.kind,
        expired=bounds.expired(at),
        expires_at=None if end is None else datetime.fromtimestamp(end, UTC),
        networks=tuple(map(str, bounds.networks)),
        set_by=pair.set_by,
        handle=pair.identity.handle,
    )
