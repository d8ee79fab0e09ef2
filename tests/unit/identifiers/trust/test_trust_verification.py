"""From an answer to a verdict: what holds, what does not, and what cannot be known."""

import itertools

import pytest
from msgspec.structs import replace

from identifiers.keys.public import parse_public_key
from identifiers.keys.signers import Sm2Signer
from identifiers.principals import HandleIdentity
from identifiers.trust.claims import CertificateClaims
from identifiers.trust.permissions import Over, Permission
from identifiers.trust.signing import certificate_value, issue, sign_values, signature_value
from identifiers.trust.verification import (
    MAX_CERTIFICATES,
    MAX_CHAIN,
    MAX_SIGNATURES,
    Report,
    Terms,
    Verdict,
    Wanted,
    begin,
    resume,
)
from identifiers.values import Value

NOW, UNTIL = 1_800_000_000, 1_900_000_000
HANDLE = "88.300.1/A"
VALUES = (
    Value(index=1, type="URL", data=b"https://example.org/a"),
    Value(index=2, type="EMAIL", data=b"a@example.org"),
)
ROOT, NODE, ENTERPRISE = (
    HandleIdentity(handle, 300) for handle in ("0.0/0.0", "0.NA/88.300", "0.NA/88.300.1")
)
SIGNERS = {who: Sm2Signer(1000 + at, bytes) for at, who in enumerate((ROOT, NODE, ENTERPRISE))}
EVERYTHING = (Permission(Over.EVERYTHING),)
DERIVED = (Permission(Over.DERIVED_PREFIXES, "0.NA/88.300"),)
OWN = (Permission(Over.HANDLES_UNDER_THIS_PREFIX, "0.NA/88.300.1"),)


def key_of(who):
    return parse_public_key(SIGNERS[who].public)


def certificate(subject, issuer, permissions=EVERYTHING, *, signer=None, **changed):
    claims = CertificateClaims(
        issuer=issuer,
        subject=subject,
        issued=changed.pop("issued", NOW),
        not_before=NOW,
        expires=UNTIL,
        key=changed.pop("key", None) or key_of(subject),
        permissions=permissions,
    )
    return certificate_value(issue(replace(claims, **changed), signer or SIGNERS[issuer]))


CERTIFICATES = {
    "0.0/0.0": [certificate(ROOT, ROOT)],
    "0.NA/88.300": [certificate(NODE, ROOT, DERIVED)],
    "0.NA/88.300.1": [certificate(ENTERPRISE, NODE, OWN)],
}
TERMS = Terms(now=NOW, roots={ROOT: key_of(ROOT)})


def signature(values=VALUES, issuer=ENTERPRISE, handle=HANDLE, index=400, **changed):
    times = {"now": NOW, "until": UNTIL} | changed
    return signature_value(sign_values(handle, values, SIGNERS[issuer], issuer, **times), index)


def run(values, certificates=CERTIFICATES, terms=TERMS, asked=HANDLE):
    """Follow the steps; return the report and what was fetched."""
    step, fetched = begin(asked, values, terms), []
    while isinstance(step, Wanted):
        fetched.append(step.handle)
        step = resume(step, certificates.get(step.handle, []))
    assert isinstance(step, Report)
    return step, fetched


def test_a_signed_record_is_trusted():
    report, fetched = run((*VALUES, signature()))
    assert report == Report(
        verdict=Verdict.TRUSTED,
        reason="every value is vouched for",
        verified=(1, 2),
        chain=("300:0.NA/88.300.1", "300:0.NA/88.300", "300:0.0/0.0"),
    )
    assert fetched == ["0.NA/88.300.1", "0.NA/88.300"]


def test_the_node_signs_for_its_enterprises():
    report, fetched = run((*VALUES, signature(issuer=NODE)))
    assert report.verdict is Verdict.TRUSTED
    assert fetched == ["0.NA/88.300"]


def test_a_root_may_sign_itself():
    assert run((*VALUES, signature(issuer=ROOT)), {})[0].verdict is Verdict.TRUSTED
    terms = replace(TERMS, roots={NODE: key_of(NODE)})
    assert run((*VALUES, signature()), terms=terms)[0].verdict is Verdict.TRUSTED


def test_the_name_is_compared_in_canonical_form():
    signed = (*VALUES, signature())
    assert run(signed)[0].verdict is Verdict.TRUSTED
    report, _ = run(signed, asked="88.300.1/a")
    assert (report.verdict, report.verified) == (Verdict.UNTRUSTED, ())
    assert "is for 88.300.1/A" in report.reason.replace("'", "")
    assert run(signed, asked="no handle")[0].verdict is Verdict.UNTRUSTED


def test_a_part_of_a_record_is_trusted():
    report, _ = run((VALUES[1], signature()))
    assert (report.verdict, report.verified, report.missing) == (Verdict.TRUSTED, (2,), (1,))


def test_nothing_that_was_signed_is_unknown():
    report, _ = run((signature(),))
    assert (report.verdict, report.missing) == (Verdict.UNKNOWN, (1, 2))


def test_without_a_signature_it_is_unknown():
    report, fetched = run(VALUES)
    assert (report.verdict, report.unsigned, fetched) == (Verdict.UNKNOWN, (1, 2), [])


def test_a_value_slipped_in_is_named():
    slipped = Value(index=3, type="URL", data=b"https://evil.example")
    report, _ = run((*VALUES, slipped, signature()))
    assert (report.verdict, report.verified, report.unsigned) == (Verdict.UNKNOWN, (1, 2), (3,))


@pytest.mark.parametrize("kind", ["HS_\u017fIGNATURE", "HS_S\u0131GNATURE"])
def test_a_type_that_looks_like_a_signature_hides_nothing(kind):
    """Only ASCII letters have two cases: to Python these are HS_SIGNATURE in upper case."""
    assert kind.upper() == "HS_SIGNATURE"
    slipped = Value(index=3, type=kind, data=b"https://evil.example")
    report, _ = run((*VALUES, slipped, signature()))
    assert (report.verdict, report.unsigned) == (Verdict.UNKNOWN, (3,))
    report, _ = run((*VALUES, slipped, signature((*VALUES, slipped))))
    assert (report.verdict, report.verified) == (Verdict.TRUSTED, (1, 2, 3))


def test_types_are_of_any_case():
    small = replace(signature(), type="hs_Signature")
    certificates = {n: [replace(v, type="hs_cert") for v in c] for n, c in CERTIFICATES.items()}
    assert run((*VALUES, small), certificates)[0].verdict is Verdict.TRUSTED


def test_a_changed_value_is_untrusted():
    changed = replace(VALUES[0], data=b"https://evil.example")
    report, fetched = run((changed, VALUES[1], signature()))
    assert (report.verdict, report.bad, report.verified) == (Verdict.UNTRUSTED, (1,), ())
    assert fetched == []


def test_without_roots_it_is_unknown():
    report, fetched = run((*VALUES, signature()), terms=replace(TERMS, roots={}))
    assert (report.verdict, report.verified, fetched) == (Verdict.UNKNOWN, (), [])


def test_what_cannot_be_reached_is_unknown():
    step = begin(HANDLE, (*VALUES, signature()), TERMS)
    assert isinstance(step, Wanted)
    report = resume(step, None)
    assert (report.verdict, report.verified) == (Verdict.UNKNOWN, ())
    assert report.reason == "0.NA/88.300.1 could not be reached"
    assert resume(step, None, "busy").reason == "0.NA/88.300.1 could not be reached: busy"


def refused(signed, certificates=CERTIFICATES, terms=TERMS, asked=HANDLE):
    report, _ = run(signed, certificates, terms, asked)
    assert (report.verdict, report.verified) == (Verdict.UNTRUSTED, ())
    return report.reason


def changed(*values):
    """Return the certificates with these instead of what their handle holds."""
    return CERTIFICATES | {"0.NA/88.300.1": list(values)}


@pytest.mark.parametrize(("now", "until"), [(NOW + 1, UNTIL), (NOW - 9, NOW - 1)])
def test_signatures_have_their_time(now, until):
    assert "the signature" in refused((*VALUES, signature(now=now, until=until)))


@pytest.mark.parametrize("times", [{"not_before": NOW + 1}, {"expires": NOW - 1}])
def test_certificates_have_their_time(times):
    wrong = changed(certificate(ENTERPRISE, NODE, OWN, **times))
    assert "certificate of 300:0.NA/88.300.1" in refused((*VALUES, signature()), wrong)


def test_bounds_of_time_belong_to_it():
    for now in (NOW, UNTIL):
        report, _ = run((*VALUES, signature()), terms=replace(TERMS, now=now))
        assert report.verdict is Verdict.TRUSTED


def test_a_signature_by_another_key():
    forged = sign_values(HANDLE, VALUES, SIGNERS[NODE], ENTERPRISE, now=NOW, until=UNTIL)
    assert "not signed by" in refused((*VALUES, signature_value(forged)))


def test_a_signature_in_the_name_of_the_root():
    forged = sign_values(HANDLE, VALUES, SIGNERS[NODE], ROOT, now=NOW, until=UNTIL)
    assert "not signed by the root" in refused((*VALUES, signature_value(forged)))


def test_a_certificate_by_another_key():
    wrong = changed(certificate(ENTERPRISE, NODE, OWN, signer=SIGNERS[ENTERPRISE]))
    assert "not signed by 300:0.NA/88.300" in refused((*VALUES, signature()), wrong)


@pytest.mark.parametrize(
    "permissions",
    [
        (),
        (Permission(Over.HANDLES_UNDER_THIS_PREFIX, "0.NA/88.300.10"),),
        (Permission(Over.DERIVED_PREFIXES, "0.NA/88.300.1"),),
        (Permission(Over.THIS_HANDLE, "88.300.1/B"),),
        (Permission("all"),),
    ],
)
def test_permissions_must_cover_the_handle(permissions):
    wrong = changed(certificate(ENTERPRISE, NODE, permissions))
    assert "no permission" in refused((*VALUES, signature()), wrong)


def test_permissions_are_asked_of_every_certificate():
    above = (Permission(Over.DERIVED_PREFIXES, "0.NA/88.301"),)
    wrong = CERTIFICATES | {"0.NA/88.300": [certificate(NODE, ROOT, above)]}
    assert "certificate of 300:0.NA/88.300 " in refused((*VALUES, signature()), wrong)


def test_who_may_not_issue_may_sign():
    only = (Permission(Over.DERIVED_PREFIXES, "0.NA/88.300", issue=False),)
    limited = CERTIFICATES | {"0.NA/88.300": [certificate(NODE, ROOT, only)]}
    report, _ = run((*VALUES, signature(issuer=NODE)), limited)
    assert report.verdict is Verdict.TRUSTED
    assert "does not let it issue" in refused((*VALUES, signature()), limited)


def test_a_root_of_their_own_is_no_root():
    mine = Sm2Signer(5000, bytes)
    own = parse_public_key(mine.public)
    self_issued = certificate(ENTERPRISE, ENTERPRISE, signer=mine, key=own)
    signed = sign_values(HANDLE, VALUES, mine, ENTERPRISE, now=NOW, until=UNTIL)
    reason = refused((*VALUES, signature_value(signed)), changed(self_issued))
    assert "not among the roots" in reason


def test_circles_end():
    circle = {
        "0.NA/88.300": [certificate(NODE, ENTERPRISE)],
        "0.NA/88.300.1": [certificate(ENTERPRISE, NODE)],
    }
    assert "not among the roots" in refused((*VALUES, signature()), circle)


def test_long_chains_end():
    people = [HandleIdentity(f"0.NA/88.{n}", 300) for n in range(MAX_CHAIN + 2)]
    signers = {who: Sm2Signer(100 + at, bytes) for at, who in enumerate(people)}
    ladder = {
        lower.handle: [
            certificate(
                lower, upper, key=parse_public_key(signers[lower].public), signer=signers[upper]
            )
        ]
        for lower, upper in itertools.pairwise(people)
    }
    signed = sign_values(HANDLE, VALUES, signers[people[0]], people[0], now=NOW, until=UNTIL)
    for length, verdict in (
        (MAX_CHAIN, Verdict.TRUSTED),
        (MAX_CHAIN + 1, Verdict.UNTRUSTED),
    ):
        root = people[length]
        terms = replace(TERMS, roots={root: parse_public_key(signers[root].public)})
        report, fetched = run((*VALUES, signature_value(signed)), ladder, terms)
        assert report.verdict is verdict
        assert len(fetched) == MAX_CHAIN


def test_the_newest_certificate_counts():
    old = certificate(ENTERPRISE, NODE, OWN, issued=NOW - 5, expires=NOW - 1)
    other = certificate(NODE, NODE, issued=NOW + 5)
    rubbish = Value(index=5, type="HS_CERT", data=b"rubbish")
    url = Value(index=6, type="URL", data=b"https://example.org")
    good = CERTIFICATES["0.NA/88.300.1"]
    for order in ([old, other, rubbish, url, *good], [*good, old, url, rubbish, other]):
        assert run((*VALUES, signature()), changed(*order))[0].verdict is Verdict.TRUSTED
    newer = certificate(ENTERPRISE, NODE, OWN, issued=NOW + 5, expires=NOW - 1)
    assert "has expired" in refused((*VALUES, signature()), changed(*good, newer))
    assert "has no certificate" in refused((*VALUES, signature()), changed(rubbish, url, other))
    many = [rubbish] * MAX_CERTIFICATES
    assert "has no certificate" in refused((*VALUES, signature()), changed(*many, *good))


def test_one_good_signature_among_others():
    rubbish = signature_value(b"rubbish", 401)
    stale = signature((replace(VALUES[0], data=b"old"),), index=402)
    partial = signature(VALUES[:1], index=403)
    good = signature(index=404)
    report, _ = run((*VALUES, rubbish, stale, partial, good))
    assert (report.verdict, report.verified) == (Verdict.TRUSTED, (1, 2))
    report, fetched = run((*VALUES, good, rubbish, stale, partial))
    assert report.verdict is Verdict.TRUSTED
    assert len(fetched) == 2
    # Nobody is made to verify any number of them.
    assert "three parts" in refused((*VALUES, *[rubbish] * MAX_SIGNATURES, good))


def test_what_tells_more_is_told():
    partial, stale = signature(VALUES[:1]), signature((replace(VALUES[0], data=b"old"),))
    none = signature((Value(index=9, type="URL", data=b"x"),))
    report, _ = run((*VALUES, partial, none))
    assert (report.verdict, report.verified) == (Verdict.UNKNOWN, (1,))
    report, _ = run((*VALUES, none, partial))
    assert (report.verdict, report.verified) == (Verdict.UNKNOWN, (1,))
    for order in ((partial, stale), (stale, partial)):
        report, _ = run((*VALUES, *order))
        assert (report.verdict, report.bad) == (Verdict.UNTRUSTED, (1,))
