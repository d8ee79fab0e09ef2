"""``application …``, ``document …``, ``enterprise …``: the operator's part in taking them in.

Each command writes JSON, personal data masked, so that a shell or a person can take it up.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, assert_never
from uuid import UUID, uuid4

import msgspec

from identifiers.enterprises.files import TooLarge, TooMuchWaits, UnknownForm
from identifiers.enterprises.ledger import (
    Application,
    Member,
    Outcome,
    Revision,
    Verification,
    Wanted,
)
from identifiers.enterprises.review import (
    Approval,
    NotNow,
    Rejection,
    Reviewer,
    Stage,
    Withdrawal,
)
from identifiers.faults import Invalid
from identifiers.wire import jsonload
from node import config
from node.business import office
from node.commands.administer import keyed, ordering, sentence
from node.refusals import NotDone
from registry.answers import Faulty, Stale
from registry.business import shown
from registry.business.admissions import Submitted
from registry.business.approvals import Left, NoPrefixLeft
from registry.business.asking import By
from registry.business.members import CannotBecome, Finding
from registry.business.national import record
from registry.business.office import Office
from registry.business.personal import NONCE_OCTETS
from registry.business.refusals import (
    AlreadyMember,
    NoApplication,
    NoMember,
    NotFiled,
    Pending,
    Undecided,
)

_PAGE: Final = 200
_OPEN: Final = (Stage.SUBMITTED, Stage.PASSED, Stage.REJECTED)


class Desk(msgspec.Struct, frozen=True):
    """What a command works with."""

    business: Office
    by: By


Work = Callable[[Desk], Awaitable[object]]


def run(environ: Mapping[str, str], work: Work) -> None:
    """Do one piece of work on this node and write its result as JSON."""
    found = asyncio.run(_do(config.load(environ), work))
    document = msgspec.json.format(msgspec.json.encode(found), indent=2).decode()
    sys.stdout.write(document + "\n")


async def _do(settings: config.Settings, work: Work) -> object:
    async with keyed(settings) as (database, nudge):
        ordered = ordering()
        by = By(
            actor=f"operator:{ordered.operator.name}",
            at=ordered.at,
            request_id=ordered.request_id,
            chance=os.urandom(NONCE_OCTETS),
        )
        return await work(Desk(office(database, nudge, settings), by))


def submitting(text: bytes, wanted: str, enterprise: int = 0) -> Work:
    """Take an application from a file: for admission, or of an enterprise to change."""
    submitted = Submitted(particulars=_loaded(text), wanted=wanted, enterprise=enterprise)

    async def work(desk: Desk) -> object:
        return await _shown(await desk.business.admissions.apply(uuid4(), submitted, desk.by), desk)

    return work


def resubmitting(number: str, text: bytes, wanted: str) -> Work:
    """Take an application again that was mended."""
    application, submitted = _number(number), Submitted(particulars=_loaded(text), wanted=wanted)

    async def work(desk: Desk) -> object:
        admissions = desk.business.admissions
        return await _shown(await admissions.resubmit(application, submitted, desk.by), desk)

    return work


def deciding(number: str, step: Approval | Rejection | Withdrawal) -> Work:
    """Take a verdict."""
    application = _number(number)

    async def work(desk: Desk) -> object:
        return await _shown(await desk.business.admissions.decide(application, step, desk.by), desk)

    return work


def approving(number: str) -> Work:
    """Approve for the node."""
    return deciding(number, Approval(Reviewer.NODE))


def rejecting(number: str, reasons: tuple[str, ...]) -> Work:
    """Reject for the node."""
    return deciding(number, Rejection(Reviewer.NODE, reasons))


def recording(number: str, reasons: tuple[str, ...]) -> Work:
    """Record the national node's verdict: without reasons it approved."""
    application = _number(number)

    async def work(desk: Desk) -> object:
        recorded = await record(desk.business.admissions, application, reasons, desk.by)
        return await _shown(recorded, desk)

    return work


def purging(number: str) -> Work:
    """Remove the personal data of an application that came to nothing."""
    application = _number(number)

    async def work(desk: Desk) -> object:
        return await _shown(await desk.business.admissions.purge(application, desk.by), desk)

    return work


def showing(number: str) -> Work:
    """Tell all of an application, and what was done to it."""
    application = _number(number)

    async def work(desk: Desk) -> object:
        found = await desk.business.store.application(application)
        if found is None:
            return await _shown(NoApplication(), desk)
        return await _whole(found, desk)

    return work


def telling_revisions(number: str) -> Work:
    """Tell what each revision changed: who, when, and every value that did, old and new."""
    application = _number(number)

    async def work(desk: Desk) -> object:
        store = desk.business.store
        found = await store.application(application)
        if found is None:
            return await _shown(NoApplication(), desk)
        steps = await store.steps(application)
        every: list[Revision] = []
        while page := await store.revisions(application, every[-1].number if every else 0, _PAGE):
            every += page
        return list(shown.revisions(steps, every, found.identity, desk.business.sealer))

    return work


def listing(*, decided: bool = False) -> Work:
    """Tell the applications that somebody has still to decide or to mend, or the `decided` too."""

    async def work(desk: Desk) -> object:
        wanted = Wanted() if decided else Wanted(stages=_OPEN)
        told: list[dict[str, Any]] = []
        after = ""
        while page := await desk.business.store.applications(wanted, after, _PAGE):
            told += map(shown.brief, page)
            after = str(page[-1].id)
        if not (told or decided):
            sys.stderr.write("no application is open; --all lists those that are decided too\n")
        return told

    return work


def uploading(octets: bytes) -> Work:
    """Keep a document, to be named in an application within a day."""

    async def work(desk: Desk) -> object:
        answer = await desk.business.documents.upload(uuid4(), octets, desk.by)
        match answer:
            case UnknownForm():
                raise NotDone("the file is no JPEG, no PNG and no PDF")
            case TooLarge(media=media, limit=limit):
                raise NotDone(f"{media} of {len(octets)} bytes; at most {limit}")
            case TooMuchWaits(limit=limit):
                raise NotDone(
                    f"{limit.documents} documents, or {limit.octets} bytes, wait for applications:"
                    " what none of them names is removed in a day"
                )
            case _:
                return shown.document(answer)

    return work


def suspending(number: int, reason: str) -> Work:
    """Switch all prefixes of an enterprise off."""

    async def work(desk: Desk) -> object:
        return await _shown(await desk.business.enterprises.suspend(number, reason, desk.by), desk)

    return work


def resuming(number: int) -> Work:
    """Switch them on again."""

    async def work(desk: Desk) -> object:
        return await _shown(await desk.business.enterprises.resume(number, desk.by), desk)

    return work


def closing(number: int, reason: str) -> Work:
    """Let an enterprise go, for good."""

    async def work(desk: Desk) -> object:
        return await _shown(await desk.business.enterprises.close(number, reason, desk.by), desk)

    return work


def verifying(number: str, *, method: str, failed: bool, note: str) -> Work:
    """Note what came of verifying an applicant (by the application's id) or an enterprise."""
    outcome = Outcome.FAILED if failed else Outcome.PASSED
    finding = Finding(outcome=outcome, method=method, note=note)

    async def work(desk: Desk) -> object:
        enterprises = desk.business.enterprises
        if number.isdigit():
            return await _shown(await enterprises.verify(int(number), finding, desk.by), desk)
        applicant = _number(number)
        return await _shown(await enterprises.verify_applicant(applicant, finding, desk.by), desk)

    return work


Answer = (
    Application
    | Member
    | Verification
    | Faulty
    | AlreadyMember
    | Pending
    | NotNow
    | NoApplication
    | NoPrefixLeft
    | NoMember
    | NotFiled
    | Left
    | Undecided
    | CannotBecome
    | Stale
)


async def _whole(application: Application, desk: Desk) -> dict[str, Any]:
    store = desk.business.store
    steps = await store.steps(application.id)
    verification = await store.verification(application.identity)
    return shown.whole(application, desk.business.sealer, steps, verification)


async def _shown(answer: Answer, desk: Desk) -> dict[str, Any]:
    match answer:
        case Application():
            return await _whole(answer, desk)
        case Member():
            return shown.member_brief(answer)
        case Verification():
            return shown.verified(answer) or {}
        case _:
            raise NotDone(_why_not(answer))


def _why_not(  # noqa: C901, PLR0911 -- one for each
    answer: Faulty
    | AlreadyMember
    | Pending
    | NotNow
    | NoApplication
    | NoPrefixLeft
    | NoMember
    | NotFiled
    | Left
    | Undecided
    | CannotBecome
    | Stale,
) -> str:
    match answer:
        case Faulty(faults=faults):
            return sentence(faults)
        case AlreadyMember(enterprise=number):
            return f"the organisation is enterprise {number} already"
        case Pending(application=number):
            return f"another application of the organisation is open: {number}"
        case NotNow(stage=stage) | Undecided(stage=stage):
            return f"the application is {stage}: that cannot be done to it now"
        case NoApplication():
            return "there is no such application: idnode application list"
        case NoPrefixLeft():
            return "no label is left, or there is no prefix yet: idnode prefix home PREFIX"
        case NoMember():
            return "there is no such enterprise: idnode enterprise list"
        case NotFiled():
            return "nothing was filed of the enterprise: idnode application submit FILE"
        case Stale(version=version):
            return f"the application has version {version} meanwhile"
        case Left():
            return "the enterprise was closed: nothing of it changes any more"
        case CannotBecome(now=now, then=then):
            return f"the enterprise is {now}: it cannot become {then}"
        case _:
            assert_never(answer)


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
