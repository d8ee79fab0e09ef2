"""How many connections to PostgreSQL a node opens at the most. Pure."""

from typing import Final

WORKER: Final = 10
"""The pool of a worker: four questions of either kind in flight, the feed and the directory."""
QUESTIONS: Final = 4
"""What a worker makes before it serves: its first questions come all at once, from clients of the
worker that it succeeds, and wait for a connection no longer than for anything else."""
REGISTRY: Final = 16
"""The pool of the registry."""
AT_ONCE: Final = 8
"""What the registry does by itself begins all at once: projections, jobs, webhooks and the like.
Each of them would wait for a connection of its own, and making so many takes a moment."""
_HINTS: Final = 1
"""Each process keeps one more, by which it tells or hears that there is news."""
_COMMANDS: Final = 12
"""For commands beside the node (a few each), and what the server keeps for its superuser."""
_CUSTOMARY: Final = 100
"""What PostgreSQL allows when it is told nothing: no reason to allow less."""


def needed(workers: int) -> int:
    """Return how many connections a server must allow for a whole node of `workers`.

    One worker more than there are: a successor serves before its predecessor leaves.
    """
    return (workers + 1) * (WORKER + _HINTS) + REGISTRY + _HINTS + _COMMANDS


def allowed(workers: int) -> int:
    """Return how many connections the embedded server allows."""
    return max(needed(workers), _CUSTOMARY)
