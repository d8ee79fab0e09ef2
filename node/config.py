"""The settings of a node: read once, typed, normalised. The only reader of the environment.

`load` takes a mapping and gives a `Settings`, or one `BadSettings` that names everything that is
wrong. `SETTINGS` is what ``docs/configuration.md`` documents; a test compares the two.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from edge.addresses import (
    LOOPBACK_AND_PRIVATE,
    Address,
    Networks,
    parse_address,
)
from edge.reach import Reach, parse_reach
from identifiers.enterprises.review import National
from identifiers.limits import Rate
from identifiers.names import Prefix
from identifiers.principals import HandleIdentity
from node import settings_file
from node.readers import (
    At,
    Embedded,
    LogLevel,
    Without,
    administrators,
    database,
    log_level,
    national,
    networks,
    optional_addresses,
    optional_path,
    path,
    prefixes,
    public,
    rate,
    redis,
    switch,
    switch_or_addresses,
    whole,
    workers,
)

MAX_DRAIN_DELAY: Final = 300
"""Seconds."""


MAX_REFUSED_DAYS: Final = 3650


class SettingFault(msgspec.Struct, frozen=True):
    """One setting that cannot be used, and why."""

    name: str
    why: str


class BadSettings(ValueError):
    """The configuration cannot be used; carries every fault found."""

    def __init__(self, faults: tuple[SettingFault, ...]) -> None:
        self.faults: Final = faults
        lines = [f"  {fault.name}: {fault.why}" for fault in faults]
        super().__init__("\n".join(["the settings cannot be used", *lines]))


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a node is told. Paths are absolute; `drain_delay` in seconds."""

    settings_file: Path | None
    data_dir: Path
    keys_dir: Path
    database: Embedded | At
    redis: Embedded | Without | At
    handle: tuple[Address, ...]
    http: tuple[Address, ...]
    registry: tuple[Address, ...]
    ops: tuple[Address, ...]
    https: tuple[Address, ...]
    registry_tls: tuple[Address, ...]
    tls_cert: Path | None
    tls_key: Path | None
    client_certs: Path
    workers: int
    prefixes: tuple[Prefix, ...]
    public: tuple[Address, ...]
    administrators: tuple[HandleIdentity, ...]
    login_first: tuple[Address, ...]
    password_login: bool
    snms: bool
    legacy_keys: bool
    trust_roots: Path | None
    countries: Path | None
    trusted_networks: Networks
    trusted_proxies: Networks
    pg_bin: Path | None
    log_level: LogLevel
    drain_delay: int
    recursion: bool
    upstream: tuple[Address, ...]
    remote_keys: Reach
    upstream_site: Path | None
    routes: Reach
    national: National
    webhook_loopback: bool
    refused_days: int
    request_rate: Rate | None


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting: the field it becomes, its default as one would write it, how it is read."""

    name: str
    field: str
    default: str
    purpose: str
    read: Callable[[str], Any]


FILE: Final = "IDNODE_SETTINGS_FILE"
SETTINGS: Final = (
    Setting(
        name=FILE,
        field="settings_file",
        default="",
        purpose="more settings, NAME=value a line, read again at a reload; the environment wins",
        read=optional_path,
    ),
    Setting(
        name="IDNODE_DATA_DIR",
        field="data_dir",
        default="./var",
        purpose="data of the embedded servers, keys, credentials of the demo",
        read=path,
    ),
    Setting(
        name="IDNODE_DATABASE_URL",
        field="database",
        default="",
        purpose="PostgreSQL (14 or newer), several hosts allowed; empty: an embedded one",
        read=database,
    ),
    Setting(
        name="IDNODE_REDIS_URL",
        field="redis",
        default="",
        purpose="Redis or Valkey (6 or newer); empty: an embedded one; none: do without",
        read=redis,
    ),
    Setting(
        name="IDNODE_HANDLE_ADDR",
        field="handle",
        default="127.0.0.1:2641",
        purpose="Handle protocol, UDP and TCP",
        read=parse_address,
    ),
    Setting(
        name="IDNODE_HTTP_ADDR",
        field="http",
        default="127.0.0.1:8000",
        purpose="resolution over HTTP",
        read=parse_address,
    ),
    Setting(
        name="IDNODE_REGISTRY_ADDR",
        field="registry",
        default="127.0.0.1:8080",
        purpose="registration API",
        read=parse_address,
    ),
    Setting(
        name="IDNODE_OPS_ADDR",
        field="ops",
        default="127.0.0.1:9641",
        purpose="/livez, /readyz, /metrics",
        read=parse_address,
    ),
    Setting(
        name="IDNODE_HTTPS_ADDR",
        field="https",
        default="",
        purpose="what IDNODE_HTTP_ADDR serves, over TLS; empty: not served",
        read=optional_addresses,
    ),
    Setting(
        name="IDNODE_REGISTRY_TLS_ADDR",
        field="registry_tls",
        default="",
        purpose="registration API over TLS; empty: not served",
        read=optional_addresses,
    ),
    Setting(
        name="IDNODE_TLS_CERT",
        field="tls_cert",
        default="",
        purpose="certificate and those above it, PEM; empty: one that the node signs itself",
        read=optional_path,
    ),
    Setting(
        name="IDNODE_TLS_KEY",
        field="tls_key",
        default="",
        purpose="its private key, PEM; empty: it is in the file of the certificate",
        read=optional_path,
    ),
    Setting(
        name="IDNODE_CLIENT_CERTS",
        field="client_certs",
        default="",
        purpose="directory of trusted client certificates; empty: clients in the keys directory",
        read=optional_path,
    ),
    Setting(
        name="IDNODE_WORKERS",
        field="workers",
        default="",
        purpose="resolver processes; empty: one for each core",
        read=workers,
    ),
    Setting(
        name="IDNODE_PREFIX",
        field="prefixes",
        default="",
        purpose="secondary prefixes that are homed at the first start, comma separated",
        read=prefixes,
    ),
    Setting(
        name="IDNODE_PUBLIC_ADDR",
        field="public",
        default="",
        purpose="Handle addresses as clients reach them; needed behind NAT and for 0.0.0.0",
        read=public,
    ),
    Setting(
        name="IDNODE_ADMINISTRATORS",
        field="administrators",
        default="",
        purpose="Handle identities (index:handle, comma separated) that may do everything here",
        read=administrators,
    ),
    Setting(
        name="IDNODE_LOGIN_FIRST",
        field="login_first",
        default="off",
        purpose="Handle addresses where clients are told to log in (408), not challenged; on: all",
        read=switch_or_addresses,
    ),
    Setting(
        name="IDNODE_PASSWORD_LOGIN",
        field="password_login",
        default="off",
        purpose="on: the login that sends a password in clear (2000) is taken",
        read=switch,
    ),
    Setting(
        name="IDNODE_SNMS",
        field="snms",
        default="on",
        purpose="on: the registry's port has the SNMS-style interface too",
        read=switch,
    ),
    Setting(
        name="IDNODE_LEGACY_KEYS",
        field="legacy_keys",
        default="off",
        purpose="on: DSA and short RSA keys, MD5, SHA-1 and old secret-key answers are taken",
        read=switch,
    ),
    Setting(
        name="IDNODE_TRUST_ROOTS",
        field="trust_roots",
        default="",
        purpose="keys that are trusted from the start: a JSON file, index:handle to key",
        read=optional_path,
    ),
    Setting(
        name="IDNODE_COUNTRIES",
        field="countries",
        default="",
        purpose="CSV of address ranges and countries, for redirecting by country; empty: none",
        read=optional_path,
    ),
    Setting(
        name="IDNODE_TRUSTED_NETWORKS",
        field="trusted_networks",
        default=str(LOOPBACK_AND_PRIVATE),
        purpose="clients that are counted but not rate-limited; none: nobody",
        read=networks,
    ),
    Setting(
        name="IDNODE_TRUSTED_PROXIES",
        field="trusted_proxies",
        default="",
        purpose="reverse proxies whose X-Forwarded-For and -Proto are believed",
        read=networks,
    ),
    Setting(
        name="IDNODE_KEYS_DIR",
        field="keys_dir",
        default="",
        purpose="the node's own secrets; empty: keys in the data directory",
        read=optional_path,
    ),
    Setting(
        name="IDNODE_PG_BIN",
        field="pg_bin",
        default="",
        purpose="directory of the PostgreSQL programs to embed; empty: those of the wheel",
        read=optional_path,
    ),
    Setting(
        name="IDNODE_LOG_LEVEL",
        field="log_level",
        default="info",
        purpose="debug, info, warning or error",
        read=log_level,
    ),
    Setting(
        name="IDNODE_DRAIN_DELAY",
        field="drain_delay",
        default="0",
        purpose="seconds between /readyz saying 503 and the closing of listeners",
        read=whole(0, MAX_DRAIN_DELAY),
    ),
    Setting(
        name="IDNODE_RECURSION",
        field="recursion",
        default="off",
        purpose="on: ask other nodes for trusted clients that ask for it, over TCP and HTTP",
        read=switch,
    ),
    Setting(
        name="IDNODE_RECURSION_UPSTREAM",
        field="upstream",
        default="",
        purpose="Handle servers to ask about prefixes that nobody here knows, with recursion on",
        read=optional_addresses,
    ),
    Setting(
        name="IDNODE_REMOTE_KEYS",
        field="remote_keys",
        default="public",
        purpose="where other nodes are asked for keys of identities: public, networks, or none",
        read=parse_reach,
    ),
    Setting(
        name="IDNODE_UPSTREAM_SITE",
        field="upstream_site",
        default="",
        purpose="site record (file) of the node to ask for keys of prefixes that nobody here knows",
        read=optional_path,
    ),
    Setting(
        name="IDNODE_ROUTES",
        field="routes",
        default="public",
        purpose="where enterprises may have names of a prefix live: public, networks, or none",
        read=parse_reach,
    ),
    Setting(
        name="IDNODE_NATIONAL",
        field="national",
        default="local",
        purpose="who reviews after this node: local: nobody, reviewed: the national node, sandbox",
        read=national,
    ),
    Setting(
        name="IDNODE_REFUSED_DAYS",
        field="refused_days",
        default="180",
        purpose="days after which personal data of refused and withdrawn applications is removed",
        read=whole(1, MAX_REFUSED_DAYS),
    ),
    Setting(
        name="IDNODE_REQUEST_RATE",
        field="request_rate",
        default="6000/60",
        purpose="requests in seconds of an enterprise that is not in trusted networks; off: any",
        read=rate,
    ),
    Setting(
        name="IDNODE_WEBHOOK_LOOPBACK",
        field="webhook_loopback",
        default="off",
        purpose="whether webhooks may be on this machine, over http too: for tests only",
        read=switch,
    ),
)
LISTENERS: Final = frozenset({"handle", "http", "https", "registry", "registry_tls", "ops"})
"""The fields that hold listening addresses."""
FIXED: Final = LISTENERS | {
    *("settings_file", "data_dir", "keys_dir", "database", "redis"),
    *("workers", "prefixes", "pg_bin", "national", "refused_days", "webhook_loopback"),
}
"""The fields that are in force for as long as the node runs; the others can be reloaded."""
CLIENT_SETTINGS: Final = ("IDNODE_API_KEY",)
"""What the client commands read; no setting of a node."""


def _nothing(_: Mapping[str, Any]) -> tuple[SettingFault, ...]:
    return ()


def load(
    environ: Mapping[str, str],
    also: Callable[[Mapping[str, Any]], Iterable[SettingFault]] = _nothing,
) -> Settings:
    """Read all settings; an empty one counts as not given. Raises `BadSettings`.

    `also` finds more faults, in what was read so far by field, to be told with the others.
    """
    environ = {**_from_file(environ), **{n: v for n, v in environ.items() if v}}
    found: dict[str, Any] = {}
    faults = []
    for setting in SETTINGS:
        try:
            found[setting.field] = setting.read(environ.get(setting.name) or setting.default)
        except ValueError as why:
            faults.append(SettingFault(setting.name, str(why)))
    faults += _clashes(found)
    if found.get("tls_key") and not found.get("tls_cert"):
        faults.append(SettingFault("IDNODE_TLS_KEY", "is the key of IDNODE_TLS_CERT: name that"))
    faults += _listened_on(found)
    faults += also(found)
    if faults:
        raise BadSettings(tuple(faults))
    if found["keys_dir"] is None:
        found["keys_dir"] = found["data_dir"] / "keys"
    if found["client_certs"] is None:
        found["client_certs"] = found["keys_dir"] / "clients"
    if isinstance(everywhere := found["login_first"], bool):
        found["login_first"] = found["handle"] if everywhere else ()
    return Settings(**found)


def given(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what `environ` and its file say of the settings, to be loaded elsewhere alike.

    The file's own name is left out: it was read. Raises `BadSettings`.
    """
    said = {s.name: environ[s.name] for s in SETTINGS if environ.get(s.name)}
    said.pop(FILE, None)
    return {**_from_file(environ), **said}


def _from_file(environ: Mapping[str, str]) -> dict[str, str]:
    path = environ.get(FILE)
    if not path:
        return {}
    try:
        return settings_file.read(Path(path), {s.name for s in SETTINGS} - {FILE})
    except ValueError as why:
        raise BadSettings((SettingFault(FILE, str(why)),)) from why


def unknown(environ: Mapping[str, str]) -> list[str]:
    """Return the ``IDNODE_…`` names that mean nothing: most likely slips of the pen.

    Only worth a warning: Kubernetes sets ``IDNODE_PORT`` and the like for a service named idnode.
    """
    known = {s.name for s in SETTINGS} | set(CLIENT_SETTINGS)
    return sorted(n for n in environ if n.startswith("IDNODE_") and n not in known)


def _clashes(found: Mapping[str, Any]) -> list[SettingFault]:
    faults = []
    taken: dict[Address, str] = {}
    for setting in SETTINGS:
        if setting.field not in LISTENERS:
            continue
        for address in found.get(setting.field, ()):
            other = taken.setdefault(address, setting.name)
            if address.port and other != setting.name:
                faults.append(SettingFault(setting.name, f"{address} is {other} already"))
    return faults


def _listened_on(found: Mapping[str, Any]) -> list[SettingFault]:
    named = found.get("login_first", False)
    if isinstance(named, bool) or "handle" not in found:
        return []
    return [
        SettingFault("IDNODE_LOGIN_FIRST", f"{address} is none of IDNODE_HANDLE_ADDR")
        for address in named
        if address not in found["handle"]
    ]


def standalone(settings: Settings) -> Settings:
    """Return what one role by itself makes of the settings. Raises `BadSettings`.

    Only ``serve`` and ``demo`` start embedded servers: a role by itself needs a database that runs,
    and without a Redis it does without.
    """
    if isinstance(settings.database, Embedded):
        raise BadSettings(
            (
                SettingFault(
                    "IDNODE_DATABASE_URL",
                    "a role by itself needs a PostgreSQL that runs: name it here, or start"
                    " everything with idnode serve",
                ),
            )
        )
    if isinstance(settings.redis, Embedded):
        return msgspec.structs.replace(settings, redis=Without())
    return settings
