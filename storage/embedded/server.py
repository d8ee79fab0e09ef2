"""The shape that `EmbeddedPostgres` and `EmbeddedValkey` share, for an owner that restarts them."""

from typing import Protocol


class Server(Protocol):
    """A child process that serves at an address."""

    @property
    def name(self) -> str:
        """A word for logs and metrics."""
        ...

    async def start(self) -> str:
        """Start it and return its address once it answers; the same address on every start.

        Raises:
            RuntimeError: it is running already, or this is not the main thread.
            EmbeddedServerError: see `storage.embedded.errors` for what to do about which.
        """
        ...

    async def wait(self) -> int:
        """Return its exit status (negative: the signal) once it has ended, for whatever reason.

        To be awaited as long as it runs: meanwhile the log is kept within its bound.
        """
        ...

    async def stop(self) -> None:
        """End it; does nothing when it is not running."""
        ...
