"""What workers hand on to the registry process, TLS and certified replies, on a real node."""

import asyncio
import json
import os
import signal
import socket
import ssl

import aiohttp
import pytest

from identifiers.keys.credentials import verify_signature
from identifiers.keys.public import parse_public_key
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode, ResponseCode
from identifiers.wire.handle.framing import NEED_DATA, TcpFramer, UdpJoiner
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message, decode, encode
from identifiers.wire.handle.site import Transport, Usage, decode_site
from tests.e2e.certificates import certify
from tests.e2e.journal import values
from tests.e2e.nodes import until

MESSAGE = {"Content-Type": "application/x-hdl-message"}
CERTIFY = 0x59000000


def request(op_code, body, number=7, flags=0x19000000):
    header = Header(op_code=op_code, flags=flags)
    return encode(Message(request_id=number, header=header, body=body))


async def over_tcp(node, message):
    reader, writer = await asyncio.open_connection(*node.address("handle"))
    writer.write(message)
    framer = TcpFramer()
    async with asyncio.timeout(30):
        while (answer := framer.next_message()) is NEED_DATA:
            framer.feed(await reader.read(65536))
    writer.close()
    return decode(answer)


async def over_udp(node, message):
    loop, joiner = asyncio.get_running_loop(), UdpJoiner()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.0)
        await loop.sock_connect(sock, node.address("handle"))
        await loop.sock_sendall(sock, message)
        async with asyncio.timeout(30):
            while (whole := joiner.add(await loop.sock_recv(sock, 1024), "", 0.0)) is None:
                pass
    return decode(whole)


async def over_http(node, message):
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{node.url('http')}/any/path", data=message, headers=MESSAGE) as answer,
    ):
        assert (answer.status, answer.content_type) == (200, MESSAGE["Content-Type"])
        return decode(await answer.read())


WAYS = {"udp": over_udp, "tcp": over_tcp, "tunnel": over_http}


async def rest(node, method="DELETE"):
    path = f"{node.url('http')}/api/handles/{node.prefix}/A"
    async with aiohttp.ClientSession() as session, session.request(method, path) as answer:
        return answer.status, (await answer.json())["responseCode"]


@pytest.fixture
async def known(node):
    async with node.registry() as client:
        await client.create({"handle": f"{node.prefix}/A", "values": values("a")})
    return node


async def test_who_wants_to_change_something_is_asked_who_it_is(known):
    deletion = request(OpCode.DELETE_HANDLE, bodies.Named(f"{known.prefix}/A"))
    for ask in WAYS.values():
        answer = await ask(known, deletion)
        assert answer.header.response_code == ResponseCode.AUTHENTICATION_NEEDED
        assert answer.request_id == 7
        assert len(answer.body.nonce) >= 16
    status, code = await rest(known)
    assert (status in {401, 403}, code) == (True, ResponseCode.AUTHENTICATION_NEEDED)
    assert await rest(known, "GET") == (200, 1)


async def test_a_certified_reply_bears_the_signature_of_the_site(known):
    for ask in WAYS.values():
        site = await ask(known, request(OpCode.GET_SITE_INFO, bodies.Named("/")))
        (server,) = decode_site(site.body.record).servers
        first = server.interfaces[0]
        assert (first.transport, first.usage) == (Transport.TCP, Usage.ADMIN | Usage.QUERY)
        assert (Transport.HTTP, known.address("http")[1]) in {
            (i.transport, i.port) for i in server.interfaces
        }
        key = parse_public_key(server.public_key)
        for name, code in (("A", 1), ("NONE", 100)):
            question = bodies.Asked(f"{known.prefix}/{name}", (), ())
            answer = await ask(known, request(OpCode.RESOLUTION, question, flags=CERTIFY))
            assert answer.header.response_code == code
            assert verify_signature(answer, key)


async def test_a_registry_that_ends_is_told_and_comes_back(make_node):
    node = await make_node(enrolled=True, IDNODE_WORKERS="1")
    async with node.registry() as client:
        await client.create({"handle": f"{node.prefix}/A", "values": values("a")})
    deletion = request(OpCode.DELETE_HANDLE, bodies.Named(f"{node.prefix}/A"))

    async def all_ways():
        *told, over_rest = await asyncio.gather(
            *(ask(node, deletion) for ask in WAYS.values()), rest(node)
        )
        assert (over_rest[0] == 503) == (over_rest[1] == ResponseCode.SERVER_BUSY)
        return [*(answer.header.response_code for answer in told), over_rest[1]]

    assert set(await all_ways()) == {ResponseCode.AUTHENTICATION_NEEDED}
    # Stopped, not ended: what is handed on now is in flight for sure when the process ends.
    old = await node.kill("registry", signal.SIGSTOP)
    asking = asyncio.create_task(all_ways())
    look_up = request(OpCode.RESOLUTION, bodies.Asked(f"{node.prefix}/A", (), ()))
    for ask in WAYS.values():
        assert (await ask(node, look_up)).header.response_code == ResponseCode.SUCCESS
    assert not asking.done()
    os.kill(old, signal.SIGKILL)
    # What the old process had taken is lost; what still waited for it the new one answers.
    got = set(await asking)
    assert ResponseCode.SERVER_BUSY in got
    assert got <= {ResponseCode.SERVER_BUSY, ResponseCode.AUTHENTICATION_NEEDED}
    await node.replaced("registry", old)
    assert set(await all_ways()) == {ResponseCode.AUTHENTICATION_NEEDED}
    assert await rest(node, "GET") == (200, 1)


async def test_resolvers_alone_hand_nothing_on(make_node, known):
    database = json.loads((known.data_dir / "node.state").read_text())["database"]
    alone = await make_node("resolver", IDNODE_DATABASE_URL=database)
    deletion = request(OpCode.DELETE_HANDLE, bodies.Named(f"{known.prefix}/A"))
    answer = await over_tcp(alone, deletion)
    assert answer.header.response_code == ResponseCode.OPERATION_NOT_SUPPORTED
    assert await rest(alone) == (503, ResponseCode.OPERATION_NOT_SUPPORTED)
    assert await rest(alone, "GET") == (200, 1)


class TestTls:
    @pytest.fixture
    async def secure(self, make_node):
        addresses = {f"IDNODE_{n}_ADDR": "127.0.0.1:0" for n in ("HTTPS", "REGISTRY_TLS")}
        return await make_node(enrolled=True, **addresses)

    @staticmethod
    async def ask(node, role, path, pair=None, **options):
        shown = (await node.command("certificate", "show")).stdout
        context = ssl.create_default_context(cadata=shown)
        if pair:
            context.load_cert_chain(pair.with_key)
        url = f"https://{node.ready[role]}{path}"
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session,
            session.request(options.pop("method", "GET"), url, **options) as answer,
        ):
            return answer.status, await answer.json()

    async def test_both_listeners_speak_tls_with_a_certificate_of_the_node(self, secure):
        item = {"handle": f"{secure.prefix}/A", "values": values("a")}
        headers = {"Authorization": f"Bearer {secure.api_key}"}
        status, _ = await self.ask(
            secure,
            "registry_tls",
            "/api/v1/identifiers",
            method="POST",
            json=item,
            headers=headers,
        )
        assert status == 201
        status, document = await self.ask(secure, "https", f"/api/handles/{item['handle']}")
        assert (status, document["responseCode"]) == (200, 1)

    async def test_clients_become_known_without_a_restart(self, secure, tmp_path):
        path = f"/api/handles/{secure.prefix}/A"
        known = certify(tmp_path / "known", "300:0.NA/88.300.1")
        stranger = certify(tmp_path / "stranger", "301:0.NA/88.300.1")
        pids = await secure.pids()
        told = (await secure.command("certificate", "trust", str(known.certificate))).stdout

        async def refused(pair):
            try:
                await self.ask(secure, "https", path, pair)
            except (aiohttp.ClientError, OSError):
                return True
            return False

        assert not await refused(None)
        # As soon as somebody is trusted, clients are asked for their certificates.
        await until(lambda: refused(stranger))
        assert not await refused(known)
        assert not await refused(None)
        await secure.command("certificate", "remove", told.split()[0])
        await until(lambda: _not(refused(stranger)))
        assert await secure.pids() == pids


async def _not(answer):
    return not await answer
