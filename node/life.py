"""What there is in the registry process beside identifiers as they are: their history."""

from collections.abc import Sequence

from registry.business.history import History
from registry.http.app import Noun
from registry.http.history import history_noun
from registry.prefixes import Prefixes
from registry.service import Registry
from storage.postgres import Database, PostgresHistory


def life_nouns(database: Database, prefixes: Prefixes, registry: Registry) -> Sequence[Noun]:
    """Return the operations on what became of identifiers."""
    return (history_noun(History(PostgresHistory(database), prefixes, registry)),)
