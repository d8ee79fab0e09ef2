"""What a store may raise, named by what the caller must do.

``StoreError`` is the root: ``StoreUnavailable`` (nothing happened: try again later),
``FateUnknown`` (a commit was sent and no answer came: repeat with the same idempotency key) and
``Fenced`` (another took the import over: stop).
"""


class StoreError(Exception):
    """A store did not do what it was asked."""


class StoreUnavailable(StoreError):
    """The store cannot be reached or is overloaded; certainly nothing changed."""


class FateUnknown(StoreError):
    """The commit was sent and its answer was lost: it happened wholly or not at all."""


class Fenced(StoreError):
    """The import was opened anew by a later request: this one must stop, nothing was written."""
