"""The embedded PostgreSQL: the truth of a node that was given no database.  Unix socket only."""

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import asyncpg

from storage.embedded.binaries import (
    PostgresBinaries,
    check_data_version,
    find_postgres,
    major_version,
)
from storage.embedded.cluster import (
    SUPERUSER,
    check_owner,
    forget_dead_postmaster,
    holds_data,
    live_postmaster,
    make_cluster,
    password,
)
from storage.embedded.errors import BinariesMissingError, DataDirectoryError, StartFailedError
from storage.embedded.identity import (
    Identity,
    candidates,
    closed_to_others,
    hand_over,
    owner_of,
    service_account,
)
from storage.embedded.lock import exclusive
from storage.embedded.log import BoundedLog
from storage.embedded.place import Place, prepare_socket_directory, release_socket_directory
from storage.embedded.process import Answer, Child, output_of

DATABASE = "idnode"
_PORT = 5432  # part of the socket's name only
_SOCKET = f".s.PGSQL.{_PORT}"
_SILENCE_SECONDS = 60.0
_CONNECT_SECONDS = 5.0
_STOP = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0))  # "fast", then "immediate" shutdown

SETTINGS: Mapping[str, str] = {
    # an acknowledged commit is on disk
    "fsync": "on",
    "synchronous_commit": "on",
    # a small machine: 2 cores, 2 GB
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "maintenance_work_mem": "64MB",
    "random_page_cost": "1.1",
    "jit": "off",  # costs milliseconds on the first short query that looks expensive
    # a bulk import writes gigabytes: fewer checkpoints, and no wait for WAL buffers.  WAL is not
    # compressed: the wheel is built without lz4
    "max_wal_size": "2GB",
    "wal_buffers": "16MB",
    "checkpoint_completion_target": "0.9",
    # a transaction left open holds back the horizon of the change log
    "idle_in_transaction_session_timeout": "10s",
    "timezone": "UTC",
    # errors reach the client; here they leave one line without statement and row contents
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "cluster_name": "idnode",
}
"""What the server is started with, over what ``postgresql.conf`` says."""


class EmbeddedPostgres:
    """A PostgreSQL server with one database; fits `storage.embedded.server.Server`.

    Args:
        data_dir: the data directory, made at the first start; its lock, log, password and socket
            directory lie beside it (`place`).
        bin_dir: programs to use instead of the wheel's.
        settings: server settings over `SETTINGS`.
        patience: seconds to wait for a previous server on the same data to end.
        identities: as whom to run, the best first; ``None`` lets `identity.candidates` say.
        niceness: of the server, over ours: how far it stands back behind others (`spawn`).
    """

    name = "postgres"

    def __init__(
        self,
        data_dir: Path,
        *,
        bin_dir: Path | None = None,
        settings: Mapping[str, str] | None = None,
        patience: float = 10.0,
        identities: Sequence[Identity] | None = None,
        niceness: int = 0,
    ) -> None:
        self._place = Place(data_dir.resolve())
        self._bin_dir = bin_dir
        self._settings = {**SETTINGS, **(settings or {})}
        self._patience = patience
        self._identities = identities
        self._niceness = niceness
        # PostgreSQL puts a lock file of this longer name beside its socket
        self._socket_dir = self._place.socket_directory(f"{_SOCKET}.lock", os.geteuid())
        self._log = BoundedLog(self._place.log)
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        """The postmaster's process id while it runs."""
        return self._child.pid if self._child is not None and self._child.running else None

    async def start(self) -> str:
        """Start the server, making data directory and database first where they are missing.

        Returns:
            A DSN for asyncpg and libpq, the same on every start.

        Raises:
            RuntimeError: it is running already, or this is not the main thread.
            EmbeddedServerError: see `storage.embedded.errors`.
        """
        if self.pid is not None:
            raise RuntimeError("this PostgreSQL is running already")
        try:
            return await self._start()
        except (OSError, asyncpg.PostgresError) as error:
            raise StartFailedError(f"the PostgreSQL of {self._place.data}: {error}") from error

    async def wait(self) -> int:
        """Return the exit status (negative: the signal) once the server has ended."""
        if self._child is None:
            raise RuntimeError("this PostgreSQL was not started")
        return await self._child.wait()

    async def stop(self) -> None:
        """End the server: open transactions are rolled back, acknowledged ones are kept."""
        if self._child is None:
            return
        await self._child.stop(_STOP)
        release_socket_directory(self._place, self._socket_dir)

    async def _start(self) -> str:
        place = self._place
        binaries = find_postgres(self._bin_dir)
        check_owner(place.data, os.geteuid())
        place.data.parent.mkdir(parents=True, exist_ok=True)
        async with exclusive(
            place.lock,
            what=f"the PostgreSQL of {place.data}",
            patience=self._patience,
            stranger=lambda: live_postmaster(place.data),
        ) as lock:
            dsn = _dsn(self._socket_dir, password(place))
            child = await self._launch(binaries, lock)
        self._child = child
        try:
            await child.until_ready(lambda: _ask(dsn), _SILENCE_SECONDS)
        except asyncpg.InvalidPasswordError:
            await self.stop()
            raise DataDirectoryError(
                f"the password in {place.password} is not the one of {place.data}"
            ) from None
        except BaseException:
            await self.stop()
            raise
        return dsn

    async def _launch(self, binaries: PostgresBinaries, lock: int) -> Child:
        place = self._place
        identity, major = await self._settle_identity(binaries)
        prepare_socket_directory(self._socket_dir, identity)
        if holds_data(place.data):
            check_data_version(place.data, major)
            forget_dead_postmaster(place.data, self._socket_dir / _SOCKET)
            hand_over(place.data, identity)
        else:
            await make_cluster(
                place,
                binaries,
                major=major,
                identity=identity,
                scratch=self._socket_dir,
                log=self._log,
                lock=lock,
            )
        return await Child.spawn(
            [str(binaries.postgres), *_arguments(place.data, self._socket_dir, self._settings)],
            death_signal=signal.SIGINT,
            log=self._log,
            lock=lock,
            identity=identity,
            niceness=self._niceness,
        )

    async def _settle_identity(self, binaries: PostgresBinaries) -> tuple[Identity, int]:
        """Find the first identity that can run the server, and the server's major version."""
        options = self._identities or candidates(
            euid=os.geteuid(),
            owner=owner_of(self._place.data) if holds_data(self._place.data) else None,
            account=service_account(),
            closed=closed_to_others((binaries.postgres, self._place.data, self._socket_dir)),
        )
        refusals: list[str] = []
        for identity in options:
            status, said = await output_of([str(binaries.postgres), "-V"], identity=identity)
            if status == 0:
                return identity, major_version(said)
            refusals.append(said)
        raise BinariesMissingError(
            "PostgreSQL cannot be run here; run the node as an ordinary user, or set"
            " IDNODE_DATABASE_URL to a server that is already running. Tried: "
            + "; ".join(refusals)
        )


def _arguments(data: Path, socket_dir: Path, settings: Mapping[str, str]) -> list[str]:
    fixed = {
        "listen_addresses": "",
        "port": str(_PORT),
        "unix_socket_directories": str(socket_dir),
    }
    return ["-D", str(data), *(f"--{key}={value}" for key, value in {**settings, **fixed}.items())]


def _dsn(socket_dir: Path, secret: str) -> str:
    return (
        f"postgresql://{SUPERUSER}:{quote(secret, safe='')}@/{DATABASE}"
        f"?host={quote(str(socket_dir), safe='/')}&port={_PORT}"
    )


async def _ask(dsn: str) -> Answer:
    """Connect once, and make the database where it is missing."""
    try:
        connection = await asyncpg.connect(dsn, timeout=_CONNECT_SECONDS)
    except asyncpg.InvalidCatalogNameError:
        await _create_database(dsn)
        return Answer.BUSY
    except asyncpg.CannotConnectNowError:
        return Answer.BUSY
    except asyncpg.TooManyConnectionsError:  # clients of a restarted server can be here first
        return Answer.READY
    except (OSError, asyncpg.PostgresConnectionError):  # a TimeoutError is an OSError
        return Answer.NONE
    await connection.close()
    return Answer.READY


async def _create_database(dsn: str) -> None:
    connection = await asyncpg.connect(dsn, database="postgres", timeout=_CONNECT_SECONDS)
    try:
        await connection.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await connection.close()
