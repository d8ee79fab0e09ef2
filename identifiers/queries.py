"""What a look-up asks for, whichever wire it came over."""

import msgspec


class Query(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One resolution.

    `handle` is the handle as asked, valid UTF-8 without U+0000; replies echo these bytes. The two
    filters are a union, and both empty means all values (`identifiers.values.select`).
    """

    handle: bytes
    indexes: tuple[int, ...] = ()
    types: tuple[str, ...] = ()
    public_only: bool = True
    """Leave out what only administrators may read, rather than ask for a login."""
    authoritative: bool = False
    """The caller wants an answer from the store and not from a cache."""
    recursive: bool = False
    certified: bool = False
    """The caller wants the reply signed by the site's key."""
    passed_on: int = 0
    """How many servers passed the question on before it came here."""
    do_not_refer: bool = False
    """Answer "not found" where a referral would be the answer."""
    site_serial: int | None = None
    """The serial of the site record that the caller knows, None when it does not tell."""

    @property
    def text(self) -> str:
        """The handle as text."""
        return self.handle.decode()
