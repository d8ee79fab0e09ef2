"""Search in the registry process: what is searched is kept up to date, and asked."""

from collections.abc import Callable, Sequence

from node.lifecycle import Running
from node.projecting import Projecting
from registry.business.searching import Searching
from registry.http.app import Noun
from registry.http.search import search_noun
from registry.prefixes import Prefixes
from storage.postgres import Database, PostgresSearch, SearchProjection


def begin_search(
    running: Running, database: Database, prefixes: Prefixes, written: Callable[[], int]
) -> Sequence[Noun]:
    """Return the operation of searching, and begin to follow what is written.

    `written` counts changes of this process, ever rising.
    """
    projecting = Projecting("search", SearchProjection(database), written)
    running.metrics.append(projecting.families)
    running.background(projecting.run(), "search projection")
    return (search_noun(Searching(PostgresSearch(database), prefixes)),)
