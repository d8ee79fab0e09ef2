import pytest

from registry.business import relations as tracing
from registry.business.relations import Relations
from registry.http.relations import relations_noun
from registry.prefixes import Prefixes
from storage.memory import MemoryRelations
from tests.unit.registry.world import IDENTIFIERS, new

PATH = "/api/v1/relations/"


@pytest.fixture
async def api(serving, store):
    found = Relations(MemoryRelations(store), store, Prefixes(store))
    return await serving(nouns=(relations_noun(found),))


def related(*relations, **more):
    return [
        {"index": at, "type": f"REL.{kind}", "data": target, **more}
        for at, (kind, target) in enumerate(relations, 10)
    ]


async def register(api, name, *relations, key="one", **more):
    values = [{"index": 1, "type": "URL", "data": "x"}, *related(*relations, **more)]
    answer = await api.post(IDENTIFIERS, new(name, *values), key=key)
    assert answer.status == 201, answer.body


async def trace(api, name, query="", **more):
    answer = await api.get(f"{PATH}{name}{query}", **more)
    assert answer.status == 200, answer.body
    document = answer.json
    return (
        [(n["handle"], n["steps"]) for n in document["nodes"]],
        [(e["from"], e["relation"], e["to"]) for e in document["edges"]],
        document,
    )


async def test_a_product_is_traced_to_its_origins_and_back(api):
    await register(api, "88.300.1/FACE")
    await register(api, "88.300.1/COAL", ("MADE_FROM", "88.300.1/FACE"))
    await register(
        api, "88.300.1/MIX", ("MADE_FROM", "88.300.1/COAL"), ("PART_OF", "88.300.1/ORDER")
    )
    await api.patch(f"{IDENTIFIERS}/88.300.1/COAL", {"state": "suspended", "reason": "核查"})
    nodes, edges, document = await trace(api, "88.300.1/MIX", "?depth=5")
    assert nodes == [("88.300.1/ORDER", 1), ("88.300.1/COAL", 1), ("88.300.1/FACE", 2)]
    assert edges[2] == ("88.300.1/COAL", "made_from", "88.300.1/FACE")
    assert (document["direction"], document["depth"], document["truncated"]) == ("up", 5, False)
    assert [n.get("state") for n in document["nodes"]] == [None, "suspended", "active"]
    assert document["nodes"][0]["missing"]
    nodes, _, _ = await trace(api, "88.300.1/FACE", "?direction=down&depth=2")
    assert nodes == [("88.300.1/COAL", 1), ("88.300.1/MIX", 2)]
    nodes, _, _ = await trace(api, "88.300.1/FACE", "?direction=down")
    assert nodes == [("88.300.1/COAL", 1)]
    nodes, _, _ = await trace(api, "88.300.1/MIX", "?relation=part_of")
    assert nodes == [("88.300.1/ORDER", 1)]


async def test_cycles_end(api):
    await register(api, "88.300.1/A", ("PART_OF", "88.300.1/B"))
    await register(api, "88.300.1/B", ("PART_OF", "88.300.1/C"))
    await register(api, "88.300.1/C", ("PART_OF", "88.300.1/A"))
    nodes, edges, document = await trace(api, "88.300.1/A", "?depth=20")
    assert nodes == [("88.300.1/B", 1), ("88.300.1/C", 2)]
    assert len(edges) == 3
    assert not document["truncated"]


async def test_others_are_told_by_name_and_not_followed(api):
    await register(api, "88.300.10/TRAIN", key="two")
    await register(api, "88.300.10/WAGON", ("PART_OF", "88.300.10/TRAIN"), key="two")
    await register(api, "88.300.1/LOAD", ("CARRIED_BY", "88.300.10/WAGON"))
    nodes, _, document = await trace(api, "88.300.1/LOAD", "?depth=9")
    assert nodes == [("88.300.10/WAGON", 1)]
    assert document["nodes"] == [{"handle": "88.300.10/WAGON", "steps": 1, "foreign": True}]
    nodes, _, _ = await trace(api, "88.300.10/WAGON", "?direction=down", key="two")
    assert nodes == [("88.300.1/LOAD", 1)]


async def test_what_others_keep_to_themselves_is_not_told(api):
    hidden = {"permissions": "1100"}
    await register(api, "88.300.1/W")
    await register(api, "88.300.1/OURS", ("PART_OF", "88.300.1/W"), **hidden)
    await register(api, "88.300.10/THEIRS", ("PART_OF", "88.300.1/W"), key="two", **hidden)
    nodes, _, _ = await trace(api, "88.300.1/W", "?direction=down")
    assert nodes == [("88.300.1/OURS", 1)]


async def test_answers_are_bounded(api, monkeypatch):
    for n in range(5):
        await register(
            api, f"88.300.1/P{n}", ("PART_OF", "88.300.1/W"), ("MADE_FROM", "88.300.1/W")
        )
    await register(api, "88.300.1/W")
    nodes, _, document = await trace(api, "88.300.1/W", "?direction=down&limit=3")
    assert (len(nodes), document["truncated"]) == (3, True)
    monkeypatch.setattr(tracing, "MAX_EDGES", 4)
    _, edges, document = await trace(api, "88.300.1/W", "?direction=down")
    assert (len(edges), document["truncated"]) == (4, True)


async def test_a_trace_is_the_owners(api):
    await register(api, "88.300.1/A")
    assert (await api.get(f"{PATH}88.300.1/A", key="two")).code == "not-yours"
    assert (await api.get(f"{PATH}88.300.1/NONE")).code == "not-found"


@pytest.mark.parametrize(
    "query", ["direction=left", "depth=21", "relation=x", "limit=1001", "more=1"]
)
async def test_parameters_are_read_strictly(api, query):
    assert (await api.get(f"{PATH}88.300.1/A?{query}")).status == 400


async def test_relations_are_checked_as_they_are_registered(api):
    values = [{"index": 1, "type": "REL.PART_OF", "data": "nothing"}]
    answer = await api.post(IDENTIFIERS, new("88.300.1/A", *values))
    assert answer.faults == [("/values/0/data", "relation.target")]
