"""Between messages and the domain: a request becomes a `Query`, an `Outcome` becomes reply bytes.

A reply depends on its request by what `ReplyTo` holds and by nothing else. Replies speak the best
version that the client suggests, suggest 2.11, copy the request's flags and say AUTHORITATIVE when
this site is a primary (RFC 3652 sections 2.2 and 3.2). The Chinese flags of trusted resolution are
not copied: in a reply they are a verdict.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, assert_never

import msgspec

from identifiers import outcomes
from identifiers.outcomes import Outcome
from identifiers.queries import Query
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import bodies, message
from identifiers.wire.handle.codes import (
    DEFAULT_REQUEST_FLAGS,
    MAX_RECURSION,
    UNKNOWN_SITE_SERIAL,
    OpCode,
    OpFlag,
    ResponseCode,
)
from identifiers.wire.handle.digests import LABELLED_SINCE, request_digest
from identifiers.wire.handle.envelope import COMPATIBLE, NEWEST, Version, negotiate
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message
from identifiers.wire.handle.values import encode_values

OldCodes = Mapping[ResponseCode, ResponseCode]

REPLY_LIFETIME: Final = 12 * 3600
"""Seconds from now to a reply's expiration, as the reference server has it."""
STALE_LIFETIME: Final = 30
"""The same of a reply that may be out of date (RFC 8767 section 5)."""
NOT_HOMED: Final = "That prefix doesn't live here"
OUT_OF_DATE: Final = "This site has changed: ask for its site record"
_TOO_OFTEN: Final = "Recursion count too high"
_NO_LOGIN: Final = "The values asked for need a login, which this server does not offer"
_RENUMBERED_SINCE: Final[Version] = (2, 5)
# What clients of RFC 3652 know some codes as; their 303 is a message and no referral.
_OF_THE_RFC: Final = MappingProxyType(
    {
        ResponseCode.SERVER_BACKUP: ResponseCode.PREFIX_REFERRAL,
        ResponseCode.INVALID_VALUE: ResponseCode.VALUE_ALREADY_EXISTS,
    }
)
_ID_SDK: Final[Version] = (2, 3)
# The national ID-SDK breaks on codes that it does not know: it gets one that it does, and the text.
_OF_THE_ID_SDK: Final = MappingProxyType(
    {
        ResponseCode.SERVER_BACKUP: ResponseCode.SERVER_BUSY,
        ResponseCode.INVALID_VALUE: ResponseCode.VALUE_ALREADY_EXISTS,
        **dict.fromkeys(
            (
                ResponseCode.RECURSION_COUNT_TOO_HIGH,
                ResponseCode.OUT_OF_DATE_SITE_INFO,
                ResponseCode.SERVER_NOT_RESPONSIBLE,
                ResponseCode.AUTHENTICATION_ERROR,
                ResponseCode.SESSION_TIMEOUT,
                ResponseCode.SESSION_FAILED,
                ResponseCode.INVALID_SESSION_KEY,
                ResponseCode.NEED_RSA_KEY,
                ResponseCode.INVALID_SESSION_SETUP,
                ResponseCode.SESSION_MESSAGE_REJECTED,
                ResponseCode.CLIENT_REJECTED,
                ResponseCode.CLIENT_BLOCKED,
                ResponseCode.DAILY_LIMIT,
                ResponseCode.REGISTRATION_LIMIT,
                ResponseCode.PREFIX_LIMIT,
            ),
            ResponseCode.ERROR,
        ),
    }
)
NO_OLD_CODES: Final[OldCodes] = MappingProxyType({})
# Plain integers: an IntFlag's operators cost half a microsecond each.
_PUBLIC_ONLY: Final = int(OpFlag.PUBLIC_ONLY)
_AUTHORITATIVE: Final = int(OpFlag.AUTHORITATIVE)
_RECURSIVE: Final = int(OpFlag.RECURSIVE)
_CERTIFY: Final = int(OpFlag.CERTIFY)
_DO_NOT_REFER: Final = int(OpFlag.DO_NOT_REFER)
_REQUEST_DIGEST: Final = int(OpFlag.REQUEST_DIGEST)
_CONTINUES: Final = int(OpFlag.CONTINUES)
# The one flag that the reference server does not copy into a challenge.
_OVERWRITE: Final = int(OpFlag.OVERWRITE)
# Said only of an answer that was verified.
_TRUST: Final = int(OpFlag.TRUSTED_RESOLUTION | OpFlag.TRUST_RESULT)
_UNTRUSTED: Final = int(OpFlag.TRUSTED_RESOLUTION)
_EARLY_REQUEST_ID: Final = 0xFFFF_FFFF


class ReplyTo(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All that a reply takes from its request. `version` is the one negotiated."""

    version: Version
    old_codes: OldCodes = NO_OLD_CODES
    """Codes that the client knows by other numbers, or not at all."""
    session_id: int
    request_id: int
    op_code: int
    flags: int
    recursion_count: int
    digest: bodies.Digest | None = None
    verify: bool = False
    """The client wants to know whether somebody vouches for the answer (`with_verdict`)."""


class Site(msgspec.Struct, frozen=True):
    """What every reply says of the site that answers. Its serials begin with 1."""

    serial: int
    primary: bool = True

    def outdates(self, known: int) -> bool:
        """Say whether a client knows an older record, by the serial in its request.

        One that leaves the field empty (0) tells no more than one that knows none (0xffff).
        """
        return 0 < known < self.serial


def reply_to(request: Message, received: bytes) -> ReplyTo:
    """Return what the reply to `request` needs; `received` are the bytes it was decoded from."""
    version = negotiate(request.version, request.suggested)
    header = request.header
    # Before 2.1 only challenges carry one.
    wants_digest = header.flags & _REQUEST_DIGEST and version >= LABELLED_SINCE
    return ReplyTo(
        version=version,
        old_codes=old_codes(request.version, request.suggested),
        session_id=request.session_id,
        request_id=request.request_id,
        op_code=header.op_code,
        flags=header.flags & ~_TRUST,
        recursion_count=header.recursion_count,
        digest=request_digest(received, version) if wants_digest else None,
        verify=header.flags & OpFlag.TRUSTED_RESOLUTION != 0,
    )


def with_verdict(to: ReplyTo, *, trusted: bool) -> ReplyTo:
    """Return `to` with what was found out about the answer; without, a reply says "unknown".

    Both flags: trusted; TRUSTED_RESOLUTION alone: untrusted (`national-node` section 5.6).
    """
    return msgspec.structs.replace(to, flags=to.flags | (_TRUST if trusted else _UNTRUSTED))


def old_codes(version: Version, suggested: Version) -> OldCodes:
    """Return which codes a client knows by other numbers.

    Newer ones also open with 2.3 to a server they do not know, but suggest 2.11.
    """
    if suggested >= NEWEST or version >= _RENUMBERED_SINCE:
        return NO_OLD_CODES
    return _OF_THE_ID_SDK if version == _ID_SDK else _OF_THE_RFC


def to_query(request: Message) -> Query:
    """Return what a RESOLUTION request asks.

    Raises `ProtocolError` with code 6 when it was passed on too often already.
    """
    body, header = request.body, request.header
    if not isinstance(body, bodies.Asked) or header.op_code != OpCode.RESOLUTION:
        raise ProtocolError("Not a resolution request", ResponseCode.OPERATION_NOT_SUPPORTED)
    if header.recursion_count > MAX_RECURSION:
        raise ProtocolError(_TOO_OFTEN, ResponseCode.RECURSION_COUNT_TOO_HIGH)
    return query(
        body.handle.encode(),
        body.indexes,
        body.types,
        header.flags,
        site_serial=header.site_serial,
        recursion_count=header.recursion_count,
    )


def query(
    handle: bytes,
    indexes: tuple[int, ...],
    types: tuple[str, ...],
    flags: int,
    *,
    site_serial: int,
    recursion_count: int,
) -> Query:
    """Make a query of a resolution's body and the header fields that matter to it."""
    return Query(
        handle=handle,
        indexes=indexes,
        types=types,
        public_only=flags & _PUBLIC_ONLY != 0,
        authoritative=flags & _AUTHORITATIVE != 0,
        recursive=flags & _RECURSIVE != 0,
        passed_on=recursion_count,
        certified=flags & _CERTIFY != 0,
        do_not_refer=flags & _DO_NOT_REFER != 0,
        site_serial=None if site_serial == UNKNOWN_SITE_SERIAL else site_serial,
    )


def outcome_reply(
    to: ReplyTo, asked: Query, outcome: Outcome, site: Site, expiration: int
) -> bytes:
    """Write the reply to a look-up; `expiration` is an epoch second.

    `NeedsAuthentication` becomes "not supported": a site that offers logins sends
    `challenge_reply` instead.
    """
    if to.old_codes and isinstance(outcome, outcomes.Referral) and outcome.of_prefix:
        # Their 303 is a message and no referral, and who is not told of a referral must not be told
        # that there is nothing either.
        outcome = outcomes.NotHomed()
    code, body = _told(asked, outcome)
    return reply(to, body, site, expiration, code=code)


def _told(  # noqa: PLR0911 -- one return for each outcome
    asked: Query, outcome: Outcome
) -> tuple[ResponseCode, bodies.Response]:
    match outcome:
        case outcomes.Found(values=values):
            return ResponseCode.SUCCESS, bodies.Valued(asked.text, values)
        case outcomes.ValuesAbsent():
            return ResponseCode.VALUES_NOT_FOUND, bodies.ErrorText(b"")
        case outcomes.Absent(message=text):
            return ResponseCode.HANDLE_NOT_FOUND, bodies.ErrorText(text.encode())
        case outcomes.NotHomed():
            return ResponseCode.SERVER_NOT_RESPONSIBLE, bodies.ErrorText(NOT_HOMED.encode())
        case outcomes.Referral(values=values, of_prefix=of_prefix):
            code = ResponseCode.PREFIX_REFERRAL if of_prefix else ResponseCode.SERVICE_REFERRAL
            return code, bodies.Valued("", encode_values(values))
        case outcomes.NeedsAuthentication():
            return ResponseCode.OPERATION_NOT_SUPPORTED, bodies.ErrorText(_NO_LOGIN.encode())
        case outcomes.InvalidName(message=text):
            return ResponseCode.INVALID_HANDLE, bodies.ErrorText(text.encode())
        case outcomes.PassedOnTooOften():
            return ResponseCode.RECURSION_COUNT_TOO_HIGH, bodies.ErrorText(_TOO_OFTEN.encode())
        case outcomes.Unavailable():
            return ResponseCode.SERVER_BUSY, bodies.ErrorText(b"")
        case _:
            assert_never(outcome)


def error_reply(to: ReplyTo, code: ResponseCode, text: str, site: Site, expiration: int) -> bytes:
    """Write an error with a text for people."""
    return reply(to, bodies.ErrorText(text.encode()), site, expiration, code=code)


def challenge_reply(
    to: ReplyTo,
    site: Site,
    expiration: int,
    *,
    digest: bodies.Digest,
    nonce: bytes,
    session_id: int,
) -> bytes:
    """Write a demand for a login (RFC 3652 section 3.5.1).

    `digest` is `digests.request_digest` of the request in `to.version`, and travels whether or not
    the request asked for it; `session_id` is what the answer will come back with.
    """
    flags = to.flags & ~_OVERWRITE | _REQUEST_DIGEST
    challenged = msgspec.structs.replace(to, session_id=session_id, digest=digest, flags=flags)
    code = ResponseCode.AUTHENTICATION_NEEDED
    return reply(challenged, bodies.Challenge(nonce), site, expiration, code=code)


def reply(
    to: ReplyTo,
    body: bodies.Response,
    site: Site,
    expiration: int,
    *,
    code: ResponseCode = ResponseCode.SUCCESS,
    continues: bool = False,
) -> bytes:
    """Write any reply, unsigned. `continues`: further messages follow on the same connection."""
    flags = to.flags | (_AUTHORITATIVE if site.primary else 0)
    return message.encode(
        Message(
            version=to.version,
            session_id=to.session_id,
            request_id=to.request_id,
            header=Header(
                op_code=to.op_code,
                response_code=to.old_codes.get(code, code),
                flags=flags | _CONTINUES if continues else flags,
                site_serial=site.serial,
                recursion_count=to.recursion_count,
                expiration=expiration,
            ),
            digest=to.digest,
            body=body,
        )
    )


def out_of_date(to: ReplyTo, site: Site, expiration: int) -> bytes:
    """Write the answer to a client that knows an older record of the site: it asks for that anew.

    RFC 3652 section 2.2.2.5: the request was not looked at.
    """
    return error_reply(to, ResponseCode.OUT_OF_DATE_SITE_INFO, OUT_OF_DATE, site, expiration)


def early_error(error: ProtocolError, expiration: int) -> bytes:
    """Write the answer to bytes that are no message: nothing of them can be trusted or copied."""
    return message.encode(
        Message(
            version=COMPATIBLE,
            request_id=_EARLY_REQUEST_ID,
            header=Header(
                op_code=OpCode.RESERVED,
                response_code=error.code,
                flags=DEFAULT_REQUEST_FLAGS,
                expiration=expiration,
            ),
            body=bodies.ErrorText(str(error).encode()),
        )
    )
