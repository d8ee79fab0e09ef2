"""A file of settings, ``NAME=value`` a line, as systemd and container runtimes read them too.

It is read again at a reload while the node runs, so what looks cut, doubled or misspelt is refused
whole: the settings in force are then better than what a guess would make of it.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Final

_LONGEST: Final = 1 << 20
_QUOTES: Final = ('"', "'")


def read(path: Path, known: Collection[str]) -> dict[str, str]:
    """Return what a file says of the `known` settings. Raises `ValueError`: every line's fault."""
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST + 1).decode()
    except OSError as why:
        raise ValueError(f"{path} cannot be read: {why.strerror}") from why
    except UnicodeDecodeError as why:
        raise ValueError(f"{path} is no text (UTF-8)") from why
    if len(text) > _LONGEST:
        raise ValueError(f"{path} is longer than {_LONGEST} characters: is it another file?")
    return parse(text, known)


def parse(text: str, known: Collection[str]) -> dict[str, str]:
    """Read the text of such a file; `read` without the file."""
    found: dict[str, str] = {}
    faults = []
    lines = text.splitlines()
    if not text.endswith("\n"):
        faults.append("the last line does not end: was the file cut?")
        lines = lines[:-1]  # what stands there may be half of a name
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, equals, value = stripped.partition("=")
        name = name.strip()
        if not equals:
            faults.append(f"line {number} is not NAME=value")
        elif name not in known:
            faults.append(f"line {number}: {name[:80]} is no setting")
        elif name in found:
            faults.append(f"line {number}: {name} stands there twice")
        else:
            found[name] = _unquoted(value.strip())
    if faults:
        raise ValueError("; ".join(faults))
    if not found:
        raise ValueError("there is no setting in it: was the file emptied by mistake?")
    return found


def _unquoted(value: str) -> str:
    for quote in _QUOTES:
        if len(value) > 1 and value.startswith(quote) and value.endswith(quote):
            return value[1:-1]
    return value
