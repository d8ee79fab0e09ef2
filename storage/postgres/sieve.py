"""What is looked for: which blocks of the search index may have it, and where in one. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from identifiers.records import State
from identifiers.reverse import Test
from identifiers.search import Wanted, may_fit, texts_fit
from storage.postgres.blocks import Block, Entry, heads
from storage.postgres.terms import GRAM, GS, RS, US, below, exact, grams, in_state

_MOST_GRAMS: Final = 24
"""Of one text that is looked for: more hardly narrow it down, and each is a list to be read."""


class Sieve:
    """What is looked for, made ready: the terms of blocks that may have it, and a look into one.

    `needed`: a block must hold all of these terms; `one_of`: and one of these, if there are any.
    """

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self._needles = tuple(map(_needle, wanted.tests))
        self._words = tuple(word.encode().lower() for word in wanted.words)
        self._begins = RS + wanted.begins.encode().lower() if wanted.begins else b""
        self._closely = not all(map(_is_told_by_needle, wanted.tests))
        self._unless = wanted != Wanted(words=wanted.words, tests=wanted.tests)
        self._lowered = (*self._words, *([self._begins] if self._begins else []))
        needed = {*_test_terms(wanted.tests), *chain(*map(_some_grams, self._lowered))}
        either = {below(prefix) for prefix in wanted.under}
        states = set() if State.ACTIVE in wanted.states else set(map(in_state, wanted.states))
        for choice in (states, either):
            if len(choice) == 1:
                needed |= choice
        # Of several prefixes and several states, prefixes narrow down more.
        one_of = next((choice for choice in (either, states) if len(choice) > 1), set())
        self.needed = tuple(map(_signed, needed))
        self.one_of = tuple(map(_signed, one_of))

    def picked(self, block: Block, first: int) -> Sequence[tuple[int, Entry]]:
        """Return place and entry, from place `first` on, of those for which everything holds.

        What holds of a version is all that is decided here: a newer one may be stored already.
        """
        body = block.body
        lowered = body.lower() if self._lowered else b""
        if not (
            all(needle in body for needle in self._needles)
            and all(text in lowered for text in self._lowered)
        ):
            return ()
        entries = heads(block.head)
        ends = [entry.end for entry in entries]
        places = set(range(first, len(entries)))
        for needle in self._needles:
            places &= _places(body, needle, ends)
        for word in self._words:
            places &= _places_of_word(lowered, word, ends)
        if self._begins:
            places &= _places(lowered, self._begins, ends)
        found = [(place, entries[place]) for place in sorted(places)]
        if self._unless:
            found = [pair for pair in found if may_fit(self.wanted, pair[1])]
        if self._closely:
            found = [pair for pair in found if self._holds(body, ends, pair[0])]
        return found

    def _holds(self, body: bytes, ends: Sequence[int], place: int) -> bool:
        begin = ends[place - 1] if place else 0
        name, *texts, _ = body[begin : ends[place]].decode().split("\x1f")
        pairs = [(kind, text) for kind, _, text in (each.partition("\x1d") for each in texts)]
        return texts_fit(self.wanted, name[1:], pairs)


def _is_told_by_needle(test: Test) -> bool:
    """Say whether a text fits wherever its needle stands: nothing else is asked of it."""
    pieces = test.pattern.pieces
    return len(pieces) == 1 or (len(pieces) == 2 and not pieces[1])  # noqa: PLR2004 -- one wildcard


def _needle(test: Test) -> bytes:
    """Return what is in every text that fits: the longest piece, with the ends that are known.

    For an exact test that is the whole of it, as it stands in a body.
    """
    pieces = _pieces(test)
    return pieces[0] if _is_told_by_needle(test) else max(pieces, key=len)


def _pieces(test: Test) -> list[bytes]:
    first, *others = test.pattern.pieces
    opening = b"%b%b%b" % (US, test.type.encode(), GS)
    pieces = [opening + first.encode(), *(piece.encode() for piece in others)]
    pieces[-1] += US
    return pieces


def _test_terms(tests: Iterable[Test]) -> Iterator[int]:
    for test in tests:
        pieces = _pieces(test)
        if test.pattern.exact:
            yield exact(pieces[0][len(US) :])
        else:
            yield from chain(*(_some_grams(piece.lower()) for piece in pieces))


def _some_grams(octets: bytes) -> Iterable[int]:
    return grams(octets[: _MOST_GRAMS + GRAM - 1])


def _signed(number: int) -> int:
    return number - (1 << 32) if number >= 1 << 31 else number


def _places_of_word(body: bytes, word: bytes, ends: Sequence[int]) -> set[int]:
    """Return in which versions' names or texts a word stands; in a type it does not count."""
    places = set()
    at = body.find(word)
    while at >= 0:
        end = body.find(US, at)
        kind_end = body.find(GS, at, end)
        if kind_end >= 0:
            at = body.find(word, kind_end)
            continue
        place = bisect_right(ends, at)
        places.add(place)
        at = body.find(word, ends[place])
    return places


def _places(body: bytes, needle: bytes, ends: Sequence[int]) -> set[int]:
    """Return in which versions' parts of a body something stands."""
    places = set()
    at = body.find(needle)
    while at >= 0:
        place = bisect_right(ends, at)
        places.add(place)
        at = body.find(needle, ends[place])
    return places
