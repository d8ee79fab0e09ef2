"""From an answer to trusted, untrusted or unknown: one pure step for each certificate to fetch.

``begin`` takes the values of an answer and gives a `Report`, or a `Wanted` that names the handle
whose HS_CERT values are needed next; ``resume`` takes those. Each step verifies one signature, and
there are at most `MAX_CHAIN` of them for each of at most `MAX_SIGNATURES` signatures.

A signature holds when its digests fit, its subject is the handle that was asked for, it is in its
time, and its issuer's key signed it. The issuer's key comes from the issuer's certificate, which
must be in its time, must give its subject permission over the handle that was asked for, to issue
certificates too if it stands above another one, and must be signed by its own issuer's key; and so
on, until an issuer is one of the roots.

trusted
    Every value of the answer is vouched for by a signature that holds.
untrusted
    A signature is there, and does not hold, or a value is not what was signed.
unknown
    Nobody vouches for the answer, or for a part of it, or it could not be found out. A value that
    was slipped in beside signed ones is of this kind: so is an answer without any signature, which
    whoever can slip one in can also make.
"""

from collections.abc import Collection
from enum import IntEnum
from typing import Final, assert_never

import msgspec
from msgspec.structs import replace

from identifiers.faults import Invalid
from identifiers.keys.public import STRICT, Policy
from identifiers.names import Handle, fold
from identifiers.principals import HandleIdentity
from identifiers.trust.claims import (
    CERTIFICATE,
    SIGNATURE,
    CertificateClaims,
    SignatureClaims,
    decode_certificate,
    decode_signature,
)
from identifiers.trust.digests import digest
from identifiers.trust.errors import TokenUnfit
from identifiers.trust.jws import Token, parse, verify_token
from identifiers.trust.permissions import covers
from identifiers.trust.roots import Roots
from identifiers.values import Value

MAX_CHAIN: Final = 20
"""Certificates above one signature. The Chinese SDKs go up to 50."""
MAX_SIGNATURES: Final = 4
MAX_CERTIFICATES: Final = 32
"""HS_CERT values that are looked at in one record."""


class Verdict(IntEnum):
    """What can be said of an answer; the numbers are those of the Chinese SDKs."""

    UNKNOWN = 0
    TRUSTED = 1
    UNTRUSTED = 2


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out. The four lists hold indexes of values."""

    verdict: Verdict
    reason: str
    verified: tuple[int, ...] = ()
    bad: tuple[int, ...] = ()
    unsigned: tuple[int, ...] = ()
    """In the answer, and not in the signature."""
    missing: tuple[int, ...] = ()
    """In the signature, and not in the answer: hidden, filtered out, or removed."""
    chain: tuple[str, ...] = ()
    """Who vouches, from the signer to the root, each as ``index:handle``."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """By what it is verified: `now` is an epoch second."""

    now: int
    roots: Roots
    policy: Policy = STRICT


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The HS_CERT values of `handle` are needed. The rest is for `resume`."""

    handle: str
    asked: Handle
    values: tuple[Value, ...]
    terms: Terms
    report: Report
    """What is said if all goes well from here."""
    token: Token
    """What `issuer` is to have signed."""
    issuer: HandleIdentity
    above: tuple[HandleIdentity, ...]
    left: tuple[Value, ...]
    best: Report | None


def begin(asked: str, values: Collection[Value], terms: Terms) -> Wanted | Report:
    """Take the answer to `asked`, all its values as they came."""
    try:
        handle = Handle.parse(asked)
    except Invalid:
        return Report(verdict=Verdict.UNTRUSTED, reason=f"{asked[:80]!r} is no handle")
    content = tuple(value for value in values if fold(value.type) != SIGNATURE)
    signatures = tuple(value for value in values if fold(value.type) == SIGNATURE)
    if not signatures:
        unsigned = tuple(value.index for value in content)
        reason = "the answer carries no signature"
        return Report(verdict=Verdict.UNKNOWN, reason=reason, unsigned=unsigned)
    return _next(handle, content, terms, signatures[:MAX_SIGNATURES], None)


def resume(
    wanted: Wanted, certificates: Collection[Value] | None, why: str = ""
) -> Wanted | Report:
    """Take the values of the handle that was wanted; None: it could not be reached, and `why`."""
    if certificates is None:
        reason = f"{wanted.handle} could not be reached{why and ': '}{why}"
        return _settled(wanted, Verdict.UNKNOWN, reason)
    try:
        return _one_up(wanted, certificates)
    except TokenUnfit as error:
        return _settled(wanted, Verdict.UNTRUSTED, str(error))


def _next(
    handle: Handle,
    values: tuple[Value, ...],
    terms: Terms,
    signatures: tuple[Value, ...],
    best: Report | None,
) -> Wanted | Report:
    """Begin with the first of `signatures`; `best` is what those before it gave."""
    if best is not None and (best.verdict is Verdict.TRUSTED or not signatures):
        return best
    first, left = signatures[0], signatures[1:]
    try:
        token = parse(first.data)
        claims = decode_signature(token.payload)
    except TokenUnfit as error:
        unread = Report(verdict=Verdict.UNTRUSTED, reason=str(error))
        return _next(handle, values, terms, left, _better(best, unread))
    wanted = Wanted(
        handle=claims.issuer.handle,
        asked=handle,
        values=values,
        terms=terms,
        report=_compared(values, claims),
        token=token,
        issuer=claims.issuer,
        above=(),
        left=left,
        best=best,
    )
    try:
        _check_signature(wanted, claims)
        return _rooted(wanted)
    except TokenUnfit as error:
        return _settled(wanted, Verdict.UNTRUSTED, str(error))


def _check_signature(wanted: Wanted, claims: SignatureClaims) -> None:
    if claims.subject != wanted.asked.key():
        raise TokenUnfit(f"the signature is for {claims.subject[:80]!r}")
    _check_time(claims, wanted.terms.now, "the signature")
    if wanted.report.bad:
        raise TokenUnfit("values differ from what was signed")


def _compared(values: tuple[Value, ...], claims: SignatureClaims) -> Report:
    signed = dict(claims.digests)
    verified, bad, unsigned = [], [], []
    for value in values:
        expected = signed.get(value.index)
        if expected is None:
            unsigned.append(value.index)
        elif expected == digest(value, claims.algorithm):
            verified.append(value.index)
        else:
            bad.append(value.index)
    there = {value.index for value in values}
    verdict, reason = Verdict.TRUSTED, "every value is vouched for"
    if not verified:
        verdict, reason = Verdict.UNKNOWN, "the signature is for none of these values"
    elif unsigned:
        verdict, reason = Verdict.UNKNOWN, "nobody vouches for some of these values"
    return Report(
        verdict=verdict,
        reason=reason,
        verified=tuple(verified),
        bad=tuple(bad),
        unsigned=tuple(unsigned),
        missing=tuple(index for index, _ in claims.digests if index not in there),
    )


def _rooted(wanted: Wanted) -> Wanted | Report:
    """End here if the issuer is a root; want its certificate otherwise."""
    issuer, chain = wanted.issuer, (*wanted.above, wanted.issuer)
    if not wanted.terms.roots:
        return _settled(wanted, Verdict.UNKNOWN, "no roots of trust are known here")
    root = wanted.terms.roots.get(issuer)
    if root is None:
        if issuer in wanted.above:
            raise TokenUnfit(f"{issuer} vouches for itself in the end, and is not among the roots")
        if len(chain) > MAX_CHAIN:
            raise TokenUnfit(f"more than {MAX_CHAIN} certificates")
        return replace(wanted, handle=issuer.handle)
    if not verify_token(wanted.token, root, wanted.terms.policy):
        raise TokenUnfit(f"not signed by the root {issuer}")
    report = replace(wanted.report, chain=tuple(map(str, chain)))
    return _after(wanted, report)


def _one_up(wanted: Wanted, certificates: Collection[Value]) -> Wanted | Report:
    """Verify with the issuer's certificate what it signed, and go on with the certificate."""
    token, claims = _newest(wanted.issuer, certificates)
    name = f"the certificate of {claims.subject}"
    _check_time(claims, wanted.terms.now, name)
    # The first certificate above a signature need not let its subject issue certificates.
    issuing = bool(wanted.above)
    over = [p for p in claims.permissions if covers(p, wanted.asked)]
    if not over:
        raise TokenUnfit(f"{name} gives no permission over {wanted.asked.given[:80]!r}")
    if issuing and not any(p.issue for p in over):
        raise TokenUnfit(f"{name} does not let it issue certificates")
    if not verify_token(wanted.token, claims.key, wanted.terms.policy):
        raise TokenUnfit(f"not signed by {claims.subject}")
    above = (*wanted.above, wanted.issuer)
    return _rooted(replace(wanted, token=token, issuer=claims.issuer, above=above))


def _newest(
    issuer: HandleIdentity, certificates: Collection[Value]
) -> tuple[Token, CertificateClaims]:
    """Return the newest certificate of `issuer`; what cannot be read is none."""
    found: tuple[Token, CertificateClaims] | None = None
    looked_at = [v for v in certificates if fold(v.type) == CERTIFICATE][:MAX_CERTIFICATES]
    for value in looked_at:
        try:
            token = parse(value.data)
            claims = decode_certificate(token.payload)
        except TokenUnfit:
            continue
        if claims.subject == issuer and (found is None or claims.issued > found[1].issued):
            found = token, claims
    if found is None:
        raise TokenUnfit(f"{issuer} has no certificate")
    return found


def _check_time(claims: SignatureClaims | CertificateClaims, now: int, what: str) -> None:
    if now < claims.not_before:
        raise TokenUnfit(f"{what} is not valid yet")
    if now > claims.expires:
        raise TokenUnfit(f"{what} has expired")


def _settled(wanted: Wanted, verdict: Verdict, reason: str) -> Wanted | Report:
    """One signature came to nothing: go on with the next one."""
    chain = tuple(map(str, (*wanted.above, wanted.issuer)))
    # What was compared with a signature that does not hold is not verified.
    return _after(
        wanted, replace(wanted.report, verdict=verdict, reason=reason, verified=(), chain=chain)
    )


def _after(wanted: Wanted, report: Report) -> Wanted | Report:
    best = _better(wanted.best, report)
    return _next(wanted.asked, wanted.values, wanted.terms, wanted.left, best)


def _better(best: Report | None, report: Report) -> Report:
    """Return which of two reports tells more: trusted, then doubtful, then refused."""
    if best is None or _worth(report) > _worth(best):
        return report
    return best


def _worth(report: Report) -> tuple[int, int]:
    match report.verdict:
        case Verdict.TRUSTED:
            return 2, len(report.verified)
        case Verdict.UNTRUSTED:
            return 1, len(report.bad)
        case Verdict.UNKNOWN:
            return 0, len(report.verified)
        case _:
            assert_never(report.verdict)
