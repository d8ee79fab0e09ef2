"""Named blocks of SQL, one file for each module that runs them.

A block begins with ``-- name: <name>`` and a comment line that says what it is for, and ends where
the next begins.
"""

import re
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Final

_BLOCK: Final = re.compile(r"^-- name: (\w+)\n-- (\S.*)\n", re.MULTILINE)


def load(module: str) -> Mapping[str, str]:
    """Return the blocks of ``<module>.sql`` by name. Raises `ValueError` if it has none."""
    text = files(__name__).joinpath(f"{module}.sql").read_text("utf-8")
    marks = list(_BLOCK.finditer(text))
    if not marks or len(marks) != text.count("-- name:"):
        raise ValueError(f"{module}.sql: each block needs a name and a line of purpose")
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return MappingProxyType(
        {
            mark[1]: text[mark.end() : end].strip().rstrip(";")
            for mark, end in zip(marks, ends, strict=True)
        }
    )
