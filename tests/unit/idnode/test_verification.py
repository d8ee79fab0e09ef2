"""Certificates are fetched as the answer was, and what cannot be fetched makes nothing certain."""

import pytest
from msgspec.structs import replace

from identifiers.keys.public import parse_public_key
from identifiers.keys.signers import Sm2Signer
from identifiers.principals import HandleIdentity
from identifiers.records import Record, State
from identifiers.trust.claims import CertificateClaims
from identifiers.trust.permissions import Over, Permission
from identifiers.trust.signing import certificate_value, issue, sign_values, signature_value
from identifiers.trust.verification import Verdict
from identifiers.values import Value
from identifiers.wire.handle.values import decode_values, encode_values
from idnode.errors import Unreachable
from idnode.handle import HandleClient
from idnode.resolution import Resolution
from idnode.verification import verify

NAME, NOW = "88.300.1/A", 1_800_000_000
ROOT, NODE = HandleIdentity("0.0/0.0", 300), HandleIdentity("0.NA/88.300", 300)
SIGNERS = {ROOT: Sm2Signer(10, bytes), NODE: Sm2Signer(11, bytes)}
ROOTS = {ROOT: parse_public_key(SIGNERS[ROOT].public)}
CERTIFICATE = certificate_value(
    issue(
        CertificateClaims(
            issuer=ROOT,
            subject=NODE,
            issued=NOW,
            not_before=NOW,
            expires=NOW + 9,
            key=parse_public_key(SIGNERS[NODE].public),
            permissions=(Permission(Over.DERIVED_PREFIXES, "0.NA/88.300"),),
        ),
        SIGNERS[ROOT],
    )
)


def record_of(handle, values):
    return Record(
        key=handle,
        name=handle,
        version=1,
        state=State.ACTIVE,
        values=encode_values(values),
        changed_at=0,
    )


@pytest.fixture
def signed_server(server):
    values = decode_values(server.records[NAME].values)
    token = sign_values(NAME, values, SIGNERS[NODE], NODE, now=NOW, until=NOW + 9)
    server.records[NAME] = record_of(NAME, (*values, signature_value(token)))
    server.records[NODE.handle] = record_of(
        NODE.handle, (Value(index=1, type="URL", data=b"https://a.example"), CERTIFICATE)
    )
    return server


@pytest.fixture
async def asking(signed_server):
    async with HandleClient("127.0.0.1", signed_server.port) as found:
        yield found


async def verdict_of(client, **terms):
    found = await client.resolve(NAME)
    terms = {"roots": ROOTS, "now": NOW + 0.5} | terms
    return await verify(NAME, found.values, client, **terms)


async def test_an_answer_is_trusted(asking):
    report = await verdict_of(asking)
    assert (report.verdict, report.verified) == (Verdict.TRUSTED, (1, 2))
    assert report.chain == (str(NODE), str(ROOT))


async def test_an_answer_without_roots_is_unknown(asking):
    assert (await verdict_of(asking, roots={})).verdict is Verdict.UNKNOWN


async def test_a_changed_answer_is_untrusted(asking, signed_server):
    first, *rest = decode_values(signed_server.records[NAME].values)
    changed = (replace(first, data=b"https://evil.example"), *rest)
    signed_server.records[NAME] = record_of(NAME, changed)
    report = await verdict_of(asking)
    assert (report.verdict, report.bad) == (Verdict.UNTRUSTED, (1,))


@pytest.mark.parametrize("left", [(), (Value(index=1, type="URL", data=b"x"),)])
async def test_without_a_certificate_an_answer_is_untrusted(asking, signed_server, left):
    signed_server.records.pop(NODE.handle)
    if left:
        signed_server.records[NODE.handle] = record_of(NODE.handle, left)
    report = await verdict_of(asking)
    assert (report.verdict, report.reason) == (Verdict.UNTRUSTED, f"{NODE} has no certificate")


class Elsewhere:
    """Answers as told, whatever is asked."""

    def __init__(self, answer):
        self.answer = answer

    async def resolve(self, handle, *, types):
        assert (handle, types) == (NODE.handle, ["HS_CERT"])
        if isinstance(self.answer, Exception):
            raise self.answer
        return Resolution(handle=handle, code=self.answer)


@pytest.mark.parametrize(
    ("answer", "why"),
    [(Unreachable("nobody answers"), "nobody answers"), (3, "server busy"), (301, "server not")],
)
async def test_what_cannot_be_fetched_is_unknown(asking, answer, why):
    found = await asking.resolve(NAME)
    report = await verify(NAME, found.values, Elsewhere(answer), roots=ROOTS, now=NOW)
    assert (report.verdict, report.verified) == (Verdict.UNKNOWN, ())
    assert report.reason.startswith(f"{NODE.handle} could not be reached: {why}")
