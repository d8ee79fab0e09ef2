"""What is trusted from the start, from files: keys (``identifiers.trust.roots``), a site record."""

from pathlib import Path

import msgspec

from identifiers.routes import SITE
from identifiers.trust.errors import TokenUnfit
from identifiers.trust.roots import MAX_BYTES, Roots, parse_roots
from identifiers.values import Value
from identifiers.wire.cursor import ProtocolError
from identifiers.wire.handle.site import decode_site
from node.refusals import NotDone


def read_roots(file: Path | None) -> Roots:
    """Read the keys that are trusted from the start; no file, none. Raises `NotDone`."""
    if file is None:
        return {}
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
        if len(data) <= MAX_BYTES and not _is_object(data):
            raise NotDone(
                f"{file} is no list of trust roots: it must be a JSON object of keys by name,"
                " which is index:handle"
            )
        return parse_roots(data)
    except OSError as why:
        raise NotDone(f"{file} cannot be read: {why.strerror}") from why
    except TokenUnfit as why:
        raise NotDone(f"{file} is no list of trust roots: {why}") from why


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(data), dict)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def read_site(file: Path | None) -> tuple[Value, ...]:
    """Read the site record of another node, as an HS_SITE value; no file, none. Raises `NotDone`.

    The file holds HS_SITE data as servers give them out (GET_SITE_INFO, ``siteinfo.bin``).
    """
    if file is None:
        return ()
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
        site = decode_site(data)
    except OSError as why:
        raise NotDone(f"{file} cannot be read: {why.strerror}") from why
    except ProtocolError as why:
        raise NotDone(f"{file} is no site record in the binary form: {why}") from why
    if not site.servers or not all(server.public_key for server in site.servers):
        raise NotDone(
            f"{file} has no public key of a server: nothing that it says could be believed"
        )
    return (Value(index=1, type=SITE, data=data),)
