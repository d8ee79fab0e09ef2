"""The node's own secrets: random octets in files of mode 0600, made when they are first needed.

All nodes that share a database share these files: with another pepper no API key is known, and
with another cache key what one worker stores in the shared tier is a miss for the others. That they
are the database's is looked after by ``key_checks``, which makes those that it depends on.
"""

import contextlib
import os
import stat
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from identifiers.keys.errors import KeyUnfit
from identifiers.keys.keyfiles import read_private_key
from identifiers.keys.signers import RsaSigner, Sm2Signer
from storage.embedded.place import sync_directory

OCTETS: Final = 32
SITE_KEY: Final = "site-key"
"""The file of the key that signs certified replies; its public part is in the site record."""
_SITE_KEY_BITS: Final = 2048


class Secret(StrEnum):
    """A secret by the name of its file."""

    PEPPER = "api-key-pepper"
    """What API keys are hashed with."""
    SEAL = "secret-key-seal"
    """What HS_SECKEY values are sealed with; without it no secret key opens any more."""
    CACHE = "shared-tier-mac"
    """What vouches for entries of the shared tier."""


class UnfitKey(RuntimeError):
    """A secret cannot be used; the message says why and what to do."""


class NoKey(UnfitKey):
    """There is no such file."""


def load_or_make(
    keys_dir: Path, secret: Secret, chance: Callable[[int], bytes] = os.urandom
) -> bytes:
    """Return a secret of `OCTETS` octets; makes it, durably, when there is none.

    Any number of processes may ask at once: all get the same. Raises `UnfitKey` as `load` does.
    """
    keep_once(keys_dir / secret, lambda: chance(OCTETS))
    return load(keys_dir, secret)


def load(keys_dir: Path, secret: Secret) -> bytes:
    """Return a secret of `OCTETS` octets that was made before.

    Raises `NoKey`, and `UnfitKey` when it cannot be read, when others may read the file, and when
    it is no such secret.
    """
    path = keys_dir / secret
    found = _read(path)
    if len(found) != OCTETS:
        raise UnfitKey(f"{path} has {len(found)} octets instead of {OCTETS}: restore it")
    return found


def keep_once(path: Path, make: Callable[[], bytes]) -> None:
    """Make a private file, durably, unless it is there; of several processes one wins."""
    if not path.exists():
        _make(path, make())


def site_signer(keys_dir: Path) -> RsaSigner | Sm2Signer:
    """Return the site's key, made (RSA, 2,048 bits) when there is none; see `load_or_make`.

    An operator may put another in its place: PEM or a private key file of Handle.Net, unencrypted.
    Raises `UnfitKey`.
    """
    path = keys_dir / SITE_KEY
    keep_once(path, _new_key)
    try:
        return read_private_key(_read(path), None, os.urandom)
    except KeyUnfit as why:
        raise UnfitKey(f"{path} is no key for a site: {why}") from None


def _new_key() -> bytes:
    made = rsa.generate_private_key(public_exponent=65537, key_size=_SITE_KEY_BITS)
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _read(path: Path) -> bytes:
    try:
        return _read_private(path)
    except FileNotFoundError:
        raise NoKey(f"{path} is missing: put it back, or set IDNODE_KEYS_DIR") from None
    except OSError as error:
        raise UnfitKey(f"{path} cannot be read: {error.strerror}") from None


def _read_private(path: Path) -> bytes:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise UnfitKey(
            f"{path} may be read by others (mode {mode:04o}): run chmod 600 on it, and"
            " renew what it protects if somebody did"
        )
    return path.read_bytes()


def _make(path: Path, octets: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(descriptor)
        # A link and no rename: it fails when another process was first, and theirs counts.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    sync_directory(path.parent)
