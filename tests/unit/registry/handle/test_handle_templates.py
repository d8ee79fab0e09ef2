"""Template handles, asked for where somebody is known: what everybody sees of them, no more."""

import pytest

from identifiers.values import Value
from identifiers.wire.handle.codes import OpFlag, ResponseCode
from identifiers.wire.handle.values import decode_values
from tests.unit.registry.handle.wire import code, hidden, resolution, url

BASE, NAME = "88.300.1/BASE", "88.300.1/BASE@7"


def namespace(body='<foreach><value data="${data}?${extension}"/></foreach>'):
    data = f'<namespace><template delimiter="@">{body}</template></namespace>'.encode()
    return Value(index=9, type="HS_NAMESPACE", data=data, permissions=0x0E)


@pytest.mark.parametrize("flags", [0, OpFlag.PUBLIC_ONLY])
async def test_it_is_computed(node, caller, flags):
    node.keep(BASE, url(1, b"https://e.example/"), hidden(2), namespace())
    reply = await caller.ask(resolution(NAME, flags=flags, indexes=(1,)))
    assert code(reply) == ResponseCode.SUCCESS
    (value,) = decode_values(reply.body.values)
    assert value.data == b"https://e.example/?7"


async def test_nobody_is_asked_to_log_in_for_what_is_not_there(node, caller):
    node.keep(BASE, url(), hidden(2), namespace())
    reply = await caller.ask(resolution(NAME, flags=0, indexes=(2,)))
    assert code(reply) == ResponseCode.VALUES_NOT_FOUND


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ((), ""),
        ((url(),), ""),
        ((namespace("<oops/>"),), "the namespace of 88.300.1/BASE cannot be used"),
    ],
)
async def test_without_a_template_there_is_nothing(node, caller, values, why):
    if values:
        node.keep(BASE, *values)
    reply = await caller.ask(resolution(NAME))
    assert code(reply) == ResponseCode.HANDLE_NOT_FOUND
    assert reply.body.text.startswith(why)
    assert code(await caller.ask(resolution("88.300.1/none"))) == ResponseCode.HANDLE_NOT_FOUND
