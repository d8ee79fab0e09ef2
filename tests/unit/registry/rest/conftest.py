import asyncio
import base64
import json
import socket
from ipaddress import ip_address

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from edge.relay import ORIGIN, SERVER_LIMITS, written
from edge.server import serve
from identifiers.names import Prefix
from identifiers.principals import HandleIdentity
from identifiers.relay import Channel, Origin
from identifiers.values import Value
from registry.access.bounds import BoundsBook
from registry.administration import Administration
from registry.elsewhere import Elsewhere
from registry.handle.homing import Homing
from registry.identities import Identities
from registry.prefixes import Prefixes
from registry.rest.app import RestForm, add_rest
from registry.service import Registry
from storage.memory import MemoryKeyBounds, MemoryReverse
from tests.unit.registry.handle.wire import SITE_KEY
from tests.unit.registry.handles import admin, stored, url
from tests.unit.registry.remote import FarNode
from tests.unit.registry.world import PEPPER, SEALS, Answer, now_ns

SECRET = b"correct horse"
OWNER = HandleIdentity("0.NA/88.300.1", 300)
MASTER = HandleIdentity("0.NA/88.300", 300)
HOME = ip_address("127.0.0.1")
TLS = Origin(channel=Channel.HTTP, address=HOME, trusted=True, secure=True)
OPEN = Origin(channel=Channel.HTTP, address=ip_address("192.0.2.1"), trusted=False, secure=False)


def basic(name="300:0.NA/88.300.1", secret=SECRET):
    token = base64.b64encode(name.replace(":", "%3A", 1).encode() + b":" + secret)
    return f"Basic {token.decode()}"


def seckey(name, index=300, secret=SECRET):
    (sealed,) = SEALS.sealed(
        name, (Value(index=index, type="HS_SECKEY", data=secret, permissions=0x0C),)
    )
    return sealed


class Steady:
    """A clock of steady seconds that the test moves."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Rest:
    """A client of the REST form as workers hand requests on."""

    def __init__(self, session, base):
        self._session = session
        self._base = base

    async def call(self, method, path, body=None, *, who=None, origin=TLS, **headers):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent[ORIGIN] = written(origin)
        if who is not None:
            sent["Authorization"] = who
        data = body
        if body is not None and not isinstance(body, bytes):
            data = json.dumps(body).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        target = URL(self._base + path, encoded=True)
        async with self._session.request(method, target, data=data, headers=sent) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def raw(self, target, who):
        """Send octets that no client library sends, and return the status."""
        address = URL(self._base)
        reader, writer = await asyncio.open_connection(address.host, address.port)
        lines = (
            b"GET %s HTTP/1.1" % target,
            b"Host: x",
            b"Connection: close",
            b"Authorization: %s" % who,
            f"{ORIGIN}: {written(TLS)}".encode(),
        )
        writer.write(b"\r\n".join((*lines, b"", b"")))
        status = (await reader.readline()).split()[1]
        await reader.read()
        writer.close()
        await writer.wait_closed()
        return int(status)

    async def get(self, path, **more):
        return await self.call("GET", path, **more)

    async def post(self, path, body=None, **more):
        return await self.call("POST", path, body, **more)

    async def put(self, path, body=None, **more):
        return await self.call("PUT", path, body, **more)

    async def delete(self, path, **more):
        return await self.call("DELETE", path, **more)


@pytest.fixture
def steady():
    return Steady()


@pytest.fixture
def reverse(store):
    return MemoryReverse(store)


@pytest.fixture
async def records(store):
    """Who administers 88.300.1 and, as a server administrator, everything; and one identifier."""
    await stored(store, "0.NA/88.300", seckey("0.NA/88.300"))
    await stored(store, "0.NA/88.300.1", admin(OWNER), seckey("0.NA/88.300.1"), url())
    await stored(
        store,
        "88.300.1/A",
        url(1, b"https://a.example"),
        Value(index=2, type="NOTE", data=b"for administrators", permissions=0x0C),
        admin(OWNER),
    )
    return store


@pytest.fixture
async def settled():
    """How often it was waited for that others know what was committed."""
    return []


@pytest.fixture
def far():
    """Another node with keys."""
    return FarNode()


@pytest.fixture
def bounds(records):
    """How far keys count."""
    return MemoryKeyBounds(records)


@pytest.fixture
async def rest(records, commit, reverse, steady, settled, far, bounds):  # noqa: PLR0917 -- what it stands on
    async def settle():
        settled.append(len(records.changes))

    prefixes = Prefixes(records)
    registry = Registry(records, commit, prefixes, SEALS, (MASTER,))
    app = web.Application(client_max_size=1 << 20)
    add_rest(
        app,
        RestForm(
            registry=registry,
            store=records,
            prefixes=prefixes,
            identities=Identities(
                records,
                prefixes,
                SEALS,
                elsewhere=Elsewhere(far, clock=steady),
                bounds=BoundsBook(bounds, lambda: now_ns() / 1e9, steady),
            ),
            homing=Homing(registry, Administration(records, PEPPER), prefixes),
            reverse=reverse,
            clock=now_ns,
            steady=steady,
            settled=settle,
            signer=SITE_KEY,
        ),
    )
    bound = socket.create_server(("127.0.0.1", 0))
    runner = await serve(app, [bound], limits=SERVER_LIMITS)
    async with aiohttp.ClientSession() as session:
        yield Rest(session, f"http://127.0.0.1:{bound.getsockname()[1]}")
    await runner.cleanup()


def prefix(text):
    return Prefix.parse(text)
