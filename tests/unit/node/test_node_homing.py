"""``prefix home``: who forgets to name the enterprise is told so, and can put it right."""

import pytest

from identifiers.changes import Enterprise
from identifiers.principals import Operator
from identifiers.records import EMPTY_VALUES, Record, State
from node.commands.administer import giving_up_prefix, homing_prefix
from node.refusals import NotDone
from registry.administration import Administration, Ordered
from storage.memory import MemoryStore

ORDERED = Ordered(operator=Operator("root"), at=1_700_000_000_000, request_id="r")


@pytest.fixture
async def office():
    office = Administration(MemoryStore(), b"pepper")
    for name in ("first", "second"):
        await office.add_enterprise(Enterprise(id=0, name=name), ORDERED)
    for prefix, owner in (("88.300", None), ("88.300.1", 1)):
        await home(office, prefix, owner)
    return office


async def home(office, prefix, enterprise=None, **more):
    return await homing_prefix(prefix, enterprise=enterprise, **more)(office, ORDERED)


async def test_a_forgotten_enterprise_is_asked_for(office):
    with pytest.raises(NotDone, match=r"88\.300\.2 is below 88\.300: .*--enterprise NUMBER.*--own"):
        await home(office, "88.300.2")
    with pytest.raises(NotDone, match=r"below 88\.300\.1, which belongs to enterprise 1: "):
        await home(office, "88.300.1.5")
    assert await home(office, "88.300.2", 2) == "88.300.2"


async def test_an_own_prefix_is_handed_over_also_after_it_was_given_up(office):
    for prefix in ("88.300.2", "88.300.3"):
        assert await home(office, prefix, own=True) == prefix
        assert await home(office, prefix) == prefix  # it is the node's own already
    await giving_up_prefix("88.300.3")(office, ORDERED)
    for prefix in ("88.300.2", "88.300.3"):
        assert await home(office, prefix, 2) == prefix
        entry = (await office.store.directory()).exact(prefix)
        assert (entry.enterprise, entry.enabled) == (2, True)


@pytest.mark.parametrize(
    ("prefix", "enterprise", "why"),
    [
        ("88.300", 1, "a secondary prefix of the node itself"),
        ("88.300.1", 2, r"enterprise 1 \(.* list\): restore it with --enterprise 1"),
        ("88.300.1", None, r"enterprise 1 \(.* list\): restore it with --enterprise 1"),
        ("88.300.1.5", 2, "which belongs to another enterprise"),
        ("88.300.7", 1, r"in use: .* record 0\.NA/88\.300\.7, first"),
        ("88.300.8", 1, r"prefixes of others \(1, such as 88\.300\.8\.1\)"),
        ("88.301.1", 1, "home the secondary prefix"),
        ("88.300.2", 9, "no enterprise 9"),
        ("88.300." + "1" * 60, 1, "prefix"),
    ],
)
async def test_refusals_say_why(office, prefix, enterprise, why):
    for own in ("88.300.7", "88.300.8"):
        await home(office, own, own=True)
    await home(office, "88.300.8.1", 2)
    used = "88.300.7/A"
    office.store.records[used] = Record(
        key=used, name=used, version=1, state=State.ACTIVE, values=EMPTY_VALUES, changed_at=0
    )
    with pytest.raises(NotDone, match=why):
        await home(office, prefix, enterprise)
