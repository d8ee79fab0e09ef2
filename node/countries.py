"""The table of addresses and countries, from the file that the settings name."""

from pathlib import Path

from node.refusals import NotDone
from resolver.countries import NOWHERE, BadTable, Countries


def read_countries(file: Path | None) -> Countries:
    """Read the table; no file, an empty one. Raises `NotDone`."""
    if file is None:
        return NOWHERE
    try:
        with file.open(encoding="utf-8-sig", errors="replace") as lines:
            return Countries(lines)
    except OSError as why:
        raise NotDone(f"{file} cannot be read: {why.strerror}") from why
    except BadTable as why:
        raise NotDone(f"{file} is no table of countries: {why}") from why
