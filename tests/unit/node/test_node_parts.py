"""The small parts that wiring puts together."""

import asyncio
from ipaddress import ip_address

import aiohttp
import pytest
from aiohttp import web

from edge.addresses import Address
from edge.problems import UNAUTHENTICATED, Problem, Refusal
from edge.server import serve
from identifiers.changes import ImportCounts
from identifiers.wire.handle.site import Interface, Transport, Usage
from node import memory
from node.commands.settings import check
from node.connections import allowed, needed
from node.gauges import (
    bulk_families,
    cache_families,
    connection_families,
    database_families,
    freshness_families,
    relay_families,
    resolver_families,
    tls_families,
)
from node.listeners import bound, listen_tcp
from node.metrics import text
from node.observed import Observed
from node.site import site_record
from resolver.counters import Counters, Event, Result
from resolver.counters import Transport as Way
from storage.postgres import Census


def test_the_site_is_the_first_address_with_both_protocols():
    site = site_record(["203.0.113.5:2641", "[2001:db8::1]:2641"], key=b"key")
    (server,) = site.servers
    assert server.address == ip_address("203.0.113.5")
    assert server.interfaces == (
        Interface(Usage.ADMIN | Usage.QUERY, Transport.TCP, 2641),
        Interface(Usage.QUERY, Transport.UDP, 2641),
    )
    assert server.public_key == b"key"
    assert site_record([]).servers == ()


@pytest.mark.parametrize(
    ("http", "https", "ports"),
    [
        (["203.0.113.5:8000"], ["0.0.0.0:8443"], [(Transport.HTTP, 8000), (Transport.HTTPS, 8443)]),
        (["127.0.0.1:8000", "203.0.113.5:80"], [], [(Transport.HTTP, 80)]),
        (["[::]:8000"], ["127.0.0.1:8443"], []),
    ],
)
def test_the_site_tells_of_http_at_the_same_address(http, https, ports):
    (server,) = site_record(["203.0.113.5:2641"], http=http, https=https).servers
    assert [(i.transport, i.port) for i in server.interfaces[2:]] == ports
    assert {i.usage for i in server.interfaces[2:]} <= {Usage.ADMIN | Usage.QUERY}


def test_memory_is_the_smaller_of_machine_and_container(tmp_path):
    machine = memory.total(tmp_path / "none")
    assert machine > 1 << 26
    limit = tmp_path / "memory.max"
    limit.write_text("max\n")
    assert memory.total(limit) == machine
    limit.write_text("67108864\n")
    assert memory.total(limit) == 67108864


def test_what_is_handed_on_and_turned_away_becomes_metrics():
    told = text([*relay_families(3), *tls_families(4)])
    assert "idnode_relay_requests 3" in told
    assert "idnode_tls_handshakes_refused_total 4" in told


def test_what_a_worker_counts_becomes_metrics():
    counters = Counters(lambda: 1_780_000_000.0)
    counters.answered(Way.UDP, Result.FOUND, 0.000_01, 1.0)
    counters.answered(Way.UDP, Result.ABSENT, 99.0, 1.0)
    counters.happened(Event.LIMITED, 3)
    lines = text(resolver_families(counters.snapshot())).splitlines()
    assert 'idnode_resolve_requests_total{transport="udp",result="found"} 1' in lines
    assert 'idnode_resolve_events_total{event="limited"} 3' in lines
    assert 'idnode_resolve_duration_seconds_bucket{transport="udp",le="2e-05"} 1' in lines
    assert 'idnode_resolve_duration_seconds_bucket{transport="udp",le="+Inf"} 2' in lines
    assert 'idnode_resolve_duration_seconds_sum{transport="udp"} 99.00001' in lines


def test_no_metric_names_a_prefix():
    counters = Counters(lambda: 1_780_000_000.0)
    assert "88.300" not in text(resolver_families(counters.snapshot()))


def test_the_state_of_the_caches_becomes_metrics():
    families = [
        *cache_families(entries=2, octets=900, shared_usable=True),
        *freshness_families(float("inf"), believed=False),
        *connection_families(7),
    ]
    lines = text(families).splitlines()
    assert 'idnode_cache_entries{tier="local"} 2' in lines
    assert "idnode_shared_tier_usable 1" in lines
    assert "idnode_freshness_proofs_missing 1" in lines
    assert "idnode_cache_believed 0" in lines
    assert "idnode_handle_connections 7" in lines
    assert "shared" not in text(cache_families(entries=0, octets=0, shared_usable=None))


def test_the_pools_become_metrics():
    lines = text(database_families(Census(used=3, idle=2, connecting=1))).splitlines()
    name = "idnode_db_pool_connections"
    for state, count in (("used", 3), ("idle", 2), ("connecting", 1)):
        assert f'{name}{{state="{state}"}} {count}' in lines


def test_the_rows_of_imports_become_metrics():
    lines = text(bulk_families(ImportCounts(created=4, rejected=1))).splitlines()
    assert 'idnode_bulk_rows_total{result="created"} 4' in lines
    assert 'idnode_bulk_rows_total{result="rejected"} 1' in lines


@pytest.mark.parametrize("workers", [1, 2, 8, 64, 256])
def test_the_embedded_database_has_room_for_all_pools(workers):
    # 10 and 16 in the pools, and in each process one more for hints.
    assert needed(workers) == (workers + 1) * (10 + 1) + (16 + 1) + 12
    assert allowed(workers) == max(100, needed(workers))


@pytest.fixture
async def observed():
    """An application that is observed; yields its counts and a session."""

    async def answer(request):
        match request.match_info["name"]:
            case "refused":
                raise Refusal(Problem(kind=UNAUTHENTICATED))
            case "broken":
                raise RuntimeError("why")
            case "moved":
                raise web.HTTPFound("/")
            case "slow":
                await asyncio.sleep(0)
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_get("/things/{name}", answer)
    found = Observed()
    listener = listen_tcp(Address("127.0.0.1", 0))
    base = f"http://{bound(listener)}"

    def note(request, status, _):
        found.note(request, status, 1)

    runner = await serve(app, [listener], observe=note)
    async with aiohttp.ClientSession(base) as session:
        yield found, session
    await runner.cleanup()


async def test_answers_are_counted_by_pattern_and_status(observed):
    found, session = observed
    for name in ("a", "slow", "refused", "broken", "moved"):
        async with session.get(f"/things/{name}", allow_redirects=False):
            pass
    for method in ("GET", "OPTIONS"):
        async with session.request(method, "/no/such/place"):
            pass
    lines = text(found.families()).splitlines()
    name = "idnode_registry_requests_total"
    where = 'method="GET",route="/things/{name}"'
    for status, count in ((200, 2), (401, 1), (500, 1), (302, 1)):
        assert f'{name}{{{where},status="{status}"}} {count}' in lines
    assert f'{name}{{method="other",route="none",status="404"}} 2' in lines
    assert f"idnode_registry_request_duration_seconds_count{{{where}}} 5" in lines
    assert f"idnode_registry_request_duration_seconds_sum{{{where}}} 5" in lines


def test_check_config_tells_how_many_connections_a_database_must_allow(capsys):
    given = {"IDNODE_WORKERS": "8", "IDNODE_DATABASE_URL": "postgresql://n@db/idnode"}
    check(given)
    assert f"# the database must allow {needed(8)} connections" in capsys.readouterr().out
    check({"IDNODE_WORKERS": "8"})
    assert "connections" not in capsys.readouterr().out
