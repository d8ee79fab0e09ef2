"""A node that holds the same records gives the reply that the reference server gave."""

import msgspec
import pytest

from identifiers.values import Value
from identifiers.wire.handle.framing import split
from identifiers.wire.handle.message import decode
from identifiers.wire.handle.site import decode_site
from identifiers.wire.handle.values import decode_values
from resolver.transports.handle import Asking, HandleExchange, Silence
from tests.golden.vectors import frames, whole

EXPIRATION = slice(36, 40)
SECRET = Value(index=5, type="SECRET", data=b"for administrators", permissions=0x0C)

SAME = [
    "resolve_udp_public",
    "resolve_udp_case_insensitive",
    "resolve_udp_compat_2_3",
    "resolve_tcp",
    "resolve_not_found",
    "resolve_index_filter",
    "resolve_type_filter_exact",
    "resolve_values_not_found",
    "resolve_wrong_server",
    "resolve_prefix_referral",
    "resolve_prefix_referral_suppressed",
    "resolve_udp_multipacket",
    "resolve_request_digest",
    "get_site_info",
    "get_site_info_tcp",
    "raw_bad_opcode",
    "raw_short_message",
]


def exchange_of(name):
    """Return the first request of a vector and the whole first message that answered it."""
    return frames(name, "req")[0][1], whole(name, "resp")[0]


def values_of(name):
    return decode_values(decode(exchange_of(name)[1]).body.values)


@pytest.fixture
async def node(make_world):
    world = await make_world(real_time=True)
    await world.home("20.500.123", fold_suffix=True)
    await world.home("88")
    await world.put("0.NA/88", *values_of("resolve_prefix_referral"))
    await world.delegate("88")
    await world.follower.step()
    multi = sorted([*values_of("resolve_udp_public"), SECRET], key=lambda v: v.index)
    await world.put("20.500.123/MULTI", *multi)
    await world.put("20.500.123/BIG", *values_of("resolve_udp_multipacket"))
    site = decode_site(decode(exchange_of("get_site_info")[1]).body.record)
    world.exchange = HandleExchange(world.resolver, site, lambda: 0.0)
    return world


async def answer(node, request):
    reply = node.exchange.at_once(request, node.trusted, node.clock())
    if isinstance(reply, Asking):
        reply = await node.exchange.later(reply, node.trusted, node.clock())
    return reply


@pytest.mark.parametrize("name", SAME)
async def test_the_reply_is_the_same_but_for_its_expiration(node, name):
    request, expected = exchange_of(name)
    got, expected = bytearray((await answer(node, request)).data), bytearray(expected)
    got[EXPIRATION] = expected[EXPIRATION] = bytes(4)
    assert got == expected


async def test_the_packets_are_the_same(node):
    ((_, request),) = frames("resolve_udp_multipacket", "req")
    expected = [data for _, data in frames("resolve_udp_multipacket", "resp")]
    packets = split((await answer(node, request)).data)
    assert packets[1:] == expected[1:]
    assert len(packets[0]) == len(expected[0]) == 512


async def test_a_certified_answer_is_asked_for_and_an_uncertified_one_given(node):
    request, expected = exchange_of("resolve_certified")
    got = decode((await answer(node, request)).data)
    there = decode(expected)
    assert got.body == there.body
    assert got.header == msgspec.structs.replace(there.header, expiration=got.header.expiration)
    assert got.credential is None


async def test_a_login_is_asked_for_where_the_reference_asks_and_not_offered(node):
    request, expected = exchange_of("private_read_seckey_challenge")
    assert decode(expected).header.response_code == 402
    assert decode((await answer(node, request)).data).header.response_code == 5


async def test_what_is_shorter_than_an_envelope_is_met_with_silence(node):
    (_, request), _ = frames("raw_truncated_header_udp", "req")
    assert isinstance(await answer(node, request), Silence)


async def test_a_session_of_the_chinese_sdk(node):
    codes = {}
    for request in whole("cn_teleinfo_sdk_2_3_1_session", "req"):
        asked = decode(request)
        reply = decode((await answer(node, request)).data)
        assert (reply.request_id, reply.session_id) == (asked.request_id, asked.session_id)
        codes[asked.header.op_code] = reply.header.response_code
    # Resolution of what is not stored here, the site, login, answer, create, delete.
    assert codes == {1: 100, 2: 1, 2001: 5, 200: 5, 100: 5, 101: 5}
