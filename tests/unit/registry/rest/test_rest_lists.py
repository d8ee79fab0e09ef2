"""Lists of identifiers and prefixes over the REST form."""

import pytest

from registry.rest import lists
from registry.rest.lists import Bookmarks
from tests.unit.registry.handles import admin, stored, url
from tests.unit.registry.rest.conftest import OWNER, basic, seckey

HANDLES = "/api/handles?prefix=88.300.1"
PREFIXES = "/api/prefixes"
MASTER = basic("300:0.NA/88.300")


@pytest.fixture(autouse=True)
async def seven(records):
    for n in range(6):
        await stored(records, f"88.300.1/N{n}", url())
    await stored(records, "88.300.10/OTHER", url())


async def test_all_of_them(rest):
    answer = await rest.get(HANDLES, who=basic())
    assert answer.status == 200
    assert answer.json == {
        "responseCode": 1,
        "totalCount": "7",
        "page": 0,
        "pageSize": -1,
        "prefix": "88.300.1",
        "handles": ["88.300.1/A", *(f"88.300.1/N{n}" for n in range(6))],
    }
    negative = await rest.get(f"{HANDLES}&page=2&pageSize=-1", who=basic())
    assert len(negative.json["handles"]) == 7


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
async def test_pages(rest, order):
    seen = {}
    for page in order:
        answer = await rest.get(f"{HANDLES}&page={page}&pageSize=3", who=basic())
        assert answer.json["totalCount"] == "7"
        seen[page] = answer.json["handles"]
    assert [len(seen[page]) for page in range(4)] == [3, 3, 1, 0]
    assert seen[2] == ["88.300.1/N5"]


async def test_only_counting(rest):
    answer = await rest.get(f"{HANDLES}&page=0&pageSize=0", who=basic())
    assert (answer.json["totalCount"], answer.json["handles"]) == ("7", [])


async def test_the_right_to_list(rest, records):
    assert (await rest.get(HANDLES)).status == 401
    await stored(records, "0.NA/88.300.10", admin(OWNER, 0), seckey("0.NA/88.300.10"))
    no_bit = await rest.get("/api/handles?prefix=88.300.10", who=basic())
    assert (no_bit.status, no_bit.json["responseCode"]) == (403, 401)
    stranger = await rest.get(HANDLES, who=basic("300:0.NA/88.300.10"))
    assert (stranger.status, stranger.json["responseCode"]) == (403, 400)
    elsewhere = await rest.get("/api/handles?prefix=99.1", who=basic())
    assert (elsewhere.status, elsewhere.json["responseCode"]) == (400, 301)


@pytest.mark.parametrize(
    "query", ["", "?URL=*", "?prefix=", "?prefix=8%208", "?prefix=88.300.1&pageSize=x"]
)
async def test_what_cannot_be_listed(rest, query):
    assert (await rest.get(f"/api/handles{query}", who=basic())).status == 400


async def test_bounds(rest, monkeypatch):
    assert (await rest.get(f"{HANDLES}&pageSize=100001", who=basic())).status == 400
    monkeypatch.setattr(lists, "MOST_NAMES", 6)
    assert (await rest.get(HANDLES, who=basic())).status == 400
    monkeypatch.setattr(lists, "MOST_NAMES", 7)
    assert (await rest.get(HANDLES, who=basic())).status == 200
    monkeypatch.setattr(lists, "MOST_OCTETS", 10)
    assert (await rest.get(HANDLES, who=basic())).status == 400
    monkeypatch.setattr(lists, "MOST_STEPS", 0)
    assert (await rest.get(f"{HANDLES}&page=1&pageSize=3", who=basic())).status == 400


def test_bookmarks_are_bounded():
    marks = Bookmarks(2)
    for page in (1, 2, 3):
        marks.keep("88.300.1", 10, page, f"after {page}")
    assert marks.nearest("88.300.1", 10, 5) == (0, "")
    assert marks.nearest("88.300.1", 10, 4) == (3, "after 3")
    assert marks.nearest("88.300.1", 10, 1) == (0, "")
    assert marks.nearest("88.300.1", 20, 3) == (0, "")


async def test_prefixes_are_listed_to_server_administrators(rest):
    answer = await rest.get(f"{PREFIXES}?page=1&pageSize=2", who=MASTER)
    assert (answer.status, answer.json["totalCount"]) == (200, "5")
    assert answer.json["prefixes"] == ["0.NA/88.300.1.5", "0.NA/88.300.10"]
    assert len((await rest.get(PREFIXES, who=MASTER)).json["prefixes"]) == 5
    assert (await rest.get(PREFIXES)).status == 401
    other = await rest.get(PREFIXES, who=basic())
    assert (other.status, other.json["responseCode"]) == (403, 400)


async def test_homing(rest):
    for path in (
        f"{PREFIXES}/88.300.77",
        f"{PREFIXES}/0.NA/88.300.78",
        f"{PREFIXES}?prefix=88.301",
    ):
        homed = await rest.post(path, who=MASTER)
        assert (homed.status, homed.json["responseCode"]) == (200, 1), homed.body
    assert (await rest.post(f"{PREFIXES}/88.300.77", who=basic())).status == 403
    assert (await rest.post(f"{PREFIXES}/88.300.77")).status == 401
    assert (await rest.post(f"{PREFIXES}/8%208", who=MASTER)).status == 400
    allotted = await rest.post(f"{PREFIXES}/88.300.1.9", who=MASTER)
    assert (allotted.status, allotted.json["responseCode"]) == (500, 2)


async def test_giving_up(rest, settled):
    for path in (f"{PREFIXES}/88.300.1", f"{PREFIXES}?prefix=88.300.1"):
        gone = await rest.delete(path, who=MASTER)
        assert (gone.status, gone.json["responseCode"]) == (200, 1)
        told = await rest.get("/api/handles/88.300.1/A")
        assert (told.status, told.json["responseCode"]) == (400, 301)
    assert len(settled) == 2
    again = await rest.post(f"{PREFIXES}/88.300.1", who=MASTER)
    assert (again.status, again.json["responseCode"]) == (200, 1)
    assert len(settled) == 3
    own = await rest.delete(f"{PREFIXES}/88.300", who=MASTER)
    assert (own.status, own.json["responseCode"]) == (500, 2)
    nowhere = await rest.delete(f"{PREFIXES}/99.1", who=MASTER)
    assert (nowhere.status, nowhere.json["responseCode"]) == (404, 100)


async def test_one_prefix_is_looked_up_elsewhere(rest):
    answer = await rest.get(f"{PREFIXES}/88.300", who=MASTER)
    assert (answer.status, answer.headers["Allow"]) == (405, "POST, DELETE")
