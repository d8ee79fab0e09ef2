"""Search on a running node: by HTTP and at the command line, through changes and kills."""

import aiohttp

from tests.e2e.nodes import until


def coal(node, name, product):
    return {
        "handle": f"{node.prefix}/{name}",
        "values": [{"index": 2000, "type": "PRODUCT", "data": product}],
    }


async def test_it_follows_what_is_written(node):
    async with node.registry() as registry:

        async def found(*terms):
            page = await registry.searches.page(terms)
            return [match.handle.partition("/")[2] for match in page.items]

        async def is_found(names, *terms):
            return await found(*terms) == names

        await registry.create(coal(node, "COAL-1", "长焰煤洗块煤"))
        await registry.create(coal(node, "COAL-2", "焦煤"))
        # By name nothing is behind.
        assert await found(("begins", f"{node.prefix}/COAL-")) == ["COAL-1", "COAL-2"]
        assert await found(("name", f"{node.prefix}/COAL-2")) == ["COAL-2"]
        await until(lambda: is_found(["COAL-1"], ("q", "长焰")))
        await until(lambda: is_found(["COAL-2"], ("field", "PRODUCT=焦煤")))
        await registry.patch(f"{node.prefix}/COAL-1", state="reserved")
        await until(lambda: is_found(["COAL-1"], ("state", "reserved"), ("q", "洗块")))
        assert await found(("state", "active"), ("q", "洗块")) == []
        old = await node.kill("registry")
        await node.replaced("registry", old)
        await until(lambda: is_found(["COAL-1", "COAL-2"], ("field", "PRODUCT=*煤")))

    told = await node.command("search", "洗块", "--count")
    assert told.stdout.split()[:3] == [f"{node.prefix}/COAL-1", "reserved", "v2"]
    assert told.stderr == "1 found\n"


async def test_nobody_searches_without_a_key(node):
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{node.url('registry')}/api/v1/search?q=x") as answer,
    ):
        assert answer.status == 401
