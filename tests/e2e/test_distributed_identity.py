"""Two nodes: who administers identifiers of one is known by keys that the other one has."""

import asyncio
import base64
import os
import signal

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from identifiers.keys.signers import RsaSigner
from identifiers.values import Value
from identifiers.wire.handle.data import ALL_PERMISSIONS, Admin, encode_admin
from identifiers.wire.handle.site import decode_site
from idnode import NotAllowed, PrivateKey, SecretKey
from tests.e2e.nodes import until

FAR = "88.300.7"
"""The enterprise's prefix: delegated by the one node to the other."""
ADMIN = f"{FAR}/ADMIN"
THERE = "88.300.1/SHARED"
THERE_URL = {"index": 1, "type": "URL", "data": "https://0.example/"}
SECRET = b"far-away-secret-of-24-octets"
KEY = RsaSigner(rsa.generate_private_key(public_exponent=65537, key_size=2048))
BY_SECRET = SecretKey(ADMIN, 300, SECRET)
BY_KEY = PrivateKey(ADMIN, 301, KEY)


def url(text, index=1):
    return Value(index=index, type="URL", data=text.encode())


def in_base64(index, kind, data, **more):
    told = {"format": "base64", "value": base64.b64encode(data).decode()}
    return {"index": index, "type": kind, "data": told, **more}


def administered_by(at, index):
    return in_base64(at, "HS_ADMIN", encode_admin(Admin(ALL_PERMISSIONS, ADMIN, index)))


@pytest.fixture
async def far(make_node):
    """Have the enterprise's own node, with its administrator's keys."""
    node = await make_node(enrolled=True, IDNODE_WORKERS="1")
    await node.command("prefix", "home", FAR, "--enterprise", "1")
    async with node.registry() as registry:
        keys = (
            in_base64(300, "HS_SECKEY", SECRET, permissions="1100"),
            in_base64(301, "HS_PUBKEY", KEY.public),
            in_base64(302, "HS_PUBKEY", KEY.public),
        )

        async def made():
            done = await registry.batch([{"handle": ADMIN, "values": list(keys)}])
            return done[0].status in {200, 201}

        await until(made)
    return node


@pytest.fixture
async def near(make_node):
    """Have the node with the identifier that these keys administer."""
    node = await make_node(enrolled=True, IDNODE_WORKERS="1", IDNODE_REMOTE_KEYS="127.0.0.0/8")
    await node.command("prefix", "home", FAR, "--enterprise", "1")
    values = [
        THERE_URL,
        administered_by(100, 300),
        administered_by(101, 301),
    ]
    async with node.registry() as registry:
        await registry.create({"handle": THERE, "values": values})
    return node


async def delegate(near, far, tmp_path, key=None):
    """Delegate the prefix with the key that the other node signs with, or with another one."""
    if key is None:
        async with far.handle() as client:
            key = decode_site(await client.site()).servers[0].public_key
    file = tmp_path / "key.bin"
    file.write_bytes(key)
    host, port = far.address("handle")
    await near.command(
        *("prefix", "delegate", FAR, "--site", f"{host}:{port}", "--public-key", str(file))
    )
    # The registry process looks at the prefixes anew within a second.
    await until(lambda: delegated(near))


async def delegated(near):
    async with near.registry() as registry:
        (result,) = await registry.batch([{"handle": f"{FAR}/NEW", "values": [THERE_URL]}])
    problem = result.problem
    return problem is not None and problem.type == "urn:idnode:problem:prefix-delegated"


async def refusal(near, who):
    async with near.handle() as client:
        with pytest.raises(NotAllowed) as refused:
            await client.administrator(who).modify(THERE, [url("https://evil.example/")])
    return refused.value


async def told(near, who, text):
    """Wait until what is told to `who` says `text`: directories and failures are remembered."""

    async def says():
        refused = await refusal(near, who)
        return refused if text in refused.message else None

    return await until(says)


async def administer(near, who, text):
    async with near.handle() as client:
        await client.administrator(who).modify(THERE, [url(text)])
    async with near.handle() as client:
        found = await client.resolve(THERE, indexes=[1])
        assert [value.data for value in found.values] == [text.encode()]


async def by_basic(near, secret):
    user = f"300%3A{ADMIN}".encode()
    header = {"Authorization": f"Basic {base64.b64encode(user + b':' + secret).decode()}"}
    async with (
        aiohttp.ClientSession(headers=header) as session,
        session.put(
            f"{near.url('http')}/api/handles/{THERE}?index=2",
            json=[{"index": 2, "type": "URL", "data": "https://basic.example/"}],
        ) as answer,
    ):
        return answer.status, await answer.json()


async def test_administrators_are_known_by_keys_of_their_own_node(near, far, tmp_path):
    # Its prefix lives here at first, and there is no such key.
    assert (await refusal(near, BY_KEY)).code == 403
    await delegate(near, far, tmp_path)
    await administer(near, BY_KEY, "https://1.example/")
    await administer(near, BY_SECRET, "https://2.example/")
    assert await by_basic(near, SECRET) == (200, {"responseCode": 1, "handle": THERE})
    assert (await by_basic(near, b"wrong"))[0] == 401
    assert (await near.metrics())['idnode_remote_keys_total{result="answered"}'] > 0
    wrong = await refusal(near, SecretKey(ADMIN, 300, b"wrong"))
    assert (wrong.code, wrong.message) == (403, "")
    # The record of the prefix stays here: a key in that of the other node is none.
    stays = await refusal(near, PrivateKey(f"0.NA/{FAR}", 300, KEY))
    assert (stays.code, "under a name there" in stays.message) == (403, True)
    # Somebody whom HS_ADMIN does not name is known all the same, and may do nothing.
    assert (await refusal(near, PrivateKey(ADMIN, 302, KEY))).code == 400
    for who in (BY_KEY, BY_SECRET):
        async with near.handle() as client:
            admin = client.administrator(who)
            await admin.open_session(verified=False)
            await admin.modify(THERE, [url("https://session.example/")])
            await admin.add(THERE, [url("https://3.example/", 3)])
            await admin.remove(THERE, [3])
            await admin.close_session()
        async with near.handle() as client:
            admin = client.administrator(who)
            await admin.log_in()
            await admin.modify(THERE, [url("https://login.example/")])


async def proved(near, who):
    async with near.handle() as client:
        try:
            await client.administrator(who).modify(THERE, [url("https://0.example/")])
        except NotAllowed:
            return False
    return True


async def test_who_pretends_to_be_the_holder_of_the_keys_is_not_believed(near, far, tmp_path):
    other = RsaSigner(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    await delegate(near, far, tmp_path, other.public)
    for who in (BY_KEY, BY_SECRET):
        refused = await told(near, who, "not signed with the key in its site record")
        assert refused.code == 406
    await delegate(near, far, tmp_path)
    for who in (BY_KEY, BY_SECRET):
        await until(lambda who=who: proved(near, who))


async def test_a_node_that_hangs_is_told_of_and_keeps_nobody_else_waiting(near, far, tmp_path):
    await delegate(near, far, tmp_path)
    assert await proved(near, BY_SECRET)
    secret = (await near.command("prefix", "admin", near.prefix, "--secret")).stdout.split()[-1]
    worker = await far.kill("worker-0", signal.SIGSTOP)
    try:
        waiting = asyncio.create_task(refusal(near, BY_SECRET))
        async with near.handle() as client:
            admin = client.administrator(SecretKey(f"0.NA/{near.prefix}", 300, secret.encode()))
            await admin.create("88.300.1/MINE", [url("https://mine.example/")])
        assert not waiting.done()
        refused = await waiting
        assert (refused.code, "does not answer" in refused.message) == (406, True)
        assert "try again" in refused.message
    finally:
        os.kill(worker, signal.SIGCONT)
    await until(lambda: proved(near, BY_SECRET))
    await far.stop()
    refused = await told(near, BY_SECRET, "does not answer")
    assert refused.code == 406


async def test_the_node_above_has_the_keys_of_prefixes_that_nobody_here_knows(make_node, tmp_path):
    above = await make_node(enrolled=True, IDNODE_WORKERS="1", IDNODE_PREFIX="88.300,88.400")
    await above.command("prefix", "home", "88.400.1", "--enterprise", "1")
    secret = (await above.command("prefix", "admin", "88.400.1", "--secret")).stdout.split()[-1]
    async with above.handle() as client:
        (tmp_path / "site.bin").write_bytes(await client.site())
    near = await make_node(
        enrolled=True,
        IDNODE_WORKERS="1",
        IDNODE_REMOTE_KEYS="none",
        IDNODE_UPSTREAM_SITE=str(tmp_path / "site.bin"),
    )
    name = "0.NA/88.400.1"
    admin = in_base64(100, "HS_ADMIN", encode_admin(Admin(ALL_PERMISSIONS, name, 300)))
    async with near.registry() as registry:
        await registry.create({"handle": THERE, "values": [THERE_URL, admin]})
    await administer(near, SecretKey(name, 300, secret.encode()), "https://above.example/")
    wrong = await refusal(near, SecretKey(name, 300, b"wrong"))
    assert (wrong.code, wrong.message) == (403, "")
