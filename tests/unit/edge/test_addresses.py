from ipaddress import ip_address

import pytest

from edge.addresses import (
    LOOPBACK,
    LOOPBACK_AND_PRIVATE,
    Address,
    BadAddress,
    Networks,
    came_secretly,
    client_address,
    parse_address,
    parse_networks,
)


def test_lists_of_both_families_are_read_and_printed_alike():
    text = "127.0.0.1:2641,[::1]:2641"
    assert parse_address(text) == (Address("127.0.0.1", 2641), Address("::1", 2641))
    assert ",".join(map(str, parse_address(text))) == text
    assert [a.ip.version for a in parse_address(text)] == [4, 6]
    assert parse_address(" 0.0.0.0:0 , [::]:0 ") == (Address("0.0.0.0", 0), Address("::", 0))  # noqa: S104


def test_two_free_ports_of_one_host_are_no_repetition():
    assert len(parse_address("127.0.0.1:0,127.0.0.1:0")) == 2


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "needs a port"),
        ("127.0.0.1", "needs a port"),
        ("127.0.0.1:", "needs a port"),
        ("127.0.0.1:65536", "needs a port"),
        ("127.0.0.1:-1", "needs a port"),
        ("127.0.0.1:２６４１", "needs a port"),
        (":2641", "0.0.0.0:2641,[::]:2641"),
        ("localhost:2641", "not numeric"),
        ("[localhost]:2641", "not numeric"),
        ("::1:2641", "brackets"),
        ("[127.0.0.1]:2641", "brackets"),
        ("127.0.0.1:1,127.0.0.1:1", "named twice"),
        ("127.0.0.1:1,,127.0.0.1:2", "needs a port"),
    ],
)
def test_what_is_no_address_says_what_to_write(text, advice):
    with pytest.raises(BadAddress) as caught:
        parse_address(text)
    assert advice in str(caught.value)


@pytest.mark.parametrize(
    ("host", "trusted"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("10.255.0.1", True),
        ("172.31.255.255", True),
        ("172.32.0.0", False),
        ("192.168.7.9", True),
        ("fd00::1", True),
        ("::ffff:10.0.0.1", True),
        ("::ffff:8.8.8.8", False),
        ("8.8.8.8", False),
        ("100.64.0.1", False),
        ("fe80::1%eth0", False),
        ("2001:db8::1", False),
    ],
)
def test_default_trust_is_loopback_and_private_ranges(host, trusted):
    assert LOOPBACK_AND_PRIVATE.trusts(host) is trusted
    assert LOOPBACK_AND_PRIVATE.trusts(host) is trusted  # remembered


def test_memory_of_source_addresses_is_bounded(monkeypatch):
    monkeypatch.setattr("edge.addresses._REMEMBERED", 4)
    networks = Networks(LOOPBACK.networks)
    for last in range(20):
        assert not networks.trusts(f"8.8.8.{last}")
    assert len(networks._known) <= 4
    assert networks.trusts("127.0.0.1")


def test_networks_are_values():
    assert parse_networks("127.0.0.0/8, ::1") == LOOPBACK
    assert hash(parse_networks("127.0.0.0/8,::1/128")) == hash(LOOPBACK)
    assert str(LOOPBACK) == "127.0.0.0/8,::1/128"
    assert repr(LOOPBACK) == "Networks(127.0.0.0/8,::1/128)"
    assert parse_networks("") == Networks([])
    assert parse_networks("") != "127.0.0.0/8"


@pytest.mark.parametrize(
    "text", ["10.0.0.1/8", "10/8", "example.cn", "10.0.0.0/33", "fe80::%eth0/64"]
)
def test_a_network_with_a_slip_is_refused(text):
    with pytest.raises(BadAddress, match="is no network"):
        parse_networks(text)


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("8.8.8.8", ["1.1.1.1"], "8.8.8.8"),  # a stranger's header is not believed
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["1.1.1.1"], "1.1.1.1"),
        ("::ffff:127.0.0.1", ["1.1.1.1"], "1.1.1.1"),
        ("127.0.0.1", ["6.6.6.6, 1.1.1.1"], "1.1.1.1"),  # what stands before a stranger is his word
        ("127.0.0.1", ["6.6.6.6", "1.1.1.1, 127.0.0.9"], "1.1.1.1"),
        ("127.0.0.1", ["nonsense"], "127.0.0.1"),
        ("127.0.0.1", ["1.1.1.1, nonsense"], "127.0.0.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("127.0.0.1", ["127.0.0.2"], "127.0.0.2"),
    ],
)
def test_only_trusted_proxies_name_the_client(peer, forwarded, client):
    assert client_address(peer, forwarded, LOOPBACK) == ip_address(client)


@pytest.mark.parametrize(
    ("peer", "how", "secret"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("203.0.113.1", {}, False),
        ("203.0.113.1", {"tls": True}, True),
        ("203.0.113.1", {"said_https": True}, False),
        ("127.0.0.1", {"forwarded": True}, False),
        ("127.0.0.1", {"forwarded": True, "said_https": True}, False),
        ("203.0.113.1", {"forwarded": True, "tls": True}, True),
        # A trusted proxy: what counts is how its client came to it.
        ("10.0.0.1", {}, False),
        ("10.0.0.1", {"tls": True}, True),
        ("10.0.0.1", {"said_https": True}, True),
        ("10.0.0.1", {"forwarded": True}, False),
        ("10.0.0.1", {"forwarded": True, "tls": True}, False),
        ("10.0.0.1", {"forwarded": True, "said_https": True}, True),
    ],
)
def test_a_way_is_secret_where_nobody_could_listen(peer, how, secret):
    told = {"tls": False, "forwarded": False, "said_https": False, **how}
    assert came_secretly(peer, parse_networks("10.0.0.0/8"), **told) is secret
