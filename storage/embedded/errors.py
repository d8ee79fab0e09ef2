"""What can go wrong, named by what the owner of a server can do about it.

::

    EmbeddedServerError
    ├── BinariesMissingError    stop: install the extra, name a directory, or use another server
    ├── DataDirectoryError      stop: the data needs an operator
    ├── AlreadyRunningError     retry later: another server holds the data
    └── StartFailedError        retry with a backoff: the server ended or stayed silent
"""


class EmbeddedServerError(RuntimeError):
    """An embedded server cannot run; the text says why and what to do."""


class BinariesMissingError(EmbeddedServerError):
    """There is no usable server program."""


class DataDirectoryError(EmbeddedServerError):
    """The files of the server are of another version, of another user, or incomplete."""


class AlreadyRunningError(EmbeddedServerError):
    """Another server works on the same files and did not end within the patience given."""

    def __init__(self, what: str, pid: int | None) -> None:
        self.pid = pid
        """The process that holds the files, where it is known."""
        who = "another start is under way" if pid is None else f"pid {pid}"
        super().__init__(f"{what} is already running ({who})")


class StartFailedError(EmbeddedServerError):
    """The server ended while starting, or gave no answer in time."""
