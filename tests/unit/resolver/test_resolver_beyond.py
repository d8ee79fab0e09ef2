from ipaddress import ip_address

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from identifiers.errors import FateUnknown, StoreUnavailable
from identifiers.relay import Channel, Origin
from identifiers.values import Value
from identifiers.wire.handle import bodies
from identifiers.wire.handle.codes import OpCode, ResponseCode
from identifiers.wire.handle.credential import (
    MAC,
    SIGNED,
    Credential,
    decode_signature,
    signed_bytes,
)
from identifiers.wire.handle.message import decode, header_and_body
from identifiers.wire.handle.values import decode_values
from resolver.counters import Event, Result
from resolver.limits import Rates
from resolver.transports.beyond import Certifying, Forwarding
from resolver.transports.certified import Certifier
from resolver.transports.handle import Asking, Reply, Silence
from resolver.transports.origins import origin_of
from tests.unit.resolver.world import Somebody

URL = Value(index=1, type="URL", data=b"https://example.org/1")
SECRET = Value(index=2, type="NOTE", data=b"for us", permissions=0x0C)
WITH_DIGEST, CERTIFY, ENCRYPT, NOT_PUBLIC_ONLY = 0x19800000, 0x59000000, 0x39000000, 0x18000000
CREATE = bodies.Valued("88.300.1/NEW", b"\0\0\0\0")
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Signing:
    """The site's key, in this process."""

    algorithm = "SHA-256"
    public = b""

    def sign(self, data, identity=b""):  # noqa: ARG002 -- of SM2
        return KEY.sign(data, padding.PKCS1v15(), hashes.SHA256())


@pytest.fixture
async def known(make_world):
    world = await make_world(authority=Somebody(b"one", b"two"))
    await world.put("88.300.1/A", URL, SECRET)
    await world.put("88.300.1/PUBLIC", URL)
    await world.put("88.300.1/SECRET", SECRET)
    for name in ("A", "PUBLIC", "SECRET"):
        await world.look(f"88.300.1/{name}")
    return world


def at_once(world, request, client=None, **more):
    return world.exchange.at_once(request, client or world.trusted, world.clock.now, **more)


def somewhere():
    return Origin(channel=Channel.TCP, address=None, trusted=True, secure=False)


async def replies(world, pending, client=None):
    asked = world.exchange.replies(pending, client or world.trusted, world.clock.now, somewhere)
    return [reply async for reply in asked]


ADMINISTRATION = [
    (OpCode.CREATE_HANDLE, CREATE),
    (OpCode.DELETE_HANDLE, bodies.Named("88.300.1/A")),
    (OpCode.LIST_HANDLES, bodies.Named("0.NA/88.300.1")),
    (OpCode.CHALLENGE_RESPONSE, bodies.Answer("HS_SECKEY", "88.300.1/A", 300, b"x")),
    (OpCode.LOGIN_ID_SYSTEM, bodies.Identity("88.300.1/A", 300)),
    (4242, bodies.Raw(b"anything")),
]


@pytest.mark.parametrize(("op_code", "body"), ADMINISTRATION)
async def test_what_needs_somebody_goes_to_the_registry(known, op_code, body):
    request = known.request(op_code, body)
    pending = at_once(known, request)
    assert isinstance(pending, Forwarding)
    assert pending.logs_in == (op_code in {200, 2001})
    got = await replies(known, pending)
    assert [(r.data, r.result) for r in got] == [
        (b"one", Result.FORWARDED),
        (b"two", Result.FORWARDED),
    ]
    assert known.authority.came == [(request, somewhere())]


def with_mac(world):
    credential = Credential(type=MAC, info=b"\0\0\0\0\0\0\0\0")
    body = bodies.Asked("88.300.1/PUBLIC", (), ())
    return world.request(OpCode.RESOLUTION, body, session_id=9, credential=credential)


def in_session(request, number=9):
    return request[:4] + number.to_bytes(4) + request[8:]


def sealed(request):
    return request[:2] + bytes([request[2] | 0x40]) + request[3:]


async def test_what_a_session_protects_goes_to_the_registry(known):
    public = known.question("88.300.1/PUBLIC", flags=NOT_PUBLIC_ONLY)
    assert isinstance(at_once(known, with_mac(known)), Forwarding)
    secret = in_session(known.question("88.300.1/PUBLIC", flags=ENCRYPT))
    assert isinstance(at_once(known, secret), Forwarding)
    # A number that the client chose itself (the Chinese SDKs), and secrecy without a session.
    assert isinstance(at_once(known, in_session(public)), Reply)
    plain = at_once(known, known.question("88.300.1/PUBLIC", flags=ENCRYPT))
    assert isinstance(plain, Reply)


async def test_a_sealed_message_goes_there_unread(known):
    # What looks like a response code is a part of the cipher text.
    request = sealed(in_session(known.question("88.300.1/A")[:24] + b"\xff" * 40))
    request = request[:16] + (len(request) - 20).to_bytes(4) + request[20:]
    pending = at_once(known, request)
    assert isinstance(pending, Forwarding)
    known.authority.error, known.authority.replies = StoreUnavailable("away"), ()
    (reply,) = await replies(known, pending)
    answer = decode(reply.data)
    assert (answer.session_id, answer.request_id) == (9, 7)
    assert answer.header.response_code == ResponseCode.SERVER_BUSY


async def test_a_sealed_message_of_another_length_is_refused(known):
    reply = at_once(known, sealed(known.question("88.300.1/A")) + b"x")
    assert decode(reply.data).header.response_code == ResponseCode.PROTOCOL_ERROR


@pytest.mark.parametrize("indexes", [(), (2,)])
async def test_a_private_read_is_handed_on_when_nothing_of_it_is_public(known, indexes):
    name = "88.300.1/A" if indexes else "88.300.1/SECRET"
    for flags in (NOT_PUBLIC_ONLY, NOT_PUBLIC_ONLY | 0x800000):
        request = known.question(name, indexes=indexes, flags=flags)
        pending = at_once(known, request)
        assert isinstance(pending, Forwarding)
        assert pending.request == request
    public_only = at_once(known, known.question(name, indexes=indexes))
    assert public_only.result is Result.VALUES_ABSENT


async def test_a_private_read_that_is_a_miss_is_handed_on_too(known):
    await known.put("88.300.1/LATER", SECRET)
    request = known.question("88.300.1/LATER", flags=NOT_PUBLIC_ONLY)
    pending = at_once(known, request)
    assert isinstance(pending, Asking)
    assert [r.data for r in await replies(known, pending)] == [b"one", b"two"]
    assert known.authority.came == [(request, somewhere())]


async def test_who_may_be_logged_in_gets_from_the_registry_what_others_do_not_see(known):
    partly = known.question("88.300.1/A", flags=NOT_PUBLIC_ONLY)
    assert decode_values(decode(at_once(known, partly).data).body.values) == (URL,)
    assert isinstance(at_once(known, partly, known=True), Forwarding)
    wholly = known.question("88.300.1/PUBLIC", flags=NOT_PUBLIC_ONLY)
    assert isinstance(at_once(known, wholly, known=True), Reply)
    chosen = known.question("88.300.1/A", flags=NOT_PUBLIC_ONLY, indexes=(1,))
    assert isinstance(at_once(known, chosen, known=True), Reply)
    assert isinstance(at_once(known, known.question("88.300.1/A"), known=True), Reply)
    await known.put("88.300.1/LATER", URL, SECRET)
    later = at_once(known, known.question("88.300.1/LATER", flags=NOT_PUBLIC_ONLY), known=True)
    assert isinstance(later, Asking)
    assert [r.data for r in await replies(known, later)] == [b"one", b"two"]


@pytest.mark.parametrize("error", [StoreUnavailable("away"), FateUnknown("lost")])
@pytest.mark.parametrize("before", [0, 2])
async def test_without_the_registrys_answer_the_server_is_busy(known, error, before):
    known.authority.error = error
    known.authority.replies = known.authority.replies[:before]
    request = known.request(*ADMINISTRATION[1])
    *told, last = await replies(known, at_once(known, request))
    assert len(told) == before
    answer = decode(last.data)
    assert answer.header.op_code == OpCode.DELETE_HANDLE
    assert answer.header.response_code == ResponseCode.SERVER_BUSY
    lost = isinstance(error, FateUnknown)
    assert ("nothing was done" in answer.body.text, "was lost" in answer.body.text) == (
        not lost,
        lost,
    )


async def test_whoever_stops_listening_ends_the_work(known):
    pending = at_once(known, known.request(*ADMINISTRATION[2]))
    asked = known.exchange.replies(pending, known.trusted, known.clock.now, somewhere)
    assert (await anext(asked)).data == b"one"
    assert known.authority.under_way == 1
    await asked.aclose()
    assert known.authority.under_way == 0


async def test_strangers_requests_to_the_registry_are_bounded(make_world):
    rates = Rates(forwards_per_host=2.0, buckets=1 << 12)
    world = await make_world(authority=Somebody(b"one"), rates=rates)
    request = world.request(*ADMINISTRATION[0])
    kinds = [type(at_once(world, request, world.stranger)) for _ in range(3)]
    assert kinds == [Forwarding, Forwarding, Reply]
    refused = at_once(world, request, world.stranger)
    assert decode(refused.data).header.response_code == ResponseCode.SERVER_BUSY
    assert isinstance(at_once(world, request), Forwarding)
    world.clock.now += 1.0
    assert isinstance(at_once(world, request, world.stranger), Forwarding)


async def test_only_what_is_for_the_registry_may_be_long(known, world):
    def starts(request):
        return request[:24]

    long = known.request(*ADMINISTRATION[0])
    assert known.exchange.takes_long(starts(long))
    assert known.exchange.takes_long(starts(sealed(known.question("88.300.1/A"))))
    assert not known.exchange.takes_long(starts(known.question("88.300.1/A")))
    site = known.request(OpCode.GET_SITE_INFO, bodies.Named("/"))
    assert not known.exchange.takes_long(starts(site))
    assert not world.exchange.takes_long(starts(long))


async def test_without_a_registry_a_sealed_message_is_not_supported(world):
    request = sealed(world.question("88.300.1/A"))
    assert decode(at_once(world, request).data).header.response_code == 5
    assert at_once(world, request[:24] + b"\1" * 40) == Silence(Event.DROPPED_RESPONSE)


def test_only_what_never_left_the_machine_is_secure(world):
    own = origin_of(Channel.UDP, "::1", world.trusted)
    assert own == Origin(channel=Channel.UDP, address=ip_address("::1"), trusted=True, secure=True)
    other = origin_of(Channel.TCP, "::ffff:203.0.113.7", world.stranger, "name")
    assert other == Origin(
        channel=Channel.TCP,
        address=ip_address("203.0.113.7"),
        trusted=False,
        secure=False,
        connection="name",
    )


class TestCertified:
    @pytest.fixture
    async def site(self, make_world):
        with Certifier(Signing()) as certifier:
            world = await make_world(certifier=certifier, rates=Rates(buckets=1 << 12))
            await world.put("88.300.1/A", URL)
            yield world

    @staticmethod
    def check(message):
        """Verify the site's signature over a reply as a client does."""
        assert message.credential.type == SIGNED
        signature = decode_signature(message.credential.info)
        assert signature.algorithm == "SHA-256"
        covered = signed_bytes(
            message.version,
            message.suggested,
            session_id=message.session_id,
            request_id=message.request_id,
            counter=0,
            header_and_body=header_and_body(message),
        )
        KEY.public_key().verify(signature.value, covered, padding.PKCS1v15(), hashes.SHA256())

    async def signed(self, world, request, client=None):
        pending = at_once(world, request, client)
        (reply,) = await replies(world, pending, client)
        message = decode(reply.data)
        self.check(message)
        return reply, message

    async def test_a_reply_is_signed_for_its_request_alone(self, site):
        for number in (1, 2):
            request = site.question("88.300.1/A", number, flags=CERTIFY)
            reply, message = await self.signed(site, request)
            assert message.request_id == number
            assert (reply.result, reply.subject) == (Result.FOUND, b"88.300.1/A")
            assert decode_values(message.body.values) == (URL,)

    async def test_what_is_not_there_is_signed_too(self, site):
        _, message = await self.signed(site, site.question("88.300.1/NO", flags=CERTIFY))
        assert message.header.response_code == ResponseCode.HANDLE_NOT_FOUND

    async def test_the_site_record_is_signed(self, site):
        request = site.request(OpCode.GET_SITE_INFO, bodies.Named("/"))
        request = request[:28] + CERTIFY.to_bytes(4) + request[32:]
        reply, _ = await self.signed(site, request)
        assert reply.result is Result.SITE

    @pytest.mark.parametrize(
        "versions", ["020b020b", "020a020a", "0203020b", "02070207", "02030203"]
    )
    async def test_what_is_signed_goes_by_the_version(self, site, versions):
        request = bytes.fromhex(versions) + site.question("88.300.1/A", flags=CERTIFY)[4:]
        await self.signed(site, request)

    async def test_its_length_is_known_before_it_is_signed(self, site):
        await site.look("88.300.1/A")
        pending = at_once(site, site.question("88.300.1/A", flags=CERTIFY))
        assert isinstance(pending, Certifying)
        (reply,) = await replies(site, pending)
        assert len(reply.data) == pending.octets

    async def test_what_is_not_asked_for_is_not_signed(self, site):
        await site.look("88.300.1/A")
        assert decode(at_once(site, site.question("88.300.1/A")).data).credential is None

    async def test_strangers_cannot_use_up_all_signatures(self, make_world):
        rates = Rates(
            signatures=6.0, signatures_per_host=2.0, stranger_signatures=3.0, buckets=1 << 12
        )
        with Certifier(Signing()) as certifier:
            world = await make_world(certifier=certifier, rates=rates)
            await world.put("88.300.1/A", URL)
            await world.look("88.300.1/A")
            request = world.question("88.300.1/A", flags=CERTIFY)

            def signed(client):
                return sum(
                    isinstance(at_once(world, request, client), Certifying) for _ in range(9)
                )

            assert signed(world.stranger) == 2
            assert signed(world.clients.of("198.51.100.1")) == 1
            assert signed(world.trusted) == 3
            busy = decode(at_once(world, request).data)
            assert busy.header.response_code == ResponseCode.SERVER_BUSY
            assert busy.credential is None

    async def test_only_so_many_wait_for_their_signature(self, make_world):
        with Certifier(Signing(), waiting=0) as certifier:
            world = await make_world(certifier=certifier)
            await world.put("88.300.1/A", URL)
            await world.look("88.300.1/A")
            reply = at_once(world, world.question("88.300.1/A", flags=CERTIFY))
            assert decode(reply.data).header.response_code == ResponseCode.SERVER_BUSY
