"""The demo as a newcomer meets it, and the life of its processes."""

import asyncio
import json
import os
import signal
from pathlib import Path

import psutil
import pytest

from identifiers.principals import HandleIdentity
from identifiers.values import Value
from idnode import SecretKey
from idnode.handle import Transport
from storage.embedded.postgres import EmbeddedPostgres
from storage.embedded.valkey import EmbeddedValkey
from tests.e2e.nodes import DidNotStart, until

IDENTIFIER = {
    "handle": "88.300.1/二级/GREETING",
    "values": [
        {"index": 1, "type": "URL", "data": {"format": "string", "value": "https://a.example/"}},
        {"index": 2, "type": "BYTES", "data": {"format": "hex", "value": "00ff10"}},
        {"index": 3, "type": "NAME", "data": "煤炭", "ttl": 60},
    ],
}


async def resolved(node, handle):
    """Look up over all three transports, which must agree, and return the answer."""
    async with node.handle() as client, node.http() as http:
        answers = [
            await client.resolve(handle, transport=Transport.UDP),
            await client.resolve(handle, transport=Transport.TCP),
            await http.resolve(handle),
            *(await http.resolve_many([handle])),
        ]
    assert answers[1:] == answers[:-1]
    return answers[0]


async def visible(node, handle):
    """Wait until every worker answers with the identifier."""
    return await until(lambda: _found_twice(node, handle))


async def _found_twice(node, handle):
    # Workers share the sockets: several new connections reach each of them.
    async with node.http() as http:
        answers = await asyncio.gather(*(http.resolve(handle) for _ in range(8)))
    return all(answer.found for answer in answers) and answers[0]


def read_credentials(node):
    path = Path(node.ready["credentials"])
    assert path.stat().st_mode & 0o777 == 0o600
    return json.loads(path.read_text(encoding="utf-8"))


async def test_register_and_resolve_over_every_transport(make_node):
    node = await make_node("demo")
    credentials = read_credentials(node)
    assert credentials["enterprise"]["prefix"] == "88.300.1"
    assert credentials["console"] == []
    assert list(node.ready) == [
        *("ready", "handle", "http", "registry", "admin", "dns", "ops"),
        *("https", "registry_tls", "credentials"),
    ]
    assert node.ready["admin"] is None

    node.api_key = credentials["enterprise"]["api_key"]
    async with node.registry() as registry:
        receipt = await registry.create(IDENTIFIER, key="the-first")
        assert (receipt.status, receipt.version) == ("created", 1)
        again = await registry.create(IDENTIFIER, key="the-first")
        assert again.replayed
        assert again.change == receipt.change
    answer = await visible(node, IDENTIFIER["handle"])
    assert [v.data for v in answer.values] == [
        b"https://a.example/",
        b"\x00\xff\x10",
        "煤炭".encode(),
    ]
    assert await resolved(node, IDENTIFIER["handle"]) == answer

    # The identity of the credentials file administers over the Handle protocol.
    login = HandleIdentity.parse(credentials["enterprise"]["identity"])
    secret = credentials["enterprise"]["secret"].encode()
    async with node.handle() as client:
        administrator = client.administrator(SecretKey(login.handle, login.index, secret))
        note = Value(index=9, type="NOTE", data=b"by a Handle client")
        await administrator.add(IDENTIFIER["handle"], [note])
        await administrator.remove(IDENTIFIER["handle"], [9])

    printed = [
        (await node.command("resolve", IDENTIFIER["handle"], *flags)).stdout
        for flags in (["--udp"], ["--tcp"], ["--http"], [])
    ]
    assert printed[0].startswith("88.300.1/二级/GREETING\n  1  URL")
    assert len(set(printed)) == 1
    nothing = await node.command("resolve", "88.300.1/nobody", "--http", check=False)
    assert nothing.returncode == 1
    assert "handle not found (100)" in nothing.stderr

    # A second start while it runs is refused and names it; the first one does not mind.
    second = await make_node("demo", start=False, directory=node.directory)
    with pytest.raises(DidNotStart, match=f"already running on .* .pid {node.pid}."):
        await second.start()

    # Ctrl-C, and everything is there again afterwards, nothing made anew.
    assert await node.stop(signal.SIGINT) == 0
    await node.start()
    assert read_credentials(node) == credentials
    assert await resolved(node, IDENTIFIER["handle"]) == answer
    assert node.log.read_text().count("sample made") == 1


async def test_the_sample_is_resolvable(make_node):
    node = await make_node("demo")
    async with node.http() as http:
        # The first identifiers of the corpus (`loadtest.corpus`, seed 1).
        first = await http.resolve("88.300.1/COAL-2026-0001")
    assert first.found
    assert {v.type for v in first.values} > {"URL", "PRODUCT", "PRODUCER"}
    assert await resolved(node, "88.300.1/COAL-2026-0001") == first


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_stop_is_clean(make_node, number):
    node = await make_node()
    assert await node.stop(number) == 0
    assert "draining" in node.log.read_text()
    assert not (node.data_dir / "node.run").exists()
    assert not (node.data_dir / "node.state").exists()


async def test_nothing_outlives_a_killed_supervisor_and_the_next_start_works_at_once(node):
    async with node.registry() as registry:
        await registry.create(IDENTIFIER)
    family = node.family()
    assert len(family) >= 6  # supervisor, registry, two workers, Postgres, Valkey
    await node.kill("supervisor")
    await node.wait()
    await node.start()
    await node.all_gone(family)
    assert (await resolved(node, IDENTIFIER["handle"])).found


async def test_whatever_is_killed_is_replaced_and_the_node_goes_on(node):
    async with node.registry() as registry:
        await registry.create(IDENTIFIER)
    await visible(node, IDENTIFIER["handle"])
    for name in ("registry", "worker-0", "worker-1", "postgres", "valkey"):
        old = await node.kill(name)
        await node.replaced(name, old)
        after = f"88.300.1/after-{name}"
        async with node.registry() as registry:
            await registry.create(IDENTIFIER | {"handle": after})
        await visible(node, after)
        assert (await resolved(node, IDENTIFIER["handle"])).found
    metrics = await node.metrics()
    for name in ("registry", "worker-0", "worker-1"):
        assert metrics[f'idnode_process_restarts_total{{process="{name}"}}'] == 1


async def kept_by_both(node, handle):
    """Ask until each of the two workers has the one identifier in its cache."""
    await visible(node, handle)
    return (await node.metrics())['idnode_cache_entries{tier="local"}'] == 2


async def test_readiness_tells_what_is_wrong_and_goes_on_serving(node):
    async with node.registry() as registry:
        await registry.create(IDENTIFIER)
    await until(lambda: kept_by_both(node, IDENTIFIER["handle"]))
    checks = {p["name"]: p["checks"] for p in (await node.state())["processes"]}
    assert checks["registry"] == {"database": "ok"}
    assert checks["worker-0"] == {"freshness": "ok", "shared tier": "ok"}
    postmaster = psutil.Process(node.servers()["postgres"])
    database = [postmaster, *postmaster.children()]
    for process in database:
        process.suspend()
    try:

        async def noticed():
            state = await node.state()
            told = {p["name"]: p["checks"] for p in state["processes"]}
            return told["registry"]["database"] != "ok" and state

        assert (await until(noticed))["ready"]
        async with node.http() as http:
            assert (await http.resolve(IDENTIFIER["handle"])).found
    finally:
        for process in database:
            process.resume()


async def test_a_node_drains_while_it_says_that_it_is_not_ready(make_node):
    node = await make_node(IDNODE_DRAIN_DELAY="2")
    assert (await node.state())["ready"]
    os.kill(node.pid, signal.SIGTERM)

    async def leaving():
        state = await node.state()
        return state is not None and not state["ready"]

    await until(leaving)
    # Load balancers have not noticed yet: whoever comes is served.
    async with node.http() as http:
        assert (await http.resolve("88.300.1/nobody")).code == 301
    assert await node.wait() == 0


async def test_an_empty_node_gets_its_first_enterprise_by_command(make_node):
    node = await make_node(start=False, IDNODE_PREFIX="")
    early = await node.command("prefix", "home", "88.300", check=False)
    assert "IDNODE_DATA_DIR" in early.stderr
    assert not node.data_dir.exists()
    # The commands work without a running node too: they start the database for the time.
    await node.command("migrate")
    await node.command("prefix", "home", "88.300")
    assert "88.300 " in (await node.command("prefix", "list")).stdout
    await node.start()
    stranger = await node.command("prefix", "home", "88.301.1", "--enterprise", "1", check=False)
    assert stranger.returncode == 1
    number = (await node.command("enterprise", "add", "示例物流有限公司")).stdout.strip()
    await node.command("prefix", "home", node.prefix, "--enterprise", number)
    made = await node.command("key", "create", "--enterprise", number, "--days", "30")
    node.api_key = made.stdout.strip()
    async with node.registry() as registry:
        await registry.create(IDENTIFIER)
    assert (await visible(node, IDENTIFIER["handle"])).found

    # An administrator of the Handle protocol, made while the node runs.
    appointed = await node.command("prefix", "admin", node.prefix, "--secret")
    identity, secret = appointed.stdout.split()
    assert identity == f"300:0.NA/{node.prefix}"
    async with node.handle() as client:
        known = SecretKey(f"0.NA/{node.prefix}", 300, secret.encode())
        administrator = client.administrator(known)
        value = Value(index=1, type="URL", data=b"https://example.org/by-handle")
        await administrator.create(f"{node.prefix}/BY-HANDLE", [value])
        names = [name async for name in administrator.handles(node.prefix)]
        assert f"{node.prefix}/BY-HANDLE" in names
    assert (await visible(node, f"{node.prefix}/BY-HANDLE")).found

    key_id = node.api_key.partition(".")[0]
    assert (await node.command("key", "revoke", key_id)).stdout.strip() == key_id
    again = await node.command("key", "revoke", key_id, check=False)
    assert "no key" in again.stderr

    async def refused():
        answer = await node.command("export", "--prefix", "88.300.1", check=False)
        return "401" in answer.stderr

    await until(refused)


async def test_files_go_in_and_out_by_command(node, tmp_path):
    rows = [
        IDENTIFIER | {"handle": f"88.300.1/ROW-{n}", "values": [IDENTIFIER["values"][0]]}
        for n in range(300)
    ]
    foreign = IDENTIFIER | {"handle": "88.300.10/foreign"}
    file = tmp_path / "rows.ndjson"
    file.write_text("\n".join(json.dumps(row) for row in [*rows, foreign]), encoding="utf-8")

    tried = await node.command("import", str(file), "--dry-run", check=False)
    assert tried.stdout == (
        "301 rows: 300 created, 0 updated, 0 unchanged, 1 rejected (dry run: nothing was changed)\n"
    )
    sent = await node.command("import", str(file), check=False)
    tried = await node.command("import", str(file), "--dry-run", check=False)
    assert tried.stdout.startswith("301 rows: 0 created, 0 updated, 0 unchanged, 301 rejected (dry")
    assert "/results" in tried.stderr
    assert sent.returncode == 1
    assert "row 301 88.300.10/foreign" in sent.stderr
    assert sent.stdout == "301 rows: 300 created, 0 updated, 0 unchanged, 1 rejected\n"
    repeated = await node.command("import", str(file), check=False)
    assert "imported before" in repeated.stdout

    for form in ("ndjson", "csv", "cbor"):
        out = tmp_path / f"out.{form}"
        await node.command("export", "--prefix", "88.300.1", "--format", form, "-o", str(out))
        back = await node.command("import", str(out), "--mode", "replace")
        assert back.stdout == "300 rows: 0 created, 0 updated, 300 unchanged, 0 rejected\n"
    piped = await node.command("export", "--prefix", "88.300.1")
    assert piped.stdout.encode() == (tmp_path / "out.ndjson").read_bytes()


async def test_given_servers_are_used_and_roles_run_apart(make_node, tmp_path):
    servers = tmp_path / "servers"
    servers.mkdir()
    postgres = EmbeddedPostgres(servers / "postgres")
    valkey = EmbeddedValkey(servers / "valkey", maxmemory=32 << 20)
    try:
        given = {
            "IDNODE_DATABASE_URL": await postgres.start(),
            "IDNODE_REDIS_URL": await valkey.start(),
            "IDNODE_KEYS_DIR": str(tmp_path / "keys"),
            "IDNODE_WORKERS": "1",
        }
        registry = await make_node("registry", enrolled=True, **given)
        resolver = await make_node("resolver", **given)
        assert registry.ready["handle"] is None
        assert resolver.ready["registry"] is None
        for node in (registry, resolver):
            assert node.servers() == {}
        async with registry.registry() as client:
            await client.create(IDENTIFIER)
        assert (await visible(resolver, IDENTIFIER["handle"])).found
        assert (await resolver.metrics())["idnode_shared_tier_usable"] == 1
        for node in (resolver, registry):
            assert await node.stop() == 0
    finally:
        await valkey.stop()
        await postgres.stop()


async def test_a_role_by_itself_says_what_it_needs(make_node):
    node = await make_node("resolver", start=False)
    with pytest.raises(DidNotStart, match="IDNODE_DATABASE_URL: a role by itself needs"):
        await node.start()


async def test_wrong_settings_are_told_all_at_once_and_nothing_starts(make_node):
    node = await make_node(start=False, IDNODE_WORKERS="none", IDNODE_OPS_ADDR="here")
    with pytest.raises(DidNotStart) as caught:
        await node.start()
    assert "IDNODE_WORKERS" in str(caught.value)
    assert "IDNODE_OPS_ADDR" in str(caught.value)
    assert not node.data_dir.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is no ordinary user already")
async def test_no_server_runs_as_root(node):
    # Postgres refuses to; inside its user namespace it is nobody, outside its files stay root's.
    postgres = psutil.Process(node.servers()["postgres"])
    assert _user_namespace(postgres.pid) != _user_namespace(os.getpid()) or (
        postgres.uids().effective != 0
    )


def _user_namespace(pid):
    return Path(f"/proc/{pid}/ns/user").readlink()


async def test_what_stands_in_the_way_of_a_start_is_told_and_nothing_else(make_node):
    node = await make_node(start=False)
    data = Path(node.environment["IDNODE_DATA_DIR"]) / "postgres"
    data.mkdir(parents=True)
    (data / "anything").touch()
    data.with_suffix(".password").write_text("secret", encoding="ascii")
    done = await node.command("serve", check=False)
    assert done.returncode == 1
    assert "is not empty and not a PostgreSQL directory" in done.stderr
    assert "Warning" not in done.stderr
    assert "Traceback" not in done.stderr
