"""What a target of the fuzzer is, and what a failure of one."""

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.mutation import Mend, as_it_is

SEEDS = Path(__file__).parent / "seeds"
"""Inputs that once failed: a folder for each target."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One decoder, or several that must agree.

    `check` returns whether the input was accepted; anything it raises is a failure. What one input
    of n octets may take is bounded: `steps` + n * `steps_each` lines of our decoders executed, and
    `octets` + n * `octets_each` allocated at once.
    """

    name: str
    check: Callable[[bytes], bool]
    seeds: Sequence[bytes]
    modules: tuple[str, ...]
    """Files below ``identifiers/`` that are to be reached; for the report."""
    mend: Mend = as_it_is
    tokens: Sequence[bytes] = ()
    generate: Callable[[random.Random], bytes] | None = None
    steps: int = 2_000
    steps_each: int = 20
    octets: int = 30_000
    octets_each: int = 64
    weight: int = 2
    """Its share of all inputs."""
    accepted: float = 0.05
    """The least share of inputs that get through: a fuzzer that never does proves nothing."""

    def steps_allowed(self, data: bytes) -> int:
        """Return the bound of steps for one input."""
        return self.steps + len(data) * self.steps_each

    def octets_allowed(self, data: bytes) -> int:
        """Return the bound of octets held at once for one input."""
        return self.octets + len(data) * self.octets_each

    def kept(self) -> list[bytes]:
        """Return the inputs that once failed."""
        return [path.read_bytes() for path in sorted((SEEDS / self.name).glob("*"))]


@dataclass(frozen=True)
class Failure:
    """An input and what it brought about."""

    target: str
    data: bytes
    why: str = field(compare=False)

    def write(self) -> Path:
        """Keep the input: from now on it is a regression test."""
        path = SEEDS / self.target / hashlib.sha256(self.data).hexdigest()[:16]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.data)
        return path
