"""What a reload changes: settings in force, settings as they are written now.

Pure, but for the files that the settings name.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from node import named_files
from node.config import FIXED, SETTINGS, load

_FIXED: Final = frozenset(s.name for s in SETTINGS if s.field in FIXED)


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of new settings.

    `texts` are to be in force from now on. `apply` names what differs in them, `later` what is
    written otherwise and stays as it was until the node is started anew.
    """

    texts: dict[str, str]
    apply: tuple[str, ...]
    later: tuple[str, ...]


def changes(in_force: Mapping[str, str], written: Mapping[str, str]) -> Changes:
    """Compare the texts of settings. Raises `BadSettings` when those to be in force do not fit.

    So it does when a file that they name cannot be used: no process is replaced to find that out.
    Texts that come to the same value are no change.
    """
    texts = {name: text for name, text in written.items() if name not in _FIXED}
    texts |= {name: text for name, text in in_force.items() if name in _FIXED}
    wanted = named_files.load(written)
    before, after = load(in_force), load(texts)
    return Changes(
        texts=texts,
        apply=tuple(
            s.name for s in SETTINGS if getattr(before, s.field) != getattr(after, s.field)
        ),
        later=tuple(
            s.name
            for s in SETTINGS
            if s.name in _FIXED and getattr(before, s.field) != getattr(wanted, s.field)
        ),
    )
