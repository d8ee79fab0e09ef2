"""Two nodes: a prefix delegated from one to the other, over every transport, IPv4 and IPv6."""

import aiohttp
import pytest

from edge.addresses import parse_address
from identifiers.wire.handle.codes import ResponseCode
from idnode import HandleClient, Refused
from idnode.handle import Transport
from tests.e2e.nodes import until

BOTH = "127.0.0.1:0,[::1]:0"
CONNECTIONS = 12
"""New connections spread over the workers; so many to meet each of them."""
HERE = {"index": 1, "type": "URL", "data": "https://here.example/"}
THERE = {"index": 1, "type": "URL", "data": "https://there.example/"}


def clients(node, **options):
    """Return a client for each address of the Handle listeners, IPv4 first."""
    addresses = parse_address(node.ready["handle"])
    return [HandleClient(address.host, address.port, **options) for address in addresses]


async def codes(node, handle, transport=Transport.TCP):
    """Return what every worker says, asked over connections of their own."""
    found = set()
    for _ in range(CONNECTIONS):
        async with HandleClient(
            *node.address("handle"), transport=transport, max_referrals=0
        ) as client:
            found.add((await client.resolve(handle)).code)
    return found


async def settled(node, handle, code):
    """Wait until every worker says the same."""

    async def told():
        return await codes(node, handle) == {code}

    await until(told)


async def taken_again(node, handle, value):
    try:
        await registered(node, handle, value)
    except Refused as refused:
        if refused.problem.type != "urn:idnode:problem:prefix-delegated":
            raise
        return False
    return True


async def page(node, path):
    async with (
        aiohttp.ClientSession() as session,
        session.get(node.url("http") + path, allow_redirects=False) as answer,
    ):
        return answer.status, dict(answer.headers), await answer.text()


async def registered(node, handle, *values):
    async with node.registry() as registry:
        await registry.create({"handle": handle, "values": list(values)})


@pytest.fixture
async def near(make_node):
    node = await make_node(enrolled=True, IDNODE_HANDLE_ADDR=BOTH, IDNODE_RECURSION="on")
    await registered(node, "88.300.1/BOTH", HERE)
    return node


async def test_a_prefix_is_delegated_and_taken_back(near, make_node):
    far = await make_node(enrolled=True, IDNODE_HANDLE_ADDR=BOTH, IDNODE_WORKERS="1")
    await registered(far, "88.300.1/BOTH", THERE)
    await settled(near, "88.300.1/BOTH", ResponseCode.SUCCESS)
    sites = [str(address) for address in parse_address(far.ready["handle"])]
    options = [part for site in sites for part in ("--site", site)]
    done = await near.command("prefix", "delegate", "88.300.1", *options)
    assert done.stdout == "88.300.1\n"

    await settled(near, "88.300.1/BOTH", ResponseCode.SERVICE_REFERRAL)
    assert await codes(near, "88.300.1/BOTH", Transport.UDP) == {ResponseCode.SERVICE_REFERRAL}
    assert await codes(near, "0.NA/88.300.1") == {ResponseCode.SUCCESS}
    assert await codes(near, "0.NA/88.300.1.7") == {ResponseCode.PREFIX_REFERRAL}
    for client in clients(near):
        async with client:
            found = await client.resolve("88.300.1/BOTH")
            assert [value.data for value in found.values] == [b"https://there.example/"]
    status, _, _ = await page(near, "/api/handles/88.300.1/BOTH")
    assert status == 300
    status, _, _ = await page(near, "/api/handles/88.300.1/BOTH?doNotRefer")
    assert status == 404
    # Browsers of trusted networks are walked for, since recursion is on.
    status, headers, _ = await page(near, "/88.300.1/BOTH")
    assert (status, headers["Location"]) == (302, "https://there.example/")
    with pytest.raises(Refused) as refused:
        await registered(near, "88.300.1/NEW", HERE)
    assert refused.value.problem.type == "urn:idnode:problem:prefix-delegated"

    await near.command("prefix", "delegate", "88.300.1", "--back")
    await settled(near, "88.300.1/BOTH", ResponseCode.SUCCESS)
    status, headers, _ = await page(near, "/88.300.1/BOTH")
    assert (status, headers["Location"]) == (302, "https://here.example/")
    # The registry process looks at the prefixes anew within a second of its own.
    await until(lambda: taken_again(near, "88.300.1/NEW", HERE))
    assert await codes(near, "0.NA/88.300.1") == {ResponseCode.HANDLE_NOT_FOUND}


async def test_long_answers_over_udp_ipv4_and_ipv6(near):
    values = [{"index": n, "type": "DATA", "data": f"{n:04}-" + "x" * 195} for n in range(1, 17)]
    await registered(near, "88.300.1/LONG", *values)
    await settled(near, "88.300.1/LONG", ResponseCode.SUCCESS)
    for client in clients(near, transport=Transport.UDP):
        async with client:
            found = await client.resolve("88.300.1/LONG")
            assert [value.data.decode() for value in found.values] == [v["data"] for v in values]
            site = await client.site()
            assert site


async def test_a_prefix_is_given_up_and_homed_again(near):
    names = ("88.300.1/BOTH", "0.NA/88.300.1", "88.300.1.7/X")
    refused = await near.command("prefix", "unhome", "88.300", check=False)
    assert (refused.returncode, "88.300.1" in refused.stderr) == (1, True)
    for _ in range(2):
        assert (await near.command("prefix", "unhome", "88.300.1")).stdout == "88.300.1\n"
    await settled(near, names[0], ResponseCode.SERVER_NOT_RESPONSIBLE)
    for name in names:
        for transport in (Transport.UDP, Transport.TCP):
            assert await codes(near, name, transport) == {ResponseCode.SERVER_NOT_RESPONSIBLE}
    status, _, _ = await page(near, "/api/handles/88.300.1/BOTH")
    assert status == 400
    with pytest.raises(Refused):
        await registered(near, "88.300.1/NEW", HERE)
    await near.command("prefix", "unhome", "88.300")
    await settled(near, "0.NA/88.300.9", ResponseCode.SERVER_NOT_RESPONSIBLE)
    await near.stop()
    await near.start()
    assert await codes(near, "0.NA/88.300.9") == {ResponseCode.SERVER_NOT_RESPONSIBLE}
    early = await near.command("prefix", "home", "88.300.1", "--enterprise", "1", check=False)
    assert "home the secondary prefix first" in early.stderr
    await near.command("prefix", "home", "88.300")
    await near.command("prefix", "home", "88.300.1", "--enterprise", "1")
    await settled(near, names[0], ResponseCode.SUCCESS)
    await until(lambda: taken_again(near, "88.300.1/NEW", HERE))
