"""``prefix show``, ``suspend``, ``transfer``, ``apply`` …: an operator's part in keeping prefixes.

Each command writes JSON, so that a shell or a person can take it up.
"""

import asyncio
import secrets
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar, assert_never
from uuid import UUID

import msgspec

from identifiers.enterprises.review import Approval, NotNow, Rejection, Reviewer, Withdrawal
from identifiers.faults import Invalid
from identifiers.holdings import Holding
from identifiers.labels import Allotment, read_ranges
from identifiers.names import Prefix, fold
from identifiers.routes import record_key
from identifiers.standings import Hosting, PrefixState
from node import config
from node.commands.administer import opened, ordering, parse_prefix, sentence
from node.prefixes import PrefixOffice, prefix_office
from node.refusals import NotDone
from registry.allotment import BelowAnother, InUse, StillBelow
from registry.answers import Faulty, KeyReused, Replayed, Stale
from registry.business.asking import By
from registry.business.hosting import told_by
from registry.business.placing import DEFAULT_RULE
from registry.business.prefix_applications import Applying, NoSuchApplication, TooManyOpen
from registry.business.prefixes import Allotting, Moving, NoPrefix, NotActive, NotFrom, Rule
from registry.commands import change_ids
from registry.http.prefix_forms import (
    Trouble,
    application_document,
    holding_document,
    moment,
    rule_document,
)
from registry.service import PAGE_LIMIT

R = TypeVar("R")
Work = Callable[[PrefixOffice, By], Awaitable[object]]


def run(environ: Mapping[str, str], work: Work) -> None:
    """Do one piece of work on this node and write its result as JSON."""
    found = asyncio.run(_do(config.load(environ), work))
    document = msgspec.json.format(msgspec.json.encode(found), indent=2).decode()
    sys.stdout.write(document + "\n")


async def _do(settings: config.Settings, work: Work) -> object:
    async with opened(settings) as (database, nudge):
        ordered = ordering()
        by = By(
            actor=f"operator:{ordered.operator.name}",
            at=ordered.at,
            request_id=ordered.request_id,
        )
        return await work(prefix_office(database, nudge, settings), by)


def showing(text: str) -> Work:
    """Tell all of a prefix, where its names live, and how soon its approval was seen."""
    prefix = parse_prefix(text)

    async def work(office: PrefixOffice, _: By) -> object:
        one = await office.store.holding(prefix)
        if one is None:
            raise NotDone(_sentence(NoPrefix()))
        record = await office.records.record(record_key(prefix)) if one.routed else None
        sites = [endpoint.document() for endpoint in told_by(record)]
        return holding_document(one) | {"sites": sites}

    return work


def telling_history(text: str) -> Work:
    """Tell what was done to a prefix, newest first."""
    prefix = parse_prefix(text)

    async def work(office: PrefixOffice, _: By) -> object:
        entries, _more = await office.store.history(prefix, "", PAGE_LIMIT)
        return [
            {
                "at": moment(entry.at),
                "actor": entry.actor,
                "action": entry.action,
                "detail": msgspec.json.decode(entry.detail),
            }
            for entry in entries
        ]

    return work


def switching(text: str, then: PrefixState, reason: str = "") -> Work:
    """Switch a prefix on, off, or off for good."""
    prefix = parse_prefix(text)

    async def work(office: PrefixOffice, by: By) -> object:
        return _held(await office.holdings.switch(prefix, then, reason, by))

    return work


def hosting(text: str, then: Hosting, reason: str = "") -> Work:
    """Grant hosting, or refuse it."""
    prefix = parse_prefix(text)

    async def work(office: PrefixOffice, by: By) -> object:
        return _held(await office.hostings.host(prefix, then, reason, by))

    return work


def transferring(text: str, heir: int) -> Work:
    """Hand a prefix to another enterprise."""
    prefix = parse_prefix(text)

    async def work(office: PrefixOffice, by: By) -> object:
        return _held(await office.holdings.transfer(prefix, heir, by))

    return work


def limiting(text: str, quota: int | None) -> Work:
    """Say how many identifiers may stand under a prefix."""
    prefix = parse_prefix(text)

    async def work(office: PrefixOffice, by: By) -> object:
        return _held(await office.holdings.limit(prefix, quota, by))

    return work


def removing(text: str) -> Work:
    """Forget a prefix that is to be deleted."""
    prefix = parse_prefix(text)

    async def work(office: PrefixOffice, by: By) -> object:
        return _held(await office.holdings.remove(prefix, by))

    return work


def allotting(enterprise: int, root: str, quota: int | None) -> Work:
    """Give an enterprise whichever prefix is next."""

    async def work(office: PrefixOffice, by: By) -> object:
        wanted = Allotting(enterprise=enterprise, root=await _root(office, root), quota=quota)
        given = await office.holdings.allot(wanted, by)
        if isinstance(given, Replayed | KeyReused):
            raise TypeError("nobody asked once")
        return _held(given)

    return work


def ruling(root: str, allotment: Callable[[Allotment], Allotment] | None) -> Work:
    """Tell how labels are given below a secondary prefix, or say how from now on."""

    async def work(office: PrefixOffice, by: By) -> object:
        below = await _root(office, root)
        there = await office.store.rule(below) or DEFAULT_RULE
        if allotment is None:
            return rule_document(below, there)
        made = done(await office.holdings.regulate(Rule(below, allotment(there)), by))
        return rule_document(made.root, made.allotment)

    return work


def amended(
    there: Allotment,
    *,
    first: int | None,
    digits: int | None,
    reserved: Sequence[str] | None,
    keep_vanity: bool | None,
) -> Allotment:
    """Return a rule with what was said anew. Raises `NotDone`."""
    try:
        ranges = there.reserved if reserved is None else read_ranges(filter(None, reserved))
    except Invalid as why:
        raise NotDone(sentence(why.faults)) from None
    return Allotment(
        first=there.first if first is None else first,
        digits=there.digits if digits is None else digits,
        reserved=ranges,
        keep_vanity=there.keep_vanity if keep_vanity is None else keep_vanity,
    )


def applying(enterprise: int, label: str, purpose: str, *, hosted: bool) -> Work:
    """Apply for a prefix more, for an enterprise."""

    async def work(office: PrefixOffice, by: By) -> object:
        wanted = Applying(
            enterprise=enterprise,
            root=await _root(office, ""),
            label=fold(label),
            purpose=purpose,
            hosted=hosted,
        )
        (number,) = change_ids(by.at, secrets.token_bytes, 1)
        return application_document(done(await office.applications.apply(number, wanted, by)))

    return work


def listing_applications(*, every: bool) -> Work:
    """Tell the applications that are open, or all."""

    async def work(office: PrefixOffice, _: By) -> object:
        found = await office.store.applications(None, "", PAGE_LIMIT, open_only=not every)
        return [application_document(one) for one in found]

    return work


def deciding(number: str, step: Approval | Rejection | Withdrawal) -> Work:
    """Take a verdict."""
    try:
        application = UUID(number)
    except ValueError:
        told = f"{number} is no number of an application: idnode prefix applications"
        raise NotDone(told) from None

    async def work(office: PrefixOffice, by: By) -> object:
        return application_document(done(await office.applications.decide(application, step, by)))

    return work


def verdict(reasons: tuple[str, ...], *, national: bool = False) -> Approval | Rejection:
    """Return the step that reasons make: none approve."""
    by = Reviewer.NATIONAL if national else Reviewer.NODE
    return Rejection(by, reasons) if reasons else Approval(by)


async def _root(office: PrefixOffice, text: str) -> Prefix:
    if text:
        return parse_prefix(text)
    root = await office.applications.root()
    if root is None:
        raise NotDone("this node has no secondary prefix: idnode prefix home PREFIX")
    return root


def _held(answer: Holding | Trouble) -> dict[str, Any]:
    return holding_document(done(answer))


def done(answer: R | Trouble) -> R:
    """Return what a command made. Raises `NotDone`."""
    if isinstance(answer, Trouble):
        raise NotDone(_sentence(answer))
    return answer


def _sentence(answer: Trouble) -> str:  # noqa: C901, PLR0911, PLR0912 -- a table
    match answer:
        case NoPrefix():
            return "there is no such prefix of an enterprise: idnode prefix list"
        case NoSuchApplication():
            return "there is no such application: idnode prefix applications"
        case NotFrom(now=now, then=then):
            return f"it is {_word(now)}: it cannot become {_word(then)}"
        case NotNow(stage=stage):
            return f"the application is {stage}: that cannot be done to it now"
        case NotActive(enterprise=number):
            return f"there is no enterprise {number}, or it is not active: idnode enterprise list"
        case StillBelow(first=first, count=count):
            return f"others stand on it ({count}, such as {first})"
        case BelowAnother(prefix=above):
            return f"it is below {above}, which belongs to another enterprise"
        case InUse():
            return "something is stored under it or in its record: delete that first"
        case Moving():
            return "prefixes below it come and go all the time: try again"
        case TooManyOpen(limit=limit):
            return f"the enterprise has {limit} open applications already"
        case Stale(version=version):
            return f"it has another version meanwhile: {version}"
        case Faulty(faults=faults):
            return sentence(faults)
        case _:
            assert_never(answer)


def _word(state: PrefixState | Hosting) -> str:
    return state.name.lower().replace("_", " ")
