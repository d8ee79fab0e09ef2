"""A dry run tells of every row what becomes of it in earnest."""

import asyncio
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from identifiers.changes import Enterprise, ImportState
from identifiers.codes.industries import SHIPPED
from identifiers.metadata.shelves import Demand
from identifiers.principals import Scope
from identifiers.records import State
from identifiers.wire import jsonlines
from registry.business.asking import By
from registry.business.templates import Templates
from registry.commands import Delete, Mode, Patch
from registry.commit import GroupCommit
from registry.imports.service import Finished, ImportRequest, Imports
from registry.prefixes import Prefixes
from registry.service import Registry
from registry.shelf import Shelf
from storage.memory import MemoryStore, MemoryTemplates
from tests.unit.registry.world import NOW, SEALS, api_key, asked, audit, entry, handle, now_ns

COAL = {
    "prefix": "88.300",
    "version": "coal-1",
    "title": "煤炭批次",
    "industry": {"category": "B", "division": "06", "group": "061", "class": "0610"},
    "items": [
        {"name": "NO", "title": "批次号", "required": True, "unique": True},
        {"name": "MINE", "title": "煤矿", "unique": True},
        {"name": "ASH", "title": "灰分", "type": "number", "high": "100"},
    ],
}
BY = By(actor="key:one", at=NOW * 1000, request_id="r")
WRITER = api_key(id="writer", scopes=frozenset({Scope.READ, Scope.WRITE}))
PREFIXES = ("88.300.1", "88.300.2", "88.300.3", "88.300.9")
"""Plain; with folded suffixes and names that stay taken; wanting templates; another's."""

names = st.builds(
    "{}/{}".format, st.sampled_from(PREFIXES[:3] * 3 + PREFIXES), st.sampled_from("AaB")
)
few = st.sampled_from(["1", "2"])
values = st.lists(
    st.one_of(
        st.builds(lambda data: {"index": 1, "type": "URL", "data": data}, few),
        st.builds(lambda data: {"index": 2, "type": "T", "data": data, "permissions": "1010"}, few),
        st.just({"index": 300, "type": "HS_SECKEY", "data": "0123456789", "permissions": "1100"}),
        st.builds(lambda data: {"index": 2001, "type": "MINE", "data": data}, few),
        st.just({"index": 2002, "type": "ASH", "data": "x"}),
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda value: value["index"],
).map(lambda some: {"values": some})
attributes = st.fixed_dictionaries({}, optional={"NO": few, "MINE": few, "ASH": few}).map(
    lambda some: {"template": "coal-1", "attributes": some}
)
rows = st.builds(
    lambda name, said, state: {"handle": name, **said, **state},
    names,
    values | attributes,
    st.sampled_from([{}, {}, {"state": "active"}, {"state": "reserved"}]),
)
moves = st.tuples(names, st.sampled_from([None, State.SUSPENDED, State.REVOKED, State.RESERVED]))


@settings(deadline=None)
@given(
    before=st.lists(rows, max_size=5),
    moved=st.lists(moves, max_size=3),
    sent=st.lists(rows, min_size=1, max_size=12),
    mode=st.sampled_from(Mode),
    chunk_rows=st.integers(1, 4),
    principal=st.sampled_from([api_key(), WRITER]),
)
def test_the_fates_of_a_dry_run_are_those_of_the_run(  # noqa: PLR0917 -- what is drawn
    before, moved, sent, mode, chunk_rows, principal
):
    async def told():
        store, imports, registry = await world(chunk_rows)
        await fates(imports, before, Mode.UPSERT, api_key(), dry_run=False)
        for name, state in moved:
            await move(registry, name, state)
        kept = dict(store.records), dict(store.holders), len(store.changes)
        tried = await fates(imports, sent, mode, principal, dry_run=True)
        assert (dict(store.records), dict(store.holders), len(store.changes)) == kept
        return tried, await fates(imports, sent, mode, principal, dry_run=False)

    tried, done = asyncio.run(told())
    assert tried == done


async def world(chunk_rows):
    store = MemoryStore()
    for name in ("山西示例煤业", "示例物流"):
        await store.add_enterprise(Enterprise(id=0, name=name), audit())
    more = ({}, {"fold_suffix": True, "keeps": True}, {}, {})
    for prefix, owner, said in zip(PREFIXES, (1, 1, 1, 2), more, strict=True):
        await store.home_prefix(entry(prefix, owner, **said), audit())
    templates = MemoryTemplates(store)
    shelf, prefixes = Shelf(templates), Prefixes(store)
    desk = Templates(templates, SHIPPED, shelf.forget)
    await desk.write(COAL, BY)
    await desk.publish("88.300", "coal-1", BY)
    await templates.demand(Demand(PREFIXES[2], demanded=True), audit())
    imports = Imports(store, prefixes, SEALS, shelf=shelf, clock=now_ns, chunk_rows=chunk_rows)
    return store, imports, Registry(store, GroupCommit(store), prefixes, SEALS, shelf=shelf)


async def move(registry, name, state):
    """Delete a name, or put it into a state, if it is there and can be."""
    if state is None:
        await registry.delete(Delete(handle=handle(name)), asked())
    else:
        reason = "质量核查" if state is not State.RESERVED else ""
        command = Patch(handle=handle(name), values=(), state=state, reason=reason)
        await registry.patch(command, asked())


async def fates(imports, documents, mode, principal, *, dry_run):
    async def body():
        for document in documents:
            yield json.dumps(document).encode() + b"\n"

    wanted = ImportRequest(key=None, mode=mode, media_type=jsonlines.MEDIA_TYPE, dry_run=dry_run)
    answer = await imports.run(wanted, body(), asked(principal))
    assert isinstance(answer, Finished)
    assert answer.done.state is ImportState.DONE
    return [row async for chunk in imports.results(answer.done, every=True) for row in chunk]
