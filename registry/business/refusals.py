"""Why an application is not taken, or not dealt with so: answers, not errors."""

from uuid import UUID

import msgspec

from identifiers.enterprises.review import Stage


class NoApplication(msgspec.Struct, frozen=True):
    """There is none of that number."""


class NoMember(msgspec.Struct, frozen=True):
    """There is no enterprise of that number."""


class NotFiled(msgspec.Struct, frozen=True):
    """An operator added this enterprise, and nothing was ever filed of it (未备案)."""


class AlreadyMember(msgspec.Struct, frozen=True):
    """The organisation is an enterprise of this node: what changes is a change request."""

    enterprise: int


class Pending(msgspec.Struct, frozen=True):
    """Another application of the same kind of the organisation is open."""

    application: UUID


class Undecided(msgspec.Struct, frozen=True):
    """Personal data stays as long as somebody has still to decide, and once it was approved."""

    stage: Stage
