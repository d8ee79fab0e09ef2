"""Look-ups come first on a machine that holds everything: who stands back, and how far.

Niceness over that of the supervisor. Workers have none, nor has the shared tier: what waits for it
are look-ups.
"""

from typing import Final, assert_never

from node.assignment import Role

DATABASE: Final = 5
REGISTRY: Final = 5
"""A third of a worker's weight. 10, a ninth, answers look-ups sooner beside an import, and leaves
registration little on a machine that others use too (``docs/benchmarks/profile.md``).
"""
READER: Final = 2
"""Over that of the registry process: bulk input has time."""


def niceness_of(role: Role) -> int:
    """Return how far the processes of a role stand back."""
    match role:
        case Role.WORKER:
            return 0
        case Role.REGISTRY:
            return REGISTRY
        case _:
            assert_never(role)
