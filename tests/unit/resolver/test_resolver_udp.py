import asyncio
import itertools
import socket
import time
from contextlib import suppress

import pytest
from msgspec.structs import replace

from identifiers.relay import Channel
from identifiers.values import Value
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode, ResponseCode
from identifiers.wire.handle.framing import UdpJoiner, split
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message, decode, encode
from identifiers.wire.handle.values import decode_values
from resolver.counters import Event
from resolver.limits import Rates
from resolver.transports.certified import Certifier
from resolver.transports.udp import UdpBounds, UdpListener
from resolver.turns import Turns
from tests.unit.resolver.world import Somebody

URL = Value(index=1, type="URL", data=b"https://example.org/1")


class Peer(asyncio.DatagramProtocol):
    """A client's socket: `ask` sends and waits, `silent` proves that nothing came."""

    def __init__(self):
        self.came = asyncio.Queue()

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, _):
        self.came.put_nowait(data)

    def send(self, data):
        self.transport.sendto(data)

    async def receive(self):
        return await asyncio.wait_for(self.came.get(), 5)

    async def ask(self, data):
        self.send(data)
        return await self.receive()

    async def silent(self, data, after):
        """Send what is not answered, then `after`, which is: nothing else may have come."""
        self.send(data)
        self.send(after)
        answer = await self.receive()
        assert decode(answer).request_id == decode(after).request_id
        assert self.came.empty()


class Served:
    def __init__(self, world, listener, bound, peers):
        self.world, self.listener, self.bound, self.peers = world, listener, bound, peers

    async def peer(self, **options):
        _, made = await asyncio.get_running_loop().create_datagram_endpoint(
            Peer, remote_addr=self.bound.getsockname()[:2], **options
        )
        self.peers.append(made)
        return made

    def events(self):
        return self.world.counters.snapshot()["events"]


@pytest.fixture
async def serve(make_world):
    ends, peers = [], []

    async def start(host="127.0.0.1", bounds=None, spent=time.thread_time, **options):
        world = await make_world(real_time=True, **options)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_DGRAM)
        bound.bind((host, 0))
        listener = UdpListener(
            [bound],
            world.exchange,
            **world.serving(),
            turns=Turns(),
            spent=spent,
            bounds=bounds or UdpBounds(),
        )
        listener.start()
        ends.append((listener, bound))
        await world.put("88.300.1/A", URL)
        return Served(world, listener, bound, peers)

    yield start
    for listener, bound in ends:
        await listener.close()
        bound.close()
    for peer in peers:
        peer.transport.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_miss_and_a_hit_are_answered_alike(serve, host):
    served = await serve(host)
    peer = await served.peer()
    first = decode(await peer.ask(served.world.question("88.300.1/A", 1)))
    second = decode(await peer.ask(served.world.question("88.300.1/A", 2)))
    assert (first.request_id, second.request_id) == (1, 2)
    assert first.body == second.body
    assert decode_values(second.body.values) == (URL,)
    answers = served.world.counters.snapshot()["answers"]["udp"]["found"]
    assert sum(answers["buckets"]) == 2


async def test_many_questions_at_once_each_get_their_own_answer(serve):
    served = await serve()
    for number in range(200):
        await served.world.put(f"88.300.1/{number}", Value(index=number + 1, type="N", data=b"x"))
    peer = await served.peer()
    for number in range(200):
        peer.send(served.world.question(f"88.300.1/{number}", number))
    got = [decode(await peer.receive()) for _ in range(200)]
    indexes = {m.request_id: decode_values(m.body.values)[0].index for m in got}
    assert indexes == {number: number + 1 for number in range(200)}
    # Misses travelled together: far fewer questions to the store than names.
    assert len(served.world.store.fetches) <= 20


async def test_a_long_reply_comes_in_packets_that_join(serve):
    served = await serve()
    values = [Value(index=n + 1, type="DATA", data=bytes(200)) for n in range(17)]
    await served.world.put("88.300.1/BIG", *values)
    peer, joiner = await served.peer(), UdpJoiner()
    for number in range(1, 4):
        peer.send(served.world.question("88.300.1/BIG", number))
        whole = None
        while whole is None:
            packet = await peer.receive()
            assert len(packet) <= 512
            whole = joiner.add(packet, "server", 0.0)
        assert decode(whole).request_id == number
        assert decode_values(decode(whole).body.values) == tuple(values)
        assert served.world.counters.tallying.prefixes() == {"88.300.1": number}
    answers = served.world.counters.snapshot()["answers"]["udp"]["found"]
    assert sum(answers["buckets"]) == 3


async def test_a_reply_of_more_than_16_packets_is_silence(serve):
    served = await serve()
    values = [Value(index=n + 1, type="DATA", data=bytes(1000)) for n in range(9)]
    await served.world.put("88.300.1/HUGE", *values)
    peer = await served.peer()
    await peer.silent(served.world.question("88.300.1/HUGE"), served.world.question("88.300.1/A"))
    assert served.events() == {"silenced": 1}


@pytest.mark.parametrize(
    "junk",
    [b"\x00" * 7, b"\xff" * 40, bytes(1025), bytes.fromhex("020b220b") + bytes(100)],
    ids=["short", "response", "long", "packet"],
)
async def test_junk_is_met_with_silence_and_ends_nothing(serve, junk):
    served = await serve()
    peer = await served.peer()
    await peer.silent(junk, served.world.question("88.300.1/A"))
    (event,) = served.events()
    assert event in {"dropped_response", "dropped_packet"}


async def test_an_empty_datagram_is_met_with_silence(serve):
    served = await serve()
    with socket.socket(served.bound.family, socket.SOCK_DGRAM) as plain:
        plain.sendto(b"", served.bound.getsockname())
        await served.world.until(lambda: served.events() == {"dropped_response": 1})


async def test_packets_of_a_longer_request_are_joined_for_the_trusted(serve):
    served = await serve()
    peer = await served.peer()
    whole = served.world.question("88.300.1/" + "x" * 480, 5)
    site = served.world.request(OpCode.GET_SITE_INFO, bodies.Named("/"))
    first, second = split(whole)
    await peer.silent(second, site)
    answer = decode(await peer.ask(first))
    assert (answer.request_id, answer.header.response_code) == (5, ResponseCode.HANDLE_NOT_FOUND)
    # Packets that contradict each other, or answer something, are no request.
    await peer.silent(split(served.world.question("88.300.1/" + "x" * 480, 6))[0], site)
    await peer.silent(split(served.world.question("88.300.1/" + "x" * 481, 6))[1], site)
    await served.world.put("88.300.1/BIG", Value(index=1, type="DATA", data=bytes(1000)))
    peer.send(served.world.question("88.300.1/BIG"))
    for packet in [await peer.receive() for _ in range(3)]:
        await peer.silent(packet, site)
    assert served.events() == {"dropped_packet": 1, "dropped_response": 1}


async def test_strangers_packets_of_a_longer_request_are_met_with_silence(serve):
    served = await serve(trusted=False)
    peer = await served.peer()
    site = served.world.request(OpCode.GET_SITE_INFO, bodies.Named("/"))
    whole = served.world.question("88.300.1/" + "x" * 480)
    assert len(whole) > 512
    for packet in split(whole):
        await peer.silent(packet, site)
    unflagged = whole[:512]
    later = bytearray(whole[:20] + whole[512:])
    later[15] = 1
    await peer.silent(unflagged, site)
    await peer.silent(bytes(later), site)
    assert served.events() == {"dropped_packet": 4}
    # The same request in one datagram is answered.
    assert decode(await peer.ask(whole)).header.response_code == ResponseCode.HANDLE_NOT_FOUND


async def test_a_malformed_request_gets_code_4(serve):
    served = await serve()
    peer = await served.peer()
    answer = decode(await peer.ask(served.world.question("88.300.1/A")[:-9]))
    assert answer.header.response_code == ResponseCode.PROTOCOL_ERROR


async def test_site_information(serve):
    served = await serve()
    peer = await served.peer()
    request = served.world.request(OpCode.GET_SITE_INFO, bodies.Named("/"))
    assert decode(await peer.ask(request)).header.response_code == ResponseCode.SUCCESS


async def test_our_own_port_at_our_own_address_is_not_answered(serve):
    served = await serve()
    peer = await served.peer()
    # What the system would give for a datagram that was forged in our own name.
    question, source = served.world.question("88.300.1/A"), served.bound.getsockname()
    served.listener._take(served.listener._ports[0], question, source, served.world.clock())
    assert served.events() == {"dropped_port": 1}
    assert peer.came.empty()


async def test_where_known_clients_ask_from_is_remembered_boundedly(serve):
    served = await serve()
    peer, port = await served.peer(), served.listener._ports[0]
    for _ in range(2):
        assert await peer.ask(served.world.question("88.300.1/A"))
    assert [*port.clients.values()] == [served.world.trusted]
    for number in range(5000):
        port.know(("127.0.0.1", number), served.world.trusted)
        assert len(port.clients) <= 4096
    assert await peer.ask(served.world.question("88.300.1/A"))


async def test_where_strangers_ask_from_is_not_remembered(serve):
    served = await serve(trusted=False)
    assert await (await served.peer()).ask(served.world.question("88.300.1/A"))
    assert served.listener._ports[0].clients == {}


class TestStrangers:
    async def test_small_answers_are_given(self, serve):
        served = await serve(trusted=False)
        peer = await served.peer()
        assert decode(await peer.ask(served.world.question("88.300.1/A"))).header.response_code == 1

    async def test_a_reply_above_eight_times_the_request_is_silence(self, serve):
        served = await serve(trusted=False)
        values = [Value(index=n + 1, type="DATA", data=bytes(200)) for n in range(4)]
        await served.world.put("88.300.1/B", *values)
        peer = await served.peer()
        await peer.silent(served.world.question("88.300.1/B"), served.world.question("88.300.1/A"))
        assert served.events() == {"silenced": 1}

    async def test_who_proved_the_path_gets_it(self, serve):
        served = await serve(trusted=False)
        values = [Value(index=n + 1, type="DATA", data=bytes(200)) for n in range(4)]
        await served.world.put("88.300.1/B", *values)
        served.world.proven.prove(served.world.clients.of("127.0.0.1"), served.world.clock())
        peer = await served.peer()
        assert await peer.ask(served.world.question("88.300.1/B"))

    async def test_the_site_record_is_told_if_it_fits_one_packet(self, serve):
        served = await serve(trusted=False)
        peer = await served.peer()
        request = served.world.request(OpCode.GET_SITE_INFO, bodies.Named("/"))
        assert decode(await peer.ask(request)).header.response_code == ResponseCode.SUCCESS

    async def test_rates_end_in_silence(self, serve):
        rates = Rates(same_per_host=3.0, errors_per_network=2.0, buckets=1 << 12)
        served = await serve(trusted=False, rates=rates)
        peer = await served.peer()
        for _ in range(30):
            peer.send(served.world.question("88.300.1/A"))
            peer.send(served.world.question("20.500/x"))
        await served.world.until(lambda: served.events().get(Event.LIMITED, 0) >= 50)
        peer.send(served.world.request(OpCode.GET_SITE_INFO, bodies.Named("/")))
        codes = []
        while OpCode.GET_SITE_INFO not in codes:
            answer = decode(await peer.receive()).header
            codes.append(answer.op_code if answer.op_code != 1 else answer.response_code + 1000)
        assert codes.count(1001) <= 6
        assert codes.count(1301) <= 4


async def test_misses_are_bounded_and_what_is_over_is_dropped(serve):
    served = await serve(bounds=UdpBounds(misses=2))
    go = asyncio.Event()
    fetch = served.world.store.fetch

    async def wait(keys):
        await go.wait()
        return await fetch(keys)

    served.world.store.fetch = wait
    peer = await served.peer()
    for number in range(5):
        peer.send(served.world.question("88.300.1/A", number))
    # Behind them in the queue: an answer to this says that all five were read.
    await peer.ask(served.world.question("20.500/x", 99))
    go.set()
    answers = [decode(await peer.receive()) for _ in range(2)]
    assert [m.request_id for m in answers] == [0, 1]
    assert served.events() == {"dropped_full": 3}


async def test_a_turn_lasts_until_nothing_waits_or_the_rest_of_the_loop_is_due(serve):
    spent = [0.0]
    served = await serve(spent=lambda: spent[0])
    peer = await served.peer()
    await peer.ask(served.world.question("88.300.1/A"))
    served.listener._ports[0].stop_reading()

    def read(times):
        for number in range(times):
            peer.send(served.world.question("88.300.1/A", number))
        before = answered()
        with suppress(BlockingIOError):
            served.listener._turn(served.listener._ports[0])
        return answered() - before

    def answered():
        return sum(served.world.counters.snapshot()["answers"]["udp"]["found"]["buckets"])

    assert read(150) == 150
    # From now on each look at the clock finds that a turn's time is over.
    clock = itertools.count(1.0)
    served.listener._spent = lambda: next(clock)
    assert read(150) == 64
    assert read(0) == 64
    assert read(0) == 22


async def test_what_is_here_is_answered_while_a_pile_of_misses_waits(serve):
    served = await serve(bounds=UdpBounds(misses=40), patience=60.0)
    peer = await served.peer()
    await peer.ask(served.world.question("88.300.1/A"))
    go, fetch = asyncio.Event(), served.world.store.fetch

    async def wait(keys):
        await go.wait()
        return await fetch(keys)

    served.world.store.fetch = wait
    for number in range(60):
        peer.send(served.world.question(f"88.300.1/NONE{number}", 1000 + number))
        peer.send(served.world.question("88.300.1/A", number))
    found = [decode(await peer.receive()).request_id for _ in range(60)]
    assert found == list(range(60))
    assert served.events() == {"dropped_full": 20}
    go.set()
    absent = {decode(await peer.receive()).request_id for _ in range(40)}
    assert absent == {1000 + number for number in range(40)}


async def test_an_unexpected_error_ends_nothing_and_is_counted(serve):
    served = await serve()
    peer = await served.peer()
    anew, together = served.world.exchange.anew, served.world.exchange.together

    def fail(*_):
        raise RuntimeError("a bug")

    async def fail_later(*_):
        raise RuntimeError("another bug")

    served.world.exchange.anew = fail
    for _ in range(20):
        peer.send(served.world.question("88.300.1/A"))
    peer.send(b"x")
    await served.world.until(lambda: served.events().get("failed") == 21)
    served.world.exchange.anew = anew
    served.world.exchange.together = fail_later
    peer.send(served.world.question("88.300.1/A"))
    await served.world.until(lambda: served.events()["failed"] == 22)
    served.world.exchange.together = together
    assert await peer.ask(served.world.question("88.300.1/A"))


async def test_what_one_look_up_fails_of_costs_the_others_nothing(serve):
    served = await serve()
    damaged = await served.world.put("88.300.1/B", URL)
    served.world.store.records[damaged.key] = replace(damaged, values=bytes(3))
    peer = await served.peer()
    peer.send(served.world.question("88.300.1/B", 1))
    answer = await peer.ask(served.world.question("88.300.1/A", 2))
    assert decode(answer).request_id == 2
    assert served.events()["failed"] == 1


async def test_misses_that_are_seen_at_a_glance_are_answered_beside_others(serve):
    served = await serve()
    peer, world, joiner = await served.peer(), served.world, UdpJoiner()
    await peer.ask(world.question("88.300.1/A"))  # teaches the shape
    long = [Value(index=n + 1, type="DATA", data=bytes(200)) for n in range(5)]
    await world.put("88.300.1/B", URL)
    await world.put("88.300.1/C", *long)
    damaged = await world.put("88.300.1/D", URL)
    world.store.records[damaged.key] = replace(damaged, values=bytes(3))
    questions = [
        world.question("88.300.1/B", 2),
        world.question("88.300.1/C", 3),
        world.question("88.300.1/D", 4),
        world.question("88.300.1/E", 5),
        world.question("88.300.1/B", 6, indexes=(1,)),
    ]
    for question in questions:
        peer.send(question)
    got = {}
    while len(got) < 4:
        packet = await peer.receive()
        whole = joiner.add(packet, "server", 0.0)
        if whole is not None:
            got[decode(whole).request_id] = decode(whole)
    assert decode_values(got[2].body.values) == decode_values(got[6].body.values) == (URL,)
    assert decode_values(got[3].body.values) == tuple(long)
    assert got[5].header.response_code == ResponseCode.HANDLE_NOT_FOUND
    assert served.events() == {"failed": 1}
    answers = world.counters.snapshot()["answers"]["udp"]
    assert sum(answers["found"]["buckets"]) == 4


async def test_misses_that_are_seen_at_a_glance_are_bounded_too(serve):
    served = await serve(bounds=UdpBounds(misses=2))
    peer, world = await served.peer(), served.world
    await peer.ask(world.question("88.300.1/A"))
    now = world.clock()
    port, source = served.listener._ports[0], ("127.0.0.1", 40000)
    for name in "BCD":
        served.listener._take(port, world.question(f"88.300.1/{name}"), source, now)
    assert served.events() == {"dropped_full": 1}


@pytest.mark.parametrize("glance", [False, True])
async def test_what_one_of_many_fails_of_is_found_in_two_questions_to_the_store(serve, glance):
    served = await serve()
    peer, world = await served.peer(), served.world
    if glance:
        await peer.ask(world.question("88.300.1/A"))  # teaches the shape
    damaged = await world.put("88.300.1/0", URL)
    world.store.records[damaged.key] = replace(damaged, values=bytes(3))
    for name in "123456789":
        await world.put(f"88.300.1/{name}", URL)
    before = len(world.store.fetches)
    port, source = served.listener._ports[0], peer.transport.get_extra_info("sockname")
    for number in range(10):
        served.listener._take(
            port, world.question(f"88.300.1/{number}", number), source, world.clock()
        )
    got = {decode(await peer.receive()).request_id for _ in range(9)}
    assert got == set(range(1, 10))
    await world.until(lambda: served.events().get("failed") == 1)
    assert len(world.store.fetches) - before <= 4


class Stubborn:
    """A socket whose system takes nothing while `full`, or fails with `error`."""

    def __init__(self, real):
        self._real, self.full, self.error, self.sent = real, False, None, []

    def __getattr__(self, name):
        return getattr(self._real, name)

    def sendto(self, data, to):
        if self.error:
            raise self.error
        if self.full:
            raise BlockingIOError
        self.sent.append(data)
        return self._real.sendto(data, to)


async def test_packets_wait_while_the_system_takes_none(serve):
    served = await serve()
    port = served.listener._ports[0]
    port._socket = stubborn = Stubborn(port._socket)
    peer = await served.peer()
    await peer.ask(served.world.question("88.300.1/A", 1))
    stubborn.full = True
    for number in range(2, 5):
        peer.send(served.world.question("88.300.1/A", number))
    await served.world.until(lambda: len(port._unsent) == 3)
    stubborn.full = False
    assert [decode(await peer.receive()).request_id for _ in range(3)] == [2, 3, 4]
    assert served.events() == {}
    stubborn.error = PermissionError()
    peer.send(served.world.question("88.300.1/A", 5))
    await served.world.until(lambda: served.events() == {"unsent": 1})


async def test_packets_that_waited_and_cannot_go_are_counted(serve):
    served = await serve()
    port = served.listener._ports[0]
    port._socket = stubborn = Stubborn(port._socket)
    peer = await served.peer()
    await peer.ask(served.world.question("88.300.1/A", 1))
    stubborn.full = True
    peer.send(served.world.question("88.300.1/A", 2))
    await served.world.until(lambda: port._unsent)
    stubborn.error = PermissionError()
    await served.world.until(lambda: served.events() == {"unsent": 1})
    stubborn.full, stubborn.error = False, None
    assert decode(await peer.ask(served.world.question("88.300.1/A", 3))).request_id == 3


async def test_an_error_of_the_socket_ends_nothing(serve):
    served = await serve()
    port = served.listener._ports[0]
    real = port._socket

    class Failing(Stubborn):
        def recvfrom(self, _):
            port._socket = real
            raise ConnectionRefusedError

    port._socket = Failing(real)
    peer = await served.peer()
    assert await peer.ask(served.world.question("88.300.1/A"))
    assert served.events() == {"unsent": 1}


async def test_packets_that_wait_are_bounded(serve, monkeypatch):
    monkeypatch.setattr("resolver.transports.datagrams._UNSENT", 2)
    served = await serve()
    port = served.listener._ports[0]
    port._socket = stubborn = Stubborn(port._socket)
    peer = await served.peer()
    await peer.ask(served.world.question("88.300.1/A"))
    stubborn.full = True
    for _ in range(5):
        peer.send(served.world.question("88.300.1/A"))
    await served.world.until(lambda: served.events() == {"unsent": 3})
    await served.listener.close()
    assert served.events() == {"unsent": 5}


async def test_closing_lets_misses_end_and_reads_no_more(serve):
    served = await serve()
    go = asyncio.Event()
    fetch = served.world.store.fetch

    async def wait(keys):
        await go.wait()
        return await fetch(keys)

    served.world.store.fetch = wait
    peer = await served.peer()
    peer.send(served.world.question("88.300.1/A", 1))
    await peer.ask(served.world.question("20.500/x", 2))
    closing = asyncio.create_task(served.listener.close())
    await asyncio.sleep(0)
    peer.send(served.world.question("20.500/x", 3))
    go.set()
    await closing
    assert decode(await peer.receive()).request_id == 1
    # Who takes the socket over finds what was not read.
    served.bound.settimeout(5)
    assert decode(await asyncio.to_thread(served.bound.recv, 2048)).request_id == 3


class TestTheRegistry:
    """What is handed on to it over UDP, and what is signed."""

    @staticmethod
    def reply(octets=10):
        header = Header(op_code=OpCode.DELETE_HANDLE, response_code=1)
        return encode(Message(request_id=7, header=header, body=bodies.Raw(bytes(octets))))

    async def test_a_request_goes_there_and_its_replies_come_back(self, serve):
        served = await serve(authority=Somebody(self.reply(), self.reply(600)))
        peer = await served.peer()
        request = served.world.request(OpCode.DELETE_HANDLE, bodies.Named("88.300.1/A"))
        assert await peer.ask(request) == self.reply()
        assert [await peer.receive() for _ in range(2)] == split(self.reply(600))
        ((came, origin),) = served.world.authority.came
        assert came == request
        assert (origin.channel, str(origin.address)) == (Channel.UDP, "127.0.0.1")
        assert (origin.trusted, origin.secure, origin.connection) == (True, True, "")

    async def test_a_long_request_of_the_trusted_goes_there_packet_by_packet(self, serve):
        # Another worker may take the others from the socket: only the registry sees them all.
        served = await serve(authority=Somebody())
        peer = await served.peer()
        site = served.world.request(OpCode.GET_SITE_INFO, bodies.Named("/"))
        packets = split(served.world.request(4242, bodies.Raw(bytes(range(256)) * 8)))
        for packet in packets:
            await peer.silent(packet, site)
        await served.world.until(lambda: len(served.world.authority.came) == len(packets))
        assert [request for request, _ in served.world.authority.came] == packets

    async def test_what_answers_a_stranger_is_bounded(self, serve):
        served = await serve(authority=Somebody(self.reply(2000)), trusted=False)
        peer = await served.peer()
        request = served.world.request(OpCode.DELETE_HANDLE, bodies.Named("88.300.1/A"))
        site = served.world.request(OpCode.GET_SITE_INFO, bodies.Named("/"))
        await peer.silent(request, site)
        await served.world.until(lambda: served.events() == {"silenced": 1})

    @pytest.mark.parametrize("kept", [True, False])
    async def test_nothing_is_signed_that_is_not_sent(self, serve, kept):
        signed = []

        class Key:
            algorithm, public = "SHA-256", b""

            def sign(self, data, identity=b""):  # noqa: ARG002 -- of SM2
                signed.append(data)
                return bytes(1400)

        with Certifier(Key()) as certifier:
            served = await serve(certifier=certifier, trusted=False)
            signed.clear()
            if kept:
                await served.world.look("88.300.1/A")
            peer = await served.peer()
            request = served.world.question("88.300.1/A", flags=0x59000000)
            site = served.world.request(OpCode.GET_SITE_INFO, bodies.Named("/"))
            await peer.silent(request, site)
            await served.world.until(lambda: served.events() == {"silenced": 1})
            assert signed == []
            served.world.proven.prove(served.world.clients.of("127.0.0.1"), served.world.clock())
            peer.send(request)
            packets = [await peer.receive() for _ in range(4)]
            joiner = UdpJoiner()
            (whole,) = filter(None, [joiner.add(packet, "server", 0.0) for packet in packets])
            assert decode(whole).credential.type == "HS_SIGNED"
            assert len(signed) == 1
