"""Where one server keeps its files: its data directory, and beside it all under the same name.

For ``var/postgres``: ``postgres.lock``, ``postgres.log``, ``postgres.password``, ``postgres.run/``
(the socket), ``postgres.new/`` (data being made).
"""

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from storage.embedded.errors import DataDirectoryError
from storage.embedded.identity import Account, Identity, hand_over
from storage.embedded.lock import try_lock

SOCKET_PATH_MAX = 107
"""Bytes of a Unix socket's path: ``sun_path`` has 108 with its closing zero, unix(7)."""

_PLAIN = re.compile(r"[\w./+-]+")


@dataclass(frozen=True, slots=True)
class Place:
    """The paths of one server; ``data`` is absolute."""

    data: Path

    @property
    def lock(self) -> Path:
        """Held, by inheritance, by every process of a running server."""
        return self._beside("lock")

    @property
    def log(self) -> Path:
        """What the server says."""
        return self._beside("log")

    @property
    def password(self) -> Path:
        """The password of the server's only account, mode 0600."""
        return self._beside("password")

    @property
    def unfinished(self) -> Path:
        """A data directory that becomes ``data`` when it is complete."""
        return self._beside("new")

    def socket_directory(self, socket: str, uid: int) -> Path:
        """Give the directory for a socket of that file name: beside the data, or a plain short one.

        A comma, for instance, would part hosts in a DSN.  The other one is in ``/tmp`` and not in
        the login session's directory, which goes away at logout while a node that was left running
        still uses it.
        """
        near = self._beside("run")
        fits = len(os.fsencode(near / socket)) <= SOCKET_PATH_MAX
        if fits and _PLAIN.fullmatch(str(near)):
            return near
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        return Path("/tmp") / f"idnode-{uid}-{digest}"  # noqa: S108 prepare_socket_directory() checks whose it is

    def _beside(self, suffix: str) -> Path:
        return self.data.with_name(f"{self.data.name}.{suffix}")


def prepare_socket_directory(path: Path, identity: Identity) -> None:
    """Make the directory with mode 0700, or accept one that is just so, for a server to bind in.

    It may be ours, the identity's, or of whoever owns its parent and could replace it anyway.

    Raises:
        DataDirectoryError: it is a link, open to others, or somebody else's.
    """
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    trusted = {os.geteuid(), path.parent.stat().st_uid}
    if isinstance(identity, Account):
        trusted.add(identity.uid)
    if (
        not stat.S_ISDIR(found.st_mode)
        or found.st_uid not in trusted
        or stat.S_IMODE(found.st_mode) & 0o077
    ):
        raise DataDirectoryError(
            f"{path} must be a directory with mode 0700 that belongs to the user of the node;"
            " remove it or choose another IDNODE_DATA_DIR"
        )
    hand_over(path, identity)


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 wholly or not at all, and on disk before this returns."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    draft.rename(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Put the names in a directory on disk, see fsync(2)."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def release_socket_directory(place: Place, directory: Path) -> None:
    """Remove a socket directory that its server has left empty, unless the next one is at it."""
    lock = try_lock(place.lock)
    if lock is None:
        return
    try:
        if directory.is_dir() and not any(directory.iterdir()):
            directory.rmdir()
    finally:
        os.close(lock)
