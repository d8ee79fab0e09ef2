import os
import re
from pathlib import Path

import pytest

from edge.addresses import LOOPBACK_AND_PRIVATE, Address, Networks
from identifiers.names import Prefix
from identifiers.principals import HandleIdentity
from node.advice import shown, warnings
from node.config import BadSettings, given, load, standalone, unknown
from node.readers import At, Embedded, Without, named, redacted

SECRET = "hunter2"


def test_the_defaults_are_those_of_the_documentation(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    settings = load({})
    assert settings.data_dir == tmp_path / "var"
    assert settings.keys_dir == tmp_path / "var" / "keys"
    assert settings.database == Embedded()
    assert settings.redis == Embedded()
    assert settings.handle == (Address("127.0.0.1", 2641),)
    assert settings.http == (Address("127.0.0.1", 8000),)
    assert settings.registry == (Address("127.0.0.1", 8080),)
    assert settings.ops == (Address("127.0.0.1", 9641),)
    assert settings.workers == len(os.sched_getaffinity(0))
    assert settings.prefixes == ()
    assert settings.trusted_networks == LOOPBACK_AND_PRIVATE
    assert settings.trusted_proxies == Networks(())
    assert settings.pg_bin is None
    assert settings.log_level == "info"
    assert settings.drain_delay == 0
    assert warnings(settings) == []


def test_every_setting_is_read():
    settings = load(
        {
            "IDNODE_DATA_DIR": "/srv/idnode",
            "IDNODE_KEYS_DIR": "/etc/idnode/keys",
            "IDNODE_DATABASE_URL": "postgresql://n:pw@a:5432,b:5433/idnode",
            "IDNODE_REDIS_URL": "redis://cache:6379/0",
            "IDNODE_HANDLE_ADDR": "192.0.2.1:2641,[2001:db8::1]:2641",
            "IDNODE_HTTP_ADDR": "127.0.0.1:0",
            "IDNODE_WORKERS": "3",
            "IDNODE_PREFIX": "88.300, 88.301,88.300",
            "IDNODE_PUBLIC_ADDR": "203.0.113.5:2641",
            "IDNODE_TRUSTED_NETWORKS": "none",
            "IDNODE_TRUSTED_PROXIES": "10.0.0.0/8",
            "IDNODE_PG_BIN": "/usr/lib/postgresql/16/bin",
            "IDNODE_LOG_LEVEL": "WARNING",
            "IDNODE_DRAIN_DELAY": "5",
        }
    )
    assert settings.keys_dir == Path("/etc/idnode/keys")
    assert settings.database == At("postgresql://n:pw@a:5432,b:5433/idnode")
    assert settings.handle == (Address("192.0.2.1", 2641), Address("2001:db8::1", 2641))
    assert settings.http == (Address("127.0.0.1", 0),)
    assert settings.prefixes == (Prefix(("88", "300")), Prefix(("88", "301")))
    assert settings.public == (Address("203.0.113.5", 2641),)
    assert settings.trusted_networks == Networks(())
    assert settings.pg_bin == Path("/usr/lib/postgresql/16/bin")
    assert (settings.workers, settings.log_level, settings.drain_delay) == (3, "warning", 5)


def test_an_empty_setting_counts_as_not_given():
    assert load({"IDNODE_LOG_LEVEL": "", "IDNODE_WORKERS": ""}).log_level == "info"


def test_all_faults_are_told_at_once():
    with pytest.raises(BadSettings) as caught:
        load(
            {
                "IDNODE_DATABASE_URL": "mysql://x/y",
                "IDNODE_REDIS_URL": "memcached://x",
                "IDNODE_HANDLE_ADDR": "localhost:2641",
                "IDNODE_WORKERS": "0",
                "IDNODE_PREFIX": "88..300",
                "IDNODE_PUBLIC_ADDR": "0.0.0.0:2641",
                "IDNODE_TRUSTED_NETWORKS": "10.0.0.1/8",
                "IDNODE_LOG_LEVEL": "loud",
                "IDNODE_DRAIN_DELAY": "-1",
                "IDNODE_HTTP_ADDR": "127.0.0.1:8080",
            }
        )
    faults = {fault.name: fault.why for fault in caught.value.faults}
    assert set(faults) == {
        "IDNODE_DATABASE_URL",
        "IDNODE_REDIS_URL",
        "IDNODE_HANDLE_ADDR",
        "IDNODE_WORKERS",
        "IDNODE_PREFIX",
        "IDNODE_PUBLIC_ADDR",
        "IDNODE_TRUSTED_NETWORKS",
        "IDNODE_LOG_LEVEL",
        "IDNODE_DRAIN_DELAY",
        "IDNODE_REGISTRY_ADDR",
    }
    assert faults["IDNODE_REGISTRY_ADDR"] == "127.0.0.1:8080 is IDNODE_HTTP_ADDR already"
    assert all(name in str(caught.value) for name in faults)


@pytest.mark.parametrize("text", [",", "88.300,", "abc", "88.300,x.1", "88..300", "88/300"])
def test_a_prefix_has_a_form(text):
    with pytest.raises(BadSettings, match=r"must be prefixes such as 88\.300, a number first"):
        load({"IDNODE_PREFIX": text})
    assert load({"IDNODE_PREFIX": " "}).prefixes == ()


@pytest.mark.parametrize("text", ["1.5", "257", "two", "٣"])
def test_a_number_of_workers_is_a_number(text):
    with pytest.raises(BadSettings, match="whole number from 1 to 256"):
        load({"IDNODE_WORKERS": text})


def test_two_listeners_may_both_ask_for_a_free_port():
    load({"IDNODE_HTTP_ADDR": "127.0.0.1:0", "IDNODE_REGISTRY_ADDR": "127.0.0.1:0"})


@pytest.mark.parametrize(
    ("server", "told"),
    [
        (Embedded(), "the embedded one"),
        (At(f"postgresql://n:{SECRET}@db:5/d"), "db:5 in IDNODE_DATABASE_URL"),
        (At(f"postgresql:///d?host=/run&password={SECRET}"), "/run in IDNODE_DATABASE_URL"),
        (At(f"postgresql://n:pa/{SECRET}@db/d"), "the one in IDNODE_DATABASE_URL"),
        (At("postgresql:///d"), "the one in IDNODE_DATABASE_URL"),
    ],
)
def test_a_database_is_named_without_secrets(server, told):
    assert named(server) == told


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        (f"postgresql://n:{SECRET}@h:1/d", "postgresql://n:***@h:1/d"),
        (f"postgresql://n:{SECRET}@x@a:1,b:2/d?q=1", "postgresql://n:***@a:1,b:2/d?q=1"),
        (f"postgresql:///d?host=/run&password={SECRET}", "postgresql:///d?host=/run&password=***"),
        (f"redis://:{SECRET}@h/0", "redis://:***@h/0"),
        (f"unix:///run/v.sock?password={SECRET}", "unix:///run/v.sock?password=***"),
        (f"redis://:pa/{SECRET}?@h/0", "redis://:***@h/0"),
        ("postgresql://n@h/d", "postgresql://n@h/d"),
        ("redis://h:1", "redis://h:1"),
    ],
)
def test_secrets_are_never_shown(url, safe):
    assert SECRET not in named(At(url))
    assert redacted(url) == safe
    variable = "IDNODE_REDIS_URL" if url.startswith(("redis", "unix")) else "IDNODE_DATABASE_URL"
    settings = load({variable: url})
    assert SECRET not in repr(settings)
    assert shown(settings)[variable] == safe


def test_what_is_in_force_is_shown_as_it_would_be_written():
    text = shown(load({"IDNODE_REDIS_URL": "none", "IDNODE_PREFIX": "88.300,88.301"}))
    assert text["IDNODE_DATABASE_URL"] == ""
    assert text["IDNODE_REDIS_URL"] == "none"
    assert text["IDNODE_PREFIX"] == "88.300,88.301"
    assert text["IDNODE_PG_BIN"] == ""
    assert text["IDNODE_LOGIN_FIRST"] == "off"


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"IDNODE_TRUSTED_NETWORKS": "none", "IDNODE_REMOTE_KEYS": "none"},
        {"IDNODE_LOGIN_FIRST": "on", "IDNODE_REDIS_URL": "none"},
        {
            "IDNODE_HANDLE_ADDR": "127.0.0.1:1,[::1]:2",
            "IDNODE_LOGIN_FIRST": "[::1]:2",
            "IDNODE_TRUSTED_PROXIES": "10.0.0.1",
            "IDNODE_ADMINISTRATORS": "300:0.NA/88.300,0:88.300/ADMIN",
            "IDNODE_REMOTE_KEYS": "public,10.0.0.0/8",
            "IDNODE_RECURSION": "on",
            "IDNODE_REQUEST_RATE": "off",
            "IDNODE_TLS_CERT": "cert.pem",
            "IDNODE_DATABASE_URL": "postgresql://n@h/d",
        },
    ],
)
def test_what_is_shown_is_read_back_as_the_same_settings(environ):
    settings = load(environ)
    assert load(shown(settings)) == settings


def test_a_child_loads_the_same_settings_from_what_is_handed_on():
    environ = {"IDNODE_WORKERS": "3", "IDNODE_LOG_LEVEL": "", "PATH": "/bin", "IDNODE_PORT": "tcp"}
    assert given(environ) == {"IDNODE_WORKERS": "3"}
    assert load(given(environ)) == load(environ)


def test_slips_of_the_pen_are_found():
    environ = {"IDNODE_HANDLE_ADR": "x", "IDNODE_API_KEY": "k", "IDNODE_WORKERS": "1", "HOME": "/"}
    assert unknown(environ) == ["IDNODE_HANDLE_ADR"]


def test_a_role_by_itself_needs_a_database_that_runs():
    with pytest.raises(BadSettings, match="idnode serve"):
        standalone(load({}))
    external = {"IDNODE_DATABASE_URL": "postgresql://h/d"}
    assert standalone(load(external)).redis == Without()
    with_redis = load({**external, "IDNODE_REDIS_URL": "redis://h"})
    assert standalone(with_redis) == with_redis


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"IDNODE_HANDLE_ADDR": "0.0.0.0:2641"}, ["IDNODE_TRUSTED_NETWORKS", "IDNODE_PUBLIC_ADDR"]),
        ({"IDNODE_HTTP_ADDR": "203.0.113.5:80"}, ["IDNODE_TRUSTED_NETWORKS"]),
        ({"IDNODE_OPS_ADDR": "[::]:9641"}, ["IDNODE_OPS_ADDR"]),
        ({"IDNODE_HANDLE_ADDR": "10.0.0.1:2641"}, []),
        (
            {
                "IDNODE_HANDLE_ADDR": "0.0.0.0:2641",
                "IDNODE_PUBLIC_ADDR": "203.0.113.5:2641",
                "IDNODE_TRUSTED_NETWORKS": "192.0.2.0/24",
            },
            [],
        ),
    ],
)
def test_what_is_seldom_meant_is_warned_of(environ, told):
    found = warnings(load(environ))
    assert len(found) == len(told)
    assert all(word in sentence for word, sentence in zip(told, found, strict=True))


def test_switches():
    assert load({"IDNODE_PASSWORD_LOGIN": "on"}).password_login
    assert load({"IDNODE_LEGACY_KEYS": "on"}).legacy_keys
    with pytest.raises(BadSettings, match="IDNODE_LEGACY_KEYS: must be on or off"):
        load({"IDNODE_LEGACY_KEYS": "yes"})


HANDLE = {"IDNODE_HANDLE_ADDR": "127.0.0.1:2641,[::1]:2642"}
FIRST, SECOND = Address("127.0.0.1", 2641), Address("::1", 2642)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("Off", ()),
        ("none", ()),
        ("On", (FIRST, SECOND)),
        ("all", (FIRST, SECOND)),
        ("[::1]:2642", (SECOND,)),
        ("127.0.0.1:2641, [::1]:2642", (FIRST, SECOND)),
    ],
)
def test_where_clients_are_told_to_log_in(text, expected):
    assert load(HANDLE | {"IDNODE_LOGIN_FIRST": text}).login_first == expected


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        (
            {"IDNODE_LOGIN_FIRST": "[::1]:2642,127.0.0.1:8000"},
            "IDNODE_LOGIN_FIRST: 127.0.0.1:8000 is none of IDNODE_HANDLE_ADDR",
        ),
        ({"IDNODE_LOGIN_FIRST": "sometimes"}, "IDNODE_LOGIN_FIRST: "),
        ({"IDNODE_LOGIN_FIRST": "127.0.0.1:2641", "IDNODE_HANDLE_ADDR": "?"}, "IDNODE_HANDLE_ADDR"),
    ],
)
def test_clients_log_in_where_they_are_listened_to(environ, why):
    with pytest.raises(BadSettings, match=re.escape(why)) as told:
        load(HANDLE | environ)
    assert len(told.value.faults) == 1


def test_server_administrators():
    found = load({"IDNODE_ADMINISTRATORS": "300:0.NA/88.300, 0:88.300/BOSS,300:0.NA/88.300"})
    assert found.administrators == (
        HandleIdentity("0.NA/88.300", 300),
        HandleIdentity("88.300/BOSS", 0),
    )
    with pytest.raises(BadSettings, match="identity is index:handle"):
        load({"IDNODE_ADMINISTRATORS": "0.NA/88.300"})


@pytest.mark.parametrize(("text", "value"), [("on", True), ("OFF", False)])
def test_recursion_is_on_or_off(text, value):
    settings = load({"IDNODE_RECURSION": text, "IDNODE_RECURSION_UPSTREAM": "192.0.2.1:2641"})
    assert settings.recursion is value
    assert [str(address) for address in settings.upstream] == ["192.0.2.1:2641"]
    told = any("IDNODE_RECURSION_UPSTREAM" in warning for warning in warnings(settings))
    assert told is not value
    assert shown(settings)["IDNODE_RECURSION"] == text.lower()


def test_recursion_is_nothing_else():
    assert not load({}).recursion
    with pytest.raises(BadSettings, match="IDNODE_RECURSION: must be on or off"):
        load({"IDNODE_RECURSION": "yes"})
