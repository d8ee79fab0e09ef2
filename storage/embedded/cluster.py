"""A PostgreSQL data directory ("database cluster"), made as a whole or not at all."""

import secrets
import shutil
import signal
from pathlib import Path

from storage.embedded.binaries import PostgresBinaries
from storage.embedded.errors import DataDirectoryError
from storage.embedded.identity import Identity, hand_over, owner_of
from storage.embedded.log import BoundedLog
from storage.embedded.place import Place, sync_directory, write_private
from storage.embedded.process import Child

SUPERUSER = "idnode"
"""The server's only account."""

_BUILTIN_LOCALES_SINCE = 17


def holds_data(data: Path) -> bool:
    """Whether there is a data directory; an empty one, such as a new volume, is none."""
    return data.is_dir() and any(data.iterdir())


def check_owner(data: Path, euid: int) -> None:
    """Refuse data that this process cannot work on.

    Raises:
        DataDirectoryError: it is another user's, and we are not root.
    """
    owner = owner_of(data)
    if owner is not None and euid not in {0, owner[0]}:
        raise DataDirectoryError(
            f"{data} belongs to uid {owner[0]}: run the node as that user or as root,"
            " or choose another IDNODE_DATA_DIR"
        )


def password(place: Place) -> str:
    """Read the superuser's password; before there is data, choose one and keep it.

    Raises:
        DataDirectoryError: the data has lost its password.
    """
    if place.password.exists():
        return place.password.read_text(encoding="ascii")
    if holds_data(place.data):
        raise DataDirectoryError(
            f"{place.password} is missing, and without it nobody gets at {place.data}: restore the"
            f" file, or set a new password for {SUPERUSER} with `postgres --single` and write it"
            " there"
        )
    chosen = secrets.token_urlsafe(32)
    write_private(place.password, chosen)
    return chosen


def initdb_flags(major: int) -> list[str]:
    """Give the flags that decide about encoding, order, checksums and authentication.

    Both locale settings matter: text is compared by the provider, byte by byte and the same on
    every machine, but pg_trgm asks LC_CTYPE what a letter is and with "C" drops all Chinese.
    """
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return [
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        *(builtin if major >= _BUILTIN_LOCALES_SINCE else []),
        "--data-checksums",
        "--auth-local=scram-sha-256",
        "--auth-host=scram-sha-256",
        f"--username={SUPERUSER}",
        "--no-instructions",
    ]


async def make_cluster(
    place: Place,
    binaries: PostgresBinaries,
    *,
    major: int,
    identity: Identity,
    scratch: Path,
    log: BoundedLog,
    lock: int,
) -> None:
    """Make ``place.data``: beside it first, then renamed when it is complete and on disk.

    ``PG_VERSION`` is there a few milliseconds after initdb begins, so its presence would prove
    nothing about a directory that a crash left behind.

    Args:
        place: where; what an earlier attempt left there is discarded.
        binaries: the programs.
        major: their version.
        identity: who will own the data.
        scratch: a private directory of that identity, for the password on its way.
        log: takes what initdb says.
        lock: descriptor for initdb to hold.

    Raises:
        StartFailedError: initdb failed.
    """
    if place.unfinished.exists():
        shutil.rmtree(place.unfinished)
    place.unfinished.mkdir(mode=0o700)
    hand_over(place.unfinished, identity)
    password_file = scratch / "initial-password"
    write_private(password_file, password(place))
    hand_over(password_file, identity)
    pwfile = f"--pwfile={password_file}"
    try:
        child = await Child.spawn(
            [str(binaries.initdb), f"--pgdata={place.unfinished}", pwfile, *initdb_flags(major)],
            death_signal=signal.SIGKILL,
            log=log,
            lock=lock,
            identity=identity,
        )
        try:
            status = await child.wait()
        finally:
            await child.stop()
    finally:
        password_file.unlink()
    if status != 0:
        raise child.failure(f"failed with status {status}")
    place.unfinished.rename(place.data)
    sync_directory(place.data.parent)


def live_postmaster(data: Path) -> int | None:
    """Give the pid in ``postmaster.pid`` if that process is a postmaster at work in ``data``."""
    pid = _noted_pid(data)
    return pid if pid is not None and _works_in(data, pid) else None


def forget_dead_postmaster(data: Path, socket: Path) -> None:
    """Remove what a killed postmaster left, where its number has passed on to another process.

    PostgreSQL itself asks only whether a process of that number exists, and would refuse to start.
    After the restart of a container, where the same few numbers come again, one often does, and so
    does a killed process that nobody reaps.  To be called under the lock and with no
    `live_postmaster`.
    """
    socket.with_name(f"{socket.name}.lock").unlink(missing_ok=True)
    pid = _noted_pid(data)
    if pid is not None and Path(f"/proc/{pid}").exists():
        (data / "postmaster.pid").unlink()


def _noted_pid(data: Path) -> int | None:
    try:
        first = (data / "postmaster.pid").read_text(encoding="ascii").partition("\n")[0].strip()
    except FileNotFoundError:
        return None
    return abs(int(first)) if first.lstrip("-").isdigit() else None


def _works_in(data: Path, pid: int) -> bool:
    process = Path(f"/proc/{pid}")
    try:
        return (process / "cwd").samefile(data)
    except (FileNotFoundError, ProcessLookupError):
        return False
    except PermissionError:  # cannot look; a postmaster belongs to the owner of its data
        return owner_of(process) == owner_of(data)
