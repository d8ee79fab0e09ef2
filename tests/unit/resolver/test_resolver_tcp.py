import asyncio
import resource
import socket
import struct
from random import Random

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from identifiers.relay import Channel
from identifiers.values import Value
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode, ResponseCode
from identifiers.wire.handle.framing import NEED_DATA, TcpFramer
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message, decode, encode
from identifiers.wire.handle.values import decode_values
from resolver.limits import Rates
from resolver.transports.desk import Pace
from resolver.transports.moving import MOST_READ, Moved, Passage
from resolver.transports.tcp import TcpBounds, TcpListener
from resolver.turns import FEW, MANY, Turns
from tests.unit.resolver.world import Somebody

URL = Value(index=1, type="URL", data=b"https://example.org/1")


class Peer:
    """A client's connection."""

    def __init__(self, reader, writer):
        self.reader, self.writer, self.framer = reader, writer, TcpFramer()

    def send(self, *requests):
        self.writer.write(b"".join(requests))

    async def receive(self):
        """Return the next message, or None at the end of the stream."""
        async with asyncio.timeout(10):
            while (message := self.framer.next_message()) is NEED_DATA:
                data = await self.reader.read(65536)
                if not data:
                    return None
                self.framer.feed(data)
        return decode(message)

    async def ask(self, request):
        self.send(request)
        return await self.receive()

    async def closed(self):
        """Say that the server closed, and sent nothing before."""
        async with asyncio.timeout(10):
            try:
                return await self.reader.read(1) == b""
            except ConnectionError:
                return True


class Served:
    def __init__(self, world, listener, address, peers):
        self.world, self.listener, self.address, self.peers = world, listener, address, peers

    async def peer(self, limit=2**16):
        reader, writer = await asyncio.open_connection(*self.address, limit=limit)
        made = Peer(reader, writer)
        self.peers.append(made)
        return made

    def events(self):
        return self.world.counters.snapshot()["events"]

    def hold(self):
        """Let the store wait until the event that is returned is set."""
        go, fetch = asyncio.Event(), self.world.store.fetch

        async def wait(keys):
            await go.wait()
            return await fetch(keys)

        self.world.store.fetch = wait
        return go


@pytest.fixture
async def serve(make_world):
    listeners, peers = [], []

    async def start(
        host="127.0.0.1",
        bounds=None,
        *,
        login_first=False,
        passage=None,
        turns=None,
        **options,
    ):
        world = await make_world(real_time=True, **options)
        listening = socket.create_server(
            (host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
        address = listening.getsockname()[:2]
        listener = TcpListener(
            [listening],
            world.exchange,
            **world.serving(),
            login_first=[listening] if login_first else [],
            passage=passage,
            turns=turns,
            bounds=bounds or TcpBounds(drain=0.05),
        )
        await listener.start()
        listeners.append(listener)
        await world.put("88.300.1/A", URL)
        return Served(world, listener, address, peers)

    yield start
    for peer in peers:
        peer.writer.close()
    for listener in listeners:
        await listener.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_connection_stays_open_from_question_to_question(serve, host):
    served = await serve(host)
    peer = await served.peer()
    for number in range(3):
        answer = await peer.ask(served.world.question("88.300.1/A", number))
        assert answer.request_id == number
        assert decode_values(answer.body.values) == (URL,)
    assert served.events() == {"accepted": 1}
    counted = served.world.counters.snapshot()["answers"]["tcp"]["found"]
    assert sum(counted["buckets"]) == 3


async def test_pipelined_answers_come_in_order_however_long_some_take(serve):
    served = await serve()
    for number in range(0, 200, 2):
        await served.world.put(f"88.300.1/{number}", URL)
    peer = await served.peer()
    # Every second one is a miss; the others are known at once not to live here.
    questions = [
        served.world.question(f"88.300.1/{n}" if n % 2 == 0 else "20.500/x", n) for n in range(200)
    ]
    peer.send(*questions)
    answers = [await peer.receive() for _ in questions]
    assert [answer.request_id for answer in answers] == list(range(200))
    assert [a.header.response_code for a in answers] == [1, 301] * 100


async def test_repeated_questions_are_answered_as_at_first_wherever_they_stand(serve):
    served = await serve()
    for number in range(50):
        url = f"https://example.org/{number}".encode()
        await served.world.put(f"88.300.1/{number}", Value(index=1, type="URL", data=url))
    peer = await served.peer()
    names = [f"88.300.1/{n}" if n % 7 else f"20.500/{n}" for n in range(50)]
    first = [await peer.ask(served.world.question(name, n)) for n, name in enumerate(names)]
    draw = Random(5)
    order = [draw.randrange(50) for _ in range(3000)]
    stream = b"".join(served.world.question(names[n], 1000 + at) for at, n in enumerate(order))
    at = 0
    while at < len(stream):
        cut = draw.choice((1, 19, 300, 7000, 70_000))
        peer.send(stream[at : at + cut])
        await asyncio.sleep(0)
        at += cut
    for at, n in enumerate(order):
        answer = await peer.receive()
        assert answer.request_id == 1000 + at
        assert answer.body == first[n].body
    counted = served.world.counters.snapshot()["answers"]["tcp"]
    assert sum(sum(result["buckets"]) for result in counted.values()) == 3050


async def test_a_repeated_question_is_answered_anew_after_a_change(serve):
    served = await serve()
    peer = await served.peer()
    question = served.world.question("88.300.1/A", 1)
    assert [decode_values((await peer.ask(question)).body.values) for _ in range(2)] == [(URL,)] * 2
    other = Value(index=2, type="URL", data=b"https://example.org/2")
    await served.world.put("88.300.1/A", other)
    await served.world.follower.step()
    assert decode_values((await peer.ask(question)).body.values) == (other,)


async def test_misses_stand_back_behind_repeated_questions(serve):
    turns = Turns()
    served = await serve(turns=turns)
    peer = await served.peer()
    await peer.ask(served.world.question("88.300.1/A"))
    assert turns.misses(0.0) == MANY
    await peer.ask(served.world.question("88.300.1/A"))
    await peer.ask(served.world.question("88.300.1/A"))
    assert turns.misses(0.0) == FEW


async def test_repeated_questions_of_strangers_count_as_requests_too(serve):
    pace = Pace(requests=5)
    served = await serve(trusted=False, bounds=TcpBounds(drain=0.05, pace=pace))
    peer = await served.peer()
    await peer.ask(served.world.question("88.300.1/A"))
    peer.send(*[served.world.question("88.300.1/A", n) for n in range(20)])
    assert [(await peer.receive()).request_id for _ in range(4)] == [0, 1, 2, 3]
    assert await peer.closed()


async def test_a_question_may_come_in_pieces(serve):
    served = await serve()
    peer = await served.peer()
    request = served.world.question("88.300.1/A", 5) + served.world.question("88.300.1/A", 6)
    for at in range(len(request)):
        peer.send(request[at : at + 1])
        await peer.writer.drain()
        await asyncio.sleep(0)
    assert [(await peer.receive()).request_id for _ in range(2)] == [5, 6]


async def test_long_answers_come_whole(serve):
    served = await serve()
    values = tuple(Value(index=n + 1, type="DATA", data=bytes(30_000)) for n in range(6))
    await served.world.put("88.300.1/BIG", *values)
    peer = await served.peer()
    peer.send(*[served.world.question("88.300.1/BIG", n) for n in range(20)])
    for number in range(20):
        answer = await peer.receive()
        assert answer.request_id == number
        assert decode_values(answer.body.values) == values


async def test_site_information_and_what_is_not_offered(serve):
    served = await serve()
    peer = await served.peer()
    site = await peer.ask(served.world.request(OpCode.GET_SITE_INFO, bodies.Named("/")))
    assert site.header.response_code == ResponseCode.SUCCESS
    refused = await peer.ask(served.world.request(OpCode.DELETE_HANDLE, bodies.Named("88.300.1/A")))
    assert refused.header.response_code == ResponseCode.OPERATION_NOT_SUPPORTED


async def test_a_malformed_message_is_told_so_and_the_stream_goes_on(serve):
    served = await serve()
    peer = await served.peer()
    bad = bytearray(served.world.question("88.300.1/A"))
    bad[20:24] = bytes(4)
    peer.send(bytes(bad), served.world.question("88.300.1/A", 9))
    assert (await peer.receive()).header.response_code == ResponseCode.PROTOCOL_ERROR
    assert (await peer.receive()).request_id == 9


@pytest.mark.parametrize("pieces", [1, 2])
async def test_a_stream_that_cannot_be_cut_is_told_so_and_closed(serve, pieces):
    served = await serve()
    peer = await served.peer()
    too_long = bytearray(served.world.question("88.300.1/A"))
    too_long[16:20] = (64 * 1024 + 1).to_bytes(4, "big")
    if pieces == 1:
        peer.send(served.world.question("88.300.1/A", 3), bytes(too_long))
        assert (await peer.receive()).request_id == 3
    else:
        await peer.ask(served.world.question("88.300.1/A", 3))
        peer.send(bytes(too_long))
    assert (await peer.receive()).header.response_code == ResponseCode.PROTOCOL_ERROR
    assert await peer.closed()


async def test_an_answer_that_is_sent_to_us_is_not_answered(serve):
    served = await serve()
    peer = await served.peer()
    answer = bytearray(served.world.question("88.300.1/A"))
    answer[27] = 1
    peer.send(bytes(answer), served.world.question("88.300.1/A", 9))
    assert (await peer.receive()).request_id == 9
    assert served.events()["dropped_response"] == 1


async def test_what_was_asked_before_the_end_of_the_stream_is_answered(serve):
    served = await serve()
    peer = await served.peer()
    peer.send(*[served.world.question("88.300.1/A", n) for n in range(150)])
    peer.writer.write_eof()
    assert [(await peer.receive()).request_id for _ in range(150)] == list(range(150))
    assert await peer.closed()


async def test_a_peer_that_does_not_read_is_not_read_from(serve):
    served = await serve()
    values = [Value(index=n + 1, type="DATA", data=bytes(30_000)) for n in range(6)]
    await served.world.put("88.300.1/BIG", *values)
    peer = await served.peer()
    await peer.ask(served.world.question("88.300.1/BIG"))
    peer.reader._transport.pause_reading()
    taken = served.world.counters
    count = 400
    peer.send(*[served.world.question("88.300.1/BIG", n) for n in range(count)])
    (connection,) = served.listener._connections
    await served.world.until(lambda: connection._stalled is not None)
    before = sum(taken.snapshot()["answers"]["tcp"]["found"]["buckets"])
    assert before < count
    # What waits for the peer is one turn's worth, not everything it asked for.
    assert connection._transport.get_write_buffer_size() < 4 * 180_000
    peer.reader._transport.resume_reading()
    assert [(await peer.receive()).request_id for _ in range(count)] == list(range(count))


async def test_look_ups_of_one_connection_are_bounded(serve):
    served = await serve(bounds=TcpBounds(drain=0.05, pace=Pace(waiting=4)))
    go = served.hold()
    peer = await served.peer()
    peer.send(*[served.world.question(f"88.300.1/{n}", n) for n in range(50)])
    await served.world.until(lambda: served.listener.connections)
    (connection,) = served.listener._connections
    await served.world.until(lambda: len(connection._slots) == 4)
    assert not connection._reading
    go.set()
    assert [(await peer.receive()).request_id for _ in range(50)] == list(range(50))
    assert connection._reading


async def test_look_ups_of_all_connections_are_bounded_and_nobody_starves(serve):
    served = await serve(bounds=TcpBounds(drain=0.05, misses=3))
    go = served.hold()
    peers = [await served.peer() for _ in range(6)]
    for at, peer in enumerate(peers):
        peer.send(*[served.world.question(f"88.300.1/{at}-{n}", n) for n in range(5)])
    await served.world.until(lambda: served.listener._gathering.full)
    go.set()
    for peer in peers:
        assert [(await peer.receive()).request_id for _ in range(5)] == list(range(5))


async def test_misses_of_all_connections_share_their_questions(serve):
    served = await serve()
    fetch, asked = served.world.store.fetch, []

    async def listen(keys):
        asked.append(len(keys))
        return await fetch(keys)

    served.world.store.fetch = listen
    peers = [await served.peer() for _ in range(3)]
    for at, peer in enumerate(peers):
        peer.send(*[served.world.question(f"88.300.1/{at}-{n}", n) for n in range(20)])
    for peer in peers:
        assert [(await peer.receive()).request_id for _ in range(20)] == list(range(20))
    assert sum(asked) == 60
    assert len(asked) < 10


async def test_what_one_miss_fails_of_costs_the_others_nothing(serve):
    served = await serve()
    one, other = await served.peer(), await served.peer()
    real, go = served.world.exchange.together, asyncio.Event()

    async def fail(asked, now):
        await go.wait()
        if any(asking.query.text == "88.300.1/BAD" for asking, _ in asked):
            raise RuntimeError("a bug")
        return await real(asked, now)

    served.world.exchange.together = fail
    one.send(served.world.question("88.300.1/BAD"))
    other.send(served.world.question("88.300.1/A", 1), served.world.question("88.300.1/B", 2))
    await served.world.until(lambda: served.listener._gathering._under_way == 3)
    go.set()
    assert await one.closed()
    assert [(await other.receive()).request_id for _ in range(2)] == [1, 2]
    assert served.events()["failed"] == 1


async def test_what_one_of_many_fails_of_is_found_in_two_questions_to_the_store(serve):
    served = await serve()
    world, one, other = served.world, await served.peer(), await served.peer()
    damaged = await world.put("88.300.1/0", URL)
    world.store.records[damaged.key] = replace(damaged, values=bytes(3))
    for name in "123456789":
        await world.put(f"88.300.1/{name}", URL)
    before = len(world.store.fetches)
    one.send(world.question("88.300.1/0"))
    other.send(*(world.question(f"88.300.1/{number}", number) for number in range(1, 10)))
    assert await one.closed()
    assert [(await other.receive()).request_id for _ in range(9)] == list(range(1, 10))
    assert len(world.store.fetches) - before <= 4


async def test_a_connection_lost_with_look_ups_under_way_harms_nobody(serve):
    served = await serve()
    go = served.hold()
    peer = await served.peer()
    with socket.create_connection(served.address) as lost:
        lost.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        lost.sendall(b"".join(served.world.question(f"88.300.1/{n}", n) for n in range(5)))
        await served.world.until(lambda: served.listener._gathering._under_way == 5)
    await served.world.until(lambda: served.listener.connections == 1)
    go.set()
    assert (await peer.ask(served.world.question("88.300.1/A", 7))).request_id == 7


@pytest.mark.parametrize("later", [False, True])
async def test_an_unexpected_error_ends_its_connection_only(serve, later):
    served = await serve()
    other, peer = await served.peer(), await served.peer()
    await other.ask(served.world.question("20.500/x"))
    exchange = served.world.exchange
    name = "together" if later else "at_once"
    real = getattr(exchange, name)

    def fail(*_, **__):
        raise RuntimeError("a bug")

    setattr(exchange, name, fail)
    peer.send(served.world.question("88.300.1/A"))
    assert await peer.closed()
    assert served.events()["failed"] == 1
    setattr(exchange, name, real)
    assert await other.ask(served.world.question("88.300.1/A"))


class TestStrangers:
    async def test_a_handshake_proves_the_path(self, serve):
        served = await serve(trusted=False)
        peer = await served.peer()
        await peer.ask(served.world.question("88.300.1/A"))
        client = served.world.clients.of("127.0.0.1")
        assert served.world.proven.proven(client, served.world.clock())

    async def test_requests_of_one_connection_are_bounded(self, serve):
        pace = Pace(requests=3)
        served = await serve(trusted=False, bounds=TcpBounds(drain=0.05, pace=pace))
        peer = await served.peer()
        peer.send(*[served.world.question("88.300.1/A", n) for n in range(9)])
        assert [(await peer.receive()).request_id for _ in range(3)] == [0, 1, 2]
        assert await peer.closed()

    async def test_connections_of_one_host_are_bounded(self, serve):
        served = await serve(trusted=False, bounds=TcpBounds(drain=0.05, per_host=2))
        peers = [await served.peer() for _ in range(2)]
        for peer in peers:
            assert await peer.ask(served.world.question("88.300.1/A"))
        assert await (await served.peer()).closed()
        assert served.events() == {"accepted": 2, "refused": 1}
        peers[0].writer.close()
        await served.world.until(lambda: served.listener.connections == 1)
        assert await (await served.peer()).ask(served.world.question("88.300.1/A"))

    async def test_connections_of_one_network_are_bounded(self, serve):
        served = await serve(trusted=False, bounds=TcpBounds(drain=0.05, per_network=1))
        assert await (await served.peer()).ask(served.world.question("88.300.1/A"))
        assert await (await served.peer()).closed()

    async def test_the_rate_of_connections_is_bounded(self, serve):
        rates = Rates(connections_per_host=2.0, buckets=1 << 12)
        served = await serve(trusted=False, rates=rates)
        for _ in range(2):
            assert await (await served.peer()).ask(served.world.question("88.300.1/A"))
        assert await (await served.peer()).closed()

    @pytest.mark.parametrize(
        ("sent", "pace"),
        [
            ("nothing", Pace(first_byte=0.0)),
            ("half", Pace(message=0.0)),
            ("whole", Pace(idle=0.0)),
            ("whole", Pace(lifetime=0.0)),
        ],
    )
    async def test_silence_and_slowness_end_a_connection(self, serve, sent, pace):
        served = await serve(trusted=False, bounds=TcpBounds(drain=0.05, pace=pace))
        peer = await served.peer()
        request = served.world.question("88.300.1/A")
        if sent == "half":
            peer.send(request[:30])
        elif sent == "whole":
            assert await peer.ask(request)
        assert await peer.closed()
        assert served.events()["timed_out"] == 1


async def test_a_message_that_comes_in_drops_has_no_more_time(serve):
    served = await serve(trusted=False)
    world, peer = served.world, await served.peer()
    request = world.question("88.300.1/A")
    peer.send(request[:30])
    await world.until(lambda: served.listener.connections == 1)
    (connection,) = served.listener._connections
    deadlines = set()
    for end in range(31, len(request)):
        peer.send(request[end - 1 : end])
        await world.until(lambda end=end: connection._intake.buffered == end)
        deadlines.add(connection.deadline)
    assert len(deadlines) == 1
    assert await peer.ask(request[-1:])


async def test_a_message_that_comes_in_drops_is_looked_at_when_it_is_whole(serve, monkeypatch):
    served = await serve()
    world, peer, looks = served.world, await served.peer(), []
    repeat = world.exchange.repeat

    def counted(stream, *rest):
        looks.append(len(stream))
        return repeat(stream, *rest)

    monkeypatch.setattr(world.exchange, "repeat", counted)
    request = world.question("88.300.1/A")
    peer.send(request[:30])
    await world.until(lambda: served.listener.connections == 1)
    (connection,) = served.listener._connections
    for end in range(30, len(request)):
        peer.send(request[30:end][-1:])
        await world.until(lambda end=end: connection._intake.buffered == end)
    assert len(looks) == 1
    assert await peer.ask(request[-1:])
    assert looks == [30, len(request)]


async def test_trusted_clients_may_keep_quiet(serve):
    pace = Pace(first_byte=0.0, idle=0.0, lifetime=0.0, requests=1)
    served = await serve(bounds=TcpBounds(drain=0.05, per_host=1, per_network=1, pace=pace))
    peers = [await served.peer() for _ in range(3)]
    for _ in range(2):
        for peer in peers:
            assert await peer.ask(served.world.question("88.300.1/A"))
        served.listener._sweep()
    assert "timed_out" not in served.events()


async def test_who_asked_once_and_reads_to_the_end_is_let_go(serve):
    """Some clients read until the server closes; pools ask again, or say that they will."""
    served = await serve(bounds=TcpBounds(drain=0.05, pace=Pace(lone_idle=0.0)))
    world = served.world
    lone, pooled, keeping = [await served.peer() for _ in range(3)]
    pooled.send(world.question("88.300.1/A"), world.question("88.300.1/A"))
    assert await pooled.receive()
    assert await pooled.receive()
    assert await keeping.ask(world.question("88.300.1/A", flags=0x1B00_0000))
    assert await lone.ask(world.question("88.300.1/A"))
    served.listener._sweep()
    assert await lone.closed()
    for peer in (pooled, keeping):
        assert await peer.ask(world.question("88.300.1/A"))
    assert served.events()["timed_out"] == 1


async def test_all_connections_together_are_bounded_for_everybody(serve):
    served = await serve(bounds=TcpBounds(drain=0.05, connections=1))
    assert await (await served.peer()).ask(served.world.question("88.300.1/A"))
    assert await (await served.peer()).closed()


async def test_who_does_not_take_replies_is_cut(serve):
    served = await serve(bounds=TcpBounds(drain=0.05, pace=Pace(write_stall=0.0)))
    values = [Value(index=n + 1, type="DATA", data=bytes(30_000)) for n in range(6)]
    await served.world.put("88.300.1/BIG", *values)
    peer = await served.peer()
    peer.reader._transport.pause_reading()
    peer.send(*[served.world.question("88.300.1/BIG", n) for n in range(400)])
    await served.world.until(lambda: served.listener.connections)
    (connection,) = served.listener._connections
    await served.world.until(lambda: connection._stalled is not None)
    served.listener._sweep()
    await served.world.until(lambda: not served.listener.connections)
    assert served.events()["timed_out"] == 1


async def test_draining_answers_what_was_asked_and_closes(serve):
    served = await serve(bounds=TcpBounds(drain=10.0))
    idle, busy = await served.peer(), await served.peer()
    await idle.ask(served.world.question("20.500/x"))
    go = served.hold()
    busy.send(*[served.world.question(f"88.300.1/{n}", n) for n in range(5)])
    await served.world.until(lambda: served.listener._gathering._under_way == 5)
    closing = asyncio.create_task(served.listener.close())
    assert await idle.closed()
    with pytest.raises(ConnectionRefusedError):
        await served.peer()
    go.set()
    assert [(await busy.receive()).request_id for _ in range(5)] == list(range(5))
    assert await busy.closed()
    await closing


async def test_draining_ends_also_when_a_connection_is_never_quiet(serve):
    served = await serve()
    served.hold()
    peer = await served.peer()
    peer.send(served.world.question("88.300.1/A"))
    await served.world.until(lambda: served.listener._misses._tasks)
    await served.listener.close()
    assert await peer.closed()


def handles(number, size=0):
    """Return one message of a list of handles, with the request id 7."""
    body = bodies.Handles((f"88.300.1/{number}" + "x" * size,))
    header = Header(op_code=OpCode.LIST_HANDLES, response_code=1)
    return encode(Message(request_id=7, header=header, body=body))


class TestTheRegistry:
    """What is handed on to it: one connection, several messages, nobody waits in vain."""

    async def serve(self, serve, *replies, **options):
        served = await serve(authority=Somebody(*replies), **options)
        served.listing = served.world.request(OpCode.LIST_HANDLES, bodies.Named("0.NA/88.300.1"))
        return served

    async def test_an_answer_of_several_messages_keeps_its_place(self, serve):
        served = await self.serve(serve, *map(handles, range(3)))
        served.world.authority.hold = asyncio.Event()
        peer = await served.peer()
        question = served.world.question
        peer.send(question("88.300.1/A", 1), served.listing, question("88.300.1/A", 2))
        got = [await peer.receive() for _ in range(2)]
        served.world.authority.hold.set()
        got += [await peer.receive() for _ in range(3)]
        assert [m.request_id for m in got] == [1, 7, 7, 7, 2]
        assert [m.body.handles[0] for m in got[1:4]] == [f"88.300.1/{n}" for n in range(3)]

    async def test_an_answer_of_no_message_holds_nobody_up(self, serve):
        served = await self.serve(serve)
        peer = await served.peer()
        peer.send(served.listing, served.world.question("88.300.1/A", 2))
        assert (await peer.receive()).request_id == 2

    async def test_it_is_told_on_which_connection_somebody_asks(self, serve):
        served = await self.serve(serve, handles(1))
        for peer in (await served.peer(), await served.peer()):
            for _ in range(2):
                await peer.ask(served.listing)
        names = [origin.connection for _, origin in served.world.authority.came]
        assert names[0] == names[1] != names[2] == names[3]
        assert {len(name) for name in names} == {32}
        assert {origin.channel for _, origin in served.world.authority.came} == {Channel.TCP}

    @pytest.mark.parametrize("wanted", [False, True])
    async def test_it_is_told_what_clients_of_a_listener_expect(self, serve, wanted):
        served = await self.serve(serve, handles(1), login_first=wanted)
        await (await served.peer()).ask(served.listing)
        ((_, origin),) = served.world.authority.came
        assert origin.login_first is wanted

    async def test_what_the_peer_does_not_take_is_not_asked_for(self, serve):
        served = await self.serve(serve, *[handles(n, 60_000) for n in range(400)])
        peer = await served.peer(limit=1)
        peer.send(served.listing)
        authority = served.world.authority
        (connection,) = served.listener._connections
        await served.world.until(lambda: connection._stalled is not None)
        assert 2 < authority.taken < 300
        for number in range(400):
            assert (await peer.receive()).body.handles[0].startswith(f"88.300.1/{number}x")

    async def test_who_goes_away_ends_the_work(self, serve):
        served = await self.serve(serve, *[handles(n, 60_000) for n in range(400)])
        peer = await served.peer(limit=1)
        peer.send(served.listing)
        authority = served.world.authority
        await served.world.until(lambda: authority.taken > 2)
        peer.writer.transport.abort()
        await served.world.until(lambda: not authority.under_way)
        assert authority.taken < 400

    async def test_whoever_logged_in_may_see_more_on_that_connection_only(self, serve):
        served = await self.serve(serve, handles(1))
        secret = Value(index=2, type="NOTE", data=b"for us", permissions=0x0C)
        await served.world.put("88.300.1/B", URL, secret)
        question = served.world.question("88.300.1/B", flags=0x18000000)
        peer, other = await served.peer(), await served.peer()
        answer = bodies.Answer("HS_PUBKEY", "88.300.1/A", 300, b"x")
        assert decode_values((await peer.ask(question)).body.values) == (URL,)
        await peer.ask(served.world.request(OpCode.CHALLENGE_RESPONSE, answer))
        assert (await peer.ask(question)).body.handles == ("88.300.1/1",)
        assert decode_values((await other.ask(question)).body.values) == (URL,)

    def long(self, served, op_code, octets=100_000):
        if op_code == OpCode.RESOLUTION:
            return served.world.request(op_code, bodies.Asked("88.300.1/A", (), ("x" * octets,)))
        return served.world.request(4242, bodies.Raw(b"x" * octets))

    @pytest.mark.parametrize("trusted", [True, False])
    async def test_what_is_for_it_may_be_long(self, serve, trusted):
        bounds = TcpBounds(drain=0.05, long_messages=1)
        served = await self.serve(serve, handles(1), trusted=trusted, bounds=bounds)
        peer = await served.peer()
        request = self.long(served, 4242)
        for _ in range(3):
            assert (await peer.ask(request)).body.handles == ("88.300.1/1",)
        assert [request for request, _ in served.world.authority.came] == [request] * 3
        assert (await peer.ask(served.world.question("88.300.1/A"))).header.response_code == 1

    async def test_what_is_not_for_it_may_not(self, serve):
        served = await self.serve(serve, handles(1))
        request = self.long(served, OpCode.RESOLUTION)
        for part in (request[:24], request):
            peer = await served.peer()
            peer.send(part)
            assert (await peer.receive()).header.response_code == ResponseCode.PROTOCOL_ERROR
            assert await peer.closed()

    async def test_what_strangers_have_us_keep_is_bounded(self, serve):
        bounds = TcpBounds(drain=0.05, long_messages=1)
        served = await self.serve(serve, handles(1), trusted=False, bounds=bounds)
        request = self.long(served, 4242)
        first, second = await served.peer(), await served.peer()
        first.send(request[:70_000])
        await served.world.until(lambda: served.listener.connections == 2)
        await served.world.until(lambda: not served.listener._desk.long._free)
        second.send(request[:70_000])
        assert (await second.receive()).header.response_code == ResponseCode.SERVER_BUSY
        assert await second.closed()
        first.writer.transport.abort()
        await served.world.until(lambda: served.listener._desk.long._free)
        assert (await (await served.peer()).ask(request)).body.handles == ("88.300.1/1",)

    async def test_longer_than_the_protocol_has_it_nothing_may_be(self, serve):
        served = await self.serve(serve, handles(1))
        peer = await served.peer()
        request = self.long(served, 4242)
        peer.send(request[:16] + (262_145).to_bytes(4) + request[20:24])
        assert (await peer.receive()).header.response_code == ResponseCode.PROTOCOL_ERROR
        assert await peer.closed()


@pytest.fixture
def passages():
    """Give each listener its own copies of the ends, as its process would have them."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    copies = []

    def inherited():
        mine = [end.dup() for end in ends]
        for end in mine:
            end.settimeout(0)
        copies.extend(mine)
        return Passage(*mine)

    yield inherited
    for end in (*ends, *copies):
        end.close()


class TestWhenAnotherServesOn:
    async def test_connections_go_on_there_in_the_middle_of_a_message(self, passages, serve):
        before, after = await serve(passage=passages()), await serve(passage=passages())
        idle, busy = await before.peer(), await before.peer()
        question = before.world.question("88.300.1/A", 7)
        assert (await idle.ask(question)).request_id == 7
        busy.send(question, question[:30])
        assert (await busy.receive()).request_id == 7
        await before.listener.leave()
        assert before.listener.connections == 0
        busy.send(question[30:])
        for peer in (busy, idle):
            if peer is idle:
                peer.send(question)
            answer = await peer.receive()
            assert decode_values(answer.body.values) == (URL,)
        assert after.listener.connections == 2
        assert after.events() == {}, "they were let in already"
        assert sum(after.world.counters.snapshot()["answers"]["tcp"]["found"]["buckets"]) == 2

    async def test_what_waits_for_the_store_is_answered_before(self, passages, serve):
        before, after = await serve(passage=passages()), await serve(passage=passages())
        peer = await before.peer()
        go = before.hold()
        peer.send(before.world.question("88.300.1/OTHER", 1))
        await before.world.until(lambda: before.listener._misses._tasks)
        leaving = asyncio.create_task(before.listener.leave())
        peer.send(before.world.question("88.300.1/A", 2))
        await asyncio.sleep(0)
        assert not leaving.done()
        go.set()
        assert [(await peer.receive()).request_id for _ in range(2)] == [1, 2]
        await leaving
        assert after.listener.connections == 1

    async def test_who_is_logged_in_stays_so(self, passages, serve):
        somebody = Somebody(*map(handles, range(1)))
        before = await serve(passage=passages(), authority=somebody, login_first=True)
        await serve(passage=passages(), authority=somebody)
        peer = await before.peer()
        request = before.world.request(OpCode.LIST_HANDLES, bodies.Named("0.NA/88.300.1"))
        await peer.ask(request)
        await before.listener.leave()
        await peer.ask(request)
        (_, first), (_, second) = somebody.came
        assert first == second
        assert second.connection
        assert second.login_first

    async def test_where_nobody_takes_them_they_are_closed_in_the_end(self, serve):
        served = await serve(bounds=TcpBounds(drain=0.05, leaving=0.05))
        peer = await served.peer()
        await peer.ask(served.world.question("88.300.1/A", 1))
        await served.listener.leave()
        assert await peer.closed()

    def test_a_passage_has_bounds_and_keeps_what_is_in_it(self, passages):
        into, out = passages(), passages()
        moved = Moved(
            read=bytes(MOST_READ),
            name="",
            known=False,
            login_first=False,
            pooled=True,
            taken=9,
            age=1.5,
        )
        with socket.socket() as one:
            number = 0
            while into.put(one.fileno(), moved):
                number += 1
        assert number >= 2
        for _ in range(number):
            opened, found = out.take()
            opened.close()
            assert found == moved
        assert out.take() is None

    def test_without_a_free_descriptor_one_is_lost_and_the_next_is_taken(self, passages):
        into, out = passages(), passages()
        moved = Moved(
            read=b"", name="", known=False, login_first=False, pooled=True, taken=1, age=0.0
        )
        with socket.socket() as one:
            for _ in range(2):
                assert into.put(one.fileno(), moved)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            with capture_logs() as logs:
                assert out.take() is None
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        (line,) = logs
        assert "no free descriptor" in line["event"]
        opened, found = out.take()
        opened.close()
        assert found == moved
