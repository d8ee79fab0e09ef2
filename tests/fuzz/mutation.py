"""Deterministic mutation of inputs: same seed, same inputs."""

import random
from collections.abc import Callable, Iterator, Sequence

_NUMBERS = (0, 1, 2, 3, 20, 24, 255, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_FFFE)
_PIECES = (
    b"\0",
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b'"',
    b"\\",
    b"\n",
    b"/",
)


def mutants(
    seeds: Sequence[bytes],
    count: int,
    seed: int,
    mend: Callable[[bytes], bytes] = bytes,
    tokens: Sequence[bytes] = (),
) -> Iterator[bytes]:
    """Give `count` mutated inputs, half of them `mend`-ed to get past the first check."""
    rng = random.Random(seed)
    pieces = (*_PIECES, *tokens)
    for _ in range(count):
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.choice((0, 1, 1, 2, 3, 6))):
            _mutate(data, rng, seeds, pieces)
        mutant = bytes(data[:4096])
        yield mend(mutant) if rng.random() < 0.5 else mutant


def _mutate(
    data: bytearray, rng: random.Random, seeds: Sequence[bytes], pieces: Sequence[bytes]
) -> None:
    at = rng.randrange(len(data) + 1)
    match rng.randrange(8):
        case 0 if data:
            data[at % len(data)] ^= 1 << rng.randrange(8)
        case 1 if data:
            data[at % len(data)] = rng.randrange(256)
        case 2:
            aligned = at & ~3
            data[aligned : aligned + 4] = rng.choice(_NUMBERS).to_bytes(4)
        case 3:
            del data[at : at + rng.choice((1, 1, 4, 20))]
        case 4:
            data[at:at] = data[at : at + rng.choice((1, 4, 24))]
        case 5:
            data[at:at] = rng.choice(pieces)
        case 6:
            other = rng.choice(seeds)
            data[at:] = other[min(at, len(other)) :]
        case _:
            data[at:at] = rng.randbytes(rng.choice((1, 2, 4)))
