"""What is signed is trusted, and any change of any byte of it is not."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from identifiers.keys.public import parse_public_key
from identifiers.keys.signers import Sm2Signer
from identifiers.names import Handle
from identifiers.principals import HandleIdentity
from identifiers.trust import jws
from identifiers.trust.claims import (
    CertificateClaims,
    SignatureClaims,
    decode_certificate,
    decode_signature,
    encode_certificate,
    encode_signature,
)
from identifiers.trust.digests import DigestName
from identifiers.trust.errors import TokenUnfit
from identifiers.trust.permissions import Over, Permission, covers
from identifiers.trust.signing import sign_values, signature_value
from identifiers.trust.verification import Report, Terms, Verdict, begin
from tests.property.strategies import values

SIGNER = Sm2Signer(77, bytes)
KEY = parse_public_key(SIGNER.public)
NODE = HandleIdentity("0.NA/88.300", 300)
TOKEN = jws.make(b'{"iss":"300:0.NA/88.300"}', SIGNER)
TERMS = Terms(now=5, roots={NODE: KEY})

times = st.integers(0, 1 << 40)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=10)
handles = st.from_regex(r"(88(\.[0-9]{1,3}){1,3}|0\.NA)/[A-Za-z0-9.]{1,8}", fullmatch=True).map(
    lambda text: Handle.parse(text).key()
)
identities = st.builds(HandleIdentity, handles, st.integers(0, (1 << 32) - 1))
records = st.lists(values, min_size=1, max_size=5, unique_by=lambda value: value.index).map(
    lambda drawn: [
        replace(value, index=n, type="T" + value.type) for n, value in enumerate(drawn, 1)
    ]
)
permissions = st.builds(Permission, st.sampled_from(Over) | texts, handles | texts, st.booleans())
signature_claims = st.builds(
    SignatureClaims,
    issuer=identities,
    subject=handles,
    issued=times,
    not_before=times,
    expires=times,
    algorithm=st.sampled_from(DigestName),
    digests=st.dictionaries(st.integers(1, 99), st.binary(min_size=32, max_size=32)).map(
        lambda found: tuple(found.items())
    ),
    chain=st.lists(texts, max_size=3).map(tuple),
)
certificate_claims = st.builds(
    CertificateClaims,
    issuer=identities,
    subject=identities,
    issued=times,
    not_before=times,
    expires=times,
    key=st.just(KEY),
    permissions=st.lists(permissions, max_size=3).map(tuple),
    chain=st.lists(texts, max_size=3).map(tuple),
    organisation=texts,
    name=texts,
    extensions=st.lists(st.tuples(texts, texts), max_size=2).map(tuple),
)


@settings(max_examples=300, deadline=None)
@given(signature_claims, certificate_claims)
def test_claims_are_read_as_they_were_written(signature, certificate):
    assert decode_signature(encode_signature(signature)) == signature
    assert decode_certificate(encode_certificate(certificate)) == certificate


@settings(max_examples=60, deadline=None)
@given(records, handles, st.data())
def test_what_is_signed_is_trusted_and_nothing_else(record, handle, data):
    token = sign_values(handle, record, SIGNER, NODE, now=1, until=9)
    signed = signature_value(token)
    report = begin(handle, [*record, signed], TERMS)
    assert isinstance(report, Report)
    assert report.verdict is Verdict.TRUSTED
    assert report.verified == tuple(value.index for value in record)
    at = data.draw(st.integers(0, len(record) - 1))
    changed = [*record]
    changed[at] = replace(changed[at], data=changed[at].data + b"\0")
    assert begin(handle, [*changed, signed], TERMS).verdict is Verdict.UNTRUSTED
    left = begin(handle, [*record[:at], *record[at + 1 :], signed], TERMS)
    assert left.missing == (record[at].index,)
    assert left.verdict is (Verdict.TRUSTED if len(record) > 1 else Verdict.UNKNOWN)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_change_of_a_token_is_noticed(data):
    at = data.draw(st.integers(0, len(TOKEN) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != TOKEN[at]))
    changed = TOKEN[:at] + bytes((other,)) + TOKEN[at + 1 :]
    try:
        assert not jws.verify_token(jws.parse(changed), KEY)
    except TokenUnfit:
        return


@settings(max_examples=500, deadline=None)
@given(permissions, handles)
def test_a_narrower_permission_gives_no_more(permission, handle):
    asked = Handle.parse(handle)
    if covers(permission, asked):
        assert covers(Permission(Over.EVERYTHING), asked)
        if permission.over == Over.DERIVED_PREFIXES:
            assert not covers(replace(permission, over=Over.HANDLES_UNDER_THIS_PREFIX), asked) or (
                asked.prefix == "0.NA"
            )
