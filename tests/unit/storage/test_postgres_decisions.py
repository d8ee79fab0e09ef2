"""The pure decisions of storage.postgres: errors, migrations, partitions, blocks of SQL."""

from datetime import date
from importlib.resources import files

import asyncpg
import msgspec
import pytest

from identifiers.errors import FateUnknown, StoreUnavailable
from storage.postgres.database import primary, why_not_durable
from storage.postgres.errors import Unsuitable, raise_commit_error, raise_translated
from storage.postgres.rows import pack_news, unpack_news
from storage.postgres.schema import Migration, Phase, check_server, migrations, pending
from storage.postgres.sql import load
from storage.postgres.upkeep import Partitions, plan


def postgres_error(state: str) -> asyncpg.PostgresError:
    return asyncpg.PostgresError.new({"C": state, "M": "as the test wanted", "S": "ERROR"})


# errors


@pytest.mark.parametrize(
    "error",
    [
        *map(
            postgres_error,
            ["08006", "57P01", "57P03", "53300", "55P03", "40P01", "40001", "25006", "25P03"],
        ),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError("cannot switch to state 12"),
        ConnectionRefusedError(),
        TimeoutError(),
        EOFError(),
    ],
    ids=repr,
)
def test_what_may_pass_is_unavailable(error: Exception) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        raise_translated(error)
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("state", ["22021", "22P05", "22000"])
def test_text_that_nobody_checked_is_a_mistake(state: str) -> None:
    with pytest.raises(ValueError, match="did not check"):
        raise_translated(postgres_error(state))


@pytest.mark.parametrize("state", ["42P01", "42601", "23505", "XX000"])
def test_mistakes_of_ours_come_out_as_they_are(state: str) -> None:
    error = postgres_error(state)
    with pytest.raises(type(error)) as caught:
        raise_translated(error)
    assert caught.value is error


@pytest.mark.parametrize("state", ["23505", "40001"])
def test_a_commit_that_was_rolled_back(state: str) -> None:
    with pytest.raises(StoreUnavailable):
        raise_commit_error(postgres_error(state))


@pytest.mark.parametrize(
    "error",
    [postgres_error("57P01"), postgres_error("58030"), ConnectionResetError(), TimeoutError()],
    ids=repr,
)
def test_a_commit_without_a_clear_answer(error: Exception) -> None:
    with pytest.raises(FateUnknown):
        raise_commit_error(error)


# servers


@pytest.mark.parametrize(
    ("level", "standbys", "fsync", "why"),
    [
        ("on", "", "on", ""),
        ("local", "", "on", ""),
        ("remote_write", "s1", "on", ""),
        ("off", "", "on", "the server runs with synchronous_commit = off"),
        ("local", "s1", "on", "the server runs with synchronous_commit = local"),
        ("on", "", "off", "the server runs with fsync = off"),
    ],
)
def test_what_makes_a_commit_durable(level: str, standbys: str, fsync: str, why: str) -> None:
    assert why_not_durable(level, standbys, fsync) == why


@pytest.mark.parametrize(
    ("server", "why"),
    [
        ((130015, "UTF8", False), "this is 13"),
        ((160002, "SQL_ASCII", False), "SQL_ASCII"),
        ((180006, "UTF8", True), "standby"),
    ],
)
def test_which_servers_are_refused(server: tuple[int, str, bool], why: str) -> None:
    check_server(140000, "UTF8", standby=False)
    with pytest.raises(Unsuitable, match=why):
        check_server(*server)


# migrations

FIRST = Migration(number=1, phase=Phase.PRE, name="0001_pre_a.sql", sql="a")
SECOND = Migration(number=2, phase=Phase.POST, name="0002_post_b.sql", sql="b")


def test_the_released_migrations_are_numbered_and_named() -> None:
    known = migrations()
    assert [m.number for m in known] == list(range(1, len(known) + 1))
    assert all(m.name.startswith(f"{m.number:04d}_{m.phase}_") for m in known)


def test_what_is_pending() -> None:
    known = [FIRST, SECOND]
    assert pending(known, {}) == known
    assert pending(known, {1: FIRST.checksum}) == [SECOND]
    assert pending(known, {1: FIRST.checksum, 2: SECOND.checksum}) == []


def test_a_newer_database() -> None:
    with pytest.raises(Unsuitable, match=r"migration 3, this release knows 2"):
        pending([FIRST, SECOND], {1: FIRST.checksum, 2: SECOND.checksum, 3: b""})


def test_a_gap_in_the_numbers(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "0002_pre_b.sql").write_text("")
    monkeypatch.setattr("storage.postgres.schema.files", lambda _: tmp_path)
    with pytest.raises(ValueError, match="not numbered"):
        migrations()


def test_a_number_that_is_given_twice(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    for name in ("0001_pre_a.sql", "0001_pre_b.sql"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr("storage.postgres.schema.files", lambda _: tmp_path)
    with pytest.raises(ValueError, match="not numbered"):
        migrations()


def test_a_changed_file() -> None:
    changed = msgspec.structs.replace(FIRST, sql="another")
    with pytest.raises(Unsuitable, match=r"0001_pre_a\.sql was changed"):
        pending([changed, SECOND], {1: FIRST.checksum})


# partitions

TODAY = date(2026, 3, 1)


def test_a_new_database_gets_today_and_three_days_ahead() -> None:
    assert plan([], TODAY) == Partitions(
        (date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)), ()
    )


def test_partitions_go_after_72_hours_and_a_day() -> None:
    # An answer of 23:59 on 25 February is 72 hours old at 23:59 on the 28th.
    existing = [
        "idempotency_20260224",
        "idempotency_20260225",
        "idempotency_20260226",
        "idempotency_20260301",
        "idempotency_20260302",
        "idempotency_20260303",
    ]
    assert plan(existing, TODAY) == Partitions(
        (date(2026, 3, 4),), ("idempotency_20260224", "idempotency_20260225")
    )


def test_tables_of_others_are_left_alone() -> None:
    assert plan(["archive_2019", "idempotency_copy"], TODAY).drop == ()


# statements and rows


def test_every_statement_is_named_and_says_what_it_is_for() -> None:
    modules = [f.name[:-4] for f in files("storage.postgres.sql").iterdir() if ".sql" in f.name]
    assert len(modules) >= 6
    for module in modules:
        assert all(statement for statement in load(module).values())


def test_a_file_without_purposes_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "bare.sql").write_text("-- name: bare\nSELECT 1;\n")
    monkeypatch.setattr("storage.postgres.sql.files", lambda _: tmp_path)
    with pytest.raises(ValueError, match="line of purpose"):
        load("bare")


def test_no_news_are_news_too() -> None:
    assert unpack_news(pack_news(())) == []


def test_the_primary_is_asked_for_unless_the_address_says_otherwise() -> None:
    assert primary("postgresql://a,b/db") == {"target_session_attrs": "read-write"}
    assert primary("postgresql://a,b/db?target_session_attrs=any") == {}
