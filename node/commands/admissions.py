"""``application …``: the operator's part in taking enterprises in.

Each command writes JSON, personal data masked, so that a shell or a person can take it up.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, assert_never
from uuid import UUID, uuid4

import msgspec

from identifiers.enterprises.fields import told
from identifiers.enterprises.ledger import Application, ReviewStep
from identifiers.enterprises.masking import masked
from identifiers.enterprises.review import (
    Approval,
    NotNow,
    Rejection,
    Reviewer,
    Stage,
    Withdrawal,
)
from identifiers.enterprises.tables import FIELDS
from identifiers.faults import Invalid
from identifiers.labels import Allotment
from identifiers.wire import jsonload
from node import config
from node.commands.administer import opened, ordering, sentence
from node.keys import Secret, load_or_make
from node.refusals import NotDone
from node.registers import registers
from registry.answers import Faulty
from registry.business.admissions import (
    Admissions,
    AlreadyMember,
    By,
    NoApplication,
    NoPrefixLeft,
    Pending,
    Submitted,
    Terms,
)
from registry.business.personal import NONCE_OCTETS, Sealer
from registry.business.ports import BusinessStore
from storage.postgres import PostgresBusiness, PostgresDirectory

_PAGE: Final = 200
_OPEN: Final = (Stage.SUBMITTED, Stage.PASSED, Stage.REJECTED)


class Desk(msgspec.Struct, frozen=True):
    """What a command works with."""

    admissions: Admissions
    store: BusinessStore
    sealer: Sealer
    by: By


Work = Callable[[Desk], Awaitable[object]]


def run(environ: Mapping[str, str], work: Work) -> None:
    """Do one piece of work on this node and write its result as JSON."""
    found = asyncio.run(_do(config.load(environ), work))
    document = msgspec.json.format(msgspec.json.encode(found), indent=2).decode()
    sys.stdout.write(document + "\n")


async def _do(settings: config.Settings, work: Work) -> object:
    async with opened(settings) as (database, nudge):
        directory = await PostgresDirectory(database).directory()
        root = next((e.prefix for e in directory.entries if not e.enterprise), None)
        if root is None:
            raise NotDone("this node has no secondary prefix: idnode prefix home PREFIX")
        store = PostgresBusiness(database, nudge)
        sealer = Sealer(load_or_make(settings.keys_dir, Secret.SEAL))
        terms = Terms(
            root=root,
            allotment=Allotment(),
            registers=registers(settings.data_dir),
            local=True,
        )
        ordered = ordering()
        by = By(
            actor=f"operator:{ordered.operator.name}",
            at=ordered.at,
            request_id=ordered.request_id,
            chance=os.urandom(NONCE_OCTETS),
        )
        return await work(Desk(Admissions(store, sealer, terms), store, sealer, by))


def submitting(text: bytes, wanted: str) -> Work:
    """Take an application from a file."""
    submitted = Submitted(particulars=_loaded(text), wanted=wanted)

    async def work(desk: Desk) -> object:
        return _shown(await desk.admissions.apply(uuid4(), submitted, desk.by), desk)

    return work


def resubmitting(number: str, text: bytes, wanted: str) -> Work:
    """Take an application again that was mended."""
    application, submitted = _number(number), Submitted(particulars=_loaded(text), wanted=wanted)

    async def work(desk: Desk) -> object:
        return _shown(await desk.admissions.resubmit(application, submitted, desk.by), desk)

    return work


def deciding(number: str, step: Approval | Rejection | Withdrawal) -> Work:
    """Take a verdict."""
    application = _number(number)

    async def work(desk: Desk) -> object:
        return _shown(await desk.admissions.decide(application, step, desk.by), desk)

    return work


def approving(number: str) -> Work:
    """Approve for the node."""
    return deciding(number, Approval(Reviewer.NODE))


def rejecting(number: str, reasons: tuple[str, ...]) -> Work:
    """Reject for the node."""
    return deciding(number, Rejection(Reviewer.NODE, reasons))


def showing(number: str) -> Work:
    """Tell all of an application, and what was done to it."""
    application = _number(number)

    async def work(desk: Desk) -> object:
        found = await desk.store.application(application)
        steps = await desk.store.steps(application)
        document = _shown(NoApplication() if found is None else found, desk)
        return document | {"steps": [_step(step) for step in steps]}

    return work


async def listing(desk: Desk) -> object:
    """Tell the applications that somebody has still to decide or to mend."""
    found = await desk.store.applications(_OPEN, "", _PAGE)
    return [_brief(application) for application in found]


def _shown(
    answer: Application | Faulty | AlreadyMember | Pending | NotNow | NoApplication | NoPrefixLeft,
    desk: Desk,
) -> dict[str, Any]:
    match answer:
        case Application():
            document = desk.sealer.open(answer.told, answer.identity)
            return _brief(answer) | {"particulars": told(masked(document, FIELDS))}
        case Faulty(faults=faults):
            raise NotDone(sentence(faults))
        case AlreadyMember(enterprise=number):
            raise NotDone(f"the organisation is enterprise {number} already")
        case Pending(application=number):
            raise NotDone(f"another application of the organisation is open: {number}")
        case NotNow(stage=stage):
            raise NotDone(f"the application is {stage}: that cannot be done to it now")
        case NoApplication():
            raise NotDone("there is no such application: idnode application list")
        case NoPrefixLeft():
            raise NotDone("no label is left for a prefix: name one, or reserve fewer")
        case _:
            assert_never(answer)


def _brief(application: Application) -> dict[str, Any]:
    return {
        "id": application.id,
        "kind": application.kind,
        "stage": application.standing.stage,
        "revision": application.standing.revision,
        "name": application.name,
        "number": application.identity.number,
        "wanted": application.wanted,
        "enterprise": application.enterprise or None,
    }


def _step(step: ReviewStep) -> dict[str, Any]:
    return {"at": step.at, "by": step.actor, "did": step.did, "reasons": step.reasons}


def _loaded(text: bytes) -> object:
    try:
        return jsonload.load(text)
    except Invalid as why:
        raise NotDone(sentence(why.faults)) from None


def _number(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotDone(f"{text} is no number of an application: idnode application list") from None
