import pytest
from msgspec.structs import replace

from identifiers.records import State
from identifiers.values import Value
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode, ResponseCode
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message, decode, encode
from identifiers.wire.handle.site import decode_site
from identifiers.wire.handle.values import decode_values
from resolver.counters import Event, Result
from resolver.transports.handle import Asking, HandleExchange, Reply, Silence
from resolver.transports.repeats import Plain
from tests.unit.resolver.world import SITE

URL = Value(index=1, type="URL", data=b"https://example.org/1")
SECRET = Value(index=2, type="NOTE", data=b"for us", permissions=0x0C)


@pytest.fixture
async def known(world):
    await world.put("88.300.1/A", URL, SECRET)
    await world.look("88.300.1/A")
    return world


def at_once(world, request, client=None):
    return world.exchange.at_once(request, client or world.trusted, world.clock.now)


def told(reply):
    """Return result, code and body of a reply."""
    answer = decode(reply.data)
    return reply.result, answer.header.response_code, answer.body


async def test_a_known_name_is_answered_at_once(known):
    reply = at_once(known, known.question("88.300.1/A", 99))
    answer = decode(reply.data)
    assert answer.request_id == 99
    assert answer.header.response_code == ResponseCode.SUCCESS
    assert answer.header.site_serial == 1
    assert answer.header.expiration == int(known.clock.wall()) + 12 * 3600
    assert answer.body.handle == "88.300.1/A"
    assert decode_values(answer.body.values) == (URL,)
    assert reply.subject == b"88.300.1/A"


async def test_the_name_is_echoed_as_asked(known):
    await known.home("88.300.A")
    await known.follower.step()
    await known.put("88.300.a/x", URL)
    await known.look("88.300.a/x")
    reply = at_once(known, known.question("88.300.a/x"))
    assert decode(reply.data).body.handle == "88.300.a/x"


async def test_a_miss_is_asked_for(world):
    await world.put("88.300.1/A", URL)
    asking = at_once(world, world.question("88.300.1/A"))
    assert isinstance(asking, Asking)
    reply = await world.exchange.later(asking, world.trusted, world.clock.now)
    assert reply.result is Result.FOUND


@pytest.mark.parametrize(
    ("handle", "flags", "result", "code"),
    [
        ("88.300.1/none", 0x19000000, Result.ABSENT, 100),
        ("20.500/x", 0x19000000, Result.NOT_HOMED, 301),
        ("no handle", 0x19000000, Result.INVALID, 102),
        ("88.300.1/A", 0, Result.FOUND, 1),
        ("88.300.1/A", 0x19800000, Result.FOUND, 1),
        ("88.300.1/A", 0x59000000, Result.FOUND, 1),
    ],
)
async def test_how_look_ups_end(known, handle, flags, result, code):
    await known.look("88.300.1/none")
    reply = at_once(known, known.question(handle, flags=flags))
    assert told(reply)[:2] == (result, code)


async def test_a_digest_that_is_asked_for_is_sent(known):
    reply = at_once(known, known.question("88.300.1/A", flags=0x19800000))
    assert decode(reply.data).digest.algorithm == 3


async def test_filters_and_private_values(known):
    nothing = at_once(known, known.question("88.300.1/A", indexes=(2,)))
    assert told(nothing)[:2] == (Result.VALUES_ABSENT, 200)
    login = at_once(known, known.question("88.300.1/A", indexes=(2,), flags=0))
    assert told(login)[:2] == (Result.LOGIN_NEEDED, 5)
    union = at_once(known, known.question("88.300.1/A", indexes=(2,), types=("url",), flags=0))
    assert decode_values(decode(union.data).body.values) == (URL,)


async def test_a_suspended_name_says_why(world):
    await world.put("88.300.1/A", URL, state=State.SUSPENDED, reason="recall")
    await world.look("88.300.1/A")
    result, code, body = told(at_once(world, world.question("88.300.1/A")))
    assert (result, code, body.text) == (Result.ABSENT, 100, "suspended: recall")


async def test_without_a_store_the_server_is_busy(known):
    known.store.down = True
    asking = at_once(known, known.question("88.300.1/B"))
    reply = await known.exchange.later(asking, known.trusted, known.clock.now)
    assert told(reply)[:2] == (Result.UNAVAILABLE, ResponseCode.SERVER_BUSY)


async def test_the_site_record_is_told(known):
    reply = at_once(known, known.request(OpCode.GET_SITE_INFO, bodies.Named("/")))
    result, code, body = told(reply)
    assert (result, code) == (Result.SITE, 1)
    assert decode_site(body.record).serial == 1


@pytest.mark.parametrize(
    ("op_code", "body"),
    [
        (OpCode.DELETE_HANDLE, bodies.Named("88.300.1/A")),
        (OpCode.CHALLENGE_RESPONSE, bodies.Answer("HS_SECKEY", "88.300.1/A", 300, b"x")),
        (OpCode.LOGIN_ID_SYSTEM, bodies.Identity("88.300.1/A", 300)),
        (4242, bodies.Raw(b"anything")),
    ],
)
async def test_what_needs_somebody_is_not_offered(known, op_code, body):
    result, code, _ = told(at_once(known, known.request(op_code, body)))
    assert (result, code) == (Result.UNSUPPORTED, ResponseCode.OPERATION_NOT_SUPPORTED)


async def test_a_request_that_was_passed_on_too_often_is_refused(known):
    request = bytearray(known.question("88.300.1/A"))
    request[34] = 11
    result, code, _ = told(at_once(known, bytes(request)))
    assert (result, code) == (Result.MALFORMED, ResponseCode.RECURSION_COUNT_TOO_HIGH)


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"\x02\x0b\x02\x0b",
        bytes(19),
        bytes.fromhex("020b020b" + "00" * 20 + "00000064" + "00" * 20),
    ],
)
async def test_an_answer_and_what_is_too_short_are_met_with_silence(known, request_):
    assert at_once(known, request_) == Silence(Event.DROPPED_RESPONSE)


async def test_no_reply_of_ours_is_ever_answered(known):
    for request in (
        known.question("88.300.1/A"),
        known.question("20.500/x"),
        known.request(OpCode.GET_SITE_INFO, bodies.Named("/")),
        bytes(40),
    ):
        reply = at_once(known, request)
        assert isinstance(reply, Reply)
        assert at_once(known, reply.data) == Silence(Event.DROPPED_RESPONSE)


async def test_a_malformed_request_is_told_so(known):
    request = known.question("88.300.1/A")[:-9]
    reply = at_once(known, request)
    answer = decode(reply.data)
    assert reply.result is Result.MALFORMED
    assert answer.header.response_code == ResponseCode.PROTOCOL_ERROR
    assert answer.request_id == 0xFFFFFFFF
    assert "length" in answer.body.text


async def test_the_expiration_follows_the_wall_clock(known):
    first = decode(at_once(known, known.question("88.300.1/A")).data).header.expiration
    known.clock.now += 2.0
    second = decode(at_once(known, known.question("88.300.1/A")).data).header.expiration
    assert second == first + 2


@pytest.mark.parametrize("indexes", [(), (1,)], ids=["all", "part"])
async def test_a_stale_reply_expires_in_30_seconds(known, indexes):
    """Also one that was told again and again while it was believed, and will be again."""
    request, client = known.question("88.300.1/A", indexes=indexes), known.trusted

    async def ask():
        before, now = known.exchange.look(request, client, known.clock.now), known.clock.now
        reply = known.exchange.at_once(request, client, now)
        if isinstance(reply, Asking):
            reply = await known.exchange.later(reply, client, now)
        assert reply.result is Result.FOUND
        life = decode(reply.data).header.expiration - int(known.clock.wall())
        return life, before is not None

    for _ in range(5):  # from the record, then from the front of it
        life, repeated = await ask()
    assert (life, repeated) == (12 * 3600, True)
    known.store.down = True
    known.clock.now += 100.0
    for _ in range(3):  # asked in vain, then at once
        assert await ask() == (30, False)
    known.store.down = False
    await known.follower.step()
    assert await ask() == (12 * 3600, True)


async def test_a_stale_reply_to_what_another_worker_keeps_expires_in_30_seconds(known):
    """The way of misses that travel together (`tell_together`)."""
    request, client = known.question("88.300.1/A"), known.trusted
    at_once(known, request)
    await known.shared._carry()
    known.local.clear()
    known.store.down = True
    known.clock.now += 100.0
    plain = known.exchange.look(request, client, known.clock.now)
    assert isinstance(plain, Plain)
    (reply,) = await known.exchange.tell_together([(plain, client)], known.clock.now)
    assert decode(reply).header.expiration == int(known.clock.wall()) + 30


@pytest.fixture
async def later_site(known):
    """The world, its site record changed twice by now."""
    site = replace(SITE, serial=3)
    known.exchange = HandleExchange(known.resolver, site, known.clock.wall)
    return known


def knowing(serial, **more):
    body = bodies.Asked("88.300.1/A")
    header = Header(op_code=1, flags=more.pop("flags", 0x19000000), site_serial=serial)
    return encode(Message(request_id=7, header=header, body=body))


@pytest.mark.parametrize("flags", [0x19000000, 0, 0x19800000])
async def test_who_knows_an_older_site_is_told_so(later_site, flags):
    for serial in (3, 0xFFFF, 2, 1, 3, 4, 0, 2):
        reply = at_once(later_site, knowing(serial, flags=flags))
        code = decode(reply.data).header.response_code
        assert code == (300 if serial in {1, 2} else 1), serial
    assert reply.result is Result.OUTDATED
    answer = decode(reply.data)
    assert (answer.header.site_serial, answer.request_id) == (3, 7)
    assert "site record" in answer.body.text


async def test_who_knows_an_older_site_learns_of_the_new_one(later_site):
    header = Header(op_code=OpCode.GET_SITE_INFO, site_serial=1)
    reply = at_once(
        later_site, encode(Message(request_id=7, header=header, body=bodies.Named("/")))
    )
    result, code, body = told(reply)
    assert (result, code, decode_site(body.record).serial) == (Result.SITE, 1, 3)


async def test_the_id_sdk_is_told_in_a_code_that_it_knows(later_site):
    asked = replace(decode(knowing(1)), version=(2, 3), suggested=(2, 10))
    assert told(at_once(later_site, encode(asked)))[1] == ResponseCode.ERROR
