"""An account from the command line to the API, and through a restart."""

import aiohttp
import pytest


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as found:
        yield found


async def test_an_account_logs_in_makes_a_key_and_is_disabled(make_node, session):
    node = await make_node()
    await node.enrol()
    added = await node.command(
        "account", "add", "mes", "--role", "owner", "--enterprise", "1", "--program"
    )
    secret = added.stdout.strip()
    base = f"{node.url('registry')}/api/v1"
    said = {"name": "mes", "password": secret}
    async with session.post(f"{base}/token", json=said) as answer:
        assert answer.status == 200
        by = {"Authorization": f"Bearer {(await answer.json())['token']}"}
    body = {"scopes": ["identifiers:write"], "days": 1}
    async with session.post(f"{base}/keys", json=body, headers=by) as answer:
        made = await answer.json()
        assert answer.status == 201
    with_key = {"Authorization": f"Bearer {made['key']}"}
    item = {"handle": f"{node.prefix}/A", "values": [{"index": 1, "type": "URL", "data": "x"}]}
    async with session.post(f"{base}/identifiers", json=item, headers=with_key) as answer:
        assert answer.status == 201
    # A token is kept by the database, not by the process that gave it.
    old = (await node.pids())["registry"]
    await node.kill("registry")
    await node.replaced("registry", old)
    async with session.get(f"{base}/token", headers=by) as answer:
        assert (await answer.json())["name"] == "mes"
    await node.command("account", "disable", "mes")
    status = 200
    while status == 200:
        async with session.get(f"{base}/token", headers=by) as answer:
            status = answer.status
    assert status == 401
