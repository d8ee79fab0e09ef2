"""What a look-up gives, whichever transport it took."""

import msgspec

from identifiers.values import Value
from identifiers.wire.dataform import Document
from identifiers.wire.handle.codes import ResponseCode
from identifiers.wire.jsonform import value_document
from idnode.errors import code_name

__all__ = ["Resolution", "code_name"]


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a look-up: a code of the Handle protocol, and values where it has any.

    `code` is that of RFC 3652 section 2.2.2.2 (`ResponseCode`; unknown ones stay numbers). A
    referral (302, 303) that was not followed has the other site's values. `message` is for people.
    `handle` is the one asked for, or the last one of `aliases`, which were followed to it.
    `certified`: the server's signature was verified.
    """

    handle: str
    code: int
    values: tuple[Value, ...] = ()
    message: str = ""
    aliases: tuple[str, ...] = ()
    certified: bool = False

    @property
    def found(self) -> bool:
        """Say whether the identifier exists and has values that were asked for."""
        return self.code == ResponseCode.SUCCESS

    def document(self) -> Document:
        """Return it in the Handle JSON form, as ``GET /api/handles/…`` answers."""
        document: Document = {"responseCode": self.code, "handle": self.handle}
        if self.message:
            document["message"] = self.message
        if self.values or self.found:
            document["values"] = [value_document(value) for value in self.values]
        return document
