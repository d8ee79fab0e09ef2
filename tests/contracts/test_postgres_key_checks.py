"""Which secrets a database was made with: kept once, by whoever starts first."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from identifiers.changes import AuditEntry
from node.commands.administer import keyed
from node.commands.lost_key import forget
from node.commands.settings import check
from node.config import load as load_settings
from node.key_checks import DEPENDED_ON, OtherKeys, agree, check_value, confirm
from node.keys import OCTETS, Secret, load, load_or_make
from node.refusals import NotDone
from storage.postgres import Database, forget_key_check, keep_key_checks, key_checks, migrate

OLD = Secret.PEPPER.value


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    async with Database(dsn, connections=4) as found:
        await found.open(4)
        yield found


async def test_nothing_is_kept_of_a_new_database(database: Database, tmp_path: Path) -> None:
    assert await key_checks(database) == {}
    await confirm(database, tmp_path / "keys")
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240 -- nothing else runs


async def test_the_first_start_makes_and_keeps_and_later_ones_compare(
    database: Database, tmp_path: Path
) -> None:
    made = await agree(database, tmp_path)
    assert made == [tmp_path / secret for secret in DEPENDED_ON]
    kept = await key_checks(database)
    assert kept == {s: check_value(s, load(tmp_path, s)) for s in DEPENDED_ON}
    assert await agree(database, tmp_path) == []
    await confirm(database, tmp_path)
    assert await key_checks(database) == kept


async def test_a_wrong_directory_is_refused_and_stays_as_it_is(
    database: Database, tmp_path: Path
) -> None:
    await agree(database, tmp_path / "keys")
    kept = await key_checks(database)
    for decide in (agree, confirm):
        with pytest.raises(OtherKeys, match="is missing"):
            await decide(database, tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()
    load_or_make(tmp_path / "others", Secret.PEPPER)
    for decide in (agree, confirm):
        with pytest.raises(OtherKeys, match="is another one"):
            await decide(database, tmp_path / "others")
    assert [path.name for path in (tmp_path / "others").iterdir()] == [OLD]
    assert await key_checks(database) == kept


async def test_of_nodes_that_start_at_once_with_other_keys_one_is_right(
    database: Database, tmp_path: Path
) -> None:
    places = [tmp_path / f"node{n}" for n in range(4)]
    done = await asyncio.gather(*(agree(database, p) for p in places), return_exceptions=True)
    refused = [place for place, one in zip(places, done, strict=True) if type(one) is OtherKeys]
    assert len(refused) == len(places) - 1
    # Whoever was too late has made none.
    assert {place for place in places if place.exists()} == set(places) - set(refused)


async def test_secrets_from_before_values_were_kept_are_taken_as_they_are(
    database: Database, sql: Any, tmp_path: Path
) -> None:
    await sql.execute("INSERT INTO key_check (secret) VALUES ($1)", OLD)
    assert await key_checks(database) == {OLD: None}
    with pytest.raises(OtherKeys, match="is missing"):
        await agree(database, tmp_path)
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240 -- nothing else runs
    pepper = load_or_make(tmp_path, Secret.PEPPER)
    assert await agree(database, tmp_path) == [tmp_path / Secret.SEAL]
    assert (await key_checks(database))[OLD] == check_value(Secret.PEPPER, pepper)


async def test_a_value_that_is_kept_is_never_replaced(database: Database) -> None:
    def decide(value: bytes) -> Any:
        return lambda _kept: {OLD: value}

    await keep_key_checks(database, decide(b"one"))
    await keep_key_checks(database, decide(b"other"))
    assert await key_checks(database) == {OLD: b"one"}

    def refuse(kept: Mapping[str, bytes | None]) -> Mapping[str, bytes]:
        raise LookupError(kept[OLD])

    with pytest.raises(LookupError):
        await keep_key_checks(database, refuse)


async def test_a_lost_secret_is_forgotten_with_a_trace(
    database: Database, sql: Any, tmp_path: Path
) -> None:
    audit = AuditEntry(at=1, actor="a", action="key.lost", subject=OLD, request="r")
    assert not await forget_key_check(database, OLD, audit)
    await agree(database, tmp_path)
    (tmp_path / OLD).unlink()
    assert await forget_key_check(database, OLD, audit)
    assert await agree(database, tmp_path) == [tmp_path / OLD]
    assert await sql.fetch("SELECT action, subject FROM audit") == [("key.lost", OLD)]


async def test_the_command_forgets_only_what_is_gone(dsn: str, tmp_path: Path) -> None:
    settings = load_settings({"IDNODE_DATA_DIR": str(tmp_path), "IDNODE_DATABASE_URL": dsn})
    with pytest.raises(NotDone, match="is none of api-key-pepper, secret-key-seal"):
        await forget(settings, "site-key")
    with pytest.raises(NotDone, match="depends on no api-key-pepper yet"):
        await forget(settings, OLD)
    async with keyed(settings):
        pass
    with pytest.raises(NotDone, match="is there: move it away first"):
        await forget(settings, OLD)
    (settings.keys_dir / OLD).unlink()
    with pytest.raises(OtherKeys, match=f"{OLD} is missing"):
        async with keyed(settings):
            pass
    await forget(settings, OLD)
    async with keyed(settings):
        assert len(load(settings.keys_dir, Secret.PEPPER)) == OCTETS


def test_check_config_asks_the_database(
    dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = {"IDNODE_DATA_DIR": str(tmp_path), "IDNODE_DATABASE_URL": dsn}
    settings = load_settings(environ)
    check(environ)
    assert not settings.keys_dir.exists()

    async def first() -> None:
        async with keyed(settings):
            pass

    asyncio.run(first())
    assert "is made: every node on this database needs" in capsys.readouterr().err
    check(environ)
    with pytest.raises(OtherKeys, match="is missing"):
        check({**environ, "IDNODE_KEYS_DIR": str(tmp_path / "elsewhere")})
    capsys.readouterr()
    check({**environ, "IDNODE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"})
    assert "# the database was not asked whether" in capsys.readouterr().out


KEY = (
    "INSERT INTO enterprise (name, credit_code, industry) VALUES ('e', '', '');"
    "INSERT INTO api_key SELECT 'k', id, '', '{}', '{}', '{}', '', 1, 2 FROM enterprise"
)
ACCOUNT = (
    "INSERT INTO account (name, role, kind, proof, state, failed, failed_at, created_at,"
    " changed_at, version) VALUES ('a', 'r', 'k', '', 's', 0, 0, 1, 1, 1)"
)


@pytest.mark.parametrize(
    ("statement", "in_use"),
    [("SELECT", ()), (KEY, (Secret.PEPPER,)), (ACCOUNT, (Secret.SEAL,))],
)
async def test_an_upgrade_notes_what_is_in_use(
    dsn: str, sql: Any, statement: str, in_use: tuple[Secret, ...]
) -> None:
    await sql.execute(
        "DROP TABLE key_check, application_revision; DELETE FROM migration WHERE number >= 17"
    )
    async with Database(dsn) as database:
        assert await key_checks(database) == {}  # no table, nothing kept
        await sql.execute(statement)
        assert "0017_pre_key_checks.sql" in await migrate(dsn)
        assert await key_checks(database) == dict.fromkeys(in_use)
