"""What a look-up gives, whichever transport it took."""

import msgspec

from identifiers.values import Value
from identifiers.wire.dataform import Document
from identifiers.wire.handle.codes import ResponseCode
from identifiers.wire.jsonform import value_document


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a look-up: a code of the Handle protocol, and values where it has any.

    `code` is that of RFC 3652 section 2.2.2.2 (`ResponseCode`; unknown ones stay numbers). A
    referral (302, 303) has the other site's values. `message` is for people.
    """

    handle: str
    code: int
    values: tuple[Value, ...] = ()
    message: str = ""

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


def code_name(code: int) -> str:
    """Return the words for a response code: ``handle not found``."""
    try:
        return ResponseCode(code).name.lower().replace("_", " ")
    except ValueError:
        return f"code {code}"
