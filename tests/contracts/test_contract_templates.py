"""Templates: published ones never change, news comes in the order of commits, claims are kept."""

import asyncio

import asyncpg
import msgspec
import pytest

from identifiers.changes import AuditEntry, Held, Touched, Writes
from identifiers.codes.industries import Industry
from identifiers.errors import StoreUnavailable
from identifiers.metadata.items import Item
from identifiers.metadata.shelves import Demand, Shelved, TemplateNews
from identifiers.metadata.templates import Stage, Template
from tests.contracts.units import record, written

AUDIT = AuditEntry(at=1, actor="a", action="template.x", subject="s", request="r")
TEMPLATE = Template(
    prefix="88.300",
    version="煤-1",
    title="煤炭",
    industry=Industry(category="B", division="06", group="061", class_="0610"),
    items=(Item(index=2000, name="NO", title="号", unique=True, low="1", type="integer"),),
)
EVERY = tuple(Stage)


def at(stage=Stage.PUBLISHED, **changes):
    return msgspec.structs.replace(TEMPLATE, stage=stage, **changes)


async def keep(backend, template):
    def decide(there):
        return Shelved(template=template, audit=(AUDIT,)), there

    return await backend.templates.shelve(template.prefix, template.version, decide)


async def test_what_is_kept_is_there_with_its_revisions(backend):
    assert await keep(backend, TEMPLATE) is None
    assert await keep(backend, at()) == TEMPLATE
    second = at(revision=2, items=(*TEMPLATE.items, Item(index=2001, name="B", title="乙")))
    assert await keep(backend, second) == at()
    assert await backend.templates.template("88.300", "煤-1") == second
    assert await backend.templates.template("88.300", "煤-1", 1) == at()
    assert await backend.templates.template("88.300", "煤-1", 3) is None
    assert await backend.templates.template("88.300", "other") is None
    assert [entry.action for entry in await backend.past.audited()] == ["template.x"] * 3


async def test_what_decides_nothing_writes_nothing(backend):
    assert await backend.templates.shelve("88.300", "x", lambda _: (Shelved(), 7)) == 7
    assert await backend.templates.template("88.300", "x") is None
    assert await backend.templates.news(0) == TemplateNews(serial=0)


async def test_drafts_may_be_written_over(backend):
    await keep(backend, TEMPLATE)
    await keep(backend, at(Stage.DRAFT, title="另一个"))
    assert (await backend.templates.template("88.300", "煤-1")).title == "另一个"


async def test_published_revisions_are_beyond_reach(postgres, sql):
    await keep(postgres, at())
    for statement in (
        "UPDATE template_revision SET document = ''",
        "DELETE FROM template_revision",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await sql.execute(statement)
    await keep(postgres, at(Stage.DRAFT, version="draft"))
    assert await sql.execute("DELETE FROM template_revision WHERE version = 'draft'") == "DELETE 1"


async def test_pages_are_by_name_of_some_prefixes_at_some_stages(backend):
    for prefix, version, stage in (
        ("88.300", "b", Stage.PUBLISHED),
        ("88.300", "a", Stage.DRAFT),
        ("88.300.1", "a", Stage.WITHDRAWN),
        ("88.300.2", "a", Stage.PUBLISHED),
    ):
        await keep(backend, at(stage, prefix=prefix, version=version))

    async def page(stages, after, limit):
        found = await backend.templates.templates(("88.300.1", "88.300"), stages, after, limit)
        return [(one.prefix, one.version) for one in found]

    assert await page(EVERY, ("", ""), 9) == [("88.300", "a"), ("88.300", "b"), ("88.300.1", "a")]
    assert await page(EVERY, ("88.300", "a"), 1) == [("88.300", "b")]
    assert await page((Stage.WITHDRAWN,), ("", ""), 9) == [("88.300.1", "a")]


async def test_news_is_what_changed_since(backend):
    await keep(backend, TEMPLATE)
    drafted = await backend.templates.news(0)
    assert drafted.templates == ()
    await keep(backend, at())
    assert await backend.templates.demand(Demand("88.300.1", demanded=True), AUDIT)
    assert not await backend.templates.demand(Demand("88.300.1", demanded=True), AUDIT)
    published = await backend.templates.news(drafted.serial)
    assert published.templates == (at(),)
    assert published.demands == (Demand("88.300.1", demanded=True),)
    again = await backend.templates.news(published.serial)
    assert again == TemplateNews(serial=published.serial)
    assert await backend.templates.demand(Demand("88.300.1", demanded=False), AUDIT)
    changed = await backend.templates.news(published.serial)
    assert changed.templates == ()
    assert changed.demands == (Demand("88.300.1", demanded=False),)


async def test_decisions_about_templates_follow_each_other(backend):
    def grow(there):
        after = at() if there is None else at(revision=there.revision + 1)
        return Shelved(template=after), after.revision

    grown = await asyncio.gather(
        *(backend.templates.shelve("88.300", "煤-1", grow) for _ in range(8))
    )
    assert sorted(grown) == list(range(1, 9))


def _next(key, current):
    stored = current.records.get(key)
    return written(record(key, 1 if stored is None else stored.version + 1))


async def hold(backend, key, *claims, touched=None, fresh=True):
    """Write a record and let it hold claims, unless somebody else holds one of them."""

    def decide(current):
        if any(holder != key for holder in current.holders.values()):
            return Writes(), dict(current.holders)
        return Writes(records=(_next(key, current),), held=(Held(key, claims, fresh),)), None

    return await backend.store.write(
        Touched(keys=(key,), claims=claims if touched is None else touched), decide
    )


async def test_a_claim_has_one_holder_until_it_is_let_go(backend):
    assert await hold(backend, "88.300.1/A", b"c1", b"c2") is None
    assert await hold(backend, "88.300.1/B", b"c1") == {b"c1": "88.300.1/A"}
    assert await hold(backend, "88.300.1/A", b"c2", fresh=False) is None
    assert await hold(backend, "88.300.1/B", b"c1") is None


async def test_who_comes_at_once_for_one_claim_gets_it_one_after_the_other(backend):
    keys = [f"88.300.1/{n}" for n in range(12)]
    answers = await asyncio.gather(*(hold(backend, key, b"one") for key in keys))
    (winner,) = (key for key, answer in zip(keys, answers, strict=True) if answer is None)
    assert [a for a in answers if a is not None] == [{b"one": winner}] * 11


async def test_a_claim_that_was_not_touched_is_refused(backend):
    with pytest.raises(ValueError, match="not touched"):
        await hold(backend, "88.300.1/A", b"c1", touched=())


async def test_a_holder_that_is_not_written_is_refused(backend):
    held = Writes(held=(Held("88.300.1/A", ()),))
    with pytest.raises(ValueError, match="not written"):
        await backend.store.write(Touched(keys=("88.300.1/A",)), lambda _: (held, None))


async def test_whoever_does_not_look_writes_nothing(backend):
    await hold(backend, "88.300.1/A", b"c1")

    def blind(current):
        new = _next("88.300.1/B", current)
        return Writes(records=(new,), held=(Held("88.300.1/B", (b"c1",)),)), None

    with pytest.raises(StoreUnavailable):
        await backend.store.write(Touched(keys=("88.300.1/B",), claims=(b"c1",)), blind)
    assert await backend.store.record("88.300.1/B") is None
