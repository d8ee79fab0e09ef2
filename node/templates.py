"""Templates and code rules in the registry process."""

from collections.abc import Sequence

import msgspec

from identifiers.codes.industries import Classification
from identifiers.metadata.shipped import SHIPPED
from identifiers.metadata.templates import Template
from identifiers.names import Prefix
from registry.business.asking import By
from registry.business.codes import Codes
from registry.business.templates import Templates
from registry.http.app import Noun
from registry.http.codes import codes_noun
from registry.http.template_operations import templates_noun
from registry.prefixes import Prefixes
from registry.shelf import Shelf
from storage.postgres import Database, PostgresCodes, PostgresRecords, PostgresTemplates


class Templating(msgspec.Struct, frozen=True):
    """What registration needs of templates, and what is served of them."""

    shelf: Shelf
    nouns: Sequence[Noun]
    templates: Templates


def make_templating(database: Database, trades: Classification, prefixes: Prefixes) -> Templating:
    """Return the templates that are kept in a database."""
    store = PostgresTemplates(database)
    shelf = Shelf(store)
    templates = Templates(store, trades, shelf.forget)
    rules = PostgresCodes(database)
    codes = Codes(rules, PostgresRecords(database))
    nouns = (templates_noun(templates, store, prefixes), codes_noun(codes, rules, prefixes))
    return Templating(shelf, nouns, templates)


async def adopt_shipped(templates: Templates, prefix: Prefix, at: int) -> None:
    """Put every template that the program comes with in force, at `at` (epoch milliseconds).

    What stands under the prefix already stays as it is, also if it was withdrawn.
    """
    by = By(actor="operator:node", at=at, request_id=f"start-{at}")
    for version in SHIPPED:
        adopted = await templates.adopt(version, prefix, by)
        if not isinstance(adopted, Template):
            raise TypeError(f"the shipped template {version} cannot be adopted: {adopted}")
