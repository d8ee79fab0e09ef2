"""A Handle server on loopback that administers a store in memory: our own, and one that cheats."""

import asyncio
import contextlib
from contextlib import AsyncExitStack
from ipaddress import IPv4Address
from secrets import token_bytes

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from identifiers.changes import Enterprise
from identifiers.keys.signers import RsaSigner, Sm2Signer
from identifiers.principals import HandleIdentity
from identifiers.relay import Channel, Origin
from identifiers.values import Value
from identifiers.wire.handle import framing
from identifiers.wire.handle.framing import NEED_DATA, TcpFramer
from identifiers.wire.handle.site import Interface, Server, Site, Transport, Usage
from idnode import HandleClient
from idnode.credentials import PrivateKey, SecretKey
from registry.administration import Administration
from registry.commit import GroupCommit
from registry.handle.service import HandleAdministration
from registry.identities import Identities
from registry.prefixes import Prefixes
from registry.service import Registry
from storage.memory import MemoryStore
from tests.unit.idnode.services import both_ways
from tests.unit.registry.handles import admin, stored
from tests.unit.registry.world import PEPPER, SEALS, audit, entry

MEDIA_TYPE = "application/x-hdl-message"
OWNER = "0.NA/88.300.1"
SECRET = b"password123"
SITE_KEY = RsaSigner(rsa.generate_private_key(public_exponent=65537, key_size=2048))
RSA = RsaSigner(rsa.generate_private_key(public_exponent=65537, key_size=2048))
SM2 = Sm2Signer(0x1234_5678_9ABC_DEF0_1234_5678_9ABC_DEF0, token_bytes)
BY_SECRET = SecretKey(OWNER, 300, SECRET)
BY_RSA = PrivateKey(OWNER, 301, RSA)
BY_SM2 = PrivateKey(OWNER, 302, SM2)


def url(text="https://a.example", index=1, **more):
    return Value(index=index, type="URL", data=text.encode(), **more)


class Authority(asyncio.DatagramProtocol):
    """Answers Handle messages over UDP, TCP and HTTP on one port (HTTP on another)."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.requests: list[bytes] = []
        self.twist = lambda _request, reply: reply
        """Changes each reply; None: none is sent, and a connection is closed."""
        self.connections = 0
        self.login_first = False
        self.serial = 1
        self._tasks: set[asyncio.Task] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self, stack: AsyncExitStack) -> None:
        await self._furnish()
        self._tcp, self._udp, self.port = await both_ways(self._talk, self)
        stack.push_async_callback(self._stop)
        app = web.Application()
        app.router.add_post("/", self._post)
        runner = web.AppRunner(app)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.http = "http://127.0.0.1:{1}/".format(*runner.addresses[0])
        self.site = Site(serial=self.serial, servers=(self.server(),))
        commit, prefixes = GroupCommit(self.store), Prefixes(self.store)
        stack.push_async_callback(commit.close)
        self.service = HandleAdministration(
            registry=Registry(
                self.store, commit, prefixes, SEALS, (HandleIdentity("0.NA/88.300", 300),)
            ),
            administration=Administration(self.store, PEPPER),
            store=self.store,
            prefixes=prefixes,
            identities=Identities(self.store, prefixes, SEALS),
            site=self.site,
            signer=SITE_KEY,
        )

    def server(self) -> Server:
        interfaces = [Interface(3, int(t), self.port) for t in (Transport.UDP, Transport.TCP)]
        return Server(
            id=1,
            address=IPv4Address("127.0.0.1"),
            public_key=SITE_KEY.public,
            interfaces=(
                *interfaces,
                Interface(int(Usage.QUERY), Transport.HTTP, int(self.http[17:-1])),
            ),
        )

    def client(self, **more) -> HandleClient:
        known = {"key": SITE_KEY.public, "http": self.http, "udp_patience": (2.0,)} | more
        return HandleClient("127.0.0.1", self.port, **{"tcp_patience": 20.0} | known)

    async def keep(self, key: str, *values: Value) -> None:
        await stored(self.store, key, *SEALS.sealed(key, values))

    async def _furnish(self) -> None:
        await self.store.add_enterprise(Enterprise(id=0, name="示例煤业"), audit())
        for prefix, owner in (("88.300", 0), ("88.300.1", 1)):
            await self.store.home_prefix(entry(prefix, owner), audit())
        secret = Value(index=300, type="HS_SECKEY", data=SECRET, permissions=0b1100)
        await self.keep("0.NA/88.300", secret)
        await self.keep(
            OWNER,
            *(admin(HandleIdentity(OWNER, n), index=n - 200) for n in (300, 301, 302)),
            secret,
            Value(index=301, type="HS_PUBKEY", data=RSA.public),
            Value(index=302, type="HS_PUBKEY", data=SM2.public),
        )
        owner = admin(HandleIdentity(OWNER, 300))
        hidden = Value(index=2, type="NOTE", data=b"hidden", permissions=0b1100)
        await self.keep("88.300.1/A", url(), hidden, owner)

    async def _answers(self, request: bytes, origin: Origin) -> list[bytes]:
        self.requests.append(request)
        replies = [reply async for reply in self.service.message(request, origin)]
        return [self.twist(request, reply) for reply in replies]

    def datagram_received(self, data, addr) -> None:
        task = asyncio.create_task(self._reply(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reply(self, data, addr) -> None:
        for reply in await self._answers(data, self._origin(Channel.UDP)):
            for packet in framing.split(reply) if reply is not None else ():
                self._udp.sendto(packet, addr)

    async def _post(self, request) -> web.Response:
        (reply,) = await self._answers(await request.read(), self._origin(Channel.HTTP))
        return web.Response(body=reply, content_type=MEDIA_TYPE)

    async def _talk(self, reader, writer) -> None:
        self.connections += 1
        origin, framer = self._origin(Channel.TCP, f"tcp-{self.connections}"), TcpFramer()
        self._writers.add(writer)
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                framer.feed(data)
                while (received := framer.next_message()) is not NEED_DATA:
                    for reply in await self._answers(received, origin):
                        if reply is None:
                            self.hang_up()
                            break
                        writer.write(reply)
        writer.close()

    def hang_up(self) -> None:
        """Close all connections."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    def _origin(self, channel: Channel, connection: str = "") -> Origin:
        return Origin(
            channel=channel,
            address=IPv4Address("127.0.0.1"),
            trusted=True,
            secure=True,
            connection=connection,
            login_first=self.login_first,
        )

    async def _stop(self) -> None:
        self._udp.close()
        self._tcp.close()
        self.hang_up()
        await asyncio.sleep(0)  # asyncio closes a datagram socket in its next turn
        await self._tcp.wait_closed()
