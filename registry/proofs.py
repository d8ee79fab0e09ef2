"""What comes of an answer to a challenge: somebody is known, or nobody, for a reason."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from identifiers.elsewhere import Trouble
from identifiers.principals import HandleIdentity
from registry.elsewhere import Standing


class Reason(StrEnum):
    """Why nobody is known after an answer. The texts are for whoever answered."""

    WRONG = "The answer does not prove this key"
    STAYS = (
        "No key that proves this is in the record of the prefix on this node, which counts here"
        " although the prefix is delegated: a key on the node of the enterprise proves somebody"
        " when it stands under a name there, such as PREFIX/ADMIN"
    )
    ELSEWHERE = "The key is not on this node, and no other is known that could be asked for it"
    BUSY = "Too many answers are being verified: try again"
    SILENT = (
        "The node that holds the key does not answer: see that it runs and can be reached from"
        " here, and try again in ten seconds"
    )
    UNPROVED = (
        "What the node that holds the key answers is not signed with the key in its site record"
        " here: have its prefix delegated with the key that it signs with now"
    )
    KEYLESS = (
        "The node that holds the key has no public key in its site record here, so that nothing"
        " of it can be believed: have its prefix delegated with its public key"
    )
    OUT_OF_BOUNDS = (
        "The node that holds the key is at an address that is not asked:"
        " the operator of this node may allow it (IDNODE_REMOTE_KEYS)"
    )

    @property
    def was_wrong(self) -> bool:
        """Say whether it was the answer that was no good, and nothing else."""
        return self in {Reason.WRONG, Reason.STAYS, Reason.ELSEWHERE}


_REASONS: Final[Mapping[Trouble, Reason]] = MappingProxyType(
    {
        Trouble.SILENT: Reason.SILENT,
        Trouble.BUSY: Reason.BUSY,
        Trouble.UNPROVED: Reason.UNPROVED,
        Trouble.KEYLESS: Reason.KEYLESS,
        Trouble.OUT_OF_BOUNDS: Reason.OUT_OF_BOUNDS,
        Trouble.NOWHERE: Reason.ELSEWHERE,
    }
)


class Refused(msgspec.Struct, frozen=True):
    """The answer proves nothing."""

    reason: Reason


WRONG: Final = Refused(Reason.WRONG)


def refused(trouble: Trouble) -> Refused:
    """Return what is told where another node said nothing that counts."""
    return Refused(_REASONS[trouble])


class Proof(msgspec.Struct, frozen=True):
    """Somebody who is known for longer than one request, and the key that he proved, as stored.

    `standing` is for keys of other nodes, which are not looked at again while it lasts.
    """

    identity: HandleIdentity
    key: bytes
    standing: Standing | None = None
