"""The commands around prefixes, built: for an operator and for the registry process."""

from collections.abc import Callable, Sequence
from secrets import token_bytes
from uuid import UUID

import msgspec

from identifiers.enterprises.review import National
from node.config import Settings
from node.lifecycle import Running
from node.proving import Proving
from registry.business.hosting import Hostings
from registry.business.prefix_applications import PrefixApplications
from registry.business.prefix_ports import PrefixStore
from registry.business.prefixes import Holdings
from registry.commands import change_ids
from registry.http.app import Noun
from registry.http.prefix_operations import prefix_application_operations, prefix_operations
from registry.http.prefixes import Desk
from registry.ports import RegistryStore
from storage.postgres import Database, Nudge, PostgresStore
from storage.postgres.prefixes import PostgresPrefixes


class PrefixOffice(msgspec.Struct, frozen=True, kw_only=True):
    """All that is done with prefixes."""

    store: PrefixStore
    records: RegistryStore
    holdings: Holdings
    hostings: Hostings
    applications: PrefixApplications
    reachable: Callable[[str], bool]

    @property
    def desk(self) -> Desk:
        """Return what handlers work with."""
        return Desk(
            store=self.store,
            records=self.records,
            holdings=self.holdings,
            hostings=self.hostings,
            reachable=self.reachable,
        )

    @property
    def nouns(self) -> Sequence[Noun]:
        """Return what the API has of it."""
        desk = self.desk
        return (
            lambda reception: prefix_operations(desk, reception),
            lambda reception: prefix_application_operations(self.applications, desk, reception),
        )


def begin_proving(
    running: Running, database: Database, nudge: Nudge, forget: Callable[[], None]
) -> Callable[[], None]:
    """Begin to measure how soon approvals are seen; returns what is called when one was given.

    So it is when prefixes were changed here in any other way.
    """
    proving = Proving(PostgresPrefixes(database, nudge), running.assignment.siblings)

    def changed() -> None:
        forget()
        proving.wake()

    running.metrics.append(proving.families)
    running.background(proving.run(), "proving prefixes")
    return changed


def prefix_office(
    database: Database,
    nudge: Nudge,
    settings: Settings,
    changed: Callable[[], None] = lambda: None,
) -> PrefixOffice:
    """Build it. `changed` is called when prefixes were changed here."""
    store = PostgresPrefixes(database, nudge)
    return PrefixOffice(
        store=store,
        records=PostgresStore(database, nudge),
        holdings=Holdings(store, _change, changed),
        hostings=Hostings(store, _change, changed),
        # The stand-in of the sandbox has nothing to say about a prefix more.
        applications=PrefixApplications(
            store, local=settings.national is not National.REVIEWED, changed=changed
        ),
        reachable=settings.routes.allows,
    )


def _change(at: int) -> UUID:
    (made,) = change_ids(at, token_bytes, 1)
    return made
