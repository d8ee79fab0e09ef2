"""The reverse look-up of a running node: it follows what is written, through kills and imports."""

import asyncio
import json

import aiohttp
import pytest

from tests.e2e.nodes import until

ROWS = 4000
URL = "https://batch.example/{}"


class Searcher:
    """Asks as the administrator of the enterprise's prefix."""

    def __init__(self, node, session, user):
        self._node = node
        self._session = session
        self._user = user

    async def __call__(self, query):
        """Return what is found; None while the registry is away."""
        path = f"{self._node.url('http')}/hrls/handles?{query}"
        try:
            async with self._session.get(path, headers=self._user) as answer:
                if answer.status == 503:
                    return None
                assert answer.status == 200, await answer.text()
                return await answer.json()
        except (aiohttp.ClientError, ConnectionError):
            return None


@pytest.fixture
async def search(node):
    told = await node.command("prefix", "admin", node.prefix, "--secret")
    name, secret = told.stdout.split()
    user = {"Authorization": aiohttp.encode_basic_auth(name.replace(":", "%3A"), secret)}
    async with aiohttp.ClientSession() as session:
        yield Searcher(node, session, user)


async def test_it_follows_what_is_written(node, search):
    handle = f"{node.prefix}/ONE"
    async with node.registry() as registry:
        url = {"index": 1, "type": "URL", "data": "https://one.example"}
        await registry.create({"handle": handle, "values": [url]})
        await until(lambda: _is(search, "URL=https://one.*", [handle]))
        await registry.delete(handle)
    await until(lambda: _is(search, "URL=https://one.*", []))
    metrics = await node.metrics()
    assert 'idnode_projection_lag_seconds{projection="search"}' in metrics


@pytest.mark.timeout(180)
async def test_kills_amid_an_import_cost_it_nothing(node, search):
    def row(n):
        values = [{"index": 1, "type": "URL", "data": URL.format(n)}]
        return json.dumps({"handle": f"{node.prefix}/N{n}", "values": values}).encode() + b"\n"

    headers = {
        "Authorization": f"Bearer {node.api_key}",
        "Content-Type": "application/x-ndjson",
    }
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(
            f"{node.url('registry')}/api/v1/imports", data=b"".join(map(row, range(ROWS)))
        ) as answer,
    ):
        assert answer.status == 200, await answer.text()
    for _ in range(3):
        old = await node.kill("registry")
        await node.replaced("registry", old)

    async def all_found():
        found = await search(f"URL={URL.format('*')}&limit=100000")
        return found is not None and len(found) == ROWS and len(set(found)) == ROWS

    async with asyncio.timeout(120):
        await until(all_found)
    assert await _is(search, f"URL={URL.format(17)}", [f"{node.prefix}/N17"])
    assert await _is(search, "URL=*example/3999", [f"{node.prefix}/N3999"])


async def _is(search, query, expected):
    return await search(query) == expected
