"""A key pair with an end and with address ranges, against a real node with all its processes."""

import base64
import datetime as dt

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from identifiers.keys.signers import RsaSigner
from identifiers.values import Value
from identifiers.wire.handle.site import decode_site
from idnode import HandleClient, NotAllowed, PrivateKey

URL = Value(index=1, type="URL", data=b"https://1.example")
INDEX = 301


@pytest.fixture
async def api(node):
    """Ask the registration API as the enterprise's owner."""
    added = await node.command(
        "account", "add", "li", "--role", "owner", "--enterprise", "1", "--program"
    )
    base = f"{node.url('registry')}/api/v1"
    said = {"name": "li", "password": added.stdout.strip()}
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{base}/token", json=said) as answer:
            by = {"Authorization": f"Bearer {(await answer.json())['token']}"}

        async def ask(method, body=None, place=f"/{INDEX}:0.NA/{node.prefix}"):
            where = f"{base}/key-pairs{place}"
            async with session.request(method, where, json=body, headers=by) as answer:
                told = await answer.json() if answer.content_length else None
                assert answer.ok, told
                return told

        yield ask


@pytest.fixture
async def me(node, tmp_path):
    """The administrator of the enterprise's prefix, by a key pair."""
    signer = RsaSigner(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    path = tmp_path / "key.bin"
    path.write_bytes(signer.public)
    said = ("--public-key", str(path), "--index", str(INDEX))
    await node.command("prefix", "admin", node.prefix, *said)
    return PrivateKey(f"0.NA/{node.prefix}", INDEX, signer)


async def create(node, me, name):
    async with HandleClient(*node.address("handle")) as client:
        await client.administrator(me).create(f"{node.prefix}/{name}", [URL])


async def refused(node, me, name):
    with pytest.raises(NotAllowed) as found:
        await create(node, me, name)
    return found.value.code


async def test_a_key_pair_counts_within_its_bounds(node, me, api):
    await create(node, me, "BEFORE")
    (shown,) = (await api("GET", place=""))["items"]
    assert (shown["index"], shown["expired"], shown["expires_at"]) == (INDEX, False, None)
    await api("PUT", {"networks": ["198.51.100.0/24"]})
    assert await refused(node, me, "FAR") == 403
    await api("PUT", {"networks": ["127.0.0.0/8", "::1/128"]})
    await create(node, me, "NEAR")
    await api("PUT", {"expires_at": "2020-01-01T00:00:00Z"})
    assert await refused(node, me, "LATE") == 403
    (shown,) = (await api("GET", place=""))["items"]
    assert shown["expired"]
    await node.command("key-pair", "lift", f"{INDEX}:{shown['handle']}")
    assert (await api("GET"))["set_by"] is None
    listed = (await node.command("key-pair", "list", "--enterprise", "1")).stdout
    assert f"0.NA/{node.prefix}" in listed


async def test_an_owner_adds_a_key_pair_himself(node, api):
    signer = RsaSigner(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    said = {"public_key": base64.b64encode(signer.public).decode()}
    place = f"/{INDEX + 1}:0.NA/{node.prefix}"
    shown = await api("POST", said, place=place)
    assert (shown["index"], shown["type"]) == (INDEX + 1, "HS_PUBKEY")
    me = PrivateKey(f"0.NA/{node.prefix}", INDEX + 1, signer)
    await create(node, me, "HIMSELF")
    await api("PUT", {"expires_at": "2020-01-01T00:00:00Z"}, place=place)
    assert await refused(node, me, "LATE") == 403


async def test_a_session_ends_when_its_key_does(node, me, api):
    async with HandleClient(*node.address("handle")) as stranger:
        site = decode_site(await stranger.site())
    key = site.servers[0].public_key
    async with HandleClient(*node.address("handle"), key=key) as client:
        admin = client.administrator(me)
        await admin.open_session()
        soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=3)
        bounded = await api("PUT", {"expires_at": f"{soon:%Y-%m-%dT%H:%M:%SZ}"})
        assert not bounded["expired"]
        await admin.create(f"{node.prefix}/IN-TIME", [URL])
        while not (await api("GET"))["expired"]:
            pass
        with pytest.raises(NotAllowed):
            await admin.create(f"{node.prefix}/TOO-LATE", [URL])
