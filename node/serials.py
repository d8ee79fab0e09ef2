"""The serial number of the site record: it rises whenever the record becomes another.

Clients send the serial of the record that they know, and are told when it is out of date (RFC 3652
section 2.2.2.5, code 300). All processes of a node ask here when they begin, and are given the same
number, since they make the same record.
"""

import fcntl
import hashlib
import os
from pathlib import Path
from typing import Final

import msgspec

from identifiers.wire.handle.site import Site, encode_site
from node.refusals import NotDone
from storage.embedded.place import write_private

FILE: Final = "site-serial.json"
MOST: Final = 0xFFFE
"""0xffff stands for a client that knows no record."""


class Told(msgspec.Struct, frozen=True):
    """What was told last: its serial, and the SHA-256 of the record without that."""

    serial: int
    sha256: str


def numbered(site: Site, data_dir: Path) -> Site:
    """Return a site record under the serial that is in force for it: the last one, or the next.

    The last one is kept in the data directory. Raises `NotDone` when that cannot be read: a
    serial that began anew would be older than what clients know.
    """
    path = data_dir / FILE
    unnumbered = encode_site(msgspec.structs.replace(site, serial=0))
    found = hashlib.sha256(unnumbered).hexdigest()
    lock = os.open(path.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        told = _read(path)
        if told is None or told.sha256 != found:
            told = Told(1 if told is None else told.serial % MOST + 1, found)
            write_private(path, msgspec.json.encode(told).decode())
    finally:
        os.close(lock)
    return msgspec.structs.replace(site, serial=told.serial)


def _read(path: Path) -> Told | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Told)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as why:
        raise NotDone(
            f"{path} cannot be read ({why}): write a serial into it that is above the one of the"
            ' site record that clients know, {"serial": 7, "sha256": ""}'
        ) from why
