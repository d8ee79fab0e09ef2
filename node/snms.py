"""The SNMS-style interface, built for the registry process."""

from collections.abc import Callable, Sequence

from node.business import office
from node.config import Settings
from node.prefixes import prefix_office
from node.registers import registers
from registry.access.logins import Logins
from registry.business.templates import Templates
from registry.http.app import Noun
from registry.prefixes import Prefixes
from registry.service import Registry
from registry.shelf import Shelf
from registry.snms.operations import Parts, snms_operations
from storage.postgres import Database, Nudge, PostgresTemplates


def snms_nouns(  # noqa: PLR0917 -- what the interface translates to
    database: Database,
    nudge: Nudge,
    settings: Settings,
    registry: Registry,
    prefixes: Prefixes,
    shelf: Shelf,
    logins: Logins,
    changed: Callable[[], None],
) -> Sequence[Noun]:
    """Return what the API has of it; nothing where the settings switch it off.

    `changed` is called when prefixes were changed here.
    """
    if not settings.snms:
        return ()
    store = PostgresTemplates(database)
    parts = Parts(
        registry=registry,
        logins=logins,
        templates=Templates(store, registers(settings.data_dir).trades, shelf.forget),
        template_store=store,
        prefixes=prefixes,
        desk=prefix_office(database, nudge, settings, changed).desk,
        office=office(database, nudge, settings, changed),
    )
    return (lambda reception: snms_operations(parts, reception),)
