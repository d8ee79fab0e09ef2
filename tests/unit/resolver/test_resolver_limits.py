import pytest

from edge.addresses import LOOPBACK_AND_PRIVATE, parse_networks
from resolver.clients import Clients
from resolver.limits import (
    Limits,
    ProvenPaths,
    Rates,
    TokenTable,
    client_port,
    largest_reply,
)

CLIENTS = Clients(LOOPBACK_AND_PRIVATE)
TRUSTED = CLIENTS.of("10.0.0.9")
STRANGER = CLIENTS.of("203.0.113.7")
# Kinds are numbers here: their hashes, and with them who meets in one slot, never change.
SAME = 4711
NEIGHBOUR = CLIENTS.of("203.0.113.8")


@pytest.fixture
def limits():
    return Limits(7, Rates(buckets=1 << 14))


def let_through(limits, client, kinds, *, error=False, now=100.0):
    return sum(limits.answers(client, kind, error=error, now=now) for kind in kinds)


def test_trusted_clients_are_not_limited(limits):
    assert let_through(limits, TRUSTED, [SAME] * 5000) == 5000
    assert let_through(limits, TRUSTED, [SAME] * 5000, error=True) == 5000
    assert all(limits.requests(TRUSTED, 1.0, 50.0) for _ in range(1000))
    assert all(limits.connections(TRUSTED, 1.0) for _ in range(1000))


def test_like_answers_are_limited_per_host_and_per_network(limits):
    assert let_through(limits, STRANGER, [SAME] * 300) == 50
    others = [CLIENTS.of(f"203.0.113.{n}") for n in range(20, 40)]
    assert sum(let_through(limits, c, [SAME] * 300) for c in others) == 150


def test_all_answers_are_limited_per_network(limits):
    assert let_through(limits, STRANGER, range(3000)) == 1000
    assert let_through(limits, NEIGHBOUR, range(3000)) == 0
    assert let_through(limits, CLIENTS.of("203.0.114.7"), range(10)) == 10


def test_errors_are_limited_far_more(limits):
    assert let_through(limits, STRANGER, range(3000), error=True) == 25
    assert let_through(limits, NEIGHBOUR, range(3000), error=True) == 0
    assert let_through(limits, STRANGER, range(10)) == 10


def test_buckets_refill_with_time(limits):
    let_through(limits, STRANGER, [SAME] * 300)
    assert let_through(limits, STRANGER, [SAME] * 300, now=100.125) == 6
    assert let_through(limits, STRANGER, [SAME] * 300, now=200.0) == 50


def test_http_requests_have_a_burst_and_a_cost(limits):
    assert sum(limits.requests(STRANGER, 100.0) for _ in range(500)) == 100
    assert sum(limits.requests(STRANGER, 101.0) for _ in range(500)) == 50
    assert limits.requests(CLIENTS.of("198.51.100.1"), 100.0, 21.0)
    assert sum(limits.requests(CLIENTS.of("198.51.100.1"), 100.0, 21.0) for _ in range(9)) == 3


def test_connections_are_limited_per_host(limits):
    assert sum(limits.connections(STRANGER, 100.0) for _ in range(500)) == 50
    assert limits.connections(NEIGHBOUR, 100.0)


def test_a_clock_that_stands_still_gives_no_tokens():
    table = TokenTable(8, salt=1)
    assert [table.take("k", 10.0, 2.0, 5.0) for _ in range(4)] == [True, True, False, False]


def test_sources_are_counted_by_address_and_subscriber():
    mapped = CLIENTS.of("::ffff:203.0.113.7")
    assert mapped == STRANGER
    assert CLIENTS.of("fe80::1%eth0").host == CLIENTS.of("fe80::2").host
    a, b, c = map(CLIENTS.of, ("2001:db8:1:1::1", "2001:db8:1:1::2", "2001:db8:1:2::1"))
    assert a.host == b.host != c.host
    assert a.network == c.network
    assert a.network != CLIENTS.of("2001:db8:2::1").network
    assert CLIENTS.of("0.0.0.1").host != CLIENTS.of("::1").host


def test_remembered_sources_are_bounded(monkeypatch):
    monkeypatch.setattr("resolver.clients._REMEMBERED", 4)
    clients = Clients(parse_networks("203.0.113.0/24"))
    for n in range(50):
        assert clients.of(f"203.0.113.{n}").trusted
        assert not clients.of(f"198.51.100.{n}").trusted
    assert len(clients._known) <= 4


@pytest.mark.parametrize(
    ("request_octets", "octets"), [(60, 480), (100, 800), (192, 1536), (1024, 1536)]
)
def test_what_a_stranger_may_be_sent(request_octets, octets):
    assert largest_reply(STRANGER, request_octets, proven=False) == octets
    assert largest_reply(STRANGER, request_octets, proven=True) == 8192
    assert largest_reply(TRUSTED, request_octets, proven=False) == 8192


def test_a_handshake_proves_a_path_for_ten_minutes():
    paths = ProvenPaths(most=2)
    assert not paths.proven(STRANGER, 100.0)
    paths.prove(STRANGER, 100.0)
    assert paths.proven(STRANGER, 700.0)
    assert not paths.proven(STRANGER, 700.1)
    assert not paths.proven(NEIGHBOUR, 100.0)


def test_proven_paths_are_bounded():
    paths = ProvenPaths(most=2)
    paths.prove(STRANGER, 100.0)
    paths.prove(NEIGHBOUR, 101.0)
    paths.prove(STRANGER, 102.0)
    paths.prove(TRUSTED, 103.0)
    assert [paths.proven(c, 104.0) for c in (STRANGER, NEIGHBOUR, TRUSTED)] == [True, False, True]


@pytest.mark.parametrize(
    ("port", "own", "may"),
    [
        (0, False, False),
        (53, False, False),
        (1023, False, False),
        (1900, False, False),
        (11211, False, False),
        (1024, False, True),
        (2641, False, True),
        (2641, True, False),
        (65535, False, True),
    ],
)
def test_ports_from_which_nobody_asks(port, own, may):
    assert client_port(port, own=own) is may


def computed(limits, client, prefix, steps, now=100.0):
    """Compute as often as is let through, at most 1,000 times."""
    times = 0
    while times < 1000 and limits.computes(client, prefix, now):
        limits.computed(client, prefix, steps, now)
        times += 1
    return times


def test_the_work_of_computing_names_is_limited_per_host(limits):
    assert computed(limits, STRANGER, 1, 4000) == 6
    assert not limits.computes(STRANGER, 2, 100.0)
    assert computed(limits, NEIGHBOUR, 1, 100) == 201
    assert not limits.computes(STRANGER, 1, 100.19)
    assert limits.computes(STRANGER, 1, 100.21)


def test_and_per_prefix_whoever_asks(limits):
    assert computed(limits, TRUSTED, 1, 4000) == 26
    assert not limits.computes(STRANGER, 1, 100.0)
    assert limits.computes(TRUSTED, 2, 100.0)
    assert limits.computes(STRANGER, 2, 100.0)
    assert limits.computes(TRUSTED, 1, 100.02)
