"""The scripts that make each change of the shared tier one step of the server.

Effects are replicated, not scripts (Redis 5 and later), so that they may read the server's clock.
A value is ``V<version:16><grant:16><body><mac>``, a tombstone ``T<version:16>``; see
`storage.redis.sealed`.
"""

from hashlib import sha1
from importlib.resources import files

import msgspec


class Script(msgspec.Struct, frozen=True):
    """A Lua script and the name under which a server knows it."""

    text: str
    sha: str


def load(name: str) -> Script:
    """Return ``<name>.lua``."""
    text = files(__name__).joinpath(f"{name}.lua").read_text("utf-8")
    # The server names scripts by their SHA-1; nothing depends on its strength.
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())
