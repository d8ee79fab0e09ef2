"""What the tests of the node's signatures share: its key, and what a verifier says."""

from identifiers.keys.public import parse_public_key
from identifiers.keys.signers import Sm2Signer
from identifiers.principals import HandleIdentity
from identifiers.trust.verification import Terms, Verdict, Wanted, begin, resume
from identifiers.wire.handle.values import decode_values
from registry.signatures import KEY_INDEX, claims_of
from tests.unit.registry.world import NOW, audit, entry

NODE = HandleIdentity("0.NA/88.300", KEY_INDEX)
SIGNER = Sm2Signer(77, bytes)
ROOTS = {NODE: parse_public_key(SIGNER.public)}


async def mark(store, prefix, *, signed=True):
    await store.sign_prefix(entry(prefix, 0).prefix, audit(), signed=signed)


def signatures_of(record):
    return [v for v in decode_values(record.values) if v.type == "HS_SIGNATURE"]


def of_the_node(record):
    """Return the node's signatures in a record, whatever the case of their type."""
    found = ((v, claims_of(v)) for v in decode_values(record.values))
    return [value for value, claims in found if claims is not None and claims.issuer == NODE]


def verdict_of(record):
    public = [v for v in decode_values(record.values) if v.public]
    step = begin(record.key, public, Terms(now=NOW, roots=ROOTS))
    while isinstance(step, Wanted):
        step = resume(step, [])
    return step.verdict


def holds(record):
    """Say whether each signature of the node in a record is for just what is public in it."""
    count = len(of_the_node(record))
    return count == 0 or (count == 1 and verdict_of(record) is Verdict.TRUSTED)
