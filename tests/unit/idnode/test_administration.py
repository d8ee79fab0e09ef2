"""Administration over the Handle protocol, asked by the client of a server in memory."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from msgspec.structs import replace

from identifiers.keys.credentials import with_mac, with_signature
from identifiers.wire.handle import bodies, message
from identifiers.wire.handle.codes import EnvelopeFlag, OpCode, OpFlag
from identifiers.wire.handle.credential import MAC
from identifiers.wire.handle.digests import request_digest
from identifiers.wire.handle.envelope import decode_envelope
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message
from identifiers.wire.handle.site import encode_site
from idnode import (
    AlreadyThere,
    Declined,
    Dialect,
    FateUnknown,
    Garbled,
    HandleClient,
    NotAllowed,
    NotThere,
    PrivateKey,
    SecretKey,
    Unreachable,
    Untrusted,
)
from idnode.transport import Transport
from tests.unit.idnode.authority import (
    BY_RSA,
    BY_SECRET,
    BY_SM2,
    OWNER,
    RSA,
    SITE_KEY,
    Authority,
    url,
)

NEW = "88.300.1/NEW"


@pytest.fixture
async def authority():
    async with AsyncExitStack() as stack:
        found = Authority()
        await found.start(stack)
        yield found


@pytest.fixture
async def client(authority):
    async with authority.client() as found:
        yield found


@pytest.fixture
async def owner(client):
    return client.administrator(BY_SECRET)


async def texts(client, handle=NEW):
    return [v.data for v in (await client.resolve(handle, types=["URL"])).values]


async def hung_up(authority, client):
    """Let the server close its connections, and the client notice it."""
    authority.hang_up()
    await asyncio.wait({client._following.home._tcp._connection._reading})


def codes(authority):
    return [message.decode(request).header.op_code for request in authority.requests]


@pytest.mark.parametrize("credentials", [BY_SECRET, BY_RSA, BY_SM2], ids=["secret", "RSA", "SM2"])
@pytest.mark.parametrize("transport", [None, *Transport])
async def test_every_key_answers_over_every_transport(client, credentials, transport):
    admin = client.administrator(credentials, transport=transport)
    assert await admin.create(NEW, [url("https://1")]) == NEW
    assert await texts(client) == [b"https://1"]


async def test_a_life(client, owner):
    await owner.create(NEW, [url("https://1")])
    await owner.add(NEW, [url("https://2", 2), url("https://3", 3)])
    await owner.modify(NEW, [url("https://22", 2)])
    await owner.remove(NEW, [1])
    await owner.add(NEW, [url("https://33", 3)], overwrite=True)
    assert await texts(client) == [b"https://22", b"https://33"]
    await owner.create(NEW, [url("https://again")], overwrite=True)
    assert await texts(client) == [b"https://again"]
    await owner.delete(NEW)
    assert (await client.resolve(NEW)).code == 100


async def test_a_name_may_be_minted(client, owner):
    name = await owner.create("88.300.1/", [url("https://minted")], mint=True)
    assert len(name) > len("88.300.1/")
    assert await texts(client, name) == [b"https://minted"]


async def test_refusals_are_told_apart_by_what_can_be_done(owner, client):
    with pytest.raises(AlreadyThere) as told:
        await owner.create("88.300.1/A", [url()])
    assert told.value.code == 101
    with pytest.raises(AlreadyThere, match="Index conflict for 1"):
        await owner.add("88.300.1/A", [url()])
    with pytest.raises(NotThere):
        await owner.delete("88.300.1/nobody")
    with pytest.raises(NotThere):
        await owner.modify("88.300.1/A", [url(index=77)])
    with pytest.raises(Declined, match="301") as told:
        await owner.create("99.1/A", [url()])
    assert type(told.value) is Declined
    wrong = client.administrator(SecretKey(OWNER, 300, b"guessed"))
    with pytest.raises(NotAllowed) as told:
        await wrong.create(NEW, [url()])
    assert told.value.code == 403
    other = client.administrator(SecretKey("0.NA/88.300", 300, b"password123"))
    assert (await other.resolve("88.300.1/A", indexes=[2])).code in (1, 200, 400)


async def test_a_secret_is_shown_by_nobody():
    assert "password" not in repr(BY_SECRET)


async def test_an_administrator_reads_what_others_do_not(client, owner):
    assert [v.index for v in (await client.resolve("88.300.1/A")).values] == [1, 100]
    assert [v.data for v in (await owner.resolve("88.300.1/A", indexes=[2])).values] == [b"hidden"]
    wrong = client.administrator(SecretKey(OWNER, 300, b"guessed"))
    assert (await wrong.resolve("88.300.1/A", indexes=[2])).code == 403


async def test_lists_come_in_several_messages(authority, client, owner):
    names = sorted([f"88.300.1/N{n:03}" for n in range(120)])
    for name in names:
        await authority.keep(name, url())
    found = [name async for name in owner.handles("88.300.1")]
    assert sorted(found) == sorted([*names, "88.300.1/A"])
    wrong = client.administrator(SecretKey(OWNER, 300, b"guessed"))
    with pytest.raises(NotAllowed):
        await anext(wrong.handles("88.300.1"))


async def test_a_list_may_be_left_in_the_middle(authority, client, owner):
    for n in range(1200):
        await authority.keep(f"88.300.1/N{n:04}", url())
    listing = owner.handles("88.300.1")
    assert await anext(listing)
    await listing.aclose()
    assert not client._following.home._tcp._connection._waiting
    assert await owner.create(NEW, [url()]) == NEW
    assert authority.connections == 1


async def test_prefixes_are_listed_and_homed_by_server_administrators(client):
    server = client.administrator(SecretKey("0.NA/88.300", 300, b"password123"))
    assert [name async for name in server.prefixes()] == ["88.300", "88.300.1"]
    await server.home("88.301")
    assert "88.301" in [name async for name in server.prefixes()]
    await server.unhome("88.301")
    assert "88.301" not in [name async for name in server.prefixes()]
    with pytest.raises(Declined, match="command line"):
        await server.unhome("88.300")


async def test_a_challenge_to_another_request_is_not_answered(authority, owner):
    def other_request(_, reply):
        told = message.decode(reply)
        if isinstance(told.body, bodies.Challenge):
            digest = bodies.Digest(3, bytes(32))
            return message.encode(replace(told, digest=digest))
        return reply

    authority.twist = other_request
    with pytest.raises(Untrusted, match="another request"):
        await owner.create(NEW, [url()])
    assert codes(authority) == [OpCode.CREATE_HANDLE]


async def test_a_challenge_with_an_old_digest_is_not_answered(authority, owner):
    def weak(_, reply):
        told = message.decode(reply)
        if isinstance(told.body, bodies.Challenge):
            return message.encode(replace(told, digest=bodies.Digest(2, bytes(20))))
        return reply

    authority.twist = weak
    with pytest.raises(Untrusted, match="out of date"):
        await owner.create(NEW, [url()])


async def test_an_answer_that_is_lost_leaves_the_fate_unknown(authority, client, owner):
    def lose(request, reply):
        answer = message.decode(request).header.op_code == OpCode.CHALLENGE_RESPONSE
        return None if answer else reply

    authority.twist = lose
    with pytest.raises(FateUnknown):
        await owner.create(NEW, [url()])
    with pytest.raises(FateUnknown):
        await client.administrator(BY_SECRET, transport=Transport.UDP).create(NEW + "2", [url()])
    assert codes(authority).count(OpCode.CHALLENGE_RESPONSE) == 2
    authority.twist = lambda _, reply: reply
    assert await texts(client) == [b"https://a.example"]


async def test_what_was_lost_before_anything_was_done_is_repeated(authority, owner):
    lost = []

    def lose_first(request, reply):
        if not lost:
            lost.append(request)
            return None
        return reply

    authority.twist = lose_first
    assert await owner.create(NEW, [url()]) == NEW
    assert authority.connections == 2


@pytest.mark.parametrize("transport", [Transport.TCP, Transport.HTTP, Transport.UDP])
async def test_nobody_there(transport):
    async with HandleClient("127.0.0.1", 1, udp_patience=(0.05,)) as client:
        with pytest.raises(Unreachable):
            await client.administrator(BY_SECRET, transport=transport).create(NEW, [url()])


@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_session_needs_one_challenge(authority, client, owner, encrypted):
    await owner.open_session(encrypted=encrypted)
    await owner.create(NEW, [url("https://1")])
    before = len(authority.requests)
    await owner.modify(NEW, [url("https://2")])
    assert [v.data for v in (await owner.resolve(NEW, types=["URL"])).values] == [b"https://2"]
    found = [name async for name in owner.handles("88.300.1")]
    assert len(found) == 2
    await owner.rekey()
    await owner.delete(NEW)
    assert len(authority.requests) - before == 5
    for request in authority.requests[1:]:
        hidden = bool(decode_envelope(request).flags & EnvelopeFlag.ENCRYPTED)
        assert hidden == encrypted
        assert hidden or message.decode(request).credential.type == MAC
    await owner.close_session()
    assert not len(authority.service.sessions)
    await owner.close_session()
    await owner.create(NEW, [url("https://3")])
    assert await texts(client) == [b"https://3"]


async def test_a_session_is_only_with_a_server_whose_key_is_known(authority, owner):
    async with authority.client(key=b"") as stranger:
        unknown = stranger.administrator(BY_SECRET)
        with pytest.raises(Untrusted, match="not known"):
            await unknown.open_session()
        await unknown.open_session(verified=False)
        await unknown.create(NEW, [url()])
    async with authority.client(key=RSA.public) as misled:
        with pytest.raises(Untrusted, match="not by the server's key"):
            await misled.administrator(BY_SECRET).open_session()
    with pytest.raises(RuntimeError, match="open_session"):
        await owner.rekey()


async def test_within_a_session_every_success_has_a_mac(authority, owner):
    await owner.open_session()
    await owner.create(NEW, [url()])

    def without(_, reply):
        return message.encode(replace(message.decode(reply), credential=None))

    authority.twist = without
    with pytest.raises(Untrusted, match="without a MAC"):
        await owner.delete(NEW)

    def changed(_, reply):
        told = message.decode(reply)
        return message.encode(replace(told, header=replace(told.header, expiration=7)))

    authority.twist = changed
    with pytest.raises(Untrusted, match="wrong MAC"):
        await owner.add(NEW, [url(index=5)])


async def test_within_a_session_a_challenge_without_a_mac_is_not_answered(authority, owner):
    await owner.open_session()

    def passed_on(_, reply):
        # As it would be to a copy of the request in somebody else's session.
        return message.encode(replace(message.decode(reply), credential=None))

    authority.twist = passed_on
    with pytest.raises(Untrusted, match="without a MAC"):
        await owner.create(NEW, [url()])
    asked = [message.decode(request).header.op_code for request in authority.requests]
    assert asked == [OpCode.SESSION_SETUP, OpCode.CREATE_HANDLE]


async def test_an_encrypted_session_takes_no_clear_success(authority, owner):
    await owner.open_session(encrypted=True)
    await owner.create(NEW, [url()])

    def clear(request, _):
        header = Header(op_code=OpCode.MODIFY_VALUE, response_code=1)
        outer = decode_envelope(request)
        told = Message(request_id=outer.request_id, header=header, body=bodies.Nothing())
        return message.encode(with_mac(told, owner._session._key, 1))

    authority.twist = clear
    with pytest.raises(Untrusted, match="in clear"):
        await owner.modify(NEW, [url("https://2")])

    def garbled(_, reply):
        return reply[:-16] + bytes(16)

    authority.twist = garbled
    with pytest.raises(Untrusted, match="key"):
        await owner.modify(NEW, [url("https://2")])


async def test_a_session_that_the_server_forgot_is_told(authority, owner):
    await owner.open_session()
    await owner.create(NEW, [url()])
    for number in list(authority.service.sessions._open):
        authority.service.sessions.end(number)
    with pytest.raises(Declined) as told:
        await owner.delete(NEW)
    assert told.value.code == 500


async def test_a_login_lasts_as_long_as_its_connection(authority):
    dialect = Dialect(session_id=10_001, flags=0)
    async with authority.client(dialect=dialect) as client:
        owner = client.administrator(BY_RSA)
        await owner.log_in()
        await owner.create(NEW, [url("https://1")])
        await owner.modify(NEW, [url("https://2")])
        assert codes(authority) == [2001, 200, 100, 104]
        assert all(decode_envelope(r).session_id == 10_001 for r in authority.requests)
        await hung_up(authority, client)
        await owner.delete(NEW)
        assert (await client.resolve(NEW)).code == 100


async def test_who_must_log_in_first_does():
    async with AsyncExitStack() as stack:
        authority = Authority()
        authority.login_first = True
        await authority.start(stack)
        client = await stack.enter_async_context(authority.client())
        owner = client.administrator(BY_SECRET)
        with pytest.raises(NotAllowed) as told:
            await owner.create(NEW, [url()])
        assert told.value.code == 408
        await owner.log_in()
        await owner.create(NEW, [url()])
        await hung_up(authority, client)
        await owner.delete(NEW)


async def test_flags_of_requests(authority, owner):
    await owner.create(NEW, [url()], overwrite=True)
    flags = message.decode(authority.requests[0]).header.flags
    assert flags & OpFlag.OVERWRITE
    assert flags & OpFlag.REQUEST_DIGEST
    assert not flags & OpFlag.PUBLIC_ONLY


def test_a_private_key_says_what_it_is():
    key = PrivateKey(OWNER, 301, RSA)
    assert (key.kind, key.handle, key.index) == ("HS_PUBKEY", OWNER, 301)


def when(op_code, change):
    """Change the replies to an operation."""

    def twist(request, reply):
        asked = message.decode(request)
        return change(message.decode(reply)) if asked.header.op_code == op_code else reply

    return twist


async def test_a_session_without_a_number_is_none(authority, owner):
    def without(told):
        return message.encode(
            with_signature(replace(told, session_id=0, credential=None), SITE_KEY)
        )

    authority.twist = when(OpCode.SESSION_SETUP, without)
    with pytest.raises(Garbled, match="number"):
        await owner.open_session()


async def test_a_list_of_nothing_is_none(authority, owner):
    def empty(told):
        return message.encode(replace(told, body=bodies.Nothing()))

    authority.twist = when(OpCode.CHALLENGE_RESPONSE, empty)
    with pytest.raises(Garbled):
        await anext(owner.handles("88.300.1"))


async def test_who_is_challenged_again_and_again_gives_up(authority, owner):
    kept = []

    def again(_, reply):
        kept.append(message.decode(reply))
        return reply

    authority.twist = again
    await owner.resolve("88.300.1/A", indexes=[2])
    challenge = kept[0]

    def same(request, _):
        asked = message.decode(request)
        told = replace(challenge, request_id=asked.request_id)
        if asked.header.op_code == OpCode.CHALLENGE_RESPONSE:
            digest = request_digest(request, (2, 11))
            told = replace(told, digest=digest)
        return message.encode(told)

    authority.twist = same
    with pytest.raises(NotAllowed, match="402"):
        await owner.resolve("88.300.1/A", indexes=[2])


async def test_who_knows_an_older_site_learns_of_the_new_one():
    async with AsyncExitStack() as stack:
        authority = Authority()
        authority.serial = 3
        await authority.start(stack)
        old = replace(authority.site, serial=2)
        client = await stack.enter_async_context(authority.client(site=old))
        assert (await client.resolve("88.300.1/A")).found
        assert codes(authority) == [1, 2, 1]
        assert (await client.resolve("88.300.1/A", certified=True)).certified
        owner = client.administrator(BY_SECRET)
        await owner.create(NEW, [url()])
        assert [name async for name in owner.handles("88.300.1")] == ["88.300.1/A", NEW]
        assert codes(authority) == [1, 2, 1, 1, 100, 200, 105, 200]
        new = await stack.enter_async_context(authority.client(site=authority.site))
        assert (await new.resolve(NEW)).found
        assert codes(authority)[8:] == [1]


@pytest.mark.parametrize("certified", [False, True])
async def test_a_list_learns_of_the_new_site_too(certified):
    async with AsyncExitStack() as stack:
        authority = Authority()
        authority.serial = 3
        await authority.start(stack)
        old = replace(authority.site, serial=1)
        client = await stack.enter_async_context(authority.client(site=old))
        if certified:
            assert (await client.resolve("88.300.1/A", certified=True)).certified
        listed = [name async for name in client.administrator(BY_SECRET).handles("88.300.1")]
        assert listed == ["88.300.1/A"]
        assert codes(authority)[-2:] == [105, 200]
        assert codes(authority).count(2) == 1


async def test_a_site_that_is_never_known_as_it_is_ends_in_its_refusal():
    async with AsyncExitStack() as stack:
        authority = Authority()
        authority.serial = 3
        await authority.start(stack)
        old = replace(authority.site, serial=1)

        def forget(_, reply):
            told = message.decode(reply)
            if isinstance(told.body, bodies.SiteInfo):
                return message.encode(replace(told, body=bodies.SiteInfo(encode_site(old))))
            return reply

        authority.twist = forget
        client = await stack.enter_async_context(authority.client(site=old))
        assert (await client.resolve("88.300.1/A")).code == 300
        with pytest.raises(Declined):
            await anext(client.administrator(BY_SECRET).handles("88.300.1"))

        def nonsense(_, reply):
            told = message.decode(reply)
            if isinstance(told.body, bodies.SiteInfo):
                return message.encode(replace(told, body=bodies.SiteInfo(b"?")))
            return reply

        authority.twist = nonsense
        with pytest.raises(Garbled, match="site record"):
            await client.resolve("88.300.1/A")
