"""``prefix sign``: what it prints is what clients take as roots."""

import pytest

from identifiers.changes import Enterprise
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.keys.public import parse_public_key
from identifiers.keys.signers import Sm2Signer
from identifiers.names import Prefix
from identifiers.principals import HandleIdentity, Operator
from identifiers.trust.roots import parse_roots
from identifiers.values import Value
from identifiers.wire.handle.values import encode_values
from node.commands.signing import Told, leaving_unsigned, signing_prefix
from node.refusals import NotDone
from registry.administration import Administration, Ordered
from registry.backlog import Progress
from storage.memory import MemoryStore
from tests.contracts.units import put

ORDERED = Ordered(operator=Operator("root"), at=1_700_000_000_000, request_id="r")
SIGNER = Sm2Signer(77, bytes)


@pytest.fixture
async def office():
    store = MemoryStore()
    office = Administration(store, b"pepper")
    await office.add_enterprise(Enterprise(id=0, name="first"), ORDERED)
    for prefix, kind, owner in (
        ("88.300", PrefixKind.SECONDARY, 0),
        ("88.300.1", PrefixKind.ENTERPRISE, 1),
    ):
        entry = PrefixEntry(prefix=Prefix.parse(prefix), kind=kind, enterprise=owner)
        await office.home_prefix(entry, ORDERED)
    return office


async def at_once():
    """Nobody has to learn of it."""


async def test_a_prefix_is_signed_until_it_is_not(office):
    printed = await signing_prefix("88.300.1", SIGNER, bytes, settled=at_once)(office, ORDERED)
    root = HandleIdentity("0.NA/88.300", 390)
    assert parse_roots(printed.encode()) == {root: parse_public_key(SIGNER.public)}
    assert (await office.store.directory()).exact("88.300.1").signed
    assert await leaving_unsigned("88.300.1")(office, ORDERED) == "88.300.1"
    assert not (await office.store.directory()).exact("88.300.1").signed


@pytest.mark.parametrize("existing", [True, False])
async def test_what_is_there_already_is_signed_too(office, capsys, existing):
    for number in range(3):
        blob = encode_values((Value(index=1, type="URL", data=b"x"),))
        await put(office.store, f"88.300.1/{number}", blob)
    settled = []

    async def settle():
        settled.append((await office.store.directory()).exact("88.300.1").signed)

    work = signing_prefix("88.300.1", SIGNER, bytes, existing=existing, settled=settle)
    roots = await work(office, ORDERED)
    signed = [b"HS_SIGNATURE" in office.store.records[f"88.300.1/{n}"].values for n in range(3)]
    assert signed == [existing] * 3
    assert settled == [True] * existing
    told = capsys.readouterr().err
    assert told == ("88.300.1: 3 records seen, 3 signed; done\n" if existing else "")
    assert await work(office, ORDERED) == roots
    again = capsys.readouterr().err
    assert again == ("88.300.1: 3 records seen, 0 signed; done\n" if existing else "")


def test_how_far_it_is_is_told_now_and_then(capsys):
    seconds = iter([0, 1, 7, 7, 8])
    told = Told("88.300.1", lambda: next(seconds))
    for number in (1, 2, 3):
        told.on_the_way(Progress(seen=number, signed=1, unfit=1, last=f"88.300.1/{number}"))
    assert capsys.readouterr().err == (
        "88.300.1: 2 records seen, 1 signed, 1 too large to be signed, up to 88.300.1/2\n"
    )


@pytest.mark.parametrize("prefix", ["88.300.9", "88.301"])
async def test_a_prefix_that_was_never_allotted(office, prefix):
    for work in (signing_prefix(prefix, SIGNER, bytes), leaving_unsigned(prefix)):
        with pytest.raises(NotDone, match="never allotted"):
            await work(office, ORDERED)


async def test_a_value_in_the_way(office):
    blob = encode_values((Value(index=390, type="URL", data=b"x"),))
    await put(office.store, "0.NA/88.300", blob)
    with pytest.raises(NotDone, match="a value of type URL"):
        await signing_prefix("88.300.1", SIGNER, bytes)(office, ORDERED)


def test_a_prefix_that_is_none():
    with pytest.raises(NotDone):
        signing_prefix("88..1", SIGNER)
