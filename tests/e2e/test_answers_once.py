"""An answer to a challenge executes once: not twice, not elsewhere, not after a restart."""

import asyncio

import pytest

from identifiers.values import Value
from identifiers.wire.handle import bodies, message
from identifiers.wire.handle.codes import OpCode
from identifiers.wire.handle.digests import request_digest
from identifiers.wire.handle.message import Message
from identifiers.wire.handle.values import encode_values
from idnode import SecretKey
from idnode.handle import Transport
from idnode.peers import Peer
from idnode.questions import read_reply, request
from idnode.transport import Address
from tests.e2e.nodes import until

NAME = "88.300.1/ONCE"
ID = 0x0102_0304
ELSEWHERE = (Transport.TCP, Transport.UDP, Transport.HTTP)


class Wire:
    """One connection over which octets are sent as they are."""

    def __init__(self, node, transport=Transport.TCP) -> None:
        host, port = node.address("handle")
        address = Address(host=host, udp=port, tcp=port, http=node.url("http") + "/")
        self._transport = transport
        self.peer = Peer(address, draw=lambda: ID, tcp_patience=30.0)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.peer.close()

    async def send(self, data: bytes) -> Message:
        return read_reply(await self.peer.ask(lambda _: data, self._transport))


@pytest.fixture
async def me(node):
    made = await node.command("prefix", "admin", "88.300.1", "--secret")
    identity, secret = made.stdout.split()
    index, _, handle = identity.partition(":")
    return SecretKey(handle, int(index), secret.encode())


def creation() -> bytes:
    values = encode_values([Value(index=1, type="URL", data=b"https://once.example")])
    return message.encode(request(OpCode.CREATE_HANDLE, bodies.Valued(NAME, values), ID))


async def challenged(node, me) -> bytes:
    """Ask for the creation and return the octets of the answer to the challenge."""
    asked = creation()
    async with Wire(node) as wire:
        challenge = await wire.send(asked)
    assert challenge.header.response_code == 402
    digest = request_digest(asked, challenge.version)
    assert challenge.digest == digest
    signed = me.answer(challenge.body.nonce, digest.value, bytes)
    body = bodies.Answer(me.kind, me.handle, me.index, signed)
    answer = request(OpCode.CHALLENGE_RESPONSE, body, ID, session_id=challenge.session_id)
    return message.encode(answer)


async def send(node, data, transport=Transport.TCP) -> int:
    async with Wire(node, transport) as wire:
        return (await wire.send(data)).header.response_code


async def there(node) -> bool:
    async with node.registry() as registry:
        return await registry.get(NAME) is not None


async def gone(node) -> None:
    async with node.registry() as registry:
        await registry.delete(NAME)


@pytest.mark.parametrize("transport", ELSEWHERE)
async def test_an_answer_may_come_on_another_connection_and_only_once(node, me, transport):
    answer = await challenged(node, me)
    async with Wire(node, transport) as wire:
        assert (await wire.send(answer)).header.response_code == 1
        assert await there(node)
        await gone(node)
        assert (await wire.send(answer)).header.response_code == 405
    for other in ELSEWHERE:
        assert await send(node, answer, other) == 405
    assert not await there(node)


async def test_of_many_at_once_one_executes(node, me):
    answer = await challenged(node, me)
    codes = await asyncio.gather(*(send(node, answer, ELSEWHERE[n % 3]) for n in range(12)))
    assert sorted(codes) == [1] + [405] * 11
    async with node.registry() as registry:
        assert (await registry.get(NAME)).version == 1


async def test_an_answer_executes_nothing_after_a_restart(node, me):
    used, unused = await challenged(node, me), await challenged(node, me)
    assert await send(node, used) == 1
    await gone(node)
    old = await node.kill("registry")
    await node.replaced("registry", old)

    async def codes():
        found = [await send(node, data, over) for data in (used, unused) for over in ELSEWHERE]
        # A worker may not have noticed yet that there is another registry process.
        return None if 3 in found or 5 in found else found

    assert set(await until(codes)) == {405}
    assert not await there(node)
    # Asked anew, it is done.
    assert await send(node, await challenged(node, me)) == 1
    assert await there(node)
