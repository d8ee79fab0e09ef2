"""Deterministic mutation of inputs: same seed, same inputs."""

import random
from collections.abc import Callable, Iterator, Sequence

MAX_INPUT = 4096
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
_TRIES = 16

Mend = Callable[[bytes, bytes], bytes]
"""Makes the lengths of a mutant fit what is there; takes the mutant and what it was made of."""


def as_it_is(mutant: bytes, _: bytes) -> bytes:
    return mutant


def mend_message(mutant: bytes, parent: bytes) -> bytes:
    """Make the two lengths of a Handle message fit what is there, its credential kept behind."""
    if len(mutant) < 48 or len(parent) < 48:
        return mutant
    size = len(mutant) - 20
    behind = len(parent) - 44 - int.from_bytes(parent[40:44])
    if not 0 <= behind <= size - 24:
        behind = 4
    fixed = mutant[:16] + size.to_bytes(4) + mutant[20:]
    return fixed[:40] + (size - 24 - behind).to_bytes(4) + fixed[44:]


def mutants(
    seeds: Sequence[bytes],
    count: int,
    seed: int,
    mend: Mend = as_it_is,
    tokens: Sequence[bytes] = (),
) -> Iterator[bytes]:
    """Give `count` mutated inputs, half of them `mend`-ed to get past the first check."""
    rng = random.Random(seed)
    for _ in range(count):
        yield mutant(seeds, rng, mend, tokens)


def mutant(
    seeds: Sequence[bytes], rng: random.Random, mend: Mend, tokens: Sequence[bytes] = ()
) -> bytes:
    """Make one mutated input of one of `seeds`."""
    parent = rng.choice(seeds)
    data, pieces = bytearray(parent), (*_PIECES, *tokens)
    for _ in range(rng.choice((0, 1, 1, 2, 3, 6))):
        _mutate(data, rng, seeds, pieces)
    made = bytes(data[:MAX_INPUT])
    return mend(made, parent) if rng.random() < 0.5 else made


def _mutate(
    data: bytearray, rng: random.Random, seeds: Sequence[bytes], pieces: Sequence[bytes]
) -> None:
    at = rng.randrange(len(data) + 1)
    match rng.randrange(9):
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
        case 7:
            _resize(data, rng, pieces)
        case _:
            data[at:at] = rng.randbytes(rng.choice((1, 2, 4)))


def _resize(data: bytearray, rng: random.Random, pieces: Sequence[bytes]) -> None:
    # Whatever looks like four octets of a length and so many octets behind them gets another
    # content, and the length that fits it.
    for _ in range(_TRIES):
        at = rng.randrange(max(1, len(data) - 3))
        size = int.from_bytes(data[at : at + 4])
        if 0 < size <= len(data) - at - 4:
            content = bytes(data[at + 4 : at + 4 + size])
            cut = rng.randrange(size + 1)
            content = rng.choice(
                (b"", content[:cut], content + rng.choice(pieces), content * 2, rng.choice(pieces))
            )
            data[at : at + 4 + size] = len(content).to_bytes(4) + content
            return
