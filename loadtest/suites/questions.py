"""Which names are asked for, in which order: drawn before a run, the same for the same seed.

Most questions go to few names (Zipf 1.0 over the registered ones, the ranks shuffled), a share
walks through all registered names in order as a scan does, and a share asks for names that nobody
registered.
"""

from collections.abc import Sequence
from enum import StrEnum
from random import Random
from typing import Final

import msgspec

from loadtest.bench.wire import zipf
from loadtest.corpus import Corpus

NOBODY: Final = -1
"""In place of the item's number of a name that is not registered."""


class Kind(StrEnum):
    """Why a name is asked for."""

    POPULAR = "popular"
    SCANNED = "scanned"
    UNKNOWN = "unknown"


class Question(msgspec.Struct, frozen=True):
    """One name; `item` is its number in the corpus."""

    kind: Kind
    handle: str
    item: int


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the traffic is not for popular names: fractions of 1."""

    unknown: float = 0.0
    scanned: float = 0.0


def draw(corpus: Corpus, registered: int, shares: Shares, count: int, seed: int) -> list[Question]:
    """Draw `count` questions about the corpus' first `registered` items and names beside them.

    A scan begins where the seed says, goes through the items in order, and begins anew at the end.
    """
    chance = Random(seed)
    ranks = list(range(registered))
    Random(corpus.seed).shuffle(ranks)  # the same names are popular whatever the seed of the run
    popular = iter(zipf(ranks, count, seed))
    scan = chance.randrange(registered)
    found: list[Question] = []
    known: dict[int, str] = {}
    for number in range(count):
        lot = chance.random()
        if lot < shares.unknown:
            owner = chance.randrange(1, corpus.enterprises + 1)
            handle = f"{corpus.enterprise(owner).prefix}/NOBODY-{seed}-{number}"
            found.append(Question(Kind.UNKNOWN, handle, NOBODY))
            continue
        if lot < shares.unknown + shares.scanned:
            kind, item, scan = Kind.SCANNED, scan, (scan + 1) % registered
        else:
            kind, item = Kind.POPULAR, next(popular)
        if item not in known:
            known[item] = corpus.identifier(item)["handle"]
        found.append(Question(kind, known[item], item))
    return found


def batches(questions: Sequence[Question], size: int) -> list[list[Question]]:
    """Cut questions into batches of `size`; what is left over is left out."""
    return [list(questions[at : at + size]) for at in range(0, len(questions) - size + 1, size)]
