"""Reverse look-up."""

import pytest

from identifiers.records import State
from identifiers.reverse import TooBroad
from identifiers.values import Value
from registry.rest import reverse as module
from tests.unit.registry.handles import stored, url
from tests.unit.registry.rest.conftest import OPEN, basic

FIND = "/hrls/handles"


@pytest.fixture(autouse=True)
async def mines(records):
    for n in range(3):
        await stored(
            records,
            f"88.300.1/M{n}",
            url(1, b"https://mine.example/%d" % n),
            Value(index=2, type="CHECKSUM", data=b"%d" % (n % 2)),
            Value(index=3, type="KEY", data=b"\xff\x00"),
            Value(index=4, type="NOTE", data=b"private", permissions=0x0C),
        )
    await stored(records, "88.300.10/M", url(1, b"https://mine.example/other"))
    await stored(records, "88.300.7/DISABLED", url(1, b"https://mine.example/7"))


async def found(rest, query):
    answer = await rest.get(f"{FIND}{query}", who=basic())
    assert answer.status == 200, answer.body
    return answer.json


async def test_by_one_and_by_two_values(rest):
    assert await found(rest, "?URL=https://mine.example/1") == ["88.300.1/M1"]
    assert await found(rest, "?URL=*mine*&CHECKSUM=0") == ["88.300.1/M0", "88.300.1/M2"]
    assert await found(rest, "?NOTE=private") == []
    assert await found(rest, "?url=*mine*") == []
    assert await found(rest, "") == []


async def test_a_disabled_prefix_shows_nothing(rest):
    assert "88.300.7/DISABLED" not in await found(rest, "?URL=*mine*")


async def test_below_a_text(rest):
    assert await found(rest, "/88.300.10?URL=*mine*") == ["88.300.10/M"]
    assert len(await found(rest, "/88.300.1?URL=*mine*")) == 4
    for path in ("/8", "/x", "/88.300/A"):
        answer = await rest.get(f"{FIND}{path}?URL=*", who=basic())
        assert answer.status == 404, path


async def test_pages(rest):
    seen = []
    for page in range(3):
        seen += await found(rest, f"/88.300.1?URL=*mine*&limit=2&page={page}")
    assert len(seen) == len(set(seen)) == 4
    assert await found(rest, "?URL=*mine*&limit=0") == []
    assert len(await found(rest, "?URL=*mine*&limit=100001")) == 4


async def test_records(rest):
    records = await found(rest, "/88.300.1/?CHECKSUM=1&retrieverecords=true")
    assert records == {
        "88.300.1/M1": [
            {"type": "URL", "value": "https://mine.example/1"},
            {"type": "CHECKSUM", "value": "1"},
            {"type": "KEY", "value": "/wA="},
        ]
    }
    assert await found(rest, "?CHECKSUM=none&retrieverecords=true") == {}
    assert await found(rest, "?retrieverecords=true") == {}


async def test_what_was_deleted_since_it_was_found(rest, records, reverse):
    matches = await reverse.search(module.Search(tests=module.read_tests([("CHECKSUM", "1")])))

    async def search(_):
        return matches

    reverse.search = search
    await stored(records, "88.300.1/M1", url(), state=State.SUSPENDED)
    assert await found(rest, "?CHECKSUM=1&retrieverecords=true") == {}


@pytest.mark.parametrize(
    "query",
    [
        "HS_SECKEY=*",
        "hs_seckey=*",
        "URL=x&limit=x",
        "URL=x&page=1.5",
        "URL=x&limit=100000&page=1",
        "URL=%00",
        "URL=" + "x" * 1025,
        "URL=" + "*a" * 9,
        "URL=a&CHECKSUM=b&retrieverecords=true",
        "&".join(f"T{n}=x" for n in range(17)),
    ],
)
async def test_what_is_not_searched_for(rest, query):
    answer = await rest.get(f"{FIND}?{query}", who=basic())
    assert (answer.status, answer.json["responseCode"]) == (400, 4)


async def test_too_broad_a_search(rest, reverse, monkeypatch):
    monkeypatch.setattr(module, "RECORD_OCTETS", 10)
    assert (await rest.get(f"{FIND}?CHECKSUM=1&retrieverecords", who=basic())).status == 400
    reverse.broad = TooBroad(10)
    assert (await rest.get(f"{FIND}?URL=*", who=basic())).status == 400


async def test_searching_is_for_somebody(rest):
    assert (await rest.get(f"{FIND}?URL=*")).status == 401
    assert (await rest.get(f"{FIND}?URL=*", who=basic(secret=b"x"))).status == 401
    assert (await rest.get(f"{FIND}?URL=*", who=basic(), origin=OPEN)).status == 403


async def test_it_lives(rest):
    answer = await rest.get("/hrls/ping")
    assert (answer.status, answer.body) == (200, b"OK")
