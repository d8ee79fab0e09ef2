"""Search over HTTP: who finds what, and what is asked for in vain."""

import pytest

from identifiers.principals import Account, Role, Scope
from registry.business.searching import Searching
from registry.http.search import search_noun
from registry.prefixes import Prefixes
from storage.memory import MemorySearch
from tests.unit.registry.world import IDENTIFIERS, audit, new, stored_key

SEARCH = "/api/v1/search"
A, B, CHILD, OTHER = "88.300.1/A", "88.300.1/B-1", "88.300.1.5/C", "88.300.10/D"


class OfTheNode:
    """Knows an administrator of the node by any token that ends in ``admin``."""

    def is_token(self, token):
        return token.endswith("admin")

    async def account(self, token, **_):
        name = token.rpartition("-")[2]
        return Account(id=1, name=name, role=Role.ADMINISTRATOR, enterprise=None)


@pytest.fixture
async def api(serving, store):
    await store.add_key(stored_key("three", 3), audit())
    searching = Searching(MemorySearch(store), Prefixes(store))
    return await serving(nouns=(search_noun(searching),), logins=OfTheNode())


def text(data, index=2000, kind="PRODUCT", **more):
    return {"index": index, "type": kind, "data": data, **more}


@pytest.fixture
async def filled(api):
    hidden = text("保密煤", 2001, "NOTE", permissions="1100")
    for handle, key, *values in (
        (A, "one", text("长焰煤洗块煤"), hidden),
        (B, "one", text("Coking Coal")),
        (CHILD, "three", text("长焰煤")),
        (OTHER, "two", text("长焰煤")),
    ):
        answer = await api.post(IDENTIFIERS, new(handle, *values), key=key)
        assert answer.status == 201, answer.body
    return api


async def found(api, query="", **more):
    answer = await api.get(f"{SEARCH}{query}", **more)
    assert answer.status == 200, answer.body
    return [item["handle"] for item in answer.json["items"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [A, B]),
        ("?q=%E7%84%B0%E7%85%A4", [A]),
        ("?q=coal+COKING", [B]),
        ("?q=coal+x", []),
        ("?q=%E4%BF%9D%E5%AF%86", []),
        ("?field=PRODUCT=Coking+Coal", [B]),
        ("?field=PRODUCT=*a*&field=PRODUCT=C*", [B]),
        ("?field=PRODUCT=coking+coal", []),
        (f"?name={A}", [A]),
        (f"?name={A.lower()}", []),
        (f"?name={A}&q=%E7%85%A4", [A]),
        (f"?name={OTHER}", []),
        ("?name=88.300.1/NONE", []),
        ("?begins=88.300.1/B", [B]),
        ("?begins=88.300.1", [A, B]),
        ("?begins=88.300.10/", []),
        ("?begins=88.300.1/&q=coal", [B]),
        ("?prefix=88.300.1", [A, B]),
        ("?prefix=88.300.1.2", []),
        ("?prefix=88.300.10", []),
        ("?state=suspended,reserved", []),
        ("?state=active", [A, B]),
        ("?changed_since=2027-01-15T08:00:00Z", [A, B]),
        ("?changed_until=2027-01-15T07:59:59Z", []),
        ("?created_since=2020-01-01T00:00:00Z&created_until=2030-01-01T00:00:00Z", [A, B]),
        (f"?name={A}&state=suspended", []),
    ],
)
async def test_an_enterprise_finds_its_own(filled, query, expected):
    assert await found(filled, query) == expected


async def test_what_another_was_given_below_is_his(filled):
    assert await found(filled, "?q=%E7%85%A4", key="two") == [OTHER]
    assert await found(filled, "?begins=88.300.1", key="three") == [CHILD]
    assert await found(filled, "?prefix=88.300.1", key="three") == [CHILD]
    assert await found(filled, key="part") == []  # its key reaches 88.300.1.2 only
    await filled.post(IDENTIFIERS, new("88.300.1.2/E", text("x")))
    assert await found(filled, key="part") == ["88.300.1.2/E"]
    assert "88.300.1.2/E" in await found(filled)


async def test_the_nodes_people_find_all(filled):
    assert await found(filled, "?q=%E9%95%BF%E7%84%B0", key="admin") == [A, CHILD, OTHER]
    assert await found(filled, "?begins=88.300.10/", key="admin") == [OTHER]
    assert await found(filled, "?prefix=88.300.10", key="admin") == [OTHER]


async def test_what_is_found_is_told_with_state_and_times(filled):
    await filled.patch(f"{IDENTIFIERS}/{A}", {"state": "suspended", "reason": "核查"})
    answer = await filled.get(f"{SEARCH}?state=suspended")
    (item,) = answer.json["items"]
    assert item == {
        "handle": A,
        "state": "suspended",
        "version": 2,
        "created_at": "2027-01-15T08:00:00Z",
        "changed_at": "2027-01-15T08:00:00Z",
    }
    assert answer.json["lag_seconds"] == 0


@pytest.mark.parametrize("query", ["?q=n", "?begins=88.300.1/N", "?state=active&prefix=88.300.1"])
async def test_pages_hold_everything_once(api, query):
    for n in range(7):
        await api.post(IDENTIFIERS, new(f"88.300.1/N{n}", text("n")))
    seen, path = [], f"{SEARCH}{query}&limit=3&count=1"
    while path:
        answer = await api.get(path)
        assert answer.json["count"] == {"number": 7, "exact": True}
        seen += [item["handle"] for item in answer.json["items"]]
        path = answer.headers["Link"][1:-13] if "next" in answer.json else ""
    assert seen == [f"88.300.1/N{n}" for n in range(7)]


@pytest.mark.parametrize("query", ["?prefix=88.300.10", "?name=88.300.1/A", "?begins=88.300.2/"])
async def test_nothing_is_counted_too(api, query):
    answer = await api.get(f"{SEARCH}{query}&count=1")
    assert answer.json["items"] == []
    assert answer.json["count"] == {"number": 0, "exact": True}


@pytest.mark.parametrize(
    ("query", "faults"),
    [
        ("?x=1", [("/x", "unknown_key")]),
        ("?q=a&q=b", [("/q", "json.duplicate_key")]),
        ("?q=a%00", [("/q", "nul")]),
        ("?q=" + "a" * 1025, [("/q", "too_long")]),
        ("?q=" + "a" * 65, [("/q", "too_long")]),
        ("?q=1+2+3+4+5+6+7+8+9", [("/q", "too_many")]),
        ("?field=x", [("/field", "search.field")]),
        ("?field==x", [("/field", "search.field")]),
        ("?field=a=" + "*x" * 9, [("/field", "search.field")]),
        ("?" + "&".join(f"field=a={n}" for n in range(17)), [("/field", "too_many")]),
        ("?state=deleted", [("/state", "one_of")]),
        (
            "?changed_since=now&created_until=2026",
            [("/changed_since", "value.instant"), ("/created_until", "value.instant")],
        ),
        ("?prefix=x/y", [("/prefix", "name.prefix")]),
        ("?name=88.300.1/A&begins=8", [("/begins", "search.either")]),
        ("?prefix=88.300.1&begins=B-29", [("/begins", "search.begins")]),
        ("?after=x", [("/after", "cursor")]),
        ("?limit=1001", [("/limit", "range")]),
        ("?count=2", [("/count", "one_of")]),
    ],
)
async def test_what_cannot_be_asked(api, query, faults):
    answer = await api.get(f"{SEARCH}{query}")
    assert answer.status == 400
    assert answer.faults == faults


async def test_searching_is_for_somebody(api, store):
    assert (await api.get(SEARCH, key=None)).status == 401
    await store.add_key(stored_key("mute", 1, frozenset({Scope.WRITE})), audit())
    answer = await api.get(SEARCH, key="mute")
    assert (answer.status, answer.code) == (403, "missing-scope")


@pytest.mark.parametrize("begins", ["88.300.1/a", "88.300.1", "88."])
async def test_the_beginning_of_names_may_be_said_beside_their_prefix(api, begins):
    answer = await api.get(f"/api/v1/search?prefix=88.300.1&begins={begins}")
    assert answer.status == 200
