"""SharedTier: leases, fills, tombstones, trust."""

from collections.abc import Callable, Sequence

from identifiers.changes import Leased
from identifiers.records import Record
from resolver.ports import SharedTier
from tests.contracts.units import record

Workers = Callable[[], SharedTier]
KEY = "88.300.1/A"


async def lease(tier: SharedTier, key: str = KEY) -> Leased:
    (found,) = await tier.look([key])
    assert isinstance(found, Leased)
    return found


async def look(tier: SharedTier, key: str = KEY) -> Record | Leased | None:
    (found,) = await tier.look([key])
    return found


async def test_one_gets_the_lease_and_all_get_the_record(workers: Workers) -> None:
    ours, theirs = workers(), workers()
    assert await look(theirs, "88.300.1/OTHER") is not None  # both have begun to trust
    granted = await lease(ours)
    assert await look(theirs) is None
    assert await look(ours) is None
    await ours.fill([(granted, record(KEY))])
    assert await look(ours) == record(KEY)
    assert await look(theirs) == record(KEY)


async def test_answers_are_in_the_order_asked(workers: Workers) -> None:
    tier = workers()
    await tier.fill([(await lease(tier, "88.300.1/B"), record("88.300.1/B", 4))])
    found = await tier.look(["88.300.1/A", "88.300.1/B", "88.300.1/C", "88.300.1/B"])
    assert [type(f) for f in found] == [Leased, Record, Leased, Record]
    assert await tier.look([]) == []


async def test_many_names_in_one_look(workers: Workers) -> None:
    tier = workers()
    names = [f"88.300.1/N{n}" for n in range(1000)]
    leases = await tier.look(names)
    await tier.fill([(a, record(n)) for a, n in zip(leases, names, strict=True) if a])
    assert await tier.look(names) == [record(n) for n in names]


async def test_every_octet_of_a_record_comes_back(workers: Workers) -> None:
    tier = workers()
    given = record("88.300.1/中 {x}\t", 3, bytes(range(256)) * 400, reason="暂停", template="t@1")
    await tier.fill([(await lease(tier, given.key), given)])
    assert await look(tier, given.key) == given


async def test_a_foreign_token_fills_nothing(workers: Workers) -> None:
    tier = workers()
    granted = await lease(tier)
    await tier.fill([(Leased(granted.token + "0"), record(KEY, 9))])
    assert await look(tier) is None
    await tier.fill([(granted, record(KEY))])
    assert await look(tier) == record(KEY)


async def test_a_lease_fills_once(workers: Workers) -> None:
    tier = workers()
    granted = await lease(tier)
    await tier.fill([(granted, record(KEY, 2))])
    await tier.fill([(granted, record(KEY, 3))])
    assert await look(tier) == record(KEY, 2)


async def test_a_change_makes_older_versions_unreadable(workers: Workers) -> None:
    tier = workers()
    await tier.fill([(await lease(tier), record(KEY, 4))])
    await tier.supersede([(KEY, 5)])
    await tier.fill([(await lease(tier), record(KEY, 5))])
    assert await look(tier) == record(KEY, 5)


async def test_a_change_voids_the_lease_of_a_fill_under_way(workers: Workers) -> None:
    ours, theirs = workers(), workers()
    await look(theirs, "88.300.1/OTHER")
    granted = await lease(ours)
    await theirs.supersede([(KEY, 2)])
    await ours.fill([(granted, record(KEY, 1))])
    assert isinstance(await look(ours), Leased)


async def test_an_older_version_is_refused_under_a_new_lease_too(workers: Workers) -> None:
    tier = workers()
    await tier.fill([(await lease(tier), record(KEY, 4))])
    await tier.supersede([(KEY, 5)])
    await tier.fill([(await lease(tier), record(KEY, 4))])
    assert isinstance(await look(tier), Leased)


async def test_old_news_do_no_harm(workers: Workers) -> None:
    tier = workers()
    await tier.fill([(await lease(tier), record(KEY, 7))])
    await tier.supersede([(KEY, 6), (KEY, 7), (KEY, 2)])
    assert await look(tier) == record(KEY, 7)
    await tier.supersede([(KEY, 9)])
    await tier.supersede([(KEY, 8)])
    await tier.fill([(await lease(tier), record(KEY, 8))])
    assert isinstance(await look(tier), Leased)


async def test_news_of_unknown_names(workers: Workers) -> None:
    tier = workers()
    await look(tier)
    await tier.supersede([(f"88.300.1/N{n}", n) for n in range(1, 600)])
    await tier.supersede([])
    assert isinstance(await look(tier, "88.300.1/N5"), Leased)


async def test_a_worker_trusts_only_what_was_leased_after_it_began(workers: Workers) -> None:
    ours = workers()
    await look(ours, "88.300.1/OTHER")
    await ours.fill([(await lease(ours), record(KEY))])
    late = workers()
    assert isinstance(await look(late), Leased)
    assert await look(ours) == record(KEY)


async def test_a_lease_from_before_is_not_trusted_even_if_filled_later(workers: Workers) -> None:
    ours = workers()
    granted = await lease(ours)
    late = workers()
    await look(late, "88.300.1/OTHER")
    await ours.fill([(granted, record(KEY))])
    assert await look(ours) == record(KEY)
    assert isinstance(await look(late), Leased)


async def test_forgetting_ends_the_trust_for_one_worker(workers: Workers) -> None:
    ours, theirs = workers(), workers()
    await look(theirs, "88.300.1/OTHER")
    await ours.fill([(await lease(ours), record(KEY))])
    ours.forget()
    granted = await lease(ours)
    assert await look(theirs) == record(KEY)
    await ours.fill([(granted, record(KEY))])
    assert await look(ours) == record(KEY)


async def test_batches_are_filled_each_for_itself(workers: Workers) -> None:
    tier = workers()
    names: Sequence[str] = [f"88.300.1/N{n}" for n in range(3)]
    first, second, third = await tier.look(names)
    assert isinstance(first, Leased)
    assert isinstance(second, Leased)
    assert isinstance(third, Leased)
    await tier.supersede([(names[1], 2)])
    await tier.fill(
        [(first, record(names[0])), (second, record(names[1])), (third, record(names[2]))]
    )
    found = await tier.look(names)
    assert [type(f) for f in found] == [Record, Leased, Record]
