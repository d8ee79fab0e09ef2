"""The keys that are trusted from the start, from a file (``identifiers.trust.roots``)."""

from pathlib import Path

from identifiers.trust.errors import TokenUnfit
from identifiers.trust.roots import MAX_BYTES, Roots, parse_roots
from node.refusals import NotDone


def read_roots(file: Path | None) -> Roots:
    """Read the keys that are trusted from the start; no file, none. Raises `NotDone`."""
    if file is None:
        return {}
    try:
        with file.open("rb") as opened:
            return parse_roots(opened.read(MAX_BYTES + 1))
    except OSError as why:
        raise NotDone(f"{file} cannot be read: {why.strerror}") from why
    except TokenUnfit as why:
        raise NotDone(f"{file} is no list of trust roots: {why}") from why
