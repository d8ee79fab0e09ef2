"""``enterprise show`` and ``enterprise history``: what is kept of an enterprise."""

from typing import Any, Final

from identifiers.enterprises.ledger import Member
from node.commands.admissions import Desk, Work
from node.refusals import NotDone
from registry.business import shown

_PAGE: Final = 1000


def showing(number: int) -> Work:
    """Tell all of an enterprise, personal data masked."""

    async def work(desk: Desk) -> object:
        office = desk.business
        member = await _member(number, desk)
        verification = await office.store.verification(member.identity)
        entries = (await office.records.directory()).entries
        prefixes = sorted(str(one.prefix) for one in entries if one.enterprise == number)
        return shown.member_whole(member, office.sealer, prefixes, verification)

    return work


def telling_history(number: int) -> Work:
    """Tell what happened to it: who, when, and every value that changed, old and new."""

    async def work(desk: Desk) -> object:
        await _member(number, desk)
        told: list[dict[str, Any]] = []
        before, after = None, 0
        while page := await desk.business.enterprises.history(number, after, _PAGE):
            told += shown.history(page, before, desk.business.sealer)
            before, after = page[-1], page[-1].member.version
        return told

    return work


async def _member(number: int, desk: Desk) -> Member:
    found = await desk.business.store.enterprise(number)
    if found is None:
        raise NotDone("there is no such enterprise: idnode enterprise list")
    return found
