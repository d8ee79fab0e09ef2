"""What a store may raise, named by what the caller must do.

``StoreError`` is the root: ``StoreUnavailable`` (nothing happened: try again later; of it,
``QuotaSpent``: an enterprise has as many identifiers as it may),
``FateUnknown`` (a commit was sent and no answer came: repeat with the same idempotency key) and
``Fenced`` (another took the import over: stop). Beside it stands ``AnsweredBefore`` (the request
was answered before: tell that again).
"""

from identifiers.changes import StoredAnswer


class StoreError(Exception):
    """A store did not do what it was asked."""


class StoreUnavailable(StoreError):
    """The store cannot be reached or is overloaded; certainly nothing changed."""


class QuotaSpent(StoreUnavailable):
    """No more is taken of this enterprise than it may have; certainly nothing changed.

    It has `used` identifiers of `most`, below `prefix` (empty: at all).
    """

    def __init__(self, *, used: int, most: int, prefix: str) -> None:
        self.used = used
        self.most = most
        self.prefix = prefix
        super().__init__(f"{used} of {most} identifiers are used {prefix and 'below ' + prefix}")


class FateUnknown(StoreError):
    """The commit was sent and its answer was lost: it happened wholly or not at all."""


class AnsweredBefore(Exception):
    """The same principal used the same request key before; nothing was written now."""

    def __init__(self, answer: StoredAnswer) -> None:
        self.answer = answer
        super().__init__(f"answered before: {answer.status}")


class Fenced(StoreError):
    """The import was opened anew by a later request: this one must stop, nothing was written."""
