"""How applications and enterprises are shown: as JSON has it, personal data masked. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

import msgspec

from identifiers.enterprises.differences import differences
from identifiers.enterprises.fields import Document, told
from identifiers.enterprises.ledger import (
    Application,
    Attachment,
    Identity,
    Member,
    MemberVersion,
    ReviewStep,
    Revision,
    Verification,
)
from identifiers.enterprises.masking import masked
from identifiers.enterprises.tables import FIELDS
from identifiers.wire.jsonform import instant
from registry.business.asking import MILLI
from registry.business.certificates import Checked
from registry.business.personal import Sealer

Json = dict[str, Any]


def brief(application: Application) -> Json:
    """Return an application as lists have it."""
    return {
        "id": str(application.id),
        "kind": application.kind,
        "stage": application.standing.stage,
        "revision": application.standing.revision,
        "name": application.name,
        "number": application.identity.number,
        "wanted": application.wanted,
        "enterprise": application.enterprise or None,
        "submitted_at": instant(application.submitted_at),
        "changed_at": instant(application.changed_at),
        "purged_at": instant(application.purged_at) if application.purged_at else None,
    }


def whole(
    application: Application,
    sealer: Sealer,
    steps: Sequence[ReviewStep],
    verification: Verification | None,
) -> Json:
    """Return an application, what was done to it, and whether its applicant was verified."""
    document = sealer.open(application.told, application.identity)
    return brief(application) | {
        "particulars": told(masked(document, FIELDS)),
        "verification": verified(verification),
        "steps": [_step(step) for step in steps],
    }


def _step(step: ReviewStep) -> Json:
    return {
        "at": instant(step.at // MILLI),
        "by": step.actor,
        "did": step.did,
        "revision": step.revision,
        "reasons": list(step.reasons),
    }


def revisions(
    steps: Sequence[ReviewStep], told_then: Iterable[Revision], whose: Identity, sealer: Sealer
) -> Iterator[Json]:
    """Yield revisions of an application, those of `steps`: who, when, and what changed.

    `told_then` are these, and the one before the first of them. `changes` is None where it is not
    known what was told before, because it was replaced when that was not kept yet.
    """
    kept = {one.number: one for one in told_then}
    for number in sorted({step.revision for step in steps}):
        sent, *since = (step for step in steps if step.revision == number)
        before, now = kept.get(number - 1), kept.get(number)
        changes: list[Json] | None = None
        if number == 1:
            changes = []
        elif before is not None and now is not None:
            changes = _mended(before, now, whose, sealer)
        yield {
            "revision": number,
            "at": instant(sent.at // MILLI),
            "by": sent.actor,
            "did": sent.did,
            "changes": changes,
            "steps": [_step(step) for step in since],
        }


def _mended(before: Revision, now: Revision, whose: Identity, sealer: Sealer) -> list[Json]:
    found = _between(sealer.open(before.told, whose), sealer.open(now.told, whose))
    if before.wanted != now.wanted:
        found.append({"field": "/wanted", "old": before.wanted, "new": now.wanted})
    return found


def _between(old: Document, new: Document) -> list[Json]:
    return [msgspec.structs.asdict(one) for one in differences(old, new, FIELDS)]


def verified(one: Verification | None) -> Json | None:
    """Return what came of a verification; None: nobody was verified."""
    if one is None:
        return None
    return {
        "outcome": one.outcome,
        "method": one.method,
        "at": instant(one.at // MILLI),
        "by": one.actor,
        "note": one.note,
    }


def member_brief(member: Member) -> Json:
    """Return an enterprise as lists have it. Of one that was not filed `filing` is None."""
    return {
        "id": member.id,
        "name": member.name,
        "number": member.identity.number,
        "industry": member.industry,
        "state": member.state,
        "reason": member.reason,
        "filing": member.filing or None,
        "approved_at": instant(member.approved_at) if member.filed else None,
        "version": member.version,
    }


def member_whole(
    member: Member, sealer: Sealer, prefixes: Sequence[str], verification: Verification | None
) -> Json:
    """Return an enterprise with its particulars (None: not filed), prefixes and verification."""
    return member_brief(member) | {
        "prefixes": list(prefixes),
        "verification": verified(verification),
        "particulars": _particulars(member, sealer),
    }


def _particulars(member: Member, sealer: Sealer) -> Json | None:
    if not member.filed:
        return None
    return told(masked(sealer.open(member.told, member.identity), FIELDS))


def history(
    versions: Sequence[MemberVersion], before: MemberVersion | None, sealer: Sealer
) -> Iterator[Json]:
    """Yield what happened to an enterprise: who, when, what, and every value that changed.

    `before` is the version before the first; None: there is none.
    """
    for one in versions:
        yield {
            "version": one.member.version,
            "at": instant(one.event.at // MILLI),
            "by": one.event.actor,
            "did": one.event.did,
            "application": _number(one.event.application),
            "state": one.member.state,
            "reason": one.member.reason,
            "changes": [] if before is None else _changes(before.member, one.member, sealer),
        }
        before = one


def _changes(before: Member, after: Member, sealer: Sealer) -> list[Json]:
    found: list[Json] = []
    if before.filed:  # what comes with the first filing is in no field otherwise than before
        found = _between(
            sealer.open(before.told, before.identity), sealer.open(after.told, after.identity)
        )
    if before.state is not after.state:
        found.insert(0, {"field": "/state", "old": before.state, "new": after.state})
    return found


def _number(number: UUID | None) -> str | None:
    return None if number is None else str(number)


def document(one: Attachment) -> Json:
    """Return what is known of a document."""
    return {
        "id": str(one.id),
        "media_type": one.media,
        "size": one.size,
        "sha256": one.sha256.hex(),
        "uploaded_at": instant(one.uploaded_at),
        "application": _number(one.application),
        "field": one.field or None,
    }


def certificate(found: Checked) -> Json:
    """Return a certificate, and whether it holds. No personal data is in it."""
    one = found.certificate
    return {
        "serial": one.serial,
        "status": found.validity,
        "enterprise": one.enterprise,
        "name": one.name,
        "number": one.identity.number,
        "filing": one.filing,
        "prefix": one.prefix,
        "issued_at": instant(one.issued_at),
        "expires_at": instant(one.expires_at),
        "revoked_at": instant(one.revoked_at) if one.revoked_at else None,
        "reason": one.reason,
        "index": one.index or None,
        "token": one.token.decode(),
        "page": f"/certificates/{one.serial}",
    }
