"""Whether the keys directory has the secrets that the database was made with.

The database keeps a check value of each secret that it depends on. So another keys directory, or
an empty one, is noticed before anything is written or answered under secrets that nobody meant,
and before such are made. The site's key and what vouches for the shared tier are not among them:
each node may have its own, and new ones do no harm to what is stored.
"""

import hmac
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from node.keys import NoKey, Secret, UnfitKey, load, load_or_make
from storage.postgres import Database, keep_key_checks, key_checks

DEPENDED_ON: Final = (Secret.PEPPER, Secret.SEAL)
"""What cannot be replaced without a loss of what the database holds."""
CHECK_OCTETS: Final = 16


class OtherKeys(UnfitKey):
    """The database was made with other keys."""

    def __init__(self, keys_dir: Path, what: str) -> None:
        super().__init__(
            f"the database was made with other keys than those in {keys_dir.absolute()} ({what}):"
            " put the right ones back, or set IDNODE_KEYS_DIR; of one that is lost for good, with"
            " all that depends on it, say so with idnode lost-key NAME"
        )


def check_value(secret: Secret, octets: bytes) -> bytes:
    """Return what tells a secret from others, and tells nobody the secret: 16 octets.

    HMAC-SHA-256 under the secret (256 random bits, so it cannot be found by trying) of a label that
    nothing else is made of.
    """
    return hmac.digest(octets, f"idnode check value of {secret}".encode(), "sha256")[:CHECK_OCTETS]


def compare(keys_dir: Path, kept: Mapping[str, bytes | None]) -> Sequence[Secret]:
    """Return the secrets of which no value is kept; makes none.

    Raises `OtherKeys`, and `UnfitKey` for a file that is no secret.
    """
    for secret in DEPENDED_ON:
        if secret not in kept:
            continue
        try:
            found = check_value(secret, load(keys_dir, secret))
        except NoKey:
            raise OtherKeys(keys_dir, f"{secret} is missing") from None
        value = kept[secret]
        if value is not None and not hmac.compare_digest(found, value):
            raise OtherKeys(keys_dir, f"{secret} is another one")
    return [secret for secret in DEPENDED_ON if kept.get(secret) is None]


async def confirm(database: Database, keys_dir: Path) -> None:
    """Look whether these are the database's secrets; make none.

    Raises as `compare`, and `StoreUnavailable`.
    """
    compare(keys_dir, await key_checks(database))


async def agree(database: Database, keys_dir: Path) -> Sequence[Path]:
    """Look whether these are the database's secrets; make and keep what it has none of yet.

    Returns the files that were made. Raises as `compare`, `StoreUnavailable` and `FateUnknown`.
    """
    made: list[Path] = []

    def decide(kept: Mapping[str, bytes | None]) -> Mapping[str, bytes]:
        wanting = compare(keys_dir, kept)
        made.extend(path for secret in wanting if not (path := keys_dir / secret).exists())
        return {secret: check_value(secret, load_or_make(keys_dir, secret)) for secret in wanting}

    if compare(keys_dir, await key_checks(database)):
        await keep_key_checks(database, decide)
    return made
