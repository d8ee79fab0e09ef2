"""What asyncpg raises, told as what the caller must do.

``Unsuitable`` is the one error of our own: a server, a database or a schema that the node refuses
to work on. Whoever starts the node tells its text to the operator.
"""

from typing import Final, NoReturn

import asyncpg

from identifiers.errors import FateUnknown, StoreUnavailable


class Unsuitable(Exception):
    """This server or database cannot be used; the text says why and what to do."""


class NotDurable(StoreUnavailable):
    """``synchronous_commit`` is off: a commit would be acknowledged before it is on disk."""


# Connection and resource trouble, operator intervention, locks, conflicts, IO errors; what the next
# try may not meet. SQLSTATE classes of PostgreSQL, appendix A.
_PASSING_CLASSES: Final = frozenset({"08", "28", "3D", "40", "53", "55", "57", "58"})
_DATA_CLASS: Final = "22"  # NUL and lone surrogates among them
_PASSING_STATES: Final = frozenset(
    {
        "25006",  # read-only transaction: this server is no longer the primary
        "25P03",  # idle in transaction too long
        "0A000",  # a cached plan, made invalid by a migration
    }
)
# An ERROR in answer to COMMIT that says itself that all was rolled back: deferred constraints and
# serialization. Everything else may have come after the commit record.
_ROLLED_BACK_CLASSES: Final = frozenset({"23", "40"})

DRIVER_ERRORS: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # also what a call meets that comes just as the connection breaks
    OSError,  # `TimeoutError` among them
    EOFError,
)
"""All that asyncpg raises for reasons outside this program."""


def raise_translated(error: Exception) -> NoReturn:
    """Raise one of `DRIVER_ERRORS` as what it means; certainly nothing was committed.

    `StoreUnavailable` for what may pass, `ValueError` for text that no caller may send, else the
    error itself: a mistake in this package.
    """
    if not isinstance(error, asyncpg.PostgresError):
        raise StoreUnavailable(f"{type(error).__name__}: {error}") from error
    state = str(error.sqlstate or "")
    if state.startswith(_DATA_CLASS):
        raise ValueError(f"not storable, and the caller did not check: {error}") from error
    if state[:2] in _PASSING_CLASSES or state in _PASSING_STATES:
        raise StoreUnavailable(f"{state} {error}") from error
    raise error


def raise_commit_error(error: Exception) -> NoReturn:
    """Raise `error`, which came in answer to COMMIT, as what it means for the caller."""
    state = str(getattr(error, "sqlstate", None) or "")
    if state[:2] in _ROLLED_BACK_CLASSES:
        raise StoreUnavailable(f"rolled back at commit: {state} {error}") from error
    raise FateUnknown(f"{type(error).__name__}: {error}") from error
