"""``enterprise list``, ``prefix list``, ``key list``."""

import json

import msgspec
import pytest

from identifiers.changes import Enterprise
from identifiers.names import Prefix
from identifiers.principals import Operator
from node.commands.administer import (
    adding_enterprise,
    creating_key,
    delegating_prefix,
    giving_up_prefix,
    homing_prefix,
    keeping_names,
    revoking_key,
)
from node.commands.listing import listing_enterprises, listing_keys, listing_prefixes
from node.refusals import NotDone
from registry.administration import Administration, Ordered
from storage.memory import MemoryStore

NOW = 1_700_000_000
ORDERED = Ordered(operator=Operator("root"), at=NOW * 1000, request_id="r")


@pytest.fixture
def office():
    return Administration(MemoryStore(), b"pepper")


@pytest.fixture
async def furnished(office):
    company = Enterprise(
        id=0, name="示例\x1b煤业", credit_code="91969696MA0000001F", industry="0610"
    )
    await office.add_enterprise(company, ORDERED)
    await office.add_enterprise(Enterprise(id=0, name="second"), ORDERED)
    works = [homing_prefix("88.300", enterprise=None)]
    works += [homing_prefix(f"88.300.{n}", enterprise=n) for n in (1, 2)]
    works += [
        giving_up_prefix("88.300.2"),
        delegating_prefix("88.300.1", sites=["192.0.2.1:2641"], chance=bytes),
    ]
    works += [keeping_names("88.300.1", keeps=True)]
    for work in works:
        await work(office, ORDERED)
    await office.vouch_no_more(Prefix.parse("88.300"), ORDERED)
    return office


async def told(work, office, ordered=ORDERED):
    return await work(office, ordered)


async def test_a_second_enterprise_of_a_name_is_meant(office):
    assert await told(adding_enterprise("甲"), office) == "1"
    with pytest.raises(NotDone, match="already enterprise 1 of this name: --again"):
        await told(adding_enterprise("甲"), office)
    assert await told(adding_enterprise("甲", again=True), office) == "2"
    with pytest.raises(NotDone, match="already enterprise 1, 2 of"):
        await told(adding_enterprise("甲"), office)
    assert len(await office.store.enterprises()) == 2


async def test_enterprises_are_columns(furnished):
    assert (await told(listing_enterprises(), furnished)).splitlines() == [
        "NUMBER  CREDIT CODE         INDUSTRY  NAME",
        "1       91969696MA0000001F  0610      示例\\x1b煤业",
        "2       -                   -         second",
    ]
    listed = json.loads(await told(listing_enterprises(as_json=True), furnished))
    assert listed[1] == {"number": 2, "credit_code": "", "industry": "", "name": "second"}


async def test_prefixes_with_their_states(furnished):
    assert (await told(listing_prefixes(), furnished)).splitlines() == [
        "PREFIX    ENTERPRISE  HOMED  DELEGATED  SIGNED  KEEPS  APPLIED  FOLD SUFFIX",
        "88.300    the node    yes    no         no      no     no       no",
        "88.300.1  1           yes    yes        no      yes    no       no",
        "88.300.2  2           no     no         no      no     no       no",
    ]
    listed = json.loads(await told(listing_prefixes(as_json=True), furnished))
    assert [p["enterprise"] for p in listed] == [None, 1, 2]
    assert [p["homed"] for p in listed] == [True, True, False]


async def test_keys_by_id_and_never_a_secret(furnished):
    tokens = [
        await told(
            creating_key(
                enterprise=1, label="产线", prefixes=["88.300.1"], networks=["10.0.0.0/8"]
            ),
            furnished,
        ),
        await told(creating_key(enterprise=2, days=1), furnished),
    ]
    tokens.append(await told(creating_key(enterprise=2), furnished))
    await told(revoking_key(tokens[0]), furnished)
    ids = [token.partition(".")[0] for token in tokens]
    later = msgspec.structs.replace(ORDERED, at=(NOW + 86400) * 1000)
    for as_json in (False, True):
        text = await told(listing_keys(as_json=as_json), furnished, later)
        assert all(key_id in text for key_id in ids)
        assert not any(token.partition(".")[2] in text for token in tokens)
    states = {key["id"]: key["state"] for key in json.loads(text)}
    assert states == dict(zip(ids, ("revoked", "expired", "in force"), strict=True))
    (first,) = json.loads(await told(listing_keys(enterprise=1, as_json=True), furnished))
    assert first["prefixes"] == ["88.300.1"]
    assert first["networks"] == ["10.0.0.0/8"]
    assert first["created_at"] == "2023-11-14T22:13:20Z"
    heading, line = (await told(listing_keys(enterprise=1), furnished)).splitlines()
    assert heading.split()[-3:] == ["PREFIXES", "NETWORKS", "LABEL"]
    assert line.endswith("10.0.0.0/8  产线")


async def test_nothing_yet(office):
    assert (await told(listing_keys(), office)).startswith("ID  ENTERPRISE  STATE")
    assert await told(listing_enterprises(as_json=True), office) == "[]"


async def test_a_prefix_that_was_never_allotted_keeps_no_names(furnished):
    with pytest.raises(NotDone, match="never allotted"):
        await told(keeping_names("88.300.9", keeps=True), furnished)
