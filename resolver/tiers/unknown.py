"""Names that are known not to exist, for a few seconds, in a room of their own. Pure."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

_OVERHEAD: Final = 300
"""What a name takes beside its characters, octets; measured on CPython 3.11."""


class UnknownNames:
    """Keeps up to `entries` names that take up to `octets`; the oldest goes first.

    A scan fills this and nothing else. Moments are monotonic.
    """

    def __init__(self, entries: int, octets: int) -> None:
        self._most_entries = entries
        self._most_octets = octets
        self._octets = 0
        self._until: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._until)

    @property
    def octets(self) -> int:
        """About how much memory the names take."""
        return self._octets

    def has(self, name: str, now: float) -> bool:
        """Say whether a name is known not to exist."""
        until = self._until.get(name)
        return until is not None and now < until

    def add(self, name: str, until: float) -> None:
        """Know it until then."""
        self.discard(name)
        self._until[name] = until
        self._octets += _size(name)
        while self._octets > self._most_octets or len(self._until) > self._most_entries:
            out, _ = self._until.popitem(last=False)
            self._octets -= _size(out)

    def discard(self, name: str) -> None:
        """Know nothing of a name."""
        if self._until.pop(name, None) is not None:
            self._octets -= _size(name)

    def discard_all(self, names: Mapping[str, object]) -> None:
        """Know nothing of these names."""
        # As many steps as the smaller of both has names.
        for name in self._until.keys() & names.keys():
            self.discard(name)

    def clear(self) -> None:
        """Know nothing."""
        self._until.clear()
        self._octets = 0


def _size(name: str) -> int:
    # CPython takes 1, 2 or 4 octets a character, as the widest one needs.
    return _OVERHEAD + (len(name) if name.isascii() else 4 * len(name))
