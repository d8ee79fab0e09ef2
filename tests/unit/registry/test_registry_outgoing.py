import socket
from ipaddress import ip_address

import pytest
from aiohttp import web

from registry.outgoing import CheckedResolver, NotPublic, PublicSender, Sent, look_up


def names(**known):
    """Return a look-up that knows just these."""
    asked = []

    async def look(host, port):
        asked.append((host, port))
        return [ip_address(address) for address in known[host.partition(".")[0]]]

    return look, asked


@pytest.fixture
async def target():
    """A server on this machine that notes what it is told."""
    told = []

    async def take(request):
        told.append((request.path, dict(request.headers), await request.read()))
        if request.path == "/away":
            raise web.HTTPFound("/taken")
        if request.path == "/long":
            return web.Response(body=b"x" * 10_000_000)
        return web.Response(status=500 if request.path == "/broken" else 204)

    app = web.Application()
    app.router.add_post("/{rest:.*}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    bound = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, bound).start()
    yield f"http://127.0.0.1:{bound.getsockname()[1]}", told
    await runner.cleanup()


async def test_every_address_of_a_name_is_checked():
    look, _ = names(
        good=["8.8.8.8", "2001:4860:4860::8888"], mixed=["8.8.8.8", "10.0.0.1"], none=[]
    )
    resolver = CheckedResolver(look)
    found = await resolver.resolve("good.example", 443)
    assert [(one["host"], one["port"]) for one in found] == [
        ("8.8.8.8", 443),
        ("2001:4860:4860::8888", 443),
    ]
    for name in ("mixed.example", "none.example"):
        with pytest.raises(NotPublic):
            await resolver.resolve(name, 443)
    await resolver.close()


async def test_a_name_that_means_this_machine_is_not_connected_to(target):
    base, told = target
    look, asked = names(rebound=["127.0.0.1"])
    async with PublicSender(look=look) as sender:
        sent = await sender.post("https://rebound.example/", b"{}", {})
    assert sent == Sent(0, "the name has an address that is not public")
    assert asked == [("rebound.example", 443)]
    assert told == []
    assert base


async def test_literal_addresses_and_other_ports_are_not_connected_to(target):
    base, told = target
    look, asked = names()
    async with PublicSender(look=look) as sender:
        for url in (base, "https://127.0.0.1/", "https://x.example:8000/", "http://x.example/"):
            assert (await sender.post(url, b"{}", {})).status == 0
    assert (asked, told) == ([], [])


async def test_a_post_arrives_as_it_was_sent(target, monkeypatch):
    base, told = target
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with PublicSender(loopback=True) as sender:
        sent = await sender.post(f"{base}/taken", b'{"a":1}', {"Idnode-Delivery": "7"})
    assert sent == Sent(204)
    ((path, headers, body),) = told
    assert (path, headers["Idnode-Delivery"], body) == ("/taken", "7", b'{"a":1}')


async def test_redirects_are_not_followed_and_long_answers_not_read(target):
    base, told = target
    async with PublicSender(loopback=True) as sender:
        assert await sender.post(f"{base}/away", b"", {}) == Sent(302)
        assert await sender.post(f"{base}/long", b"", {}) == Sent(200)
        assert await sender.post(f"{base}/broken", b"", {}) == Sent(500)
    assert [path for path, _, _ in told] == ["/away", "/long", "/broken"]


async def test_nobody_there_is_an_answer():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
        async with PublicSender(loopback=True) as sender:
            sent = await sender.post(url, b"", {})
    assert (sent.status, sent.error) == (0, "ClientConnectorError")


async def test_it_takes_so_long_at_most():
    async def slow(*_):
        raise TimeoutError

    async with PublicSender(look=slow) as sender:
        sent = await sender.post("https://slow.example/", b"", {})
    assert sent == Sent(0, "it took too long")


async def test_it_is_entered_first():
    with pytest.raises(RuntimeError):
        await PublicSender().post("https://x.example/", b"", {})


async def test_names_are_looked_up_as_this_machine_knows_them():
    assert ip_address("127.0.0.1") in await look_up("localhost", 443)
