"""Search for identifiers: by name, by what their values say, by state and time.

Everybody finds what he may see and nothing else: an enterprise what stands under its own prefixes,
as far as its key reaches; the node's people everything.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

import msgspec

from identifiers.directory import PrefixDirectory
from identifiers.names import PREFIX_RECORDS, Prefix, fold, prefix_of
from identifiers.principals import Account, ApiKey
from identifiers.search import (
    ALWAYS,
    COUNT_CAP,
    LIVING,
    Counted,
    Found,
    Page,
    Place,
    Wanted,
    ancestors,
    is_reached,
    may_fit,
)
from registry.prefixes import Prefixes


class SearchIndex(Protocol):
    """What is searched. Every method raises `StoreUnavailable`."""

    async def page(self, wanted: Wanted, begin: Place, limit: int) -> Page:
        """Return up to `limit` that fit, in the order in which they changed, from a place on.

        Pages may be shorter, even empty, though there is more: a search looks only so far at once.
        """
        ...

    async def count(self, wanted: Wanted, most: int) -> Counted:
        """Count what fits as far as `most`, or as far as a search looks at once."""
        ...

    async def named(self, keys: Sequence[str]) -> Sequence[Found]:
        """Return those that are stored now of some canonical handles, without deleted ones."""
        ...

    async def names(self, prefix: str, begins: str, after: str, limit: int) -> Sequence[Found]:
        """Return what is stored now under just a prefix, by canonical handle past `after`.

        Canonical handles begin with `begins`. Without deleted ones.
        """
        ...

    async def lag(self) -> float:
        """Return how many seconds `page` and `count` are behind what is stored."""
        ...


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asks for. `name` is a whole handle, `begins` the beginning of one, as given.

    `wanted` has the rest, without what the asker may see. `prefix`: under this one only.
    """

    wanted: Wanted
    name: str = ""
    begins: str = ""
    prefix: Prefix | None = None


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """A page. `more` is where the next one begins: a place, or the name that it comes after.

    `lag`: so many seconds the search is behind what is stored.
    """

    found: Sequence[Found] = ()
    more: Place | str | None = None
    count: Counted | None = None
    lag: float = 0.0


class Reach(msgspec.Struct, frozen=True):
    """What an asker may see: what is under `under` and not nearer to one of `barred`."""

    under: frozenset[str]
    barred: frozenset[str]


class Searching:
    """The command."""

    def __init__(self, index: SearchIndex, prefixes: Prefixes) -> None:
        self._index = index
        self._prefixes = prefixes

    async def search(
        self,
        question: Question,
        principal: ApiKey | Account,
        begin: Place | str,
        limit: int,
        *,
        count: bool = False,
    ) -> Results:
        """Return a page of what is asked for. Raises `StoreUnavailable`."""
        directory = await self._prefixes.picture()
        seen = reach(directory, principal, question.prefix)
        if seen is None:
            return Results(count=Counted(0, exact=True) if count else None)
        wanted = msgspec.structs.replace(question.wanted, under=seen.under, barred=seen.barred)
        if by_name_only(question):
            return await self._by_name(question, directory, wanted, begin, limit, count=count)
        begins = canonical(directory, question.name or question.begins)
        wanted = msgspec.structs.replace(wanted, begins=begins)
        place = begin if isinstance(begin, Place) else Place()
        page = await self._index.page(wanted, place, limit)
        return Results(
            found=[
                one
                for one in page.found
                # The index keeps to what is wanted; that nothing foreign is told depends on us.
                if is_reached(wanted, prefix_of(one.key))
                and (not question.name or one.key == begins)
            ],
            more=page.more,
            count=await self._index.count(wanted, COUNT_CAP) if count else None,
            lag=await self._index.lag(),
        )

    async def _by_name(
        self,
        question: Question,
        directory: PrefixDirectory,
        wanted: Wanted,
        begin: Place | str,
        limit: int,
        *,
        count: bool,
    ) -> Results:
        """Answer from the records themselves, in the order of names, with nothing behind."""
        if question.name:
            found = await self._index.named([canonical(directory, question.name)])
            found = [one for one in found if may_fit(wanted, one)]
            return Results(found=found, count=Counted(len(found), exact=True) if count else None)
        begins = canonical(directory, question.begins)
        prefix = prefix_of(begins)
        if not is_reached(wanted, prefix):
            return Results(count=Counted(0, exact=True) if count else None)
        after = begin if isinstance(begin, str) else ""
        found = await self._index.names(prefix, begins, after, limit)
        counted = None
        if count:
            # What names count needs no values, but a look at each: as many as are told at most.
            every = await self._index.names(prefix, begins, "", COUNT_CAP + 1)
            counted = Counted(min(len(every), COUNT_CAP), exact=len(every) <= COUNT_CAP)
        more = found[-1].key if len(found) == limit else None
        return Results(found=found, more=more, count=counted)


def by_name_only(question: Question) -> bool:
    """Say whether the names of records alone tell the answer."""
    wanted = question.wanted
    if wanted.words or wanted.tests:
        return False
    plain = wanted.states == LIVING and wanted.changed == wanted.created == ALWAYS
    return bool(question.name) or (plain and "/" in question.begins)


def canonical(directory: PrefixDirectory, text: str) -> str:
    """Return a handle, or the beginning of one, as the keys of records begin."""
    prefix, slash, suffix = text.partition("/")
    prefix = fold(prefix)
    home = directory.nearest(prefix)
    folded = prefix == PREFIX_RECORDS or (home is not None and home.fold_suffix)
    return f"{prefix}{slash}{fold(suffix) if folded else suffix}"


def reach(
    directory: PrefixDirectory, principal: ApiKey | Account, prefix: Prefix | None
) -> Reach | None:
    """Return what somebody may see (of a prefix); None: nothing."""
    if principal.enterprise is None:
        return Reach(frozenset(() if prefix is None else (str(prefix),)), frozenset())
    mine = [
        entry.prefix
        for entry in directory.entries
        if entry.enterprise == principal.enterprise and entry.enabled
    ]
    if isinstance(principal, ApiKey) and principal.prefixes:
        mine = _within(mine, principal.prefixes)
    if prefix is not None:
        mine = _within(mine, (prefix,))
    if not mine:
        return None
    under = frozenset(map(str, mine))
    others = {
        str(entry.prefix)
        for entry in directory.entries
        if entry.enterprise != principal.enterprise or not entry.enabled
    }
    barred = frozenset(one for one in others - under if not under.isdisjoint(ancestors(one)))
    return Reach(under, barred)


def _within(prefixes: Collection[Prefix], limits: Collection[Prefix]) -> list[Prefix]:
    """Return what is below both: of each pair the lower one, if it is below the other."""
    return [
        one if limit.covers(one) else limit
        for one in prefixes
        for limit in limits
        if limit.covers(one) or one.covers(limit)
    ]
