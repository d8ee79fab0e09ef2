"""The client pyhandle against a node over TLS: its own live suites, by password and certificate.

What the reference server fails is expected to fail in the same way: docs/interop.md says why.
"""

import ssl

import aiohttp
import pytest

from tests.e2e import pyhandle_suites as suites
from tests.e2e.certificates import certify
from tests.e2e.nodes import until
from tests.e2e.pyhandle_suites import PASSWORD, PREFIX, READ, USER

DKRZ = "https://www.dkrz.example/data"


def admin(index, handle, at=100):
    value = {"handle": handle, "index": index, "permissions": "111111111111"}
    return {"index": at, "type": "HS_ADMIN", "data": {"format": "admin", "value": value}}


def known(name, secret):
    return {"Authorization": aiohttp.encode_basic_auth(name.replace(":", "%3A"), secret)}


class Live:
    """A node with the prefix of the suites, its administrators, and the record to be read."""

    def __init__(self, node, session, directory, authority):
        self._node = node
        self._session = session
        self._directory = directory
        self._authority = authority
        self._boss = None

    @property
    def url(self):
        host, _, port = self._node.ready["https"].partition(",")[0].rpartition(":")
        assert host == "127.0.0.1"
        return f"https://localhost:{port}"

    async def furnish(self):
        told = await self._node.command("prefix", "admin", PREFIX, "--secret")
        name, secret = told.stdout.split()
        self._boss = known(name, secret)
        key = {"index": 300, "type": "HS_SECKEY", "data": PASSWORD, "permissions": "1100"}
        about = {"index": 1, "type": "DESC", "data": "who runs the suites"}
        index, _, handle = name.partition(":")
        await self.put(USER, [about, admin(int(index), handle), key])
        await self.put(f"0.NA/{PREFIX}?index=700", [admin(300, USER, at=700)])
        values = [
            {"index": at, "type": kind, "data": data}
            for at, kind, data in (
                (111, "TEST1", "val1"),
                (2222, "TEST2", "val2"),
                (333, "TEST3", "val3"),
                (4, "TEST4", "val4"),
                (5, "URL", DKRZ),
            )
        ]
        await self.put(READ, [admin(300, USER), *values])
        return suites.make_ready(self._directory, self.url, self._authority)

    async def put(self, name, values):
        path = f"{self.url}/api/handles/{name}"
        async with self._session.put(path, json=values, headers=self._boss) as answer:
            assert answer.status in {200, 201}, await answer.text()

    async def use_key(self, public_key):
        """Let the user of the suites be known by a public key and no more by a password."""
        key = {"index": 300, "type": "HS_PUBKEY", "data": public_key.decode()}
        await self.put(f"{USER}?index=300", [key])

    async def findable(self):
        """Wait until the reverse look-up knows the record."""
        user = known(f"300:{USER}", PASSWORD)

        async def found():
            path = f"{self.url}/hrls/handles?URL=*dkrz*"
            async with self._session.get(path, headers=user) as answer:
                assert answer.status == 200, await answer.text()
                return await answer.json() == [READ]

        await until(found)


@pytest.fixture
async def live(make_node, tmp_path):
    server = certify(tmp_path / "server", "localhost", server=True)
    node = await make_node(
        start=False,
        IDNODE_PREFIX="21",
        IDNODE_HTTPS_ADDR="127.0.0.1:0",
        IDNODE_TLS_CERT=str(server.with_key),
        IDNODE_CLIENT_CERTS=str(tmp_path / "clients"),
    )
    client = certify(tmp_path / "clients-of-tests", f"300:{USER}")
    (tmp_path / "clients").mkdir()
    (tmp_path / "clients" / "suites.pem").write_bytes(client.certificate.read_bytes())
    await node.start()
    node.prefix = PREFIX
    await node.enrol()
    trust = ssl.create_default_context(cafile=str(server.certificate))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as session:
        live = Live(node, session, tmp_path, server.certificate)
        live.client = client
        yield live


def failed(told):
    return {name for name, what in told.items() if what != "passed"}


async def test_by_password(live):
    ready = await live.furnish()
    assert failed(await suites.run("read", ready)) <= suites.READ_FAILURES
    assert failed(await suites.run("write", ready)) <= suites.WRITE_FAILURES
    await live.findable()
    assert failed(await suites.run("search", ready)) == set()


async def test_by_client_certificate(live):
    ready = await live.furnish()
    await live.use_key(live.client.public_key)
    certificate = live.client.with_key
    assert failed(await suites.run("read", ready, certificate)) <= suites.READ_FAILURES
    assert failed(await suites.run("write", ready, certificate)) <= suites.WRITE_FAILURES
