"""The operator's commands that keep prefixes, on stores in memory."""

from itertools import count

import pytest

from identifiers.changes import Enterprise
from identifiers.directory import PrefixEntry, PrefixKind
from identifiers.enterprises.review import Withdrawal
from identifiers.names import Prefix
from identifiers.standings import Hosting, PrefixState
from node.commands import prefixes as commands
from node.prefixes import PrefixOffice
from node.refusals import NotDone
from registry.business.asking import By
from registry.business.hosting import Hostings
from registry.business.prefix_applications import PrefixApplications
from registry.business.prefixes import Holdings
from registry.commands import change_ids
from storage.memory import MemoryBusiness, MemoryStore
from storage.memory.prefixes import MemoryPrefixes
from tests.contracts.units import AUDIT, put

BY = By(actor="operator:root", at=1_770_000_000_000, request_id="r")


@pytest.fixture
async def store():
    made = MemoryStore()
    for name in ("甲矿业", "乙物流"):
        await made.add_enterprise(Enterprise(id=0, name=name), AUDIT)
    for text, kind, enterprise in (
        ("88.300", PrefixKind.SECONDARY, 0),
        ("88.300.1", PrefixKind.ENTERPRISE, 1),
    ):
        entry = PrefixEntry(prefix=Prefix.parse(text), kind=kind, enterprise=enterprise)
        await made.home_prefix(entry, AUDIT)
    return made


@pytest.fixture
def told(store):
    ticks, numbers = count(1_770_000_000_000), count(1)
    books = MemoryPrefixes(store, MemoryBusiness(store), lambda: next(ticks))

    def change(at):
        return change_ids(at, lambda size: next(numbers).to_bytes(size, "big"), 1)[0]

    office = PrefixOffice(
        store=books,
        records=store,
        holdings=Holdings(books, change),
        hostings=Hostings(books, change),
        applications=PrefixApplications(books, local=False),
        reachable=lambda _: True,
    )

    async def run(work):
        return await work(office, BY)

    return run


async def test_a_prefix_is_shown_switched_limited_and_handed_on(told):
    shown = await told(commands.showing("88.300.1"))
    assert (shown["holder"], shown["sites"]) == ("甲矿业", [])
    off = await told(commands.switching("88.300.1", PrefixState.DISABLED, "欠费"))
    assert off["state"] == "disabled"
    await told(commands.switching("88.300.1", PrefixState.ENABLED))
    assert (await told(commands.limiting("88.300.1", 5)))["quota"] == 5
    assert (await told(commands.transferring("88.300.1", 2)))["holder"] == "乙物流"
    history = await told(commands.telling_history("88.300.1"))
    assert [entry["action"] for entry in history] == [
        "prefix.transfer",
        "prefix.quota",
        "prefix.state",
        "prefix.state",
    ]


async def test_hosting_is_refused_and_granted(told):
    await told(commands.hosting("88.300.1", Hosting.NOT_HOSTED))
    await told(commands.hosting("88.300.1", Hosting.APPLIED))
    no = await told(commands.hosting("88.300.1", Hosting.REJECTED, "容量不足"))
    assert no["reason"] == "容量不足"
    await told(commands.hosting("88.300.1", Hosting.APPLIED))
    assert (await told(commands.hosting("88.300.1", Hosting.HOSTED)))["hosting"] == "hosted"


async def test_rules_and_allotment(told):
    assert (await told(commands.ruling("", None)))["reserved"] == []

    def rule(there):
        return commands.amended(there, first=None, digits=3, reserved=["1-9"], keep_vanity=False)

    assert await told(commands.ruling("88.300", rule)) == {
        "root": "88.300",
        "first": 1,
        "digits": 3,
        "reserved": ["1-9"],
        "keep_vanity": False,
    }
    given = await told(commands.allotting(2, "", 7))
    assert (given["prefix"], given["quota"]) == ("88.300.010", 7)
    with pytest.raises(NotDone, match="no range"):
        commands.amended(_there(), first=1, digits=1, reserved=["x"], keep_vanity=True)
    same = commands.amended(_there(), first=5, digits=None, reserved=None, keep_vanity=None)
    assert (same.first, same.keep_vanity) == (5, True)


def _there():
    return commands.DEFAULT_RULE


async def test_an_application_goes_its_way(told):
    asked = await told(commands.applying(1, "coal", "运单", hosted=False))
    number = asked["id"]
    assert [one["id"] for one in await told(commands.listing_applications(every=False))] == [number]
    no = await told(commands.deciding(number, commands.verdict(("用途不明",))))
    assert no["stage"] == "rejected"
    assert (await told(commands.deciding(number, Withdrawal())))["stage"] == "withdrawn"
    other = (await told(commands.applying(1, "coal", "运单", hosted=True)))["id"]
    passed = await told(commands.deciding(other, commands.verdict(())))
    assert passed["stage"] == "passed"
    done = await told(commands.deciding(other, commands.verdict((), national=True)))
    assert done["stage"] == "approved"
    assert len(await told(commands.listing_applications(every=True))) == 2


@pytest.mark.parametrize(
    ("work", "why"),
    [
        (commands.showing("88.300.9"), "there is no such prefix"),
        (commands.switching("88.300.9", PrefixState.DISABLED, "x"), "there is no such prefix"),
        (commands.switching("88.300.1", PrefixState.WAITING, "x"), "it is enabled"),
        (commands.switching("88.300.1", PrefixState.DISABLED), "must not be empty"),
        (commands.switching("88.300", PrefixState.DISABLED, "x"), "others stand on it"),
        (commands.transferring("88.300.1", 9), "there is no enterprise 9"),
        (commands.hosting("88.300.1", Hosting.REJECTED, "x"), "cannot become rejected"),
        (commands.removing("88.300.1"), "cannot become to be deleted"),
        (commands.deciding("0" * 32, Withdrawal()), "there is no such application"),
        (commands.allotting(2, "88.300.1", None), "no secondary prefix"),
    ],
)
async def test_what_is_refused_is_told_in_a_sentence(told, work, why):
    with pytest.raises(NotDone, match=why):
        await told(work)


async def test_more_that_is_refused(told, store):
    with pytest.raises(NotDone, match="is no number of an application"):
        commands.deciding("x", Withdrawal())
    entry = PrefixEntry(prefix=Prefix.parse("88.300.1.5"), kind=PrefixKind.ENTERPRISE, enterprise=1)
    await store.home_prefix(entry, AUDIT)
    with pytest.raises(NotDone, match="which belongs to another enterprise"):
        await told(commands.transferring("88.300.1.5", 2))
    await put(store, "88.300.1.5/A")
    await told(commands.switching("88.300.1.5", PrefixState.TO_BE_DELETED, "x"))
    with pytest.raises(NotDone, match="something is stored"):
        await told(commands.removing("88.300.1.5"))
    asked = await told(commands.applying(1, "", "", hosted=True))
    await told(commands.deciding(asked["id"], Withdrawal()))
    with pytest.raises(NotDone, match="the application is withdrawn"):
        await told(commands.deciding(asked["id"], commands.verdict(())))
    for number in range(20):
        await told(commands.applying(1, "", f"{number}", hosted=True))
    with pytest.raises(NotDone, match="20 open applications"):
        await told(commands.applying(1, "", "more", hosted=True))


async def test_a_node_without_a_prefix_allots_nothing(told, store):
    await told(commands.switching("88.300.1", PrefixState.TO_BE_DELETED, "x"))
    await told(commands.removing("88.300.1"))
    await store.enable_prefix(Prefix.parse("88.300"), AUDIT, enabled=False)
    with pytest.raises(NotDone, match="has no secondary prefix"):
        await told(commands.allotting(2, "", None))
