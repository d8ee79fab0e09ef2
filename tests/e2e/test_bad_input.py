"""Garbage at every door of a real node: clear refusals, nothing lost, no process ended."""

import asyncio
import io
import json
import random
import socket

import aiohttp
import pytest

from tests.e2e.journal import values

GARBAGE = 4000


async def test_malformed_datagrams_and_streams_end_no_process(node):
    async with node.registry() as client:
        await client.create({"handle": f"{node.prefix}/A", "values": values("a")})
    before = await node.pids()
    await asyncio.to_thread(send_garbage, node)
    async with node.handle() as client, node.http() as http:
        assert (await client.resolve(f"{node.prefix}/A")).found
        assert (await http.resolve(f"{node.prefix}/A")).found
    assert await node.pids() == before


def send_garbage(node):
    draw = random.Random(3)
    good = bytes.fromhex(
        "020b020b000000003e058d63000000000000003a000000010000000019000000ffff00006b03bb850000001e"
        "0000001232302e3530302e3132332f4e4f2d53554348000000000000000000000000"
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(node.address("handle"))
        for _ in range(GARBAGE):
            mutated = bytearray(good)
            for _ in range(draw.randrange(1, 6)):
                mutated[draw.randrange(len(mutated))] = draw.randrange(256)
            sock.send(bytes(mutated)[: draw.randrange(len(mutated) + 1)])
            sock.send(draw.randbytes(draw.randrange(1400)))
    for role in ("handle", "http", "registry", "ops"):
        for _ in range(50):
            with socket.create_connection(node.address(role), timeout=5) as sock:
                sock.sendall(draw.randbytes(draw.randrange(1, 3000)))


def item(handle, text="x"):
    return {"handle": handle, "values": values(text)}


REFUSED = [
    (b"{", "json.syntax", ""),
    (b'{"handle":"88.300.1/A","handle":"88.300.1/B"}', "json.duplicate_key", "/handle"),
    (b'{"handle":"88.300.1/A\\u0000","values":[]}', "nul", "/handle"),
    (b'{"handle":"88.300.1/\\ud800","values":[]}', "surrogate", "/handle"),
    (b'{"handle":"88.300.1/\xff","values":[]}', "utf8", ""),
    (b'{"handle":7,"values":{}}', "type", "/handle"),
    (b'{"handle":"88.300.1/A","values":[{"index":NaN}]}', "json.number", "/values/0/index"),
    (b"[" * 100_000, "json.too_deep", ""),
]
"""A body, a fault that must be told and where."""


@pytest.fixture
async def call(node):
    headers = {"Authorization": f"Bearer {node.api_key}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(node.url("registry"), headers=headers) as session:

        async def call(method, path, **more):
            async with session.request(method, path, **more) as answer:
                if answer.status >= 400:
                    assert answer.content_type == "application/problem+json"
                return answer.status, await answer.json()

        yield call


async def test_what_cannot_be_registered_is_refused_with_its_faults(call):
    for body, code, pointer in REFUSED:
        status, problem = await call("POST", "/api/v1/identifiers", data=body)
        assert status in {400, 422}, body[:80]
        assert (code, pointer) in {(f["code"], f["pointer"]) for f in problem["errors"]}


async def test_other_enterprises_names_are_out_of_reach(node, call):
    other = (await node.command("enterprise", "add", "示例运输有限公司")).stdout.strip()
    await node.command("prefix", "home", "88.300.10", "--enterprise", other)
    for foreign in ("88.300.10/A", "88.300.2/A", "88.300/A", "88.301.1/A", "0.NA/88.300.10"):
        status, _ = await call("POST", "/api/v1/identifiers", json=item(foreign))
        assert status == 403, foreign
        status, _ = await call(
            "PUT", f"/api/v1/identifiers/{foreign}", json={"values": values("x")}
        )
        assert status == 403, foreign
        status, _ = await call("DELETE", f"/api/v1/identifiers/{foreign}")
        assert status == 403, foreign
    status, answer = await call(
        "POST",
        "/api/v1/identifiers/batch",
        json={"items": [item("88.300.10/A"), item("88.300.1/MINE"), item("88.300.1.5/DERIVED")]},
    )
    assert status == 200
    assert [one["status"] for one in answer["items"]] == [403, 201, 201]


async def test_too_much_is_refused_whole(node, call):
    status, _ = await call("POST", "/api/v1/identifiers", data=io.BytesIO(b" " * (1 << 20) + b"{}"))
    assert status == 413
    items = json.dumps({"items": [item(f"88.300.1/{n}") for n in range(2001)]}).encode()
    status, _ = await call("POST", "/api/v1/identifiers/batch", data=items)
    assert status == 413
    async with node.http() as http:
        assert not (await http.resolve("88.300.1/0")).found
