"""The book of templates is read anew when it may have changed, and no more often."""

import asyncio

import msgspec
import pytest

from identifiers.codes.industries import Industry
from identifiers.errors import StoreUnavailable
from identifiers.metadata.book import NO_TEMPLATES
from identifiers.metadata.items import Item
from identifiers.metadata.shelves import Demand, Shelved
from identifiers.metadata.templates import Stage, Template
from registry.shelf import BOOK_SECONDS, Shelf
from storage.memory import MemoryStore, MemoryTemplates
from tests.unit.registry.world import audit

COAL = Template(
    prefix="88.300",
    version="coal-1",
    title="煤炭",
    industry=Industry(category="B", division="06", group="061", class_="0610"),
    items=(Item(index=2000, name="NO", title="号"),),
    stage=Stage.PUBLISHED,
)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def templates(store):
    return MemoryTemplates(store)


async def keep(templates, template):
    await templates.shelve(
        template.prefix, template.version, lambda _: (Shelved(template=template), None)
    )


def version_found(book):
    layout = book.of("88.300/coal-1@1")
    return None if layout is None else layout.template.revision


async def test_without_a_source_there_are_no_templates():
    assert await Shelf().book() is NO_TEMPLATES


async def test_the_book_is_a_second_old_at_most(templates, clock):
    shelf = Shelf(templates, clock)
    assert version_found(await shelf.book()) is None
    await keep(templates, COAL)
    clock.now += BOOK_SECONDS / 2
    assert version_found(await shelf.book()) is None
    clock.now += BOOK_SECONDS
    first = await shelf.book()
    assert version_found(first) == 1
    clock.now += BOOK_SECONDS
    assert await shelf.book() is first
    await keep(templates, msgspec.structs.replace(COAL, revision=2))
    shelf.forget()
    assert version_found(await shelf.book()) == 2


async def test_demands_come_and_go(templates, clock):
    shelf = Shelf(templates, clock)
    for demanded in (True, False):
        await templates.demand(Demand("88.300.1", demanded), audit())
        shelf.forget()
        assert (await shelf.book()).demands("88.300.1") is demanded


async def test_what_changes_while_it_is_read_is_read_again(templates, clock):
    shelf = Shelf(Restless(templates), clock)
    shelf._source.shelf = shelf
    assert version_found(await shelf.book()) is None
    assert version_found(await shelf.book()) == 1


class Restless:
    """A source whose templates change between its answer and when that is taken."""

    def __init__(self, templates):
        self._templates = templates
        self._changed = False
        self.shelf = None

    async def news(self, serial):
        found = await self._templates.news(serial)
        if not self._changed:
            self._changed = True
            await keep(self._templates, COAL)
            self.shelf.forget()
        return found


async def test_who_comes_at_once_waits_for_one_reading(templates, clock):
    await keep(templates, COAL)
    shelf = Shelf(templates, clock)
    books = await asyncio.gather(*(shelf.book() for _ in range(5)))
    assert len({id(book) for book in books}) == 1
    assert version_found(books[0]) == 1


async def test_a_store_that_is_away_is_said_so(store, templates, clock):
    shelf = Shelf(templates, clock)
    store.down = True
    with pytest.raises(StoreUnavailable):
        await shelf.book()
    store.down = False
    await keep(templates, COAL)
    assert version_found(await shelf.book()) == 1
