"""Templates and codes on a real node: adopted, used by many at once, in bulk, and resolved."""

import asyncio
import csv
import io
import json
from collections import Counter

import aiohttp

KEYED = {"Content-Type": "application/json"}
VERSION = "coal-batch-1"
DOCUMENT = {
    "prefix": "88.300.1",
    "version": "lamp-1",
    "title": "矿灯",
    "industry": {"category": "B", "division": "06", "group": "061", "class": "0610"},
    "items": [
        {"name": "SERIAL", "title": "编号", "required": True, "unique": True, "max_length": 32},
        {"name": "MADE_ON", "title": "生产日期", "type": "date"},
    ],
}


class Desk:
    """An enterprise's calls."""

    def __init__(self, node, session):
        self._base = node.url("registry")
        self._session = session

    async def call(self, method, path, body=None, **headers):
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        async with self._session.request(
            method, self._base + path, data=data, headers=KEYED | headers
        ) as answer:
            return answer.status, await answer.json()


def desk_of(node, session):
    session.headers["Authorization"] = f"Bearer {node.api_key}"
    return Desk(node, session)


def batch(number, **more):
    """Attributes of a coal batch."""
    return {
        "BATCH_NO": f"B-{number:06}",
        "MINE": "示例一矿",
        "PRODUCED_ON": "2026-11-01",
        "MASS": 60.5,
    } | more


async def test_what_the_node_comes_with_is_adopted_and_used(node):
    offered = json.loads((await node.command("template", "list")).stdout)
    assert {row["stage"] for row in offered} == {"shipped"}
    assert VERSION in {row["version"] for row in offered}
    shown = json.loads((await node.command("template", "show", VERSION)).stdout)
    assert "自定义" in shown["description"]
    (adopted,) = json.loads((await node.command("template", "adopt", VERSION)).stdout)
    assert (adopted["prefix"], adopted["stage"]) == ("88.300", "published")
    every = json.loads((await node.command("template", "adopt", "--all")).stdout)
    assert len(every) == len(offered)
    async with aiohttp.ClientSession() as session, node.handle() as resolver:
        desk = desk_of(node, session)

        async def adopted_here():
            return await desk.call("GET", f"/api/v1/templates/88.300/{VERSION}")

        status, template = await adopted_here()
        assert (status, template["items"][0]["name"]) == (200, "BATCH_NO")
        body = {"handle": "88.300.1/batch", "template": VERSION, "attributes": batch(1)}
        status, answer = await desk.call("POST", "/api/v1/identifiers", body)
        while status == 422:
            # The registry reads the book of templates anew each second.
            assert answer["errors"][0]["code"] == "template.unknown"
            status, answer = await desk.call("POST", "/api/v1/identifiers", body)
        assert status == 201
        found = await resolver.resolve("88.300.1/batch")
        told = {value.index: (value.type, value.data.decode()) for value in found.values}
        assert told[1001] == ("TEMPLATE", VERSION)
        assert told[2000] == ("BATCH_NO", "B-000001")
        _, read = await desk.call("GET", "/api/v1/identifiers/88.300.1/batch")
        assert read["attributes"] == batch(1, MASS="60.5")
    await node.command("template", "withdraw", VERSION)
    withdrawn = json.loads((await node.command("template", "show", VERSION)).stdout)
    assert withdrawn["stage"] == "withdrawn"
    done = await node.command("template", "publish", "nothing", check=False)
    assert (done.returncode, "no such template" in done.stderr) == (1, True)


async def test_what_is_unique_is_unique_whoever_comes_at_once(node):
    async with aiohttp.ClientSession() as session:
        desk = desk_of(node, session)
        assert (await desk.call("POST", "/api/v1/templates", DOCUMENT))[0] == 200
        path = "/api/v1/templates/88.300.1/lamp-1"
        assert (await desk.call("POST", f"{path}/publish"))[0] == 200

        async def register(caller, serial):
            body = {
                "handle": f"88.300.1/{caller}-{serial}",
                "template": "lamp-1",
                "attributes": {"SERIAL": str(serial)},
            }
            status, answer = await desk.call("POST", "/api/v1/identifiers", body)
            if status == 201:
                return serial
            assert (status, answer["errors"][0]["code"]) == (422, "template.not_unique")
            return None

        calls = [register(caller, serial) for serial in range(20) for caller in range(12)]
        won = Counter(await asyncio.gather(*calls))
        assert won == Counter(dict.fromkeys(range(20), 1) | {None: 220})
        # In bulk too: the first 20 are taken, of the others each number is there twice.
        rows = io.StringIO()
        writer = csv.writer(rows)
        writer.writerow(("handle", "template", "SERIAL", "MADE_ON"))
        writer.writerows(
            (f"88.300.1/row-{row}", "lamp-1", row % 500, "2026-11-01") for row in range(1000)
        )
        status, done = await desk.call(
            "POST", "/api/v1/imports", rows.getvalue().encode(), **{"Content-Type": "text/csv"}
        )
        assert (status, done["created"], done["rejected"]) == (200, 480, 520)


async def test_codes_are_given_once_to_many_callers_and_over_a_restart(node):
    async with aiohttp.ClientSession() as session:
        desk = desk_of(node, session)
        rule = {"rule": "LAMP-{yyyy}-{seq:5}{check}", "template": "lamp-1"}
        await desk.call("PUT", "/api/v1/code-rules/88.300.1/lamp", rule)
        await desk.call("PUT", "/api/v1/code-rules/88.300.1/drawn", {"rule": "R{random:3}"})

        async def ask(name, count):
            asked_for = {"prefix": "88.300.1", "rule": name, "count": count}
            status, given = await desk.call("POST", "/api/v1/codes", asked_for)
            while status == 503:  # nothing was changed: try again, as a client does
                status, given = await desk.call("POST", "/api/v1/codes", asked_for)
            assert status == 200, given
            return given["handles"]

        async def many():
            calls = [ask("lamp", 1 + number % 7) for number in range(120)]
            calls += [ask("drawn", 20) for _ in range(40)]
            return [name for names in await asyncio.gather(*calls) for name in names]

        first = await many()
        await node.replaced("registry", await node.kill("registry"))
        node_again = desk_of(node, session)
        status, _ = await node_again.call("GET", "/api/v1/code-rules")
        assert status == 200
        second = await many()
        given = first + second
        assert len(set(given)) == len(given)
        body = {"values": [{"index": 1, "type": "URL", "data": "https://a.example"}]}
        for name in given[:5]:
            status, _ = await desk.call("POST", "/api/v1/identifiers", {"handle": name, **body})
            assert status == 201
