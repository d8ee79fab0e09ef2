"""What is answered from memory over the Handle protocol is what the general codec answers."""

import asyncio
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from identifiers.directory import PrefixKind
from identifiers.records import State
from identifiers.values import Value
from identifiers.wire.handle import bodies
from identifiers.wire.handle.header import Header
from identifiers.wire.handle.message import Message, encode
from resolver.transports.handle import Reply
from tests.unit.resolver.world import World

PUBLIC = Value(index=1, type="URL", data=b"https://example.org/1")
ALSO = Value(index=2, type="NOTE", data=b"for all")
SECRET = Value(index=3, type="NOTE", data=b"for us", permissions=0x0C)
RECORDS = {
    "88.300.1/A": (PUBLIC,),
    "88.300.1/B": (PUBLIC, ALSO),
    "88.300.1/C": (PUBLIC, SECRET),
    "88.300.1/D": (SECRET,),
    "88.300.1/E": (),
    "88.300/ABC": (ALSO,),
    "88.300.1/标识": (ALSO, PUBLIC),
    "88.ABC/标A": (PUBLIC,),
    "88.ABC/abcd": (PUBLIC,),
}
handles = st.sampled_from(
    [*RECORDS, "88.300.1/Z", "88.abc/标A", "88.ABC/ABCD", "88.300.1/S", "20.500/ABCD", "nothing"]
)
flags = st.sampled_from([0, 0x1900_0000, 0x1800_0000, 0x1980_0000, 0x5900_0000, 0x3900_0000])


@cache
def world() -> World:
    async def make() -> World:
        made = World()
        await made.home("88.300", PrefixKind.SECONDARY)
        await made.home("88.300.1")
        await made.home("88.ABC", fold_suffix=True)
        await made.follower.step()
        for handle, values in RECORDS.items():
            await made.put(handle, *values, key=handle.upper())
        await made.put("88.300.1/S", PUBLIC, state=State.SUSPENDED)
        for handle in [*RECORDS, "88.300.1/S", "88.300.1/Z"]:
            await made.look(handle)
        return made

    return asyncio.run(make())


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    header = Header(
        op_code=1,
        flags=draw(flags),
        site_serial=draw(st.sampled_from([0, 1, 0xFFFF])),
        recursion_count=draw(st.sampled_from([0, 0, 1])),
        expiration=draw(st.integers(0, 0xFFFF_FFFF)),
    )
    body = bodies.Asked(
        draw(handles),
        draw(st.sampled_from([(), (), (), (1,), (3,)])),
        draw(st.sampled_from([(), (), (), ("URL",)])),
    )
    encoded = bytearray(
        encode(
            Message(
                version=(2, draw(st.sampled_from([1, 10, 11]))),
                session_id=draw(st.sampled_from([0, 0, 0, 5])),
                request_id=draw(st.integers(0, 0xFFFF_FFFF)),
                header=header,
                body=body,
            )
        )
    )
    if draw(st.integers(0, 9)) == 0:
        encoded[draw(st.integers(0, len(encoded) - 1))] = draw(st.integers(0, 255))
    if draw(st.integers(0, 9)) == 0:
        return bytes(encoded[: draw(st.integers(0, len(encoded)))])
    if draw(st.integers(0, 9)) == 0:
        return bytes(encoded) + draw(st.binary(min_size=1, max_size=4))
    return bytes(encoded)


@settings(max_examples=300, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=8))
def test_what_is_repeated_is_what_is_answered_at_first(asked):
    """The exchange goes on knowing what it was asked in the examples before."""
    here = world()
    client, now = here.trusted, here.clock.now
    for request in asked:
        expected = here.exchange.general(request, client, now)
        for _ in range(2):
            assert here.exchange.at_once(request, client, now) == expected
            repeated = here.exchange.repeated(request, client, now)
            if repeated is not None:
                assert isinstance(expected, Reply)
                assert repeated == expected.data


@settings(max_examples=300, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=8), st.integers(0, 8), st.integers(1, 3000))
def test_a_stream_is_repeated_message_by_message(asked, most, octets):
    here = world()
    client, now = here.trusted, here.clock.now
    out: list[bytes] = []
    answered, taken = here.exchange.repeat(b"".join(asked), client, now, out, most, octets)
    assert answered <= most
    stream = b"".join(asked)[:taken]
    expected = []
    while stream:
        size = 20 + int.from_bytes(stream[16:20], "big")
        reply = here.exchange.general(stream[:size], client, now)
        assert isinstance(reply, Reply)
        expected.append(reply.data)
        stream = stream[size:]
    assert len(expected) == answered
    assert b"".join(out) == b"".join(expected)
