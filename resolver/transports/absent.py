"""Replies that there is no such name, written once for all names of which that is told."""

from collections.abc import Hashable
from typing import Final

from identifiers.outcomes import Absent
from identifiers.queries import Query
from identifiers.wire.handle import translate
from identifiers.wire.handle.resolution import patch
from identifiers.wire.handle.translate import ReplyTo

ABSENT: Final = Absent()
KINDS: Final = 64
"""How many are kept; what makes a kind stands in the request, where anybody writes anything."""


class AbsentReplies:
    """Replies that there is no such name: the same octets for all of them, but for two fields.

    They are told to every question of a scan, and to every one that is repeated meanwhile.
    """

    def __init__(self, site: translate.Site) -> None:
        self._site = site
        self._kept: dict[Hashable, bytes] = {}

    def reply(self, to: ReplyTo, query: Query, expires: int) -> bytes:
        """Return what `outcome_reply` writes of `Absent()` where `to` has no digest."""
        if to.old_codes:
            return translate.outcome_reply(to, query, ABSENT, self._site, expires)
        kind = (to.version, to.flags, to.op_code, to.session_id, to.recursion_count)
        kept = self._kept.get(kind)
        if kept is None:
            kept = translate.outcome_reply(to, query, ABSENT, self._site, expires)
            if len(self._kept) >= KINDS:
                self._kept.clear()
            self._kept[kind] = kept
        return patch(kept, to.request_id.to_bytes(4, "big"), expires.to_bytes(4, "big"))
