"""Templates in the registry process: their book, and the operations on them."""

from collections.abc import Sequence

import msgspec

from identifiers.codes.industries import Classification
from registry.business.templates import Templates
from registry.http.app import Noun
from registry.http.template_operations import templates_noun
from registry.prefixes import Prefixes
from registry.shelf import Shelf
from storage.postgres import Database, PostgresTemplates


class Templating(msgspec.Struct, frozen=True):
    """What registration needs of templates, and what is served of them."""

    shelf: Shelf
    nouns: Sequence[Noun]


def make_templating(database: Database, trades: Classification, prefixes: Prefixes) -> Templating:
    """Return the templates that are kept in a database."""
    store = PostgresTemplates(database)
    shelf = Shelf(store)
    templates = Templates(store, trades, shelf.forget)
    return Templating(shelf, (templates_noun(templates, store, prefixes),))
