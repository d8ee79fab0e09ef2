import asyncio
import itertools

import pytest

from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle import translate
from identifiers.wire.handle.envelope import SIZE
from idnode import Garbled, HandleClient, IdnodeError, Unaskable, Unreachable
from idnode.handle import Transport
from idnode.questions import UNREAD_REQUEST

QUICK = (0.05, 0.05, 0.05)


@pytest.fixture
async def client(server):
    async with HandleClient(
        "127.0.0.1", server.port, udp_patience=QUICK, tcp_patience=2.0
    ) as found:
        yield found


@pytest.mark.parametrize("transport", [Transport.UDP_THEN_TCP, Transport.UDP, Transport.TCP])
async def test_both_transports_give_the_same_answer(client, transport):
    found = await client.resolve("88.300.1/A", transport=transport)
    assert found.found
    assert [v.data for v in found.values] == [b"https://a.example/1", b"https://a.example/2"]
    assert found.document()["responseCode"] == 1


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
async def test_not_found_is_an_answer_with_its_reason(client, transport):
    found = await client.resolve("88.300.1/nobody", transport=transport)
    assert (found.found, found.code, found.message) == (False, 100, "no such name")
    assert found.document() == {
        "responseCode": 100,
        "handle": "88.300.1/nobody",
        "message": "no such name",
    }


async def test_filters_are_sent(client):
    found = await client.resolve("88.300.1/A", indexes=[2])
    assert [v.index for v in found.values] == [2]
    assert len((await client.resolve("88.300.1/A", types=["url"])).values) == 2


async def test_a_site_tells_of_itself(client):
    assert await client.site() == b"a site record"
    assert await client.site(Transport.TCP) == b"a site record"


async def test_a_long_reply_is_joined_from_its_packets_in_any_order(client, server):
    server.reorder = True
    found = await client.resolve("88.300.1/LONG", transport=Transport.UDP)
    assert len(found.values) == 90


async def test_a_lost_datagram_is_asked_for_again(client, server):
    server.drop = 2
    assert (await client.resolve("88.300.1/A", transport=Transport.UDP)).found
    assert server.datagrams == 3


async def test_silence_over_udp_leads_to_tcp(client, server):
    server.silent_udp = True
    assert (await client.resolve("88.300.1/A")).found
    assert (server.datagrams, server.connections) == (3, 1)
    with pytest.raises(Unreachable, match="3 requests"):
        await client.resolve("88.300.1/A", transport=Transport.UDP)


async def test_nobody_listening_is_told_at_once(server):
    await server.stop()
    async with HandleClient("127.0.0.1", server.port) as client:
        with pytest.raises(
            Unreachable, match=rf"127.0.0.1 port {server.port}, UDP: Connection refused$"
        ):
            await client.resolve("88.300.1/A", transport=Transport.UDP)
        with pytest.raises(Unreachable, match=r"TCP: .*refused"):
            await client.resolve("88.300.1/A")
    await server.start()


async def test_a_name_that_means_no_address(server):
    async with HandleClient("no-such-host.invalid", server.port) as client:
        with pytest.raises(Unreachable, match="no-such-host"):
            await client.resolve("88.300.1/A")


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"x",
        bytes(SIZE),
        bytes.fromhex("020b020b 00000000 00000001 00000000 00000004") + b"abcd",
        bytes.fromhex("020b020b 00000000 00000001 00000009 00000004") + b"abcd",
    ],
)
async def test_noise_on_the_socket_is_passed_over(server, garbage):
    server.garbage = garbage
    ids = itertools.count(1)
    async with HandleClient(
        "127.0.0.1", server.port, udp_patience=QUICK, draw=lambda: next(ids)
    ) as client:
        if garbage[8:12] == b"\0\0\0\1" and len(garbage) == SIZE + 4 and not garbage[15]:
            with pytest.raises(Garbled):
                await client.resolve("88.300.1/A", transport=Transport.UDP)
        else:
            assert (await client.resolve("88.300.1/A", transport=Transport.UDP)).found


async def test_one_connection_serves_many_questions(client, server):
    answers = await asyncio.gather(
        *(client.resolve("88.300.1/A", transport=Transport.TCP) for _ in range(100))
    )
    assert all(answer.found for answer in answers)
    assert server.connections == 1


async def test_replies_belong_to_questions_by_id_and_not_by_order(client, server):
    server.hold = asyncio.Event()
    first = asyncio.create_task(client.resolve("88.300.1/A", transport=Transport.TCP))
    await asyncio.sleep(0.05)
    server.hold.set()
    second = await client.resolve("88.300.1/LONG", transport=Transport.TCP)
    assert len(second.values) == 90
    assert len((await first).values) == 2


async def test_a_server_that_closes_after_each_reply_is_asked_again(client, server):
    server.one_reply_each = True
    answers = await asyncio.gather(
        *(client.resolve("88.300.1/A", transport=Transport.TCP) for _ in range(8))
    )
    assert all(answer.found for answer in answers)
    assert server.connections == 8


async def test_a_connection_that_was_closed_meanwhile_is_made_anew(client, server):
    server.one_reply_each = True
    for _ in range(3):
        assert (await client.resolve("88.300.1/A", transport=Transport.TCP)).found


async def test_a_server_that_only_hangs_up_is_given_up(client, server):
    server.hang_up = 9
    with pytest.raises(Unreachable, match="TCP"):
        await client.resolve("88.300.1/A", transport=Transport.TCP)
    assert server.connections == 2


async def test_a_server_that_never_answers_is_given_up(server):
    server.hold = asyncio.Event()
    async with HandleClient("127.0.0.1", server.port, tcp_patience=0.05) as client:
        with pytest.raises(Unreachable, match=r"no answer in 0.05 s"):
            await client.resolve("88.300.1/A", transport=Transport.TCP)


async def test_a_stream_of_nonsense_is_no_server(client, server):
    server.garbage = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    with pytest.raises(Garbled, match="stream"):
        await client.resolve("88.300.1/A", transport=Transport.TCP)


async def test_an_error_without_the_id_is_the_answer_of_the_only_question(client, server):
    server.garbage = translate.early_error(ProtocolError("cannot read that"), 0x7FFF_FFFF)
    found = await client.resolve("88.300.1/A", transport=Transport.TCP)
    assert (found.code, found.message) == (4, "cannot read that")


async def test_ids_in_flight_and_the_reserved_one_are_not_drawn(server):
    server.silent_udp = True
    drawn = iter([7, 7, UNREAD_REQUEST, 8])
    async with HandleClient(
        "127.0.0.1", server.port, udp_patience=QUICK, draw=lambda: next(drawn)
    ) as client:
        answers = await asyncio.gather(*(client.resolve("88.300.1/A") for _ in range(2)))
    assert all(answer.found for answer in answers)
    assert next(drawn, None) is None


@pytest.mark.parametrize("handle", ["", "88.300.1/\0", "88.300.1/" + "x" * 2048])
async def test_what_cannot_be_asked_is_not_sent(client, server, handle):
    with pytest.raises(Unaskable, match="a handle has"):
        await client.resolve(handle)
    assert server.datagrams == 0


@pytest.mark.parametrize(
    ("handle", "filters"),
    [
        ("88.300.1/\ud800", {}),
        ("88.300.1/A", {"types": ["\ud800"]}),
        ("88.300.1/A", {"indexes": [-1]}),
        ("88.300.1/A", {"indexes": [1 << 32]}),
    ],
)
async def test_nor_is_what_no_octets_can_say(client, server, handle, filters):
    with pytest.raises(Unaskable) as raised:
        await client.resolve(handle, **filters)
    assert isinstance(raised.value, IdnodeError)
    assert isinstance(raised.value, ValueError)  # as it was before it had a name
    assert server.datagrams == 0


async def test_a_closed_client_says_so(server):
    client = HandleClient("127.0.0.1", server.port, udp_patience=QUICK)
    async with client:
        assert (await client.resolve("88.300.1/A")).found
    with pytest.raises(Unreachable, match="closed"):
        await client.resolve("88.300.1/A", transport=Transport.UDP)
