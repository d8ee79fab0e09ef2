"""``prefix delegate``: what an operator writes becomes sites, or a sentence that says why not."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from identifiers.changes import Enterprise
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.names import Prefix
from identifiers.principals import Operator
from identifiers.wire.handle.data import decode_public_key
from identifiers.wire.handle.site import Interface, decode_site
from node.commands.administer import delegating_prefix, read_public_key
from node.refusals import NotDone
from registry.administration import Administration, Ordered
from storage.memory import MemoryStore

ORDERED = Ordered(operator=Operator("root"), at=1_700_000_000_000, request_id="r")


@pytest.fixture
async def store():
    store = MemoryStore()
    office = Administration(store, b"pepper")
    await office.add_enterprise(Enterprise(id=0, name="first"), ORDERED)
    for prefix, kind, owner in (
        ("88.300", PrefixKind.SECONDARY, 0),
        ("88.300.1", PrefixKind.ENTERPRISE, 1),
    ):
        entry = PrefixEntry(prefix=Prefix.parse(prefix), kind=kind, enterprise=owner)
        await office.home_prefix(entry, ORDERED)
    return store


async def delegate(store, prefix, *sites, public_key=b""):
    work = delegating_prefix(prefix, sites=sites, public_key=public_key, chance=bytes)
    return await work(Administration(store, b"pepper"), ORDERED)


async def sites_of(store, prefix):
    routes = (await store.directory()).exact(prefix).routes
    return [decode_site(value.data) for value in routes.names]


async def test_sites_of_several_servers(store):
    key = rsa.generate_private_key(65537, 2048).public_key()
    data = read_public_key(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    given = ("192.0.2.1:2641,192.0.2.2:2642", "[2001:db8::1]:2643")
    assert await delegate(store, "88.300.1", *given, public_key=data) == "88.300.1"
    first, second = await sites_of(store, "88.300.1")
    assert [(s.id, str(s.address)) for s in first.servers] == [(1, "192.0.2.1"), (2, "192.0.2.2")]
    assert first.servers[1].interfaces == (Interface(3, 1, 2642), Interface(2, 0, 2642))
    assert str(second.servers[0].address) == "2001:db8::1"
    assert decode_public_key(first.servers[0].public_key).n == key.public_numbers().n
    assert await delegate(store, "88.300.1") == "88.300.1"
    assert (await store.directory()).exact("88.300.1").routes is None


@pytest.mark.parametrize(
    ("prefix", "site", "why"),
    [
        ("88.300.9", "192.0.2.1:2641", r"88\.300\.9 was never allotted"),
        ("88.300", "192.0.2.1:2641", "never allotted"),
        ("88..1", "192.0.2.1:2641", "prefix"),
        ("88.300.1", "node.example:2641", "not numeric"),
        ("88.300.1", "0.0.0.0:2641", "cannot be told to clients"),
        ("88.300.1", "192.0.2.1:0", "cannot be told to clients"),
    ],
)
async def test_what_cannot_be_done_is_said(store, prefix, site, why):
    with pytest.raises(NotDone, match=why):
        await delegate(store, prefix, site)


def test_a_public_key_that_is_none():
    with pytest.raises(NotDone, match="public key"):
        read_public_key(b"nonsense")
