"""Templates at the command line of a node, and those that the demo puts in force."""

import pytest

from identifiers.codes.industries import SHIPPED as TRADES
from identifiers.metadata.shipped import SHIPPED
from identifiers.metadata.templates import Stage
from identifiers.names import Prefix
from identifiers.wire.jsonform import write_json
from node.commands.templates import (
    Desk,
    adding,
    adopting,
    listing,
    publishing,
    requiring,
    showing,
    withdrawing,
)
from node.refusals import NotDone
from node.templates import adopt_shipped
from registry.business.asking import By
from registry.business.templates import Templates
from storage.memory import MemoryStore, MemoryTemplates

ROOT = Prefix.parse("88.300")
LAMP = {
    "prefix": "88.300.1",
    "version": "lamp-1",
    "title": "矿灯",
    "industry": {"category": "B", "division": "06", "group": "061", "class": "0610"},
    "items": [{"name": "SERIAL", "title": "编号"}],
}


@pytest.fixture
def desk():
    store = MemoryTemplates(MemoryStore())
    by = By(actor="operator:t", at=1, request_id="r")
    return Desk(Templates(store, TRADES), store, ROOT, by)


async def test_the_demo_puts_all_in_force_and_leaves_what_was_withdrawn(desk):
    await adopt_shipped(desk.templates, ROOT, 1)
    await desk.templates.withdraw("88.300", "waybill-1", desk.by)
    await adopt_shipped(desk.templates, ROOT, 2)
    stages = {row["version"]: row["stage"] for row in await listing("")(desk)}
    assert stages.keys() == SHIPPED.keys()
    assert {version for version, stage in stages.items() if stage != "published"} == {"waybill-1"}


async def test_a_template_from_a_file_to_its_end(desk):
    text = write_json(LAMP)
    assert (await adding(text, publish=False)(desk))["stage"] == "draft"
    assert (await adding(text, publish=True)(desk))["stage"] == "published"
    assert (await withdrawing("lamp-1", "88.300.1")(desk))["stage"] == "withdrawn"
    assert (await publishing("lamp-1", "88.300.1")(desk))["stage"] == "published"
    shown = await showing("lamp-1", "88.300.1")(desk)
    assert (shown["prefix"], shown["items"][0]["index"]) == ("88.300.1", 2000)
    (row,) = await listing("88.300.1")(desk)
    assert (row["version"], row["stage"]) == ("lamp-1", Stage.PUBLISHED)


async def test_what_idnode_comes_with_is_shown_until_it_is_adopted(desk):
    assert (await showing("coal-batch-1", "")(desk))["stage"] == "shipped"
    (adopted,) = await adopting(("coal-batch-1",), "", every=False)(desk)
    assert adopted["prefix"] == "88.300"
    assert (await showing("coal-batch-1", "")(desk))["stage"] == "published"
    rows = await listing("")(desk)
    assert [row["version"] for row in rows].count("coal-batch-1") == 1
    assert len(rows) == len(SHIPPED)
    assert len(await adopting((), "88.300.1", every=True)(desk)) == len(SHIPPED)


async def test_what_cannot_be_done_is_said(desk):
    await desk.templates.write(LAMP, desk.by)
    for work, why in (
        (adopting(("nothing",), "", every=False), "comes with no such"),
        (showing("nothing", ""), "no such template"),
        (withdrawing("lamp-1", "88.300.1"), "is draft"),
        (adding(write_json(LAMP | {"items": []}), publish=True), "items"),
    ):
        with pytest.raises(NotDone, match=why):
            await work(desk)
    await publishing("lamp-1", "88.300.1")(desk)
    with pytest.raises(NotDone, match="another template"):
        await adding(write_json(LAMP | {"title": "灯"}), publish=False)(desk)
    with pytest.raises(NotDone, match="--all"):
        adopting((), "", every=False)
    with pytest.raises(NotDone):
        adding(b"{", publish=False)


async def test_a_prefix_may_want_templates(desk):
    told = await requiring("88.300.1", required=True)(desk)
    assert told == {"prefix": "88.300.1", "required": True}
    (demand,) = (await desk.store.news(0)).demands
    assert demand.demanded
