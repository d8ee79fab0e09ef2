"""``certificate issue``, ``revoke``, ``check``, ``issued``: certificates of enterprises."""

import time
from typing import Any, Final

from identifiers.enterprises.ledger import Certificate
from node.commands.administer import sentence
from node.commands.admissions import Desk, Work, run
from node.refusals import NotDone
from registry.answers import Faulty
from registry.business.certificates import (
    Checked,
    InForce,
    NoCertificate,
    NotActive,
    NotVerified,
    Wish,
)
from registry.business.refusals import NoMember, NotFiled
from registry.business.shown import certificate

__all__ = ["checking", "issuing", "listing", "revoking", "run"]

_PAGE: Final = 1000


def issuing(enterprise: int, *, days: int, prefix: str, replaces: str) -> Work:
    """Issue a certificate."""
    wish = Wish(enterprise=enterprise, days=days, prefix=prefix, replaces=replaces)

    async def work(desk: Desk) -> object:
        answer = await desk.business.certificates.issue(wish, desk.by)
        return await _told(answer, desk)

    return work


def revoking(serial: str, reason: str) -> Work:
    """Revoke one."""

    async def work(desk: Desk) -> object:
        return await _told(await desk.business.certificates.revoke(serial, reason, desk.by), desk)

    return work


def checking(serial: str) -> Work:
    """Tell whether one holds."""

    async def work(desk: Desk) -> object:
        return await _checked(serial, desk)

    return work


def listing(enterprise: int) -> Work:
    """Tell all, those of an enterprise or of all."""

    async def work(desk: Desk) -> object:
        after = ""
        found: list[dict[str, Any]] = []
        while page := await desk.business.certificates.issued(enterprise, after, _PAGE):
            found += [await _checked(one.serial, desk) for one in page]
            after = page[-1].serial
        return found

    return work


Answer = (
    Certificate | NoMember | NotFiled | NotActive | NotVerified | InForce | NoCertificate | Faulty
)


async def _told(answer: Answer, desk: Desk) -> dict[str, Any]:
    match answer:
        case Certificate():
            return await _checked(answer.serial, desk)
        case Faulty(faults=faults):
            raise NotDone(sentence(faults))
        case NoMember():
            raise NotDone("there is no such enterprise: idnode enterprise list")
        case NotFiled():
            raise NotDone("nothing was filed of the enterprise: idnode application submit FILE")
        case NotActive(state=state):
            raise NotDone(f"the enterprise is {state}: only active ones are certified")
        case NotVerified():
            raise NotDone("verify who it is first: idnode application verify NUMBER --method …")
        case InForce(serial=serial):
            raise NotDone(f"it has certificate {serial} in force: --replaces {serial}")
        case NoCertificate():
            raise NotDone("there is no such certificate: idnode certificate issued")


async def _checked(serial: str, desk: Desk) -> dict[str, Any]:
    found = await desk.business.certificates.check(serial.upper(), int(time.time()))
    if isinstance(found, Checked):
        return certificate(found)
    return await _told(found, desk)
