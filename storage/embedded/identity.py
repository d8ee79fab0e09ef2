"""As whom a server runs.  PostgreSQL refuses uid 0, so a node that runs as root has to choose."""

import os
import pwd
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

_ACCOUNTS = ("idnode", "nobody")
_NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Plain:
    """As the node itself."""


@dataclass(frozen=True, slots=True)
class UserNamespace:
    """As the node, which the server sees as an ordinary user; nothing changes on disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """As another user, who then owns the data.

    ``reach``: something it needs lies below a directory closed to it, so it keeps the right to
    pass those (see `spawn`).
    """

    uid: int
    gid: int
    reach: bool = False


Identity = Plain | UserNamespace | Account


def mode(identity: Identity) -> str:
    """The word for it that `spawn` understands."""
    match identity:
        case Plain():
            return "plain"
        case UserNamespace():
            return "userns"
        case Account(uid=uid, gid=gid, reach=reach):
            return f"drop:{uid}:{gid}" + (":reach" if reach else "")
        case _:
            assert_never(identity)


def candidates(
    *, euid: int, owner: tuple[int, int] | None, account: tuple[int, int], closed: bool
) -> tuple[Identity, ...]:
    """List the identities to try, the best first.

    Args:
        euid: the node's effective user.
        owner: user and group of the data directory; ``None`` when there is none yet.
        account: user and group of the service account.
        closed: whether the account is kept from the programs or the data by a closed directory.
    """
    if euid != 0:
        return (Plain(),)
    if owner is not None and owner[0] != 0:
        return (Account(uid=owner[0], gid=owner[1], reach=closed),)
    # A container's seccomp profile often forbids user namespaces; then the account remains.
    return (UserNamespace(), Account(uid=account[0], gid=account[1], reach=closed))


def service_account() -> tuple[int, int]:
    """User and group of the first account that exists of ``idnode`` and ``nobody``."""
    for name in _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    return _NOBODY, _NOBODY


def owner_of(path: Path) -> tuple[int, int] | None:
    """User and group of a file; ``None`` where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_uid, found.st_gid


def closed_to_others(paths: Iterable[Path]) -> bool:
    """Whether a directory above any of the paths cannot be passed by every user."""
    above = {parent for path in paths for parent in path.resolve().parents}
    return not all(parent.stat().st_mode & stat.S_IXOTH for parent in above if parent.exists())


def hand_over(path: Path, identity: Identity) -> None:
    """Make an account the owner of a file, or of a directory and all in it; others need nothing.

    The outermost comes last: its owner tells whether it was done, or was cut short and is to be
    done again.
    """
    if isinstance(identity, Account) and path.lstat().st_uid != identity.uid:
        if path.is_dir() and not path.is_symlink():
            for child in path.iterdir():
                hand_over(child, identity)
        os.chown(path, identity.uid, identity.gid, follow_symlinks=False)
