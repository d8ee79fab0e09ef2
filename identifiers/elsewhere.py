"""Keys that other nodes hold: who is asked for them, and why that may come to nothing.

Distributed identity (RFC 3652 section 3.5): whoever administers an identifier here may be known by
a key that is a value of a record somewhere else.
"""

from enum import Enum

import msgspec

from identifiers.values import Value


class Holder(msgspec.Struct, frozen=True):
    """Who holds a key: the servers of `sites` (HS_SITE values), or whoever the node above names.

    `above`: nobody here knows the prefix, and `sites` are those of the node above.
    """

    sites: tuple[Value, ...]
    above: bool = False


class Trouble(Enum):
    """Why a holder said nothing that counts."""

    SILENT = "nobody answered in time"
    BUSY = "too much is being asked"
    UNPROVED = "the answer is not signed with the key of the site record"
    KEYLESS = "the site record has no public key"
    OUT_OF_BOUNDS = "the address is not to be asked"
    NOWHERE = "nobody says where the key is"
