"""Other nodes are asked in a client's name: real nodes over TCP on loopback, one behind another."""

import asyncio
import secrets
import socket
import time
from ipaddress import ip_address

import pytest

from identifiers.keys.signers import Sm2Signer
from identifiers.outcomes import (
    Absent,
    Found,
    InvalidName,
    NotHomed,
    PassedOnTooOften,
    Referral,
    Unavailable,
    ValuesAbsent,
)
from identifiers.values import Value
from identifiers.wire.handle import bodies, message
from identifiers.wire.handle.codes import OpCode, OpFlag, ResponseCode
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message
from identifiers.wire.handle.site import Interface, Server, Site, encode_site
from identifiers.wire.handle.values import decode_values
from idnode.peers import Peer
from idnode.transport import Address
from resolver.clients import Clients
from resolver.recursion import Recursion, WalkBounds
from resolver.service import Resolver
from resolver.transports.certified import Certifier
from resolver.transports.tcp import TcpListener
from tests.unit.resolver.world import ask

URL = Value(index=1, type="URL", data=b"https://enterprise.example/1", ttl=100)
SECRET = Value(index=2, type="NOTE", data=b"private", permissions=0x0C)


def connect(address):
    return Peer(address, draw=lambda: secrets.randbits(32))


class Clock:
    def __init__(self):
        self.ahead = 0.0

    def __call__(self):
        return time.monotonic() + self.ahead


class Near:
    """The node under test, in front of others; `far` is the enterprise's."""

    def __init__(self, world, far, port):
        self.world, self.far, self.port = world, far, port
        self.clock = Clock()
        self.clients = Clients(world.clients._trusted, recursion=True)
        self.client = self.clients.of("127.0.0.1")
        self.walk = None

    async def begin(self, *upstream, **bounds):
        self.walk = Recursion(
            [Address(host="127.0.0.1", tcp=port) for port in upstream],
            connect,
            clock=self.clock,
            epoch=time.time,
            bounds=WalkBounds(**bounds),
        )
        world = self.world
        world.resolver = Resolver(
            world.local, world.freshness, world.counters, world.clock, self.walk
        )
        world.follower._use = world.resolver.use
        world.follower._cursor = None
        assert await world.follower.step()

    async def look(self, handle, client=None, **fields):
        query = ask(handle, recursive=True, **fields)
        return await self.of(query, client)

    async def of(self, query, client=None):
        client, now = client or self.client, self.world.clock()
        outcome = self.world.resolver.answer_now(query, client, now)
        return outcome or await self.world.resolver.answer(query, client, now)


def site(*ports, key=b""):
    return encode_site(
        Site(
            serial=1,
            servers=tuple(
                Server(
                    id=n,
                    address=ip_address("127.0.0.1"),
                    public_key=key,
                    interfaces=(Interface(2, 1, port),),
                )
                for n, port in enumerate(ports, 1)
            ),
        )
    )


@pytest.fixture
async def listen():
    listeners = []

    async def listen(world):
        bound = socket.create_server(("127.0.0.1", 0))
        listener = TcpListener([bound], world.exchange, **world.serving())
        await listener.start()
        listeners.append(listener)
        return bound.getsockname()[1]

    yield listen
    for listener in listeners:
        await listener.close()


@pytest.fixture
async def near(make_world, listen):
    far = await make_world(real_time=True)
    await far.home("88.300.5")
    await far.put("88.300.5/A", URL, SECRET)
    await far.follower.step()
    port = await listen(far)
    world = await make_world(real_time=True)
    await world.home("88.300.5")
    await world.put("0.NA/88.300.5", Value(index=1, type="HS_SITE", data=site(port)))
    await world.delegate("88.300.5")
    made = Near(world, far, port)
    await made.begin()
    return made


def values(outcome):
    assert isinstance(outcome, Found)
    return decode_values(outcome.values)


async def test_the_enterprises_node_is_asked(near):
    assert values(await near.look("88.300.5/A")) == (URL,)
    assert await near.look("88.300.5/none") == Absent()
    assert isinstance(await near.look("88.300.5/A", types=("EMAIL",)), ValuesAbsent)
    assert isinstance(await near.look("88.300.5/A", indexes=(2,)), ValuesAbsent)


SIGNER = Sm2Signer(11, bytes)


@pytest.fixture
def certifier():
    with Certifier(SIGNER) as made:
        yield made


@pytest.fixture
async def signing(make_world, listen, certifier):
    """A node in front of one that signs; `site(key)` says with which key."""
    far = await make_world(real_time=True, certifier=certifier)
    await far.home("88.300.5")
    await far.put("88.300.5/A", URL)
    await far.follower.step()
    port = await listen(far)
    world = await make_world(real_time=True)
    await world.home("88.300.5")

    async def node(key):
        await world.put("0.NA/88.300.5", Value(index=1, type="HS_SITE", data=site(port, key=key)))
        await world.delegate("88.300.5")
        made = Near(world, far, port)
        await made.begin()
        return made

    return node


async def test_what_is_to_be_certified_is_signed_by_the_node_that_was_named(signing):
    near = await signing(SIGNER.public)
    assert values(await near.look("88.300.5/A", certified=True)) == (URL,)
    assert await near.look("88.300.5/none", certified=True) == Absent()
    # What was certified is kept, for those who want that.
    await near.far.put("88.300.5/A", Value(index=1, type="URL", data=b"new"))
    await near.far.follower.step()
    assert values(await near.look("88.300.5/A", certified=True)) == (URL,)
    assert values(await near.look("88.300.5/A"))[0].data == b"new"


@pytest.mark.parametrize("key", [b"", Sm2Signer(12, bytes).public, b"rubbish"])
async def test_what_somebody_else_signed_or_nobody_is_not_passed_on(signing, key):
    near = await signing(key)
    assert isinstance(await near.look("88.300.5/A", certified=True), Unavailable)
    assert values(await near.look("88.300.5/A")) == (URL,)
    # What was not certified does not serve whoever wants that.
    assert isinstance(await near.look("88.300.5/A", certified=True), Unavailable)


async def test_a_node_that_signs_nothing_has_nothing_certified(near):
    assert isinstance(await near.look("88.300.5/A", certified=True), Unavailable)


async def test_only_for_whom_and_what_it_is_done(near):
    referral = near.world.resolver.answer_now(ask("88.300.5/A"), near.client, near.world.clock())
    assert isinstance(referral, Referral)
    for client in (near.world.trusted, near.clients.of("203.0.113.9")):
        assert isinstance(await near.look("88.300.5/A", client), Referral)
    assert await near.look("88.300.5/A", do_not_refer=True) == Absent()
    assert await near.look("88.300.1/none") == Absent()


async def test_what_is_kept_runs_down(near):
    await near.look("88.300.5/A")
    await near.far.put("88.300.5/A", Value(index=1, type="URL", data=b"new"))
    await near.far.follower.step()
    near.clock.ahead = 40.5
    (value,) = values(await near.look("88.300.5/A"))
    assert (value.data, value.ttl) == (URL.data, 60)
    assert values(await near.look("88.300.5/A", authoritative=True))[0].data == b"new"
    assert values(await near.look("88.300.5/A"))[0].data == b"new"


async def test_what_has_outlived_itself_is_asked_for_again(near):
    await near.look("88.300.5/A")
    await near.far.put("88.300.5/A", Value(index=1, type="URL", data=b"new", ttl=5))
    await near.far.follower.step()
    near.clock.ahead = 100.0
    assert values(await near.look("88.300.5/A"))[0].data == b"new"


async def test_an_absolute_ttl_does_not_run_down_and_ends(near):
    until = Value(index=1, type="URL", data=b"x", ttl=int(time.time()) + 50, absolute=True)
    past = Value(index=1, type="URL", data=b"x", ttl=1, absolute=True)
    await near.far.put("88.300.5/U", until)
    await near.far.put("88.300.5/P", past)
    for handle, value, kept in (("U", until, 1), ("P", past, 1)):
        assert values(await near.look(f"88.300.5/{handle}")) == (value,)
        assert len(near.walk._answers) == kept
    near.clock.ahead = 20.0
    assert values(await near.look("88.300.5/U")) == (until,)


async def test_what_is_kept_is_bounded(near):
    await near.begin(entries=2)
    for name in "ABC":
        await near.far.put(f"88.300.5/{name}", URL)
        await near.look(f"88.300.5/{name}")
    assert [key[0] for key in near.walk._answers] == [b"88.300.5/B", b"88.300.5/C"]
    await near.begin(octets=10)
    await near.look("88.300.5/A")
    assert not near.walk._answers
    assert near.walk._octets == 0


async def test_at_most_so_many_at_one_time(near):
    await near.begin(under_way=1)
    go, fetch = asyncio.Event(), near.far.store.fetch

    async def wait(keys):
        await go.wait()
        return await fetch(keys)

    near.far.store.fetch = wait
    first = asyncio.create_task(near.look("88.300.5/A"))
    await near.world.until(lambda: not near.walk._free)
    assert await near.look("88.300.5/B") == Unavailable(2)
    go.set()
    assert values(await first) == (URL,)
    assert isinstance(await near.look("88.300.5/B"), Absent)


async def test_nobody_waits_for_ever(near):
    await near.begin(seconds=0.05)
    near.far.store.fetch = lambda _: asyncio.Event().wait()
    assert await near.look("88.300.5/A") == Unavailable(2)
    assert near.walk._free == WalkBounds().under_way


async def test_a_node_that_is_down_is_passed_over(near):
    gone = socket.create_server(("127.0.0.1", 0))
    port = gone.getsockname()[1]
    gone.close()
    both = [Value(index=n, type="HS_SITE", data=site(p)) for n, p in ((1, port), (2, near.port))]
    await near.world.put("0.NA/88.300.5", *both)
    await near.world.follower.step()
    assert values(await near.look("88.300.5/A")) == (URL,)
    await near.world.put("0.NA/88.300.5", both[0])
    await near.world.follower.step()
    assert await near.look("88.300.5/none") == Unavailable(2)


async def test_a_service_by_name_is_left_to_the_client(near):
    serv = Value(index=1, type="HS_SERV", data=b"88.999/SERV")
    await near.world.put("0.NA/88.300.5", serv)
    await near.world.follower.step()
    assert await near.look("88.300.5/A") == Referral((serv,))


async def test_upstream_is_asked_about_what_nobody_here_knows(near, make_world, listen):
    upstream = await make_world(real_time=True)
    await upstream.home("99.1")
    await upstream.put("99.1/X", URL)
    await upstream.home("99.2")
    await upstream.put("0.NA/99.2", Value(index=1, type="HS_SITE", data=site(near.port)))
    await upstream.delegate("99.2")
    await upstream.home("99.3")
    await upstream.put("0.NA/99.3", Value(index=1, type="HS_SERV", data=b"99.1/SERV"))
    await upstream.delegate("99.3")
    await near.far.home("99.2")
    await near.far.put("99.2/Y", URL)
    for world in (upstream, near.far):
        await world.follower.step()
    assert await near.look("99.1/X") == NotHomed()
    await near.begin(await listen(upstream))
    assert values(await near.look("99.1/X")) == (URL,)
    assert values(await near.look("99.2/Y")) == (URL,)
    assert isinstance(await near.look("99.3/Z"), Referral)
    assert await near.look("99.4/Z") == NotHomed()


async def test_nodes_that_ask_one_another_come_to_an_end(near, listen):
    """The node is its own upstream: each turn counts one more."""
    near.world.clients = near.clients
    port = await listen(near.world)
    await near.begin(port)
    near.world.exchange._resolver = near.world.resolver
    assert await near.look("99.1/X") == PassedOnTooOften()
    assert await near.look("99.1/X", passed_on=10) == PassedOnTooOften()


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (ResponseCode.ERROR, Unavailable(2)),
        (ResponseCode.INVALID_HANDLE, InvalidName("so")),
        (ResponseCode.HANDLE_NOT_FOUND, Absent("so")),
        (ResponseCode.SERVER_BUSY, Unavailable(2)),
    ],
)
async def test_what_another_node_says_is_passed_on(near, code, outcome):
    asked = []

    async def talk(reader, writer):
        request = message.decode(await reader.read(4096))
        asked.append(request)
        header = Header(op_code=OpCode.RESOLUTION, response_code=code)
        reply = Message(request_id=request.request_id, header=header, body=bodies.ErrorText(b"so"))
        writer.write(message.encode(reply))
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        site_value = Value(index=1, type="HS_SITE", data=site(port))
        await near.world.put("0.NA/88.300.5", site_value)
        await near.world.follower.step()
        found = await near.look(
            "88.300.5/A", passed_on=3, indexes=(1,), types=("URL",), authoritative=True
        )
    assert found == outcome
    (request,) = asked
    assert request.header.recursion_count == 4
    wanted = OpFlag.RECURSIVE | OpFlag.PUBLIC_ONLY | OpFlag.AUTHORITATIVE
    assert request.header.flags & wanted == wanted
    assert request.body == bodies.Asked("88.300.5/A", (1,), ("URL",))


async def test_over_the_wire_only_who_sets_the_flag(near, listen):
    near.world.clients = near.clients
    port = await listen(near.world)
    near.world.exchange._resolver = near.world.resolver
    peer = connect(Address(host="127.0.0.1", tcp=port))

    async def code(flags):
        question = near.world.question("88.300.5/A", flags=flags)
        reply = message.decode(await peer._tcp.ask(question, 7))
        return reply.header.response_code

    assert await code(0x0900_0000) == ResponseCode.SERVICE_REFERRAL
    assert await code(0x1900_0000) == ResponseCode.SUCCESS
    await peer.close()
    assert (
        near.world.resolver.basis(
            ask("88.300.5/A"), await near.look("88.300.5/A"), near.world.clock()
        )
        is None
    )
